// For tests: random points and random trees of queries over them. Few different values, so that there are many ties.
#pragma once

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "query/query_test_kit.h"

namespace kith::query {

inline CollectionConfig mixed_config() {
  CollectionConfig config;
  config.vectors[""] = params_of(VectorKind::dense, Distance::dot, 3);
  config.vectors["c"] = params_of(VectorKind::dense, Distance::cosine, 3);
  config.vectors["e"] = params_of(VectorKind::dense, Distance::euclid, 3);
  config.vectors["m"] = params_of(VectorKind::dense, Distance::manhattan, 3);
  config.vectors["s"] = params_of(VectorKind::sparse, Distance::dot);
  config.vectors["rows"] = params_of(VectorKind::multi, Distance::euclid, 2);
  config.fields["n"] = index_of(FieldKind::integer);
  return config;
}

inline const std::vector<std::string> vector_names{"", "c", "e", "m", "s", "rows"};

class QueryMaker {
 public:
  explicit QueryMaker(std::uint64_t seed) : random(seed) {}

  FakeSnapshot snapshot(std::uint64_t count) {
    FakeSnapshot out(mixed_config());
    for (std::uint64_t i = 0; i < count; ++i) {
      StoredPoint point{id(i * 3), ChangeSeq{1 + random.below(50)}, {}, payload()};
      for (const auto& name : vector_names) {
        if (!random.chance(0.1)) point.vectors[name] = vector(name);
      }
      out.put(std::move(point));
    }
    return out;
  }

  VectorValue vector(const std::string& name) {
    const auto component = [&] { return static_cast<float>(random.between(-2, 2)); };
    if (name == "s") {
      SparseVector out;
      for (std::uint32_t index = 0; index < 6; ++index) {
        if (!random.chance(0.5)) continue;
        out.indices.push_back(index);
        out.values.push_back(component());
      }
      if (out.indices.empty()) return SparseVector{{1}, {1}};
      return out;
    }
    if (name == "rows") {
      MultiVector out{2, {}};
      for (std::uint64_t i = 0, n = 2 * (1 + random.below(3)); i < n; ++i) out.values.push_back(component());
      return out;
    }
    return DenseVector{component(), component(), 1};
  }

  std::string payload() {
    nlohmann::json out = nlohmann::json::object();
    if (!random.chance(0.2)) out["city"] = std::string(1, static_cast<char>('a' + random.below(3)));
    if (random.chance(0.5)) out["n"] = random.between(-3, 3);
    if (random.chance(0.2)) out["n"] = nlohmann::json{random.between(-3, 3), 7, random.between(-3, 3)};
    const auto group = [&]() -> nlohmann::json {
      switch (random.below(7)) {
        case 0:
          return random.between(-2, 2);
        case 1:
          return 1.0;
        case 2:
          return nullptr;
        default:
          return "g" + std::to_string(random.below(8) * random.below(8));
      }
    };
    if (!random.chance(0.1))
      out["g"] = random.chance(0.3) ? nlohmann::json{group(), group(), group()} : group();
    return out.dump();
  }

  std::optional<Filter> filter() {
    if (random.chance(0.6)) return std::nullopt;
    Filter out;
    const auto condition = [&]() -> Condition {
      if (random.chance(0.5))
        return MatchAny{"city", {std::string(1, static_cast<char>('a' + random.below(4)))}};
      return Range{"n", {}, {}, {}, static_cast<double>(random.between(-3, 3))};
    };
    switch (random.below(3)) {
      case 0:
        out.must = {condition()};
        break;
      case 1:
        out.must_not = {condition()};
        break;
      default:
        out.should = {condition(), condition()};
    }
    return out;
  }

  VectorInput input(const std::string& name, const FakeSnapshot& from) {
    if (random.chance(0.6)) return vector(name);
    for (int i = 0; i < 50; ++i) {
      auto at = from.all().begin();
      std::advance(at, static_cast<std::ptrdiff_t>(random.below(from.all().size())));
      if (at->second.vectors.contains(name)) return at->first;
    }
    return vector(name);
  }

  UniversalQuery query(const FakeSnapshot& from, int depth) {
    UniversalQuery out;
    for (std::uint64_t i = 0, n = depth > 0 ? random.below(4) : 0; i < n; ++i)
      out.prefetches.push_back(query(from, depth - 1));
    const auto name = vector_names[random.below(vector_names.size())];
    out.limit = random.chance(0.1) ? std::numeric_limits<std::uint64_t>::max() : 1 + random.below(40);
    out.filter = filter();
    choose(out, name, from);
    const bool scores = !std::holds_alternative<std::monostate>(out.query) &&
                        !std::holds_alternative<OrderByInput>(out.query);
    if (scores && random.chance(0.2)) out.score_threshold = static_cast<float>(random.between(-2, 3)) * 0.5F;
    return out;
  }

  Random random;

 private:
  void choose(UniversalQuery& out, const std::string& name, const FakeSnapshot& from) {
    const auto inputs = [&](std::uint64_t least) {
      std::vector<VectorInput> list;
      for (std::uint64_t i = 0, n = least + random.below(3); i < n; ++i) list.push_back(input(name, from));
      return list;
    };
    const auto pairs = [&] {
      std::vector<InputPair> list;
      for (std::uint64_t i = 0, n = random.below(3); i < n; ++i)
        list.push_back({input(name, from), input(name, from)});
      return list;
    };
    out.using_name = name;
    switch (random.below(9)) {
      case 0:
        if (out.prefetches.empty()) {
          out.query = std::monostate{};
          return;
        }
        [[fallthrough]];
      case 1:
        out.query = OrderByInput{"n", random.chance(0.5), {}};
        if (random.chance(0.4)) std::get<OrderByInput>(out.query).start_from = random.between(-3, 3);
        return;
      case 2:
      case 3:
        if (!out.prefetches.empty()) {
          out.using_name.reset();
          RrfInput rrf{static_cast<double>(1 + random.below(5)), {}};
          if (random.chance(0.5)) {
            for (std::size_t i = 0; i < out.prefetches.size(); ++i)
              rrf.weights.push_back(static_cast<float>(random.below(4)));
          }
          if (random.chance(0.5)) {
            out.query = rrf;
          } else {
            out.query = DbsfInput{};
          }
          return;
        }
        [[fallthrough]];
      case 4:
        out.query = RecommendInput{inputs(1), inputs(0), static_cast<RecommendStrategy>(random.below(3))};
        return;
      case 5:
        out.query = DiscoverInput{input(name, from), pairs()};
        return;
      case 6:
        out.query = ContextInput{pairs()};
        return;
      default:
        out.query = NearestInput{input(name, from)};
    }
  }
};

}  // namespace kith::query
