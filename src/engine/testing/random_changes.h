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
    out.vectors["sparse"] = {.dimension = 0, .kind = VectorKind::sparse};
    out.vectors["multi"] = {.dimension = 2, .distance = Distance::dot, .kind = VectorKind::multi};
    out.fields["step"] = {.kind = FieldKind::integer};
    out.fields["tag"] = {.kind = FieldKind::keyword};
    out.lexical = true;
    return out;
  }

  RandomChanges(std::uint64_t seed, std::uint64_t ids) : random_(seed), ids_(ids) {}

  /// The next change; `expected` becomes what the collection must hold after it.
  Change next(Expected& expected) {
    Change change;
    const auto kind = random_.below(100);
    if (kind < 50) {
      const auto count = 1 + random_.below(4);
      for (std::uint64_t i = 0; i < count; ++i) upsert(expected, change);
    } else if (kind < 65) {
      const PointId id = random_id();
      change.deletes.push_back(id);
      expected.points.erase(id);
    } else if (kind < 80) {
      update_payload(expected, change);
    } else if (kind < 88) {
      update_vectors(expected, change);
    } else if (kind < 92) {
      remove_vectors(expected, change);
    } else if (kind < 94) {
      remove_by_filter(expected, change);
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
    if (random_.below(2) == 0) point.vectors["sparse"] = random_sparse();
    if (random_.below(3) == 0) {
      point.vectors["multi"] = MultiVector{2, random_vector(random_, 2 * (1 + random_.below(3)))};
    }
    if (const auto before = expected.points.find(id);
        before != expected.points.end() && random_.below(4) == 0) {
      point.vectors = before->second.vectors;  // payload only
    }
    if (random_.below(5) != 0) {
      point.set("text", new_text(point));
    } else {
      point.set("step", std::to_string(step_));
    }
    if (random_.below(2) == 0) point.set("tag", random_tag());
    change.upserts.push_back({id, point.vectors, point.payload});
    expected.points[id] = std::move(point);
  }

  SparseVector random_sparse() {
    SparseVector out;
    for (std::uint32_t index = 0; index < 30; ++index) {
      if (random_.below(6) != 0) continue;
      out.indices.push_back(index);
      out.values.push_back(static_cast<float>(random_.below(100)) / 8);
    }
    return out;
  }

  std::string random_tag() { return fmt::format("\"t{}\"", random_.below(6)); }

  std::string new_text(Expected::Point& point) {
    point.word = fmt::format("w{}x{}", step_, words_++);
    return fmt::format("\"common {}\"", point.word);
  }

  void update_payload(Expected& expected, Change& change) {
    const PointId id = random_id();
    const auto found = expected.points.find(id);
    Expected::Point point;
    if (found != expected.points.end()) point = found->second;
    PayloadUpdate update{.points = {{id}, std::nullopt}};
    switch (random_.below(4)) {
      case 0:
        update.mode = PayloadMode::overwrite;
        point.clear();
        point.set("text", new_text(point));
        update.payload = point.payload;
        break;
      case 1: {
        const std::string tag = random_tag();
        point.set("tag", tag);
        update.payload = "{\"tag\":" + tag + "}";
        break;
      }
      case 2:
        update.mode = PayloadMode::remove_keys;
        update.keys = {"tag", "not.there"};
        point.remove("tag");
        break;
      default:
        update.mode = PayloadMode::clear;
        point.clear();
        break;
    }
    change.payload_updates.push_back(std::move(update));
    if (found != expected.points.end()) found->second = std::move(point);
  }

  void update_vectors(Expected& expected, Change& change) {
    const PointId id = random_id();
    const auto found = expected.points.find(id);
    if (found == expected.points.end()) return;  // not_found would refuse the whole write
    VectorMap vectors{{"", random_vector(random_, dimension)}};
    if (random_.below(2) == 0) vectors["sparse"] = random_sparse();
    for (const auto& [name, value] : vectors) found->second.vectors[name] = value;
    change.vector_updates.push_back({id, std::move(vectors)});
  }

  void remove_vectors(Expected& expected, Change& change) {
    VectorRemoval removal{.points = {{random_id(), random_id()}, std::nullopt}, .names = {"sparse", "other"}};
    for (const auto& id : removal.points.ids) {
      if (const auto found = expected.points.find(id); found != expected.points.end()) {
        for (const auto& name : removal.names) found->second.vectors.erase(name);
      }
    }
    change.vector_removals.push_back(std::move(removal));
  }

  /// The oldest steps of one tag.
  void remove_by_filter(Expected& expected, Change& change) {
    const std::string tag = random_tag();
    const double before = static_cast<double>(step_ / 2);
    change.delete_matching = Filter{
        .must = {MatchAny{"tag", {tag.substr(1, tag.size() - 2)}}, Range{.key = "step", .lt = before}}};
    std::erase_if(expected.points, [&](const auto& entry) {
      const auto step = entry.second.value("step");
      return entry.second.value("tag") == tag && step && std::stod(*step) < before;
    });
  }

  Random random_;
  std::uint64_t ids_;
  std::uint64_t step_ = 0, words_ = 0;
};

}  // namespace kith::engine::testing
