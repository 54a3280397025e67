// What the store's tests share: a folder of their own, small options, and a little collection whose content follows
// from its sequence numbers, so that what was lost or damaged can be told.
#pragma once

#include "base/try.h"
#include "os/file_system.h"
#include "store/store.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cmath>
#include <memory>
#include <string>

namespace kith::store {

class TestFolder {
 public:
  /// In memory where there is room: the disks that fail here are pretended ones, and a real fsync only costs time.
  TestFolder() {
    constexpr std::uint64_t room_bytes = std::uint64_t{512} << 20;
    const bool in_memory = os::real_file_system().free_bytes("/dev/shm").value_or(0) > room_bytes;
    std::string name = std::string(in_memory ? "/dev/shm" : "/tmp") + "/kith_store_test_XXXXXX";
    if (::mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~TestFolder() { EXPECT_TRUE(os::real_file_system().remove_all(path_)); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

inline StoreOptions small_options() {
  StoreOptions options;
  options.block_cache_bytes = 4 << 20;
  options.write_buffer_bytes = 8 << 20;
  options.log_bytes_max = 4 << 20;
  options.free_bytes_min = 0;
  options.ballast_bytes = 0;
  options.open_files_max = 64;
  return options;
}

/// With memory tables that reach the disk all the time.
inline StoreOptions flushing_options() {
  StoreOptions options = small_options();
  options.write_buffer_bytes = 2 << 20;
  return options;
}

inline std::unique_ptr<Store> opened(const std::filesystem::path& folder,
                                     StoreOptions options = small_options()) {
  auto store = Store::open(folder, std::move(options));
  EXPECT_TRUE(store) << store.error().message;
  return store ? std::move(*store) : nullptr;
}

inline CollectionConfig test_config() {
  CollectionConfig config;
  config.vectors[""] = {.dimension = 4, .distance = Distance::cosine};
  config.lexical = true;
  return config;
}

inline Status make_collection(Store& store, CollectionId id, std::string_view name) {
  Batch batch;
  batch.put_collection(id, name, test_config());
  batch.put_state(id, {});
  return store.commit(std::move(batch));
}

/// The point that operation `seq` writes. Ids repeat, so that points are overwritten.
inline PointId id_of(std::uint64_t seq) { return PointId(seq % 97); }

inline PointRecord record_of(std::uint64_t seq, std::size_t padding = 0) {
  PointRecord record;
  record.slot = SlotId{static_cast<std::uint32_t>(seq)};
  record.version = ChangeSeq{seq};
  const auto value = static_cast<float>(seq);
  record.vectors[""] = DenseVector{value, std::sqrt(value), -value, 0.5F};
  record.payload = "{\"seq\":" + std::to_string(seq) + ",\"pad\":\"" + std::string(padding, 'x') + "\"}";
  return record;
}

inline Batch operation(CollectionId collection, std::uint64_t seq, std::size_t padding = 0) {
  Batch batch;
  batch.put_point(collection, id_of(seq), record_of(seq, padding));
  batch.put_slot(collection, SlotId{static_cast<std::uint32_t>(seq)}, id_of(seq));
  FeedEntry entry;
  entry.seq = ChangeSeq{seq};
  entry.changes.push_back({FeedKind::put, id_of(seq), SlotId{static_cast<std::uint32_t>(seq)}, std::nullopt});
  batch.append_feed(collection, entry);
  batch.put_state(collection,
                  {ChangeSeq{seq}, static_cast<std::uint32_t>(seq + 1), std::min<std::uint64_t>(seq, 97), 0});
  return batch;
}

/// Everything that the operations 1…state.change_seq left, and at least `acknowledged` of them; returns change_seq.
inline std::uint64_t verify(const Store& store, CollectionId collection, std::uint64_t acknowledged,
                            std::size_t padding = 0) {
  const auto state = store.state(nullptr, collection);
  EXPECT_TRUE(state && *state) << "collection " << collection.value << " is missing";
  if (!state || !*state) return 0;
  const std::uint64_t last = (*state)->change_seq.value;
  EXPECT_GE(last, acknowledged) << "acknowledged operations are missing";
  std::uint64_t expected = 1;
  const auto feed = store.scan_feed(nullptr, collection, ChangeSeq{0}, [&](FeedEntry&& entry) {
    EXPECT_EQ(entry.seq.value, expected);
    EXPECT_EQ(entry.changes.size(), 1u);
    ++expected;
    return true;
  });
  EXPECT_TRUE(feed) << feed.error().message;
  EXPECT_EQ(expected, last + 1);
  for (std::uint64_t seq = last; seq > 0 && seq + 97 > last; --seq) {
    const auto point = store.point(nullptr, collection, id_of(seq));
    EXPECT_TRUE(point) << point.error().message;
    EXPECT_TRUE(point && *point && **point == record_of(seq, padding)) << "point of operation " << seq;
  }
  return last;
}

}  // namespace kith::store
