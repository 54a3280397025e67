// What the engine's tests share: a folder that goes away, an engine over it, and the plain map it is compared with.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/random.h"
#include "engine/local_database.h"

namespace kith::engine::testing {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "kith-engine-XXXXXX").string();
    path_ = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// The process's threads and clock, made once per test.
struct Machine {
  RealClock clock;
  std::unique_ptr<Executor> executor = *Executor::start({.search_threads = 2, .background_threads = 2});

  EngineOptions options() {
    EngineOptions out;
    out.store.durability = Durability::os;
    out.store.ballast_bytes = 0;
    out.store.free_bytes_min = 0;
    out.executor = executor.get();
    out.clock = &clock;
    return out;
  }
};

template <class T>
T must(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << error_code_name(result.error().code) << ": " << result.error().message;
    std::abort();
  }
  return std::move(*result);
}
inline void must(Status status) {
  if (!status) {
    ADD_FAILURE() << error_code_name(status.error().code) << ": " << status.error().message;
    std::abort();
  }
}

inline DenseVector random_vector(Random& random, std::size_t dimension) {
  DenseVector out(dimension);
  for (auto& value : out) value = static_cast<float>(random.normal());
  return out;
}

/// What a collection should hold.
struct Expected {
  struct Point {
    VectorMap vectors;
    std::string payload = "{}";
    std::string word;                                         ///< unique to this content; "" = no text
    std::vector<std::pair<std::string, std::string>> fields;  ///< of the payload: key and JSON

    void set(const std::string& key, const std::string& json) {
      const auto found = std::ranges::find(fields, key, &std::pair<std::string, std::string>::first);
      if (found == fields.end()) {
        fields.emplace_back(key, json);
      } else {
        found->second = json;
      }
      render();
    }
    void remove(const std::string& key) {
      std::erase_if(fields, [&](const auto& field) { return field.first == key; });
      render();
    }
    void clear() {
      fields.clear();
      word.clear();
      render();
    }
    std::optional<std::string> value(const std::string& key) const {
      const auto found = std::ranges::find(fields, key, &std::pair<std::string, std::string>::first);
      return found == fields.end() ? std::nullopt : std::optional(found->second);
    }
    void render() {
      payload = "{";
      for (const auto& [key, json] : fields)
        payload += (payload.size() > 1 ? ",\"" : "\"") + key + "\":" + json;
      payload += "}";
    }
    bool operator==(const Point&) const = default;
  };
  std::map<PointId, Point> points;
};

/// Points, payloads, vectors, counts, filters, exact search, sparse search, MaxSim and words of a snapshot against the map. `query` has the dimension
/// of the unnamed vector, metric euclid.
void expect_same(const Snapshot& snapshot, const Expected& expected, const DenseVector& query);

}  // namespace kith::engine::testing
