// Edits at paths. The payload is brought into canonical form first; then its text is copied piece by piece, only the
// way to what changes being taken apart.
#include <algorithm>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/json_writer.h"
#include "base/try.h"
#include "fields/canonical_json.h"
#include "fields/payload_edit.h"

namespace kith::fields {

std::size_t canonical_value_bytes(std::string_view text) {
  std::size_t depth = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    switch (text[at]) {
      case '"':
        for (++at; text[at] != '"'; ++at) at += text[at] == '\\' ? 1 : 0;
        if (depth == 0) return at + 1;
        break;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (depth == 0) return at;  // the end of what a number or a word stands in
        if (--depth == 0) return at + 1;
        break;
      case ',':
        if (depth == 0) return at;
        break;
      default:
        break;
    }
  }
  return text.size();
}

namespace {

using Kind = PathStep::Kind;

/// A step whose key is written as in the text.
std::vector<PathStep> written(const PayloadPath& path) {
  auto steps = path.steps();
  for (auto& step : steps) {
    if (step.kind != Kind::key) continue;
    std::string key;
    append_json_string(key, step.key);
    step.key = std::move(key);
  }
  return steps;
}

/// Appends members or elements to an object or array, with commas.
class ListWriter {
 public:
  ListWriter(std::string& out, char open) : out_(out) { out_ += open; }
  std::string& next() {
    if (!std::exchange(first_, false)) out_ += ',';
    return out_;
  }
  std::string& next(std::string_view key) {
    next() += key;
    return out_ += ':';
  }

 private:
  std::string& out_;
  bool first_ = true;
};

// ── set ──────────────────────────────────────────────────────────────────────────────────────────────

class Setter {
 public:
  Setter(std::string_view update, std::string& out) : out_(out) {
    each_member(update, [&](std::string_view key, std::string_view value) {
      places_.emplace(key, members_.size());
      members_.emplace_back(key, value);
    });
  }

  bool too_large() const { return too_large_; }

  /// Appends `value` with the update made; "" is a value that is not there.
  void set(std::string_view value, std::span<const PathStep> steps) {
    too_large_ = too_large_ || out_.size() > payload_edit_bytes_max;
    if (too_large_) return;  // what is written so far is of no use to anybody
    if (steps.empty()) return merge(value.starts_with('{') ? value : "{}");
    const auto& step = steps.front();
    const auto rest = steps.subspan(1);
    if (step.kind == Kind::key) return set_member(value.starts_with('{') ? value : "{}", step.key, rest);
    ListWriter list(out_, '[');
    std::size_t at = 0;
    each_element(value.starts_with('[') ? value : "[]", [&](std::string_view element) {
      auto& out = list.next();
      if (step.kind == Kind::every || step.index == at) {
        set(element, rest);
      } else {
        out += element;
      }
      ++at;
    });
    out_ += ']';
  }

 private:
  void merge(std::string_view object) {
    ListWriter list(out_, '{');
    std::vector<bool> done(members_.size());
    const auto put = [&](std::string_view key, std::string_view value) {
      if (value != "null") list.next(key) += value;
    };
    each_member(object, [&](std::string_view key, std::string_view value) {
      const auto updated = places_.find(key);
      if (updated == places_.end()) {
        list.next(key) += value;
      } else {
        done[updated->second] = true;
        put(key, members_[updated->second].second);
      }
    });
    for (std::size_t i = 0; i < members_.size(); ++i) {
      if (!done[i]) put(members_[i].first, members_[i].second);
    }
    out_ += '}';
  }

  void set_member(std::string_view object, std::string_view wanted, std::span<const PathStep> rest) {
    ListWriter list(out_, '{');
    bool found = false;
    each_member(object, [&](std::string_view key, std::string_view value) {
      auto& out = list.next(key);
      if (key == wanted) {
        found = true;
        set(value, rest);
      } else {
        out += value;
      }
    });
    if (!found) {
      list.next(wanted);
      set({}, rest);
    }
    out_ += '}';
  }

  std::string& out_;
  bool too_large_ = false;
  std::vector<std::pair<std::string_view, std::string_view>> members_;
  std::unordered_map<std::string_view, std::size_t> places_;
};

// ── remove ───────────────────────────────────────────────────────────────────────────────────────────

using Steps = std::vector<PathStep>;

/// By kind, key, index; a path before those that go on from it.
bool step_less(const PathStep& a, const PathStep& b) {
  return std::tie(a.kind, a.key, a.index) < std::tie(b.kind, b.key, b.index);
}

class Remover {
 public:
  /// Paths that agree on the steps taken so far; they have more.
  using Open = std::vector<std::span<const Steps>>;

  explicit Remover(std::string& out) : out_(out) {}

  /// Appends `value` without what the paths lead to from here.
  void copy(std::string_view value, const Open& open, std::size_t depth) {
    if (value.starts_with('{')) return copy_object(value, open, depth);
    if (value.starts_with('[')) return copy_array(value, open, depth);
    out_ += value;
  }

 private:
  void copy_object(std::string_view object, const Open& open, std::size_t depth) {
    ListWriter list(out_, '{');
    each_member(object, [&](std::string_view key, std::string_view value) {
      Open inner;
      const bool ends_here = take({Kind::key, std::string(key), 0}, open, depth, inner);
      if (ends_here) return;
      auto& out = list.next(key);
      if (inner.empty()) {
        out += value;
      } else {
        copy(value, inner, depth + 1);
      }
    });
    out_ += '}';
  }

  void copy_array(std::string_view array, const Open& open, std::size_t depth) {
    ListWriter list(out_, '[');
    Open of_every;
    std::size_t index = 0;
    if (take({Kind::every, {}, 0}, open, depth, of_every)) {
      out_ += ']';
      return;
    }
    each_element(array, [&](std::string_view value) {
      Open inner = of_every;
      take({Kind::index, {}, index++}, open, depth, inner);
      auto& out = list.next();
      if (inner.empty()) {
        out += value;
      } else {
        copy(value, inner, depth + 1);
      }
    });
    out_ += ']';
  }

  /// Adds to `inner` the paths that go on after `step`; whether one ends with it.
  static bool take(const PathStep& step, const Open& open, std::size_t depth, Open& inner) {
    bool ends = false;
    for (const auto& paths : open) {
      const auto at = [depth](const Steps& steps) -> const PathStep& { return steps[depth]; };
      auto [first, last] = std::ranges::equal_range(paths, step, step_less, at);
      while (first != last && first->size() == depth + 1) {
        ends = true;
        ++first;
      }
      if (first != last) inner.emplace_back(first, last);
    }
    return ends;
  }

  std::string& out_;
};

}  // namespace

Result<std::string> set_at_path(std::string_view base, std::string_view path, std::string_view update) {
  std::vector<PathStep> steps;
  if (!path.empty()) steps = written(KITH_TRY(PayloadPath::parse(path)));
  const auto whole = KITH_TRY(canonical_payload(base)), changes = KITH_TRY(canonical_payload(update));
  std::string out;
  out.reserve(whole.size() + changes.size());
  Setter setter(changes, out);
  setter.set(whole, steps);
  if (setter.too_large() || out.size() > payload_edit_bytes_max) {
    return failure(ErrorCode::too_large, "the payload would grow over " +
                                             std::to_string(payload_edit_bytes_max) +
                                             " bytes by this update; update fewer elements at once");
  }
  return canonical_payload(out);  // the path and the update may have made it too deep
}

Result<std::string> remove_paths(std::string_view base, std::span<const std::string> paths) {
  std::vector<Steps> all;
  all.reserve(paths.size());
  for (const auto& path : paths) all.push_back(written(KITH_TRY(PayloadPath::parse(path))));
  std::ranges::sort(all, [](const Steps& a, const Steps& b) {
    return std::ranges::lexicographical_compare(a, b, step_less);
  });
  const auto whole = KITH_TRY(canonical_payload(base));
  std::string out;
  out.reserve(whole.size());
  Remover(out).copy(whole, {all}, 0);
  return out;
}

}  // namespace kith::fields
