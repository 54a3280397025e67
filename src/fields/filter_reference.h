// What a filter means, written a second time and as plainly as can be: the truth that tests compare FilterEvaluator and
// the field indexes with. It shares no code with them but the hash of Slice: payloads are nlohmann trees, the values of
// a path are collected into a list, dates are read by a regular expression, distances are measured with vectors,
// polygons in whole numbers.
//
// For tests only, and slow. Of letters, stop words and stems it knows those that filter_generator.h uses; a polygon's
// corners and the points asked about must be multiples of a half. Not thread-safe (dates are remembered).
#pragma once

#include <kith/field_index.h>
#include <kith/filter.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <ctime>
#include <map>
#include <nlohmann/json.hpp>
#include <numbers>
#include <optional>
#include <regex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fields/id_slice.h"

namespace kith::fields::reference {

using Json = nlohmann::json;
using FieldConfigs = std::map<std::string, FieldIndexConfig, std::less<>>;

// ── paths ────────────────────────────────────────────────────────────────────────────────────────────

/// Keys without quotes only.
inline std::vector<Json> values_at(const Json& root, const std::string& path) {
  std::vector<Json> now{root};
  for (std::size_t at = 0; at < path.size();) {
    std::vector<Json> next;
    if (path[at] == '[') {
      const auto close = path.find(']', at);
      const auto inside = path.substr(at + 1, close - at - 1);
      for (const auto& value : now) {
        if (!value.is_array()) continue;
        for (std::size_t i = 0; i < value.size(); ++i) {
          if (inside.empty() || std::stoul(inside) == i) next.push_back(value[i]);
        }
      }
      at = close + 1;
    } else {
      if (path[at] == '.') ++at;
      const auto stop = std::min(path.find_first_of(".[", at), path.size());
      const auto key = path.substr(at, stop - at);
      for (const auto& value : now) {
        if (value.is_object() && value.contains(key)) next.push_back(value[key]);
      }
      at = stop;
    }
    now = std::move(next);
  }
  return now;
}

inline std::vector<Json> items_at(const Json& root, const std::string& path) {
  std::vector<Json> items;
  for (const auto& value : values_at(root, path)) {
    if (value.is_array()) {
      items.insert(items.end(), value.begin(), value.end());
    } else {
      items.push_back(value);
    }
  }
  return items;
}

inline std::string elements_of(const std::string& path) { return path.ends_with("[]") ? path : path + "[]"; }
inline std::string field_of(const std::string& path) {
  return path.ends_with("[]") ? path.substr(0, path.size() - 2) : path;
}

// ── values ───────────────────────────────────────────────────────────────────────────────────────────

inline bool equals(const Json& value, const Scalar& scalar) {
  if (const auto* text = std::get_if<std::string>(&scalar)) return value.is_string() && value == *text;
  if (const auto* flag = std::get_if<bool>(&scalar)) return value.is_boolean() && value == *flag;
  const auto number = std::get<std::int64_t>(scalar);
  if (value.is_number_unsigned())
    return number >= 0 && value.get<std::uint64_t>() == static_cast<std::uint64_t>(number);
  return value.is_number_integer() && value.get<std::int64_t>() == number;
}

template <class Bounds, class Number>
bool within(const Bounds& bounds, Number x) {
  if (bounds.lt && !(x < *bounds.lt)) return false;
  if (bounds.lte && !(x <= *bounds.lte)) return false;
  if (bounds.gt && !(x > *bounds.gt)) return false;
  return !(bounds.gte && !(x >= *bounds.gte));
}

// ── dates ────────────────────────────────────────────────────────────────────────────────────────────

inline std::optional<std::int64_t> read_date(const std::string& text) {
  static const std::regex shape(
      R"((\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|z|([+-])(\d\d):?(\d\d)?)?)?)");
  std::smatch m;
  if (!std::regex_match(text, m, shape)) return std::nullopt;
  const auto number = [&m](std::size_t i) { return m[i].matched ? std::stoi(m[i]) : 0; };
  const int year = number(1), month = number(2), day = number(3);
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  const std::array<int, 12> days{31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (month < 1 || month > 12 || day < 1 || day > days[static_cast<std::size_t>(month - 1)])
    return std::nullopt;
  if (number(4) > 23 || number(5) > 59 || number(6) > 60 || number(10) > 23 || number(11) > 59)
    return std::nullopt;
  std::tm parts{};
  parts.tm_year = year - 1900;
  parts.tm_mon = month - 1;
  parts.tm_mday = day;
  parts.tm_hour = number(4);
  parts.tm_min = number(5);
  parts.tm_sec = number(6);
  std::int64_t seconds = timegm(&parts);
  if (m[9].matched) seconds -= (m[9] == "-" ? -1 : 1) * (number(10) * 3600 + number(11) * 60);
  const auto digits = (m[7].str() + "000000").substr(0, 6);
  return seconds * 1'000'000 + std::stoll(digits);
}

inline std::optional<std::int64_t> date_of(const std::string& text) {
  static std::map<std::string, std::optional<std::int64_t>> known;
  const auto [at, is_new] = known.try_emplace(text);
  if (is_new) at->second = read_date(text);
  return at->second;
}

// ── places ───────────────────────────────────────────────────────────────────────────────────────────

inline std::optional<GeoPoint> point_of(const Json& value) {
  if (!value.is_object() || !value.contains("lon") || !value.contains("lat")) return std::nullopt;
  if (!value["lon"].is_number() || !value["lat"].is_number()) return std::nullopt;
  const GeoPoint point{value["lon"].get<double>(), value["lat"].get<double>()};
  if (std::abs(point.lon) > 180 || std::abs(point.lat) > 90) return std::nullopt;
  return point;
}

inline double metres_between(GeoPoint a, GeoPoint b) {
  using Vector = std::array<double, 3>;
  const auto vector = [](GeoPoint p) {
    const double lat = p.lat * std::numbers::pi / 180, lon = p.lon * std::numbers::pi / 180;
    return Vector{std::cos(lat) * std::cos(lon), std::cos(lat) * std::sin(lon), std::sin(lat)};
  };
  const auto u = vector(a), v = vector(b);
  const Vector cross{u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]};
  const double dot = u[0] * v[0] + u[1] * v[1] + u[2] * v[2];
  return 6'371'008.8 * std::atan2(std::hypot(cross[0], cross[1], cross[2]), dot);
}

enum class Side { outside, edge, inside };

/// Where a ray to the east crosses an odd number of edges is inside (so the ring must not cross itself).
inline Side side_of(GeoPoint point, const std::vector<GeoPoint>& ring) {
  const auto whole = [](double degrees) { return std::llround(degrees * 2); };
  const auto x = whole(point.lon), y = whole(point.lat);
  bool odd = false;
  for (std::size_t i = 0; i + 1 < ring.size(); ++i) {
    auto ax = whole(ring[i].lon), ay = whole(ring[i].lat), bx = whole(ring[i + 1].lon),
         by = whole(ring[i + 1].lat);
    const auto area = (bx - ax) * (y - ay) - (x - ax) * (by - ay);
    const bool between =
        std::min(ax, bx) <= x && x <= std::max(ax, bx) && std::min(ay, by) <= y && y <= std::max(ay, by);
    if (area == 0 && between) return Side::edge;
    if ((ay > y) == (by > y)) continue;
    if (ay > by) {
      std::swap(ax, bx);
      std::swap(ay, by);
    }
    // The edge goes up; the point is west of it when it lies to its left.
    if ((bx - ax) * (y - ay) - (x - ax) * (by - ay) > 0) odd = !odd;
  }
  return odd ? Side::inside : Side::outside;
}

// ── tokens ───────────────────────────────────────────────────────────────────────────────────────────

using Characters = std::vector<std::string>;  // each UTF-8

inline Characters characters(const std::string& text) {
  Characters out;
  for (const char c : text) {
    if ((static_cast<unsigned char>(c) & 0xC0) == 0x80) {
      out.back() += c;
    } else {
      out.emplace_back(1, c);
    }
  }
  return out;
}

inline std::string lower(const std::string& c) {
  static const std::map<std::string, std::string> others{{"Ä", "ä"}, {"Ö", "ö"}, {"Ü", "ü"},
                                                         {"É", "é"}, {"Ø", "ø"}, {"ß", "ss"}};
  if (c.size() == 1 && c[0] >= 'A' && c[0] <= 'Z') return std::string(1, static_cast<char>(c[0] + 32));
  return others.contains(c) ? others.at(c) : c;
}

inline std::string ascii(const std::string& word) {
  static const std::map<std::string, std::string> likeness{{"ä", "a"}, {"ö", "o"},  {"ü", "u"}, {"é", "e"},
                                                           {"ø", "o"}, {"ß", "ss"}, {"Ä", "A"}, {"Ö", "O"},
                                                           {"Ü", "U"}, {"É", "E"},  {"Ø", "O"}};
  std::string out;
  for (const auto& c : characters(word)) out += likeness.contains(c) ? likeness.at(c) : c;
  return out;
}

inline bool is_han(const std::string& c) { return c.size() == 3 && c >= "一" && c <= "龥"; }
inline bool is_wide_space(const std::string& c) { return c == "\u3000"; }
inline bool is_word_character(const std::string& c) {
  if (c.size() == 1) return std::isalnum(static_cast<unsigned char>(c[0])) != 0;
  return c.size() == 2 || is_han(c);  // the two-byte characters of the generator are letters
}
inline bool is_gap(const std::string& c) {
  return (c.size() == 1 && std::isspace(static_cast<unsigned char>(c[0])) != 0) || is_wide_space(c);
}

inline std::string english_stem(const std::string& word) {
  static const std::map<std::string, std::string> stems{
      {"running", "run"},  {"runs", "run"},       {"cats", "cat"},      {"grosse", "gross"},
      {"Grosse", "Gross"}, {"strasse", "strass"}, {"Strasse", "Strass"}};
  return stems.contains(word) ? stems.at(word) : word;
}

struct Token {
  std::string text;
  std::size_t position;
};

class Tokens {
 public:
  Tokens(const TextIndexOptions& options, bool is_query) : options_(options), is_query_(is_query) {
    for (const auto& word : options.stop_words) stops_.insert(prepared(word));
    if (!options.stop_word_languages.empty()) stops_.insert({"the", "of", "a"});  // "en"
  }

  std::vector<Token> of(const std::string& text) {
    Characters run;
    for (const auto& c : characters(options_.lowercase ? lowered(text) : text)) {
      const bool whitespace = options_.tokenizer == TextTokenizer::whitespace;
      const bool inside = whitespace ? !is_gap(c) : is_word_character(c);
      const bool multilingual = options_.tokenizer == TextTokenizer::multilingual;
      if (!inside || (multilingual && !run.empty() && is_han(run.back()) != is_han(c))) finish(run);
      if (inside) run.push_back(c);
    }
    finish(run);
    return out_;
  }

 private:
  static std::string lowered(const std::string& text) {
    std::string out;
    for (const auto& c : characters(text)) out += lower(c);
    return out;
  }
  std::string prepared(const std::string& word) const {
    const auto cased = options_.lowercase ? lowered(word) : word;
    return options_.ascii_folding ? ascii(cased) : cased;
  }

  void finish(Characters& run) {
    if (run.empty()) return;
    if (options_.tokenizer == TextTokenizer::multilingual && is_han(run.front())) {
      han(run);
    } else {
      word(run);
    }
    run.clear();
  }

  void word(const Characters& run) {
    std::string text;
    for (const auto& c : run) text += c;
    if (options_.ascii_folding) text = ascii(text);
    const bool prefix = options_.tokenizer == TextTokenizer::prefix;
    if (!(prefix && is_query_) && stops_.contains(text)) return;
    if (!options_.stemmer.empty()) text = english_stem(text);  // "en"
    if (!prefix) {
      if (fits(text)) out_.push_back({text, position_++});
      return;
    }
    const auto whole = characters(text);
    const auto least = std::max<std::size_t>(options_.min_token_length, 1);
    const auto most =
        options_.max_token_length == 0 ? 64 : std::min<std::size_t>(options_.max_token_length, 64);
    if (whole.size() < least) return;
    for (std::size_t n = least; n <= std::min(most, whole.size()); ++n) {
      std::string start;
      for (std::size_t i = 0; i < n; ++i) start += whole[i];
      if (!is_query_ || n == std::min(most, whole.size())) out_.push_back({start, position_});
    }
    ++position_;
  }

  void han(const Characters& run) {
    const auto kept = [&](std::size_t first, std::size_t count) {
      std::string text;
      for (std::size_t i = first; i < first + count; ++i) {
        if (i >= run.size()) return std::string();
        text += run[i];
      }
      return fits(text) && !stops_.contains(text) ? text : std::string();
    };
    for (std::size_t i = 0; i < run.size(); ++i) {
      const auto one = kept(i, 1), two = kept(i, 2);
      const bool in_pair = !two.empty() || (i > 0 && !kept(i - 1, 2).empty());
      if (!one.empty() && !(is_query_ && in_pair)) out_.push_back({one, position_});
      if (!two.empty()) out_.push_back({two, position_});
      if (!one.empty() || !two.empty()) ++position_;
    }
  }

  bool fits(const std::string& token) const {
    const auto size = characters(token).size();
    return size >= options_.min_token_length &&
           (options_.max_token_length == 0 || size <= options_.max_token_length);
  }

  TextIndexOptions options_;
  bool is_query_;
  std::set<std::string> stops_;
  std::vector<Token> out_;
  std::size_t position_ = 0;
};

inline bool tokens_match(const TextIndexOptions& options, const std::string& text, const std::string& query,
                         TextMatch mode) {
  const auto document = Tokens(options, false).of(text), wanted = Tokens(options, true).of(query);
  const auto has = [&](const std::string& token, std::optional<std::size_t> position) {
    for (const auto& t : document) {
      if (t.text == token && (!position || *position == t.position)) return true;
    }
    return false;
  };
  if (mode == TextMatch::phrase) {
    for (std::size_t start = 0; start < document.size() && !wanted.empty(); ++start) {
      bool all = true;
      for (const auto& t : wanted)
        all = all && has(t.text, document[start].position + t.position - wanted[0].position);
      if (all) return true;
    }
    return false;
  }
  std::size_t found = 0;
  for (const auto& t : wanted) found += has(t.text, std::nullopt) ? 1 : 0;
  return found > 0 && (mode == TextMatch::any || found == wanted.size());
}

// ── filters ──────────────────────────────────────────────────────────────────────────────────────────

class Evaluator {
 public:
  /// `id` and `vectors` are null inside of an element. `fields` may be null.
  Evaluator(const Json& root, const PointId* id, const std::vector<std::string>* vectors,
            const FieldConfigs* fields, std::string inside = {})
      : root_(root), id_(id), vectors_(vectors), fields_(fields), inside_(std::move(inside)) {}

  bool filter(const Filter& f) const {
    bool good = true;
    for (const auto& c : f.must) good &= condition(c);
    for (const auto& c : f.must_not) good &= !condition(c);
    int should = 0, some = 0;
    for (const auto& c : f.should) should += condition(c);
    good &= f.should.empty() || should > 0;
    if (f.min_should && !f.min_should->conditions.empty()) {
      for (const auto& c : f.min_should->conditions) some += condition(c);
      good &= static_cast<std::size_t>(some) >= f.min_should->min_count;
    }
    return good;
  }
  bool condition(const Condition& c) const { return std::visit(*this, c); }

  bool operator()(const MatchAny& c) const {
    return some_item(c.key, [&](const Json& item) {
      return std::any_of(c.any.begin(), c.any.end(),
                         [&](const Scalar& wanted) { return equals(item, wanted); });
    });
  }
  bool operator()(const MatchExcept& c) const {
    return some_item(c.key, [&](const Json& item) {
      bool excluded = item.is_null();
      for (const auto& unwanted : c.except) excluded |= equals(item, unwanted);
      return !excluded;
    });
  }
  bool operator()(const MatchText& c) const {
    const auto* options = c.mode == TextMatch::substring ? nullptr : text_options(c.key);
    return some_string(c.key, [&](const std::string& text) {
      if (options != nullptr) return tokens_match(*options, text, c.text, c.mode);
      if (c.mode == TextMatch::phrase && c.text.empty()) return false;
      if (c.mode != TextMatch::any) return text.find(c.text) != std::string::npos;
      return any_word(c.text, [&](const std::string& word) { return text.find(word) != std::string::npos; });
    });
  }
  bool operator()(const MatchPrefix& c) const {
    return some_string(c.key,
                       [&](const std::string& text) { return text.substr(0, c.prefix.size()) == c.prefix; });
  }
  bool operator()(const Range& c) const {
    return some_item(c.key,
                     [&](const Json& item) { return item.is_number() && within(c, item.get<double>()); });
  }
  bool operator()(const DatetimeRange& c) const {
    return some_string(c.key, [&](const std::string& text) {
      const auto date = date_of(text);
      return date && within(c, *date);
    });
  }
  bool operator()(const GeoRadius& c) const {
    return some_point(c.key, [&](GeoPoint point) { return metres_between(point, c.center) <= c.radius_m; });
  }
  bool operator()(const GeoBox& c) const {
    return some_point(c.key, [&](GeoPoint point) {
      const auto west = c.top_left.lon, east = c.bottom_right.lon;
      const bool between =
          west <= east ? west <= point.lon && point.lon <= east : west <= point.lon || point.lon <= east;
      return between && c.bottom_right.lat <= point.lat && point.lat <= c.top_left.lat;
    });
  }
  bool operator()(const GeoPolygon& c) const {
    return some_point(c.key, [&](GeoPoint point) {
      bool good = side_of(point, c.exterior) == Side::inside;
      for (const auto& hole : c.interiors) good = good && side_of(point, hole) == Side::outside;
      return good;
    });
  }
  bool operator()(const ValuesCount& c) const {
    auto values = values_at(root_, c.key);
    if (values.empty()) values.push_back(nullptr);
    return std::any_of(values.begin(), values.end(), [&](const Json& value) {
      return within(c, std::uint64_t{value.is_null() ? 0 : value.is_array() ? value.size() : 1});
    });
  }
  bool operator()(const IsEmpty& c) const {
    for (const auto& value : values_at(root_, c.key)) {
      if (!value.is_null() && !(value.is_array() && value.empty())) return false;
    }
    return true;
  }
  bool operator()(const IsNull& c) const {
    for (const auto& value : values_at(root_, c.key)) {
      if (value.is_null()) return true;
    }
    return false;
  }
  bool operator()(const HasId& c) const {
    return id_ != nullptr && std::find(c.ids.begin(), c.ids.end(), *id_) != c.ids.end();
  }
  bool operator()(const HasVector& c) const {
    return vectors_ != nullptr && std::find(vectors_->begin(), vectors_->end(), c.name) != vectors_->end();
  }
  bool operator()(const Slice& c) const { return id_ != nullptr && slice_hash(*id_) % c.total == c.index; }
  bool operator()(const Nested& c) const {
    const auto elements = elements_of(c.key);
    for (const auto& value : values_at(root_, elements)) {
      if (value.is_object() && Evaluator(value, nullptr, nullptr, fields_, full(elements)).filter(*c.filter))
        return true;
    }
    return false;
  }
  bool operator()(const SubFilter& c) const { return filter(*c.filter); }

 private:
  template <class Judge>
  bool some_item(const std::string& key, const Judge& judge) const {
    const auto items = items_at(root_, key);
    return std::any_of(items.begin(), items.end(), judge);
  }
  template <class Judge>
  bool some_string(const std::string& key, const Judge& judge) const {
    return some_item(key,
                     [&](const Json& item) { return item.is_string() && judge(item.get<std::string>()); });
  }
  template <class Judge>
  bool some_point(const std::string& key, const Judge& judge) const {
    return some_item(key, [&](const Json& item) {
      const auto point = point_of(item);
      return point && judge(*point);
    });
  }
  template <class Judge>
  static bool any_word(const std::string& text, const Judge& judge) {
    std::string word;
    for (const auto& c : characters(text + " ")) {
      if (!is_gap(c)) {
        word += c;
      } else {
        if (!word.empty() && judge(word)) return true;
        word.clear();
      }
    }
    return false;
  }
  std::string full(const std::string& key) const { return inside_.empty() ? key : inside_ + '.' + key; }
  const TextIndexOptions* text_options(const std::string& key) const {
    if (fields_ == nullptr) return nullptr;
    for (const auto& [path, config] : *fields_) {
      if (config.kind == FieldKind::text && field_of(path) == field_of(full(key))) return &config.text;
    }
    return nullptr;
  }

  const Json& root_;
  const PointId* id_;
  const std::vector<std::string>* vectors_;
  const FieldConfigs* fields_;
  std::string inside_;  // path of the element that root_ is
};

inline bool matches(const Filter& filter, const Json& payload, const PointId& id,
                    const std::vector<std::string>& vectors, const FieldConfigs* fields = nullptr) {
  return Evaluator(payload, &id, &vectors, fields).filter(filter);
}

}  // namespace kith::fields::reference
