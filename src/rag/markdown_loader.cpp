#include <cmark-gfm-core-extensions.h>
#include <cmark-gfm.h>

#include <memory>
#include <string_view>

#include "base/try.h"
#include "rag/encoding.h"
#include "rag/loader.h"
#include "rag/markdown_guard.h"
#include "rag/structured_text_builder.h"

namespace kith::rag {
namespace {

using text::BlockKind;

struct NodeDeleter {
  void operator()(cmark_node* node) const { cmark_node_free(node); }
};
struct ParserDeleter {
  void operator()(cmark_parser* parser) const { cmark_parser_free(parser); }
};
struct IteratorDeleter {
  void operator()(cmark_iter* iterator) const { cmark_iter_free(iterator); }
};

/// Tables only: the other extensions change tables that the library shares between threads.
cmark_syntax_extension* table_extension() {
  static cmark_syntax_extension* const extension = [] {
    cmark_gfm_core_extensions_ensure_registered();
    return cmark_find_syntax_extension("table");
  }();
  return extension;
}

std::string_view literal_of(cmark_node* node) {
  const char* text = cmark_node_get_literal(node);
  return text != nullptr ? std::string_view(text) : std::string_view();
}

/// Follows the tree's events and writes a block at the end of each paragraph, heading, code block and table.
class MarkdownWriter {
 public:
  MarkdownWriter(StructuredTextBuilder& builder, const Loader& html) : builder_(builder), html_(html) {}

  void write(cmark_node* root) {
    const std::unique_ptr<cmark_iter, IteratorDeleter> iterator(cmark_iter_new(root));
    for (auto event = cmark_iter_next(iterator.get()); event != CMARK_EVENT_DONE;
         event = cmark_iter_next(iterator.get())) {
      cmark_node* node = cmark_iter_get_node(iterator.get());
      if (event == CMARK_EVENT_ENTER) {
        enter(node);
      } else {
        leave(node);
      }
    }
  }

  std::string first_heading;

 private:
  void enter(cmark_node* node) {
    const std::string_view type = cmark_node_get_type_string(node);
    if (type == "text" || type == "code") inline_.append(literal_of(node));
    if (type == "softbreak" || type == "linebreak") inline_.push_back(' ');
    if (type == "html_inline" && literal_of(node).starts_with("<br")) inline_.push_back(' ');
    if (type == "item") ++items_;
    if (type == "block_quote") ++quotes_;
    if (type == "code_block") builder_.add(BlockKind::code, trim_lines(literal_of(node)));
    if (type == "html_block") raw_html(literal_of(node));
    if (type == "table") rows_.clear();
    if (type == "table_row" || type == "table_header") row_cells_ = 0;
  }

  void leave(cmark_node* node) {
    const std::string_view type = cmark_node_get_type_string(node);
    if (type == "item") --items_;
    if (type == "block_quote") --quotes_;
    if (type == "paragraph") {
      builder_.add(items_ > 0    ? BlockKind::list_item
                   : quotes_ > 0 ? BlockKind::quote
                                 : BlockKind::paragraph,
                   take());
    } else if (type == "heading") {
      const std::string heading = take();
      if (first_heading.empty()) first_heading = heading;
      builder_.add(BlockKind::heading, heading,
                   static_cast<std::uint32_t>(cmark_node_get_heading_level(node)));
    } else if (type == "table_cell") {
      if (row_cells_++ > 0) rows_.append(" | ");
      rows_.append(take());
    } else if (type == "table_row" || type == "table_header") {
      rows_.push_back('\n');
    } else if (type == "table") {
      builder_.add(BlockKind::table, trim(rows_));
    }
  }

  void raw_html(std::string_view html) {
    const auto loaded = html_.load({.bytes = html, .name = {}, .media_type = "text/html; charset=utf-8"});
    if (!loaded) return;
    for (const auto& block : loaded->content.blocks) {
      builder_.add(block.kind,
                   std::string_view(loaded->content.text).substr(block.start, block.end - block.start),
                   block.level);
    }
  }

  std::string take() {
    std::string text = collapse_white_space(inline_);
    inline_.clear();
    return text;
  }

  StructuredTextBuilder& builder_;
  const Loader& html_;
  std::string inline_, rows_;
  int items_ = 0, quotes_ = 0, row_cells_ = 0;
};

class MarkdownLoader final : public Loader {
 public:
  explicit MarkdownLoader(const LoadLimits& limits) : limits_(limits), html_(make_html_loader(limits)) {}
  std::string_view media_type() const override { return "text/markdown"; }
  std::uint32_t version() const override { return 1; }

  Result<LoadedDocument> load(const LoadInput& input) const override {
    if (looks_binary(input.bytes)) {
      return failure(ErrorCode::invalid_argument, "looks binary, not Markdown; convert it to text first");
    }
    const std::string text =
        normalize_newlines(KITH_TRY(to_utf8(input.bytes, charset_of_media_type(input.media_type))));
    const FrontMatter parts = split_front_matter(text);
    const std::string guarded = guard_markdown(parts.body);

    const std::unique_ptr<cmark_parser, ParserDeleter> parser(cmark_parser_new(CMARK_OPT_DEFAULT));
    if (auto* extension = table_extension()) cmark_parser_attach_syntax_extension(parser.get(), extension);
    cmark_parser_feed(parser.get(), guarded.data(), guarded.size());
    const std::unique_ptr<cmark_node, NodeDeleter> root(cmark_parser_finish(parser.get()));

    StructuredTextBuilder builder(limits_);
    MarkdownWriter writer(builder, *html_);
    writer.write(root.get());
    builder.set_title(parts.title.empty() ? writer.first_heading : parts.title);
    LoadedDocument document;
    document.media_type = "text/markdown";
    document.content = KITH_TRY(std::move(builder).finish());
    return document;
  }

 private:
  LoadLimits limits_;
  std::unique_ptr<Loader> html_;
};

}  // namespace

std::unique_ptr<Loader> make_markdown_loader(const LoadLimits& limits) {
  return std::make_unique<MarkdownLoader>(limits);
}

}  // namespace kith::rag
