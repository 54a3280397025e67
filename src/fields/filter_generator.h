// Random payloads, filters and field indexes over a small vocabulary, so that conditions often hold and often do not.
// For tests; filter_reference.h is the truth about what it makes. Same seed, same sequence, on every machine.
// Not thread-safe.
#pragma once

#include <kith/field_index.h>
#include <kith/filter.h>

#include <cstdlib>
#include <initializer_list>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "fields/datetime.h"

namespace kith::fields {

class FilterGenerator {
 public:
  using Json = nlohmann::json;
  using FieldConfigs = std::map<std::string, FieldIndexConfig, std::less<>>;

  explicit FilterGenerator(std::uint64_t seed) : random_(seed) {}

  Random& random() { return random_; }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_.below(n)); }

  /// A JSON object, at most `depth` levels below the top.
  Json payload(int depth = 3) { return object(depth); }

  /// Every kind of condition, filters in filters and nested ones.
  Filter filter(int depth = 3) {
    Filter out{conditions(depth, 3), conditions(depth, 3), conditions(depth, 2), std::nullopt};
    if (below(4) == 0) out.min_should = Filter::MinShould{conditions(depth, 4), 1 + below(3)};
    return out;
  }

  /// One of the kinds that have a key.
  Condition field_condition() { return condition_of(below(field_kinds)); }

  /// Some indexes, at most one per key.
  FieldConfigs fields() {
    FieldConfigs out;
    for (auto n = below(6); n > 0; --n) out[path()] = field();
    return out;
  }

  FieldIndexConfig field() {
    FieldIndexConfig out;
    out.kind = pick({FieldKind::keyword, FieldKind::integer, FieldKind::floating, FieldKind::boolean,
                     FieldKind::geo, FieldKind::datetime, FieldKind::uuid, FieldKind::text, FieldKind::text});
    if (out.kind == FieldKind::integer) {
      out.lookup = below(4) != 0;
      out.range = !out.lookup || below(4) != 0;
    }
    if (out.kind == FieldKind::text) out.text = text_options();
    return out;
  }

  TextIndexOptions text_options() {
    TextIndexOptions out;
    out.tokenizer = pick(
        {TextTokenizer::word, TextTokenizer::whitespace, TextTokenizer::prefix, TextTokenizer::multilingual});
    out.min_token_length = below(3) == 0 ? 1 + below(3) : 0;
    out.max_token_length = below(3) == 0 ? out.min_token_length + 1 + below(5) : 0;
    out.lowercase = below(4) != 0;
    out.ascii_folding = below(3) == 0;
    out.phrase_matching = below(2) == 0;
    if (below(3) == 0) out.stop_word_languages = {"en"};
    if (below(3) == 0) out.stop_words = {"Red", "größe"};
    if (below(3) == 0) out.stemmer = "en";
    return out;
  }

  std::string path() {
    auto out = pick<std::string>({"a", "b", "c"});
    for (auto n = below(2) * below(3); n > 0; --n) {
      out += pick<std::string>({".a", ".b", "[]", "[]", "[0]", "[1]", ".c"});
    }
    return out;
  }

  PointId id() {
    switch (below(4)) {
      case 0:
        return *PointId::from_string(pick<std::string>({"x", "größe"}));
      case 1:
        return *PointId::from_string("67e55044-10b1-426f-9247-bb680e5fe0c" + std::to_string(below(3)));
      default:
        return PointId(below(4));
    }
  }

  std::vector<std::string> vector_names() {
    std::vector<std::string> out;
    for (const char* name : {"", "image", "text"}) {
      if (below(2) == 0) out.emplace_back(name);
    }
    return out;
  }

  /// A string as payloads have them: a word, a few words, a date, a UUID.
  std::string text() {
    switch (below(6)) {
      case 0:
      case 1:
        return date();
      case 2:
        return "67e55044-10b1-426f-9247-bb680e5fe0c" + std::to_string(below(3));
      case 3:
        return word();
      default:
        return words();
    }
  }

  std::string words() {
    auto out = below(8) == 0 ? std::string() : word();
    for (auto n = below(5); n > 0; --n) out += pick<std::string>({" ", " ", ", ", "-", "\u3000"}) + word();
    return out;
  }

  std::string word() {
    return pick<std::string>({"red",  "Red", "blue", "reddish", "größe", "Größe",   "Straße",
                              "café", "Øre", "the",  "of",      "a",     "running", "runs",
                              "cats", "x1",  "42",   "入門",    "入",    "門入",    "Kith入門"});
  }

  std::string date() {
    return pick<std::string>({"2024-02-29", "2024-02-29T00:00:00Z", "2024-02-29T01:00:00+01:00",
                              "2024-02-29 12:30", "2024-02-29T12:30:00.5", "2024-02-28T23:59:60Z",
                              "2023-01-01T00:00:00.000001Z", "1969-12-31T23:59:59.999999Z", "9999-12-31",
                              "0000-01-01", "2023-02-29", "2024-13-01", "2024-1-1", "2024-02-29T24:00",
                              "2024-02-29T00:00:00 Z"});
  }

  /// A corner of a grid of halves, or a place that is none.
  Json place() {
    const auto lon = static_cast<double>(below(9)) * 0.5 - 2, lat = static_cast<double>(below(9)) * 0.5 - 2;
    switch (below(8)) {
      case 0:
        return {{"lon", 179.5}, {"lat", lat}};
      case 1:
        return {{"lon", below(2) == 0 ? -180 : 180}, {"lat", lat}};
      case 2:
        return {{"lon", lon}, {"lat", pick({90.0, -90.0, 89.5, 91.0})}};
      case 3:
        return pick<Json>({{{"lon", lon}}, {{"lon", "1"}, {"lat", 1}}, {{"lon", lon}, {"lat", nullptr}}});
      default:
        return {{"lon", lon}, {"lat", lat}};
    }
  }

 private:
  static constexpr std::size_t field_kinds = 13, plain_kinds = 16;

  template <class T>
  T pick(std::initializer_list<T> from) {
    return from.begin()[below(from.size())];
  }

  Json scalar() {
    switch (below(10)) {
      case 0:
        return nullptr;
      case 1:
        return below(2) == 0;
      case 2:
        return static_cast<double>(below(4)) * 0.5;
      case 3:
      case 4:
        return text();
      case 5:
      case 6:
        return place();
      case 7:
        return pick<std::uint64_t>(
            {0, 9223372036854775807ULL, 9223372036854775808ULL, 18446744073709551615ULL});
      default:
        return static_cast<int>(below(4)) - 1;
    }
  }
  Json value(int depth) {
    const auto kind = below(10);
    if (depth == 0 || kind < 5) return scalar();
    if (kind >= 8) return object(depth - 1);
    Json list = Json::array();
    for (auto n = below(4); n > 0; --n) list.push_back(value(depth - 1));
    return list;
  }
  Json object(int depth) {
    Json out = Json::object();
    for (auto n = below(5); n > 0; --n) out[pick<std::string>({"a", "b", "c"})] = value(depth);
    return out;
  }

  std::vector<Scalar> scalars() {
    std::vector<Scalar> out;
    const bool words = below(2) == 0;
    for (auto n = below(4); n > 0; --n) {
      if (words) {
        out.emplace_back(below(2) == 0 ? word() : text());
      } else {
        out.emplace_back(pick<std::int64_t>({-1, 0, 1, 2, std::numeric_limits<std::int64_t>::max()}));
      }
    }
    return out;
  }
  template <class T>
  std::optional<T> bound(T scale) {
    return below(3) == 0 ? std::optional<T>(static_cast<T>(below(5)) * scale) : std::nullopt;
  }
  std::optional<std::int64_t> date_bound() { return below(3) == 0 ? read_datetime(date()) : std::nullopt; }
  GeoPoint corner() {
    return {static_cast<double>(below(9)) * 0.5 - 2, static_cast<double>(below(9)) * 0.5 - 2};
  }

  /// A triangle or a rectangle, either way round, on the grid.
  std::vector<GeoPoint> ring() {
    const auto half = [this](double least) { return least + static_cast<double>(below(4)) * 0.5; };
    auto a = GeoPoint{half(-2), half(-2)}, b = GeoPoint{half(0.5), half(0.5)};
    if (below(2) == 0) std::swap(a.lon, b.lon);
    std::vector<GeoPoint> out = below(2) == 0
                                    ? std::vector{a, GeoPoint{b.lon, a.lat}, b, GeoPoint{a.lon, b.lat}, a}
                                    : std::vector{a, b, corner(), a};
    return out;
  }

  Condition area() {
    switch (below(3)) {
      case 0:
        return GeoRadius{path(), below(4) == 0 ? GeoPoint{179.75, 1} : corner(),
                         pick({0.0, 60'000.0, 130'000.0, 5e6, 1.2e7, 3e7, -1.0})};
      case 1: {
        const auto a = corner(), b = corner();
        const bool crosses = below(4) == 0;
        return GeoBox{path(),
                      {crosses ? 179 : std::min(a.lon, b.lon), std::max(a.lat, b.lat)},
                      {crosses ? -179.5 : std::max(a.lon, b.lon), std::min(a.lat, b.lat)}};
      }
      default: {
        GeoPolygon out{path(), ring(), {}};
        if (below(3) == 0) out.interiors.push_back(ring());
        return out;
      }
    }
  }

  Condition condition_of(std::size_t kind) {
    switch (kind) {
      case 0:
        return MatchAny{path(), {below(2) == 0}};
      case 1:
        return MatchAny{path(), scalars()};
      case 2:
        return MatchAny{path(), {std::int64_t(below(3))}};
      case 3:
        return MatchExcept{path(), scalars()};
      case 4:
      case 5:
        return MatchText{path(), below(3) == 0 ? words() : word(),
                         pick({TextMatch::all, TextMatch::any, TextMatch::phrase, TextMatch::substring})};
      case 6:
        return MatchPrefix{path(), pick<std::string>({"", "re", "R", "2024-02-29", "gr", "入"})};
      case 7:
        return Range{path(), bound(0.5), bound(0.5), bound(0.5), bound(4e18)};
      case 8:
        return DatetimeRange{path(), date_bound(), date_bound(), date_bound(), date_bound()};
      case 9:
      case 10:
        return area();
      case 11:
        return ValuesCount{path(), bound<std::uint64_t>(1), bound<std::uint64_t>(1), bound<std::uint64_t>(1),
                           bound<std::uint64_t>(1)};
      case 12:
        return below(2) == 0 ? Condition(IsEmpty{path()}) : Condition(IsNull{path()});
      case 13:
        return HasId{{id(), id(), id()}};
      case 14:
        return HasVector{pick<std::string>({"", "image", "text"})};
      default: {
        const auto total = static_cast<std::uint32_t>(1 + below(3));
        return Slice{total, static_cast<std::uint32_t>(below(total))};
      }
    }
  }
  static_assert(field_kinds == 13 && plain_kinds == 16, "the cases above");

  Condition condition(int depth) {
    const auto kind = below(plain_kinds + (depth > 0 ? 4 : 0));
    if (kind < plain_kinds) return condition_of(kind);
    auto inner = std::make_shared<const Filter>(filter(depth - 1));
    if (kind == plain_kinds) return SubFilter{std::move(inner)};
    return Nested{path(), std::move(inner)};
  }
  std::vector<Condition> conditions(int depth, std::size_t most) {
    std::vector<Condition> out;
    for (auto n = below(most); n > 0; --n) out.push_back(condition(depth));
    return out;
  }

  Random random_;
};

/// How many cases a random test runs: `usual`, or what the environment variable KITH_FILTER_CASES says.
inline std::size_t filter_cases(std::size_t usual) {
  const char* wanted = std::getenv("KITH_FILTER_CASES");
  return wanted == nullptr ? usual : std::strtoull(wanted, nullptr, 10);
}

}  // namespace kith::fields
