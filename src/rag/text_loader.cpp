#include "base/try.h"
#include "rag/encoding.h"
#include "rag/loader.h"
#include "rag/structured_text_builder.h"

namespace kith::rag {
namespace {

/// Paragraphs are parted by blank lines; a form feed starts a page, as in RFCs and man pages.
class PlainTextLoader final : public Loader {
 public:
  explicit PlainTextLoader(const LoadLimits& limits) : limits_(limits) {}
  std::string_view media_type() const override { return "text/plain"; }
  std::uint32_t version() const override { return 1; }

  Result<LoadedDocument> load(const LoadInput& input) const override {
    if (looks_binary(input.bytes)) {
      return failure(
          ErrorCode::invalid_argument,
          "looks binary, not text; Kith reads HTML, Markdown, plain text and JSON Lines: convert it first");
    }
    const std::string text =
        normalize_newlines(KITH_TRY(to_utf8(input.bytes, charset_of_media_type(input.media_type))));
    StructuredTextBuilder builder(limits_);
    const bool paged = text.find('\f') != std::string::npos;
    std::uint32_t page = paged ? 1 : 0;
    std::string_view rest = text;
    while (true) {
      const std::size_t end = rest.find('\f');
      add_paragraphs(builder, rest.substr(0, end), page);
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + 1);
      ++page;
    }
    LoadedDocument document;
    document.media_type = "text/plain";
    document.content = KITH_TRY(std::move(builder).finish());
    return document;
  }

 private:
  static void add_paragraphs(StructuredTextBuilder& builder, std::string_view text, std::uint32_t page) {
    std::size_t start = 0, at = 0;
    while (at < text.size()) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      if (trim(text.substr(at, end - at)).empty()) {
        builder.add(text::BlockKind::paragraph, trim_lines(text.substr(start, at - start)), 0, page);
        start = end;
      }
      at = end + 1;
    }
    builder.add(text::BlockKind::paragraph, trim_lines(text.substr(start)), 0, page);
  }

  LoadLimits limits_;
};

}  // namespace

std::unique_ptr<Loader> make_plain_text_loader(const LoadLimits& limits) {
  return std::make_unique<PlainTextLoader>(limits);
}

}  // namespace kith::rag
