#include <gumbo.h>

#include <algorithm>
#include <memory>
#include <span>

#include "base/try.h"
#include "rag/encoding.h"
#include "rag/html_content.h"
#include "rag/html_normalizer.h"
#include "rag/loader.h"
#include "rag/structured_text_builder.h"

namespace kith::rag {
namespace {

using text::BlockKind;

struct GumboDeleter {
  void operator()(GumboOutput* output) const { gumbo_destroy_output(&kGumboDefaultOptions, output); }
};

std::span<GumboNode* const> children(const GumboNode* node) {
  if (node->type != GUMBO_NODE_ELEMENT) return {};
  const GumboVector& list = node->v.element.children;
  return {reinterpret_cast<GumboNode* const*>(list.data), list.length};
}

bool is_block_tag(GumboTag tag) {
  switch (tag) {
    case GUMBO_TAG_A:
    case GUMBO_TAG_SPAN:
    case GUMBO_TAG_BR:
      return false;
    default:
      return true;
  }
}

/// Writes the blocks of a subtree. Inline text gathers in `inline_` until a block begins or ends.
class BlockWriter {
 public:
  BlockWriter(const HtmlContent& content, StructuredTextBuilder& builder)
      : content_(content), builder_(builder) {}

  void write(const GumboNode* root) {
    descend(root, BlockKind::paragraph);
    flush(BlockKind::paragraph);
  }

 private:
  void flush(BlockKind kind, std::uint32_t level = 0) {
    builder_.add(kind, collapse_white_space(inline_), level);
    inline_.clear();
  }

  void descend(const GumboNode* node, BlockKind kind) {
    for (const GumboNode* child : children(node)) visit(child, kind);
  }

  void visit(const GumboNode* node, BlockKind kind) {
    if (node->type == GUMBO_NODE_TEXT || node->type == GUMBO_NODE_WHITESPACE ||
        node->type == GUMBO_NODE_CDATA) {
      inline_.append(node->v.text.text);
      return;
    }
    if (node->type != GUMBO_NODE_ELEMENT || content_.left_out(node)) return;
    const GumboTag tag = node->v.element.tag;
    if (tag == GUMBO_TAG_BR) inline_.push_back('\n');
    if (!is_block_tag(tag)) return descend(node, kind);
    flush(kind);
    block(node, tag, kind);
  }

  void block(const GumboNode* node, GumboTag tag, BlockKind kind) {
    switch (tag) {
      case GUMBO_TAG_H1:
      case GUMBO_TAG_H2:
      case GUMBO_TAG_H3:
      case GUMBO_TAG_H4:
      case GUMBO_TAG_H5:
      case GUMBO_TAG_H6: {
        const auto level = static_cast<std::uint32_t>(tag - GUMBO_TAG_H1 + 1);
        builder_.add(BlockKind::heading, collapse_white_space(without_pilcrow(plain_text(node))), level);
        return;
      }
      case GUMBO_TAG_PRE:
      case GUMBO_TAG_LISTING:
        builder_.add(BlockKind::code, trim_lines(plain_text(node)));
        return;
      case GUMBO_TAG_TABLE:
        return table(node, kind);
      case GUMBO_TAG_LI:
      case GUMBO_TAG_DT:
      case GUMBO_TAG_SUMMARY:
        kind = BlockKind::list_item;
        break;
      case GUMBO_TAG_BLOCKQUOTE:
        kind = BlockKind::quote;
        break;
      case GUMBO_TAG_DD:
      case GUMBO_TAG_SECTION:
      case GUMBO_TAG_ARTICLE:
        kind = BlockKind::paragraph;
        break;
      default:
        break;
    }
    descend(node, kind);
    flush(kind);
  }

  /// Text of a subtree as it stands; blocks inside are parted by a space or, in code, stay on their lines.
  std::string plain_text(const GumboNode* node) const {
    std::string out;
    append_plain(node, out);
    return out;
  }

  void append_plain(const GumboNode* node, std::string& out) const {
    for (const GumboNode* child : children(node)) {
      if (child->type == GUMBO_NODE_ELEMENT) {
        if (content_.left_out(child)) continue;
        const GumboTag tag = child->v.element.tag;
        if (tag == GUMBO_TAG_BR) out.push_back('\n');
        const bool block = is_block_tag(tag);
        if (block && !out.empty() && out.back() != '\n') out.push_back('\n');
        append_plain(child, out);
        if (block && !out.empty() && out.back() != '\n') out.push_back('\n');
      } else if (child->type != GUMBO_NODE_COMMENT) {
        out.append(child->v.text.text);
      }
    }
  }

  /// Sphinx and others end a heading with a link to itself: "¶", "#", "§".
  static std::string without_pilcrow(std::string text) {
    constexpr std::string_view marks[] = {"\xC2\xB6", "\xC2\xA7", "#"};
    for (const std::string_view mark : marks) {
      const std::string_view body = trim(text);
      if (body.size() > mark.size() && body.ends_with(mark) &&
          !is_word_byte(body[body.size() - mark.size() - 1])) {
        return std::string(body.substr(0, body.size() - mark.size()));
      }
      if (body.size() > mark.size() && body.ends_with(mark) && mark != "#") {
        return std::string(body.substr(0, body.size() - mark.size()));
      }
    }
    return text;
  }
  static bool is_word_byte(char c) { return static_cast<unsigned char>(c) > ' '; }

  /// A table with tables, headings, or several long paragraphs, lists or code in a cell only arranges the page.
  bool arranges(const GumboNode* table) const {
    if (html_attribute(table, "role") == "presentation") return true;
    const auto visit = [this](const auto& self, const GumboNode* node, int& paragraphs) -> bool {
      for (const GumboNode* child : children(node)) {
        if (child->type != GUMBO_NODE_ELEMENT) continue;
        const GumboTag tag = child->v.element.tag;
        if (tag == GUMBO_TAG_TABLE || (tag >= GUMBO_TAG_H1 && tag <= GUMBO_TAG_H6)) return true;
        if (tag == GUMBO_TAG_TD || tag == GUMBO_TAG_TH) {
          int inside = 0;
          if (self(self, child, inside) || inside > 2) return true;
          continue;
        }
        const bool long_paragraph = tag == GUMBO_TAG_P && plain_text(child).size() > 120;
        if (long_paragraph || tag == GUMBO_TAG_PRE || tag == GUMBO_TAG_UL || tag == GUMBO_TAG_OL)
          ++paragraphs;
        if (self(self, child, paragraphs)) return true;
      }
      return false;
    };
    int paragraphs = 0;
    return visit(visit, table, paragraphs);
  }

  void table(const GumboNode* node, BlockKind kind) {
    if (arranges(node)) return descend_layout(node, kind);
    std::string rows;
    append_rows(node, rows);
    builder_.add(BlockKind::table, trim(rows));
  }

  void descend_layout(const GumboNode* node, BlockKind kind) {
    descend(node, kind);
    flush(kind);
  }

  void append_rows(const GumboNode* node, std::string& rows) const {
    for (const GumboNode* child : children(node)) {
      if (child->type != GUMBO_NODE_ELEMENT || content_.left_out(child)) continue;
      if (child->v.element.tag == GUMBO_TAG_TR) {
        append_cells(child, rows);
      } else if (child->v.element.tag == GUMBO_TAG_CAPTION) {
        rows.append(collapse_white_space(plain_text(child))).push_back('\n');
      } else {
        append_rows(child, rows);
      }
    }
  }

  void append_cells(const GumboNode* row, std::string& rows) const {
    const std::size_t start = rows.size();
    bool any = false;
    for (const GumboNode* cell : children(row)) {
      if (cell->type != GUMBO_NODE_ELEMENT || content_.left_out(cell)) continue;
      const std::string text = collapse_white_space(plain_text(cell));
      any = any || !text.empty();
      if (rows.size() > start) rows.append(" | ");
      rows.append(text);
    }
    if (any) {
      rows.push_back('\n');
    } else {
      rows.resize(start);
    }
  }

  const HtmlContent& content_;
  StructuredTextBuilder& builder_;
  std::string inline_;
};

const GumboNode* child_of(const GumboNode* node, GumboTag tag) {
  for (const GumboNode* child : children(node)) {
    if (child->type == GUMBO_NODE_ELEMENT && child->v.element.tag == tag) return child;
  }
  return nullptr;
}

std::string page_title(const GumboNode* root) {
  const GumboNode* head = child_of(root, GUMBO_TAG_HEAD);
  const GumboNode* title = head != nullptr ? child_of(head, GUMBO_TAG_TITLE) : nullptr;
  std::string text;
  if (title != nullptr) {
    for (const GumboNode* child : children(title)) {
      if (child->type == GUMBO_NODE_TEXT) text.append(child->v.text.text);
    }
  }
  return collapse_white_space(text);
}

class HtmlLoader final : public Loader {
 public:
  explicit HtmlLoader(const LoadLimits& limits) : limits_(limits) {}
  std::string_view media_type() const override { return "text/html"; }
  std::uint32_t version() const override { return 1; }

  Result<LoadedDocument> load(const LoadInput& input) const override {
    if (input.bytes.size() > limits_.html_bytes_max) {
      return failure(ErrorCode::too_large, "the page has " + std::to_string(input.bytes.size()) +
                                               " bytes; at most " + std::to_string(limits_.html_bytes_max) +
                                               " of HTML are read: split it or raise the limit");
    }
    std::string_view charset = charset_of_media_type(input.media_type);
    if (charset.empty()) charset = html_declared_charset(input.bytes);
    const std::string page = KITH_TRY(to_utf8(input.bytes, charset));
    const NormalizedHtml normal =
        KITH_TRY(normalize_html(page, limits_.html_depth_max, limits_.html_elements_max));
    const std::unique_ptr<GumboOutput, GumboDeleter> parsed(
        gumbo_parse_with_options(&options_, normal.html.data(), normal.html.size()));
    LoadedDocument document;
    document.media_type = "text/html";
    if (normal.flattened) {
      document.warnings.push_back("elements nested deeper than " + std::to_string(limits_.html_depth_max) +
                                  " were flattened; their text is kept");
    }
    StructuredTextBuilder builder(limits_);
    builder.set_title(page_title(parsed->root));
    if (const GumboNode* body = child_of(parsed->root, GUMBO_TAG_BODY)) {
      const HtmlContent content(body);
      BlockWriter(content, builder).write(content.root());
    }
    document.content = KITH_TRY(std::move(builder).finish());
    if (document.content.title.empty()) document.content.title = first_heading(document.content);
    return document;
  }

 private:
  static std::string first_heading(const text::StructuredText& content) {
    for (const auto& block : content.blocks) {
      if (block.kind == BlockKind::heading) return content.text.substr(block.start, block.end - block.start);
    }
    return {};
  }
  static GumboOptions make_options() {
    GumboOptions options = kGumboDefaultOptions;
    options.max_errors = 0;
    return options;
  }
  LoadLimits limits_;
  GumboOptions options_ = make_options();
};

}  // namespace

std::unique_ptr<Loader> make_html_loader(const LoadLimits& limits) {
  return std::make_unique<HtmlLoader>(limits);
}

}  // namespace kith::rag
