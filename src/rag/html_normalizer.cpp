#include "rag/html_normalizer.h"

#include <algorithm>
#include <array>
#include <string>
#include <vector>

namespace kith::rag {
namespace {

enum class TagRule : std::uint8_t {
  nest,        ///< kept, tracked on our stack, closed by us
  self_close,  ///< kept, gumbo closes it by itself: p, li, td…
  empty,       ///< kept, has no content: br, hr
  raw,         ///< tag and content go; the content is not markup: script, style
  skip,        ///< tag and content go, if the end tag comes at all: svg, select
  title,       ///< kept; the content is text with entities
  literal,     ///< tag goes, content is text with entities: xmp
};

struct TagEntry {
  std::string_view name;
  TagRule rule;
};

// Sorted by name. What is not here is dropped.
constexpr auto tag_table = std::to_array<TagEntry>({
    {"a", TagRule::nest},        {"address", TagRule::nest},     {"article", TagRule::nest},
    {"aside", TagRule::nest},    {"blockquote", TagRule::nest},  {"body", TagRule::self_close},
    {"br", TagRule::empty},      {"button", TagRule::skip},      {"caption", TagRule::self_close},
    {"center", TagRule::nest},   {"datalist", TagRule::skip},    {"dd", TagRule::self_close},
    {"details", TagRule::nest},  {"dialog", TagRule::nest},      {"dir", TagRule::nest},
    {"div", TagRule::nest},      {"dl", TagRule::nest},          {"dt", TagRule::self_close},
    {"fieldset", TagRule::nest}, {"figcaption", TagRule::nest},  {"figure", TagRule::nest},
    {"footer", TagRule::nest},   {"h1", TagRule::nest},          {"h2", TagRule::nest},
    {"h3", TagRule::nest},       {"h4", TagRule::nest},          {"h5", TagRule::nest},
    {"h6", TagRule::nest},       {"header", TagRule::nest},      {"hgroup", TagRule::nest},
    {"hr", TagRule::empty},      {"iframe", TagRule::raw},       {"li", TagRule::self_close},
    {"listing", TagRule::nest},  {"main", TagRule::nest},        {"menu", TagRule::nest},
    {"nav", TagRule::nest},      {"noembed", TagRule::raw},      {"noframes", TagRule::raw},
    {"noscript", TagRule::skip}, {"ol", TagRule::nest},          {"p", TagRule::self_close},
    {"pre", TagRule::nest},      {"script", TagRule::raw},       {"search", TagRule::nest},
    {"section", TagRule::nest},  {"select", TagRule::skip},      {"span", TagRule::nest},
    {"style", TagRule::raw},     {"summary", TagRule::nest},     {"svg", TagRule::skip},
    {"table", TagRule::nest},    {"tbody", TagRule::self_close}, {"td", TagRule::self_close},
    {"template", TagRule::skip}, {"textarea", TagRule::raw},     {"tfoot", TagRule::self_close},
    {"th", TagRule::self_close}, {"thead", TagRule::self_close}, {"title", TagRule::title},
    {"tr", TagRule::self_close}, {"ul", TagRule::nest},          {"xmp", TagRule::literal},
});
static_assert(std::is_sorted(tag_table.begin(), tag_table.end(),
                             [](const TagEntry& a, const TagEntry& b) { return a.name < b.name; }));

/// Index into tag_table, or its size.
std::size_t find_tag(std::string_view name) {
  const auto it =
      std::lower_bound(tag_table.begin(), tag_table.end(), name,
                       [](const TagEntry& entry, std::string_view key) { return entry.name < key; });
  return it != tag_table.end() && it->name == name ? static_cast<std::size_t>(it - tag_table.begin())
                                                   : tag_table.size();
}

constexpr auto kept_attributes =
    std::to_array<std::string_view>({"aria-hidden", "class", "hidden", "id", "itemprop", "role", "style"});

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool is_letter(char c) { return (lower(c) >= 'a' && lower(c) <= 'z'); }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }
bool ends_name(char c) { return is_space(c) || c == '/' || c == '>'; }

class Normalizer {
 public:
  Normalizer(std::string_view page, std::size_t depth_max, std::size_t elements_max)
      : page_(page), depth_max_(depth_max), elements_max_(elements_max) {
    out_.html.reserve(page.size() / 2);
  }

  Result<NormalizedHtml> run() {
    while (at_ < page_.size()) {
      const std::size_t tag = std::min(page_.find('<', at_), page_.size());
      text(page_.substr(at_, tag - at_));
      at_ = tag;
      if (at_ < page_.size()) markup();
      if (out_.elements > elements_max_) {
        return failure(ErrorCode::too_large, "the page has more than " + std::to_string(elements_max_) +
                                                 " HTML elements; split it or raise the limit");
      }
    }
    return std::move(out_);
  }

 private:
  struct Open {
    std::size_t tag;
    bool written;
  };

  void text(std::string_view content) {
    for (const char c : content) {
      if (c == '<') {
        out_.html.append("&lt;");
      } else {
        out_.html.push_back(c);
      }
    }
  }

  void markup() {
    const std::string_view rest = page_.substr(at_);
    const char next = rest.size() > 1 ? rest[1] : '\0';
    if (rest.starts_with("<!--")) return comment();
    if (rest.starts_with("<![CDATA[")) return cdata();
    if (next == '!' || next == '?') return bogus_comment();
    if (next == '/' && rest.size() > 2) {
      if (is_letter(rest[2])) return end_tag();
      return bogus_comment();
    }
    if (is_letter(next)) return start_tag();
    text("<");
    ++at_;
  }

  void bogus_comment() { skip_past(page_.find('>', at_), 1); }

  void comment() {
    // "<!-->" and "<!--->" are whole comments; "--!>" ends one as well.
    const std::string_view body = page_.substr(at_ + 4);
    if (body.starts_with(">")) return skip_past(at_ + 4, 1);
    if (body.starts_with("->")) return skip_past(at_ + 4, 2);
    const std::size_t end = page_.find("--", at_ + 4);
    for (std::size_t i = end; i != std::string_view::npos; i = page_.find("--", i + 1)) {
      if (page_.substr(i).starts_with("-->")) return skip_past(i, 3);
      if (page_.substr(i).starts_with("--!>")) return skip_past(i, 4);
    }
    at_ = page_.size();
  }

  void cdata() {
    const std::size_t end = no_cdata_end_ ? std::string_view::npos : page_.find("]]>", at_);
    no_cdata_end_ = end == std::string_view::npos;
    if (no_cdata_end_) return bogus_comment();
    text(page_.substr(at_ + 9, end - at_ - 9));
    at_ = end + 3;
  }

  void skip_past(std::size_t found, std::size_t bytes) {
    at_ = found == std::string_view::npos ? page_.size() : std::min(found + bytes, page_.size());
  }

  /// Reads the name at `at_`, lower-cased; long ones are cut, no tag of ours is that long.
  std::string_view read_name() {
    name_size_ = 0;
    while (at_ < page_.size() && !ends_name(page_[at_])) {
      if (name_size_ < name_.size()) name_[name_size_++] = lower(page_[at_]);
      ++at_;
    }
    return {name_.data(), name_size_};
  }

  void end_tag() {
    at_ += 2;
    const std::size_t tag = find_tag(read_name());
    attributes(nullptr);
    if (tag == tag_table.size()) return;
    ++out_.elements;
    const TagRule rule = tag_table[tag].rule;
    if (rule == TagRule::self_close && tag_table[tag].name != "body") {
      out_.html.append("</").append(tag_table[tag].name).append(">");
    } else if (rule == TagRule::nest) {
      close(tag);
    } else if (tag_table[tag].name == "br") {
      out_.html.append("<br>");
    }
  }

  /// Closes the nearest open `tag` and what is inside it, if it may be closed from here.
  void close(std::size_t tag) {
    const std::string_view name = tag_table[tag].name;
    const bool is_inline = name == "span" || name == "a";
    if (open_count_[tag] == 0 && !is_heading(name)) return;
    constexpr std::size_t look_back_max = 256;  // keeps unmatched end tags from being quadratic
    const std::size_t stop = open_.size() > look_back_max ? open_.size() - look_back_max : 0;
    for (std::size_t i = open_.size(); i-- > stop;) {
      const std::string_view at = tag_table[open_[i].tag].name;
      if (at == name || (is_heading(at) && is_heading(name))) return close_down_to(i);
      if (at == "table" && name != "table") return;
      if (is_inline && at != "span" && at != "a") return;
    }
  }

  static bool is_heading(std::string_view name) {
    return name.size() == 2 && name[0] == 'h' && name[1] >= '1' && name[1] <= '6';
  }

  void close_down_to(std::size_t index) {
    while (open_.size() > index) {
      if (open_.back().written) {
        out_.html.append("</").append(tag_table[open_.back().tag].name).append(">");
        --written_;
      }
      --open_count_[open_.back().tag];
      open_.pop_back();
    }
  }

  void start_tag() {
    ++at_;
    const std::size_t tag = find_tag(read_name());
    const std::string name(name_.data(), name_size_);
    std::string attribute_text;
    attributes(&attribute_text);
    if (tag == tag_table.size()) return;
    ++out_.elements;
    switch (tag_table[tag].rule) {
      case TagRule::nest:
        return open(tag, attribute_text);
      case TagRule::self_close:
      case TagRule::empty:
        return write_start(tag, attribute_text);
      case TagRule::raw:
        if (name == "script") return skip_script();
        return skip_past(find_end_tag(name, at_), 0);
      case TagRule::skip:
        return skip_element(tag, name);
      case TagRule::title:
      case TagRule::literal:
        return literal_content(tag, name);
    }
  }

  void write_start(std::size_t tag, std::string_view attribute_text) {
    out_.html.append("<").append(tag_table[tag].name).append(attribute_text).append(">");
  }

  void open(std::size_t tag, std::string_view attribute_text) {
    const std::string_view name = tag_table[tag].name;
    // Links do not nest: an open one ends here, as in a browser.
    if (name == "a") close(tag);
    const bool write = written_ < depth_max_;
    if (write) {
      write_start(tag, attribute_text);
      ++written_;
    } else {
      out_.flattened = true;
      if (name != "a" && name != "span") out_.html.push_back('\n');  // words of two blocks stay apart
    }
    open_.push_back({tag, write});
    ++open_count_[tag];
  }

  /// Position of "</name" followed by a delimiter, or npos.
  std::size_t find_end_tag(std::string_view name, std::size_t from) const {
    for (std::size_t i = page_.find("</", from); i != std::string_view::npos; i = page_.find("</", i + 2)) {
      if (tag_at(i + 2, name)) return i;
    }
    return std::string_view::npos;
  }

  bool tag_at(std::size_t at, std::string_view name) const {
    if (at + name.size() >= page_.size() || !ends_name(page_[at + name.size()])) return false;
    for (std::size_t i = 0; i < name.size(); ++i) {
      if (lower(page_[at + i]) != name[i]) return false;
    }
    return true;
  }

  /// A script may hold "<!--<script>…</script>-->", whose inner end tag does not end it.
  void skip_script() {
    bool escaped = false, twice = false;
    for (std::size_t i = at_; i < page_.size(); ++i) {
      const std::string_view rest = page_.substr(i);
      if (escaped && rest.starts_with("-->")) {
        escaped = twice = false;
      } else if (page_[i] != '<') {
        continue;
      } else if (!escaped && rest.starts_with("<!--")) {
        escaped = true;
        i += 1;  // the dashes may already belong to "-->"
      } else if (escaped && !twice && tag_at(i + 1, "script")) {
        twice = true;
      } else if (rest.starts_with("</") && tag_at(i + 2, "script")) {
        if (!twice) {
          at_ = i;
          return;
        }
        twice = false;
      }
    }
    at_ = page_.size();
  }

  /// An element whose end never comes swallows nothing: only its tag goes.
  void skip_element(std::size_t tag, std::string_view name) {
    if (no_end_[tag]) return;
    const std::size_t end = find_end_tag(name, at_);
    if (end == std::string_view::npos) {
      no_end_[tag] = true;
    } else {
      at_ = end;
    }
  }

  void literal_content(std::size_t tag, std::string_view name) {
    const std::size_t end = no_end_[tag] ? std::string_view::npos : find_end_tag(name, at_);
    if (end == std::string_view::npos) {
      no_end_[tag] = true;
      return;
    }
    const bool title = tag_table[tag].rule == TagRule::title;
    if (title && titled_) {
      at_ = end;
      return;
    }
    if (title) out_.html.append("<title>");
    text(page_.substr(at_, end - at_));
    if (title) out_.html.append("</title>");
    titled_ |= title;
    at_ = end;
  }

  /// Leaves at_ behind the tag's '>'. Kept attributes go to `kept`, quoted, each once.
  void attributes(std::string* kept) {
    std::array<bool, kept_attributes.size()> seen{};
    while (at_ < page_.size() && page_[at_] != '>') {
      if (is_space(page_[at_]) || page_[at_] == '/') {
        ++at_;
        continue;
      }
      const std::string_view name = attribute_name();
      const std::string_view value = attribute_value();
      if (kept == nullptr) continue;
      const auto it = std::find(kept_attributes.begin(), kept_attributes.end(), name);
      if (it == kept_attributes.end()) continue;
      auto& done = seen[static_cast<std::size_t>(it - kept_attributes.begin())];
      if (!done && value.size() <= 1024) append_attribute(*kept, name, value);
      done = true;
    }
    skip_past(at_, 1);
  }

  std::string_view attribute_name() {
    name_size_ = 0;
    // A leading '=' belongs to the name.
    do {
      if (name_size_ < name_.size()) name_[name_size_++] = lower(page_[at_]);
      ++at_;
    } while (at_ < page_.size() && !ends_name(page_[at_]) && page_[at_] != '=');
    return {name_.data(), name_size_};
  }

  std::string_view attribute_value() {
    std::size_t i = at_;
    while (i < page_.size() && is_space(page_[i])) ++i;
    if (i >= page_.size() || page_[i] != '=') return {};
    ++i;
    while (i < page_.size() && is_space(page_[i])) ++i;
    at_ = i;
    if (i >= page_.size() || page_[i] == '>') return {};
    if (page_[i] == '"' || page_[i] == '\'') {
      const std::size_t end = std::min(page_.find(page_[i], i + 1), page_.size());
      at_ = std::min(end + 1, page_.size());
      return page_.substr(i + 1, end - i - 1);
    }
    while (at_ < page_.size() && !is_space(page_[at_]) && page_[at_] != '>') ++at_;
    return page_.substr(i, at_ - i);
  }

  static void append_attribute(std::string& kept, std::string_view name, std::string_view value) {
    kept.append(" ").append(name).append("=\"");
    for (const char c : value) {
      if (c == '"') {
        kept.append("&quot;");
      } else {
        kept.push_back(c);
      }
    }
    kept.append("\"");
  }

  std::string_view page_;
  std::size_t depth_max_, elements_max_;
  std::size_t at_ = 0;
  NormalizedHtml out_;
  std::vector<Open> open_;
  std::size_t written_ = 0;
  std::array<bool, tag_table.size()> no_end_{};
  std::array<std::size_t, tag_table.size()> open_count_{};
  bool titled_ = false;
  bool no_cdata_end_ = false;
  std::array<char, 16> name_{};
  std::size_t name_size_ = 0;
};

}  // namespace

Result<NormalizedHtml> normalize_html(std::string_view page, std::size_t depth_max,
                                      std::size_t elements_max) {
  return Normalizer(page, depth_max, elements_max).run();
}

std::string_view html_declared_charset(std::string_view bytes) {
  std::string head(bytes.substr(0, 64 << 10));
  std::transform(head.begin(), head.end(), head.begin(), lower);
  for (std::size_t meta = head.find("<meta"); meta != std::string::npos;
       meta = head.find("<meta", meta + 5)) {
    const std::size_t end = std::min(head.find('>', meta), head.size());
    const std::size_t key = head.find("charset", meta);
    if (key == std::string::npos || key >= end) continue;
    std::size_t i = key + 7;
    while (i < end && is_space(head[i])) ++i;
    if (i >= end || head[i] != '=') continue;
    ++i;
    while (i < end && (is_space(head[i]) || head[i] == '"' || head[i] == '\'')) ++i;
    std::size_t stop = i;
    while (stop < end && !is_space(head[stop]) && head[stop] != '"' && head[stop] != '\'' &&
           head[stop] != ';' && head[stop] != '/') {
      ++stop;
    }
    return bytes.substr(i, stop - i);
  }
  return {};
}

}  // namespace kith::rag
