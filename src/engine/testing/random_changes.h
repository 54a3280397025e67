// A seeded stream of changes and what they do to the plain map; the same seed gives the same stream in any process.
#pragma once

#include <fmt/format.h>

#include "engine/testing/test_engine.h"

namespace kith::engine::testing {

class RandomChanges {
 public:
  static constexpr std::uint32_t dimension = 8;
  static CollectionConfig config() {
    CollectionConfig out;
    out.vectors[""] = {.dimension = dimension, .distance = Distance::euclid};
    out.vectors["other"] = {.dimension = 3, .distance = Distance::euclid};
    out.lexical = true;
    return out;
  }

  RandomChanges(std::uint64_t seed, std::uint64_t ids) : random_(seed), ids_(ids) {}

  /// The next change; `expected` becomes what the collection must hold after it.
  Change next(Expected& expected) {
    Change change;
    const auto kind = random_.below(100);
    if (kind < 60) {
      const auto count = 1 + random_.below(4);
      for (std::uint64_t i = 0; i < count; ++i) upsert(expected, change);
    } else if (kind < 80) {
      const PointId id = random_id();
      change.deletes.push_back(id);
      expected.points.erase(id);
    } else if (kind < 95) {
      update_payload(expected, change);
    } else {  // several kinds in one operation
      const PointId id = random_id();
      change.deletes.push_back(id);
      expected.points.erase(id);
      upsert(expected, change);
    }
    ++step_;
    return change;
  }

  DenseVector query() { return random_vector(random_, dimension); }

 private:
  PointId random_id() {
    const auto number = random_.below(ids_);
    if (number % 3 == 0) return *PointId::from_string(fmt::format("name-{}", number));
    return PointId(number);
  }

  void upsert(Expected& expected, Change& change) {
    const PointId id = random_id();
    // One operation deletes, then upserts: an id that was upserted before in it is simply replaced.
    Expected::Point point;
    if (random_.below(10) != 0) point.vectors[""] = random_vector(random_, dimension);
    if (random_.below(3) == 0) point.vectors["other"] = random_vector(random_, 3);
    if (const auto before = expected.points.find(id);
        before != expected.points.end() && random_.below(4) == 0) {
      point.vectors = before->second.vectors;  // payload only
    }
    if (random_.below(5) != 0) {
      point.word = fmt::format("w{}x{}", step_, words_++);
      point.payload = fmt::format(R"({{"text":"common {}"}})", point.word);
    } else {
      point.payload = fmt::format(R"({{"step":{}}})", step_);
    }
    change.upserts.push_back({id, point.vectors, point.payload});
    expected.points[id] = std::move(point);
  }

  void update_payload(Expected& expected, Change& change) {
    const PointId id = random_id();
    const auto word = fmt::format("w{}x{}", step_, words_++);
    const auto payload = fmt::format(R"({{"text":"common {}"}})", word);
    change.payload_updates.push_back({id, payload, PayloadMode::overwrite});
    if (const auto found = expected.points.find(id); found != expected.points.end()) {
      found->second.payload = payload;
      found->second.word = word;
    }
  }

  Random random_;
  std::uint64_t ids_;
  std::uint64_t step_ = 0, words_ = 0;
};

}  // namespace kith::engine::testing
