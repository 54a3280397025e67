#include "fields/payload_path.h"

#include <charconv>
#include <utility>

namespace kith::fields {
namespace {

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         static_cast<unsigned char>(c) >= 0x80;
}

bool needs_quotes(std::string_view key) {
  if (key.empty()) return true;
  for (const char c : key) {
    if (!is_plain(c)) return true;
  }
  return false;
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<std::vector<PathStep>> run() {
    std::vector<PathStep> steps;
    if (!key(steps)) return wrong();
    while (at_ < text_.size()) {
      if (steps.size() == PayloadPath::steps_max) {
        return failure(ErrorCode::invalid_argument,
                       "payload path has more than " + std::to_string(PayloadPath::steps_max) + " steps");
      }
      const bool good = take('.') ? key(steps) : take('[') && bracket(steps);
      if (!good) return wrong();
    }
    return steps;
  }

 private:
  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  bool key(std::vector<PathStep>& steps) {
    if (take('"')) {
      const auto end = text_.find('"', at_);
      const auto content = text_.substr(at_, end == std::string_view::npos ? end : end - at_);
      if (end == std::string_view::npos || content.find('\\') != std::string_view::npos) return false;
      at_ = end + 1;
      steps.push_back({PathStep::Kind::key, std::string(content), 0});
      return true;
    }
    const auto start = at_;
    while (at_ < text_.size() && is_plain(text_[at_])) ++at_;
    steps.push_back({PathStep::Kind::key, std::string(text_.substr(start, at_ - start)), 0});
    return at_ > start;
  }

  bool bracket(std::vector<PathStep>& steps) {
    if (take(']')) {
      steps.push_back({PathStep::Kind::every, {}, 0});
      return true;
    }
    std::size_t index = 0;
    const auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), index);
    if (error != std::errc()) return false;
    at_ = static_cast<std::size_t>(end - text_.data());
    steps.push_back({PathStep::Kind::index, {}, index});
    return take(']');
  }

  std::unexpected<Error> wrong() const {
    return failure(ErrorCode::invalid_argument,
                   "\"" + std::string(text_.substr(0, 100)) +
                       "\" is not a payload path (it goes wrong at byte " + std::to_string(at_) +
                       "); write keys as a.b, a[].b or a[0].b, and quote a key with other "
                       "characters than letters, digits, '_' and '-': \"my key\".b");
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<PayloadPath> PayloadPath::parse(std::string_view text) {
  if (text.size() > bytes_max) {
    return failure(ErrorCode::invalid_argument, "payload path of " + std::to_string(text.size()) +
                                                    " bytes; at most " + std::to_string(bytes_max) +
                                                    " are allowed");
  }
  auto steps = Parser(text).run();
  if (!steps) return std::unexpected(std::move(steps).error());
  PayloadPath path;
  path.steps_ = *std::move(steps);
  return path;
}

PayloadPath PayloadPath::elements() const {
  PayloadPath path = *this;
  if (path.steps_.back().kind != PathStep::Kind::every) path.steps_.push_back({PathStep::Kind::every, {}, 0});
  return path;
}

PayloadPath PayloadPath::field() const {
  PayloadPath path = *this;
  if (path.steps_.back().kind == PathStep::Kind::every) path.steps_.pop_back();
  return path;
}

PayloadPath PayloadPath::join(const PayloadPath& inner) const {
  PayloadPath path = *this;
  path.steps_.insert(path.steps_.end(), inner.steps_.begin(), inner.steps_.end());
  return path;
}

std::string PayloadPath::to_string() const {
  std::string out;
  for (const auto& step : steps_) {
    switch (step.kind) {
      case PathStep::Kind::key:
        if (!out.empty()) out += '.';
        out += needs_quotes(step.key) ? '"' + step.key + '"' : step.key;
        break;
      case PathStep::Kind::index:
        out += '[' + std::to_string(step.index) + ']';
        break;
      case PathStep::Kind::every:
        out += "[]";
        break;
    }
  }
  return out;
}

}  // namespace kith::fields
