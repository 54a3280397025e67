// Store: the truth. Points, slots, change feed, documents, texts, small records and the catalogue of
// collections in one RocksDB per data folder (layout: docs/FORMAT.md, "The store").
//
// Promises:
//  * commit() is atomic, and durable as StoreOptions::durability says when it returns ok. Concurrent commits
//  share
//    one fsync (group commit).
//  * A read never returns bytes that were not written: damaged records are `corrupt`.
//  * RocksDB never meets a full disk on its log: below StoreOptions::free_bytes_min commits answer disk_full,
//  and a
//    preallocated ballast file is given up if an append should hit ENOSPC all the same. Reads go on; commits
//    resume when there is space again.
//  * If the log itself fails (EIO), nothing more is written: commits answer io until the store is opened
//  anew, and
//    what was acknowledged is there then.
//  * open() refuses a folder whose feed has a hole, ends elsewhere than its state says, or was written by a
//  newer
//    Kith.
//
// Costs: a commit = encoding + one log append + (always) one fsync, shared; point() = one lookup in cache or
// file and one decode; scans are ordered reads of blocks. Memory: block cache + write buffers, both bounded
// by the options, plus what open views pin.
//
// Thread safety: every method from any thread. Views must not outlive the Store.
#pragma once

#include "store/batch.h"
#include "store/collection_state.h"
#include "store/feed_entry.h"
#include "store/point_record.h"
#include "store/store_options.h"

#include <kith/collection.h>
#include <kith/ids.h>
#include <kith/result.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kith::store {

/// Everything as it was when the view was taken (a RocksDB snapshot). Cheap to take, but an old one keeps
/// replaced values on disk: hold it as long as a request lasts.
class ReadView {
 public:
  virtual ~ReadView() = default;
};

struct CatalogEntry {
  CollectionId id;
  std::string name;
  CollectionConfig config;
  CollectionState state;
  ChangeSeq feed_floor;  ///< the feed holds every sequence above it, up to state.change_seq
};

struct StoreFigures {
  std::uint64_t written_bytes = 0;  ///< by commits, since open
  std::uint64_t log_bytes = 0;      ///< appended to the write-ahead log, since open
  std::uint64_t log_syncs = 0;
  std::uint64_t flushed_bytes = 0;    ///< memory tables to files
  std::uint64_t compacted_bytes = 0;  ///< written by compactions
  std::uint64_t table_bytes = 0;      ///< files on disk
  std::uint64_t cache_used_bytes = 0;
  std::uint64_t cache_capacity_bytes = 0;
  std::uint64_t cache_hits = 0;
  std::uint64_t cache_misses = 0;
  std::uint64_t write_buffer_bytes = 0;
  std::uint64_t memory_bytes = 0;  ///< cache + write buffers + table readers, about
  std::uint64_t free_bytes = 0;
  std::uint64_t views = 0;  ///< read views alive
  bool ballast_held = false;
  bool accepts_writes = false;
};

/// Visitors return false to stop.
using PointVisitor = std::function<bool(const PointId&, PointRecord&&)>;
using SlotVisitor = std::function<bool(SlotId, const PointId&)>;
using FeedVisitor = std::function<bool(FeedEntry&&)>;
using DocumentVisitor = std::function<bool(DocumentRecord&&)>;

class Store {
 public:
  /// Makes the folder when it is not there. failed_precondition: in use, or of a newer format; corrupt:
  /// damaged, with the collection and the hole named; permission_denied, disk_full, io.
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& folder, StoreOptions options);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // ── writing ──
  /// All of it or nothing. disk_full, io, invalid_argument (a record over its bounds), failed_precondition
  /// (opened read-only). An empty batch is ok and writes nothing.
  Status commit(Batch batch);
  /// Everything committed so far survives a power loss when it returns, whatever the durability.
  Status sync();
  /// Memory tables to files, so that the next open replays no log. Not needed for durability.
  Status flush();
  /// A fresh id, durable before it is used and never handed out again in this folder.
  Result<CollectionId> next_collection_id();
  /// Cuts the feed off: entries up to and including `up_to` are gone. Views must have read them.
  Status truncate_feed(CollectionId collection, ChangeSeq up_to);

  // ── reading; `view` null = the latest ──
  Result<std::shared_ptr<const ReadView>> view() const;

  Result<std::vector<CatalogEntry>> collections(const ReadView* view = nullptr) const;
  /// nullopt: no such collection.
  Result<std::optional<CollectionState>> state(const ReadView* view, CollectionId collection) const;

  Result<std::optional<PointRecord>> point(const ReadView* view, CollectionId collection, const PointId& id,
                                           Want want = {}) const;
  /// In the order asked for.
  Result<std::vector<std::optional<PointRecord>>> points(const ReadView* view, CollectionId collection,
                                                         std::span<const PointId> ids, Want want = {}) const;
  Result<std::vector<std::optional<PointId>>> point_ids_of_slots(const ReadView* view,
                                                                 CollectionId collection,
                                                                 std::span<const SlotId> slots) const;
  /// Ascending by id from `from` (itself included). With nothing wanted, only slot and version are decoded.
  Status scan_points(const ReadView* view, CollectionId collection, const std::optional<PointId>& from,
                     Want want, const PointVisitor& visit) const;
  /// Ids that part the collection's points into at most about `ranges` ranges (each from its id up to the next), roughly
  /// even where ids are; the first is not above the first point. At least one, even of nothing.
  Result<std::vector<PointId>> split_points(const ReadView* view, CollectionId collection,
                                            std::size_t ranges) const;
  /// Ascending by slot.
  Status scan_slots(const ReadView* view, CollectionId collection, SlotId from,
                    const SlotVisitor& visit) const;

  Result<std::optional<DocumentRecord>> document(const ReadView* view, CollectionId collection,
                                                 std::string_view id) const;
  Result<std::optional<std::string>> document_text(const ReadView* view, CollectionId collection,
                                                   std::string_view id) const;
  /// Ascending by id (as bytes) from `from`.
  Status scan_documents(const ReadView* view, CollectionId collection, std::string_view from,
                        const DocumentVisitor& visit) const;

  /// Entries after `after`, in order. failed_precondition when some of them were cut off: start from a full
  /// copy.
  Status scan_feed(const ReadView* view, CollectionId collection, ChangeSeq after,
                   const FeedVisitor& visit) const;
  /// Bytes of the feed on disk and in memory, an estimate.
  Result<std::uint64_t> feed_bytes(CollectionId collection) const;

  Result<std::optional<std::string>> record(const ReadView* view, std::string_view kind,
                                            std::string_view key) const;
  /// Ascending by key.
  Result<std::vector<std::pair<std::string, std::string>>> records(const ReadView* view,
                                                                   std::string_view kind) const;

  // ── read-only beside a live process ──
  /// Reads what the writing process has written since. failed_precondition on a writing store or while views
  /// live.
  Status catch_up();

  StoreFigures figures() const;
  const StoreOptions& options() const;

 private:
  struct Core;
  explicit Store(std::shared_ptr<Core> core);
  std::shared_ptr<Core> core_;
};

}  // namespace kith::store
