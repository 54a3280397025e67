#include "rag/markdown_guard.h"

#include <algorithm>

#include "rag/structured_text_builder.h"

namespace kith::rag {
namespace {

constexpr std::size_t containers_max = 64;
constexpr std::size_t indent_max = 256;
constexpr std::size_t specials_max = 300;
constexpr std::size_t pipes_max = 256;             // of one line
constexpr std::size_t cells_filled_max = 200'000;  // that short rows of wide tables are filled up with

bool is_special(char c) {
  return c == '[' || c == ']' || c == '*' || c == '_' || c == '`' || c == '<' || c == '~' || c == '!' ||
         c == '&';
}

/// Bytes of a container mark at the front of `line` ("> ", "- ", "12. "), 0 if there is none.
std::size_t container_mark(std::string_view line) {
  if (line.empty()) return 0;
  if (line[0] == '>') return 1;
  const auto blank_after = [&](std::size_t i) {
    return i >= line.size() || line[i] == ' ' || line[i] == '\t';
  };
  if ((line[0] == '-' || line[0] == '*' || line[0] == '+') && blank_after(1)) return 1;
  std::size_t digits = 0;
  while (digits < line.size() && digits < 9 && line[digits] >= '0' && line[digits] <= '9') ++digits;
  const bool ordered = digits > 0 && digits < line.size() && (line[digits] == '.' || line[digits] == ')');
  return ordered && blank_after(digits + 1) ? digits + 1 : 0;
}

struct Prefix {
  std::size_t bytes = 0;  ///< blanks and container marks
  std::size_t containers = 0;
  std::size_t keep = 0;  ///< bytes up to the limits
};

Prefix read_prefix(std::string_view line) {
  Prefix prefix;
  std::size_t indent = 0;
  while (prefix.bytes < line.size()) {
    const char c = line[prefix.bytes];
    std::size_t step = 1;
    if (c == ' ' || c == '\t') {
      indent += c == '\t' ? 4 : 1;
    } else {
      step = container_mark(line.substr(prefix.bytes));
      if (step == 0) break;
      ++prefix.containers;
    }
    prefix.bytes += step;
    if (prefix.containers <= containers_max && indent <= indent_max) prefix.keep = prefix.bytes;
  }
  return prefix;
}

class Guard {
 public:
  std::string run(std::string_view text) {
    out_.reserve(text.size() + text.size() / 16);
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      line(text.substr(0, end));
      out_.push_back('\n');
      text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return std::move(out_);
  }

 private:
  void line(std::string_view whole) {
    const Prefix prefix = read_prefix(whole);
    const std::string_view content = whole.substr(prefix.bytes);
    if (fence(content)) {
      out_.append(whole.substr(0, prefix.keep)).append(content);
      return;
    }
    const bool in_code = fence_char_ != '\0' || whole.starts_with("    ") || whole.starts_with("\t");
    const auto pipes = static_cast<std::size_t>(std::count(content.begin(), content.end(), '|'));
    if (content.empty() || prefix.containers > 0 || pipes > 0) specials_ = 0;
    if (!in_code) table_line(content, pipes);
    out_.append(whole.substr(0, prefix.keep));
    // Marks that are cut off must not end up as text of a code line's own making, so code keeps its bytes.
    if (in_code) {
      out_.append(content);
      return;
    }
    std::size_t pipes_seen = 0;
    for (const char c : content) {
      if (c == '|' && (tables_off_ || ++pipes_seen > pipes_max)) out_.push_back('\\');
      if (is_special(c) && ++specials_ > specials_max) out_.push_back('\\');
      out_.push_back(c);
    }
  }

  /// cmark fills each short row of a table up to its width: two bytes may become hundreds of cells. Past the
  /// budget the table ends, and no other begins.
  void table_line(std::string_view content, std::size_t pipes) {
    if (content.empty()) {
      columns_ = 0;
    } else if (pipes > 0 && content.find('-') != std::string_view::npos &&
               content.find_first_not_of("|:- \t") == std::string_view::npos) {
      columns_ = std::min(pipes, pipes_max) + 1;
    } else if (columns_ > pipes + 1) {
      cells_filled_ += columns_ - pipes - 1;
      if (cells_filled_ <= cells_filled_max) return;
      if (!tables_off_) out_.push_back('\n');
      tables_off_ = true;
    }
  }

  /// Keeps track of fenced code; true on a fence's own lines.
  bool fence(std::string_view content) {
    const char c = content.empty() ? '\0' : content[0];
    if (c != '`' && c != '~') return false;
    std::size_t run = 0;
    while (run < content.size() && content[run] == c) ++run;
    if (run < 3) return false;
    if (fence_char_ == '\0') {
      if (c == '`' && content.find('`', run) != std::string_view::npos) return false;  // inline code
      fence_char_ = c;
      fence_run_ = run;
      return true;
    }
    if (c != fence_char_ || run < fence_run_ || !trim(content.substr(run)).empty()) return false;
    fence_char_ = '\0';
    return true;
  }

  std::string out_;
  char fence_char_ = '\0';
  std::size_t fence_run_ = 0;
  std::size_t specials_ = 0;
  std::size_t columns_ = 0;  // of the table that we may be in
  std::size_t cells_filled_ = 0;
  bool tables_off_ = false;
};

std::string title_of(std::string_view front) {
  while (!front.empty()) {
    const std::size_t end = front.find('\n');
    std::string_view line = front.substr(0, end);
    front.remove_prefix(end == std::string_view::npos ? front.size() : end + 1);
    if (!line.starts_with("title")) continue;
    line = trim(line.substr(5));
    if (line.empty() || (line[0] != ':' && line[0] != '=')) continue;
    line = trim(line.substr(1));
    const bool quoted = line.size() >= 2 && (line[0] == '"' || line[0] == '\'') && line.back() == line[0];
    return std::string(quoted ? line.substr(1, line.size() - 2) : line);
  }
  return {};
}

}  // namespace

std::string guard_markdown(std::string_view text) { return Guard().run(text); }

FrontMatter split_front_matter(std::string_view text) {
  for (const std::string_view mark : {"---", "+++"}) {
    if (!text.starts_with(mark) || text.size() < 4 || text[3] != '\n') continue;
    for (std::size_t end = text.find('\n', 3); end != std::string_view::npos;
         end = text.find('\n', end + 1)) {
      if (text.substr(end + 1, 3) != mark) continue;
      const std::size_t stop = text.find('\n', end + 1);
      const std::string_view rest =
          text.substr(end + 4, stop == std::string_view::npos ? stop : stop - end - 4);
      if (!trim(rest).empty()) continue;
      return {stop == std::string_view::npos ? std::string_view() : text.substr(stop + 1),
              title_of(text.substr(4, end - 3))};
    }
  }
  return {text, {}};
}

}  // namespace kith::rag
