// Batch: the changes of one atomic commit. Encodes as it collects; nothing touches the disk before
// Store::commit.
//
// A batch that appends feed entries must also put the state of that collection with the last entry's
// change_seq (commit answers internal otherwise): so that no crash can part the two. Records that cannot be
// written (a kind over 255 bytes, a value over 1 MiB) are remembered; commit answers invalid_argument and
// writes nothing.
//
// Thread safety: one thread at a time. Movable; a moved-from batch takes clear() or destruction.
#pragma once

#include "store/collection_state.h"
#include "store/feed_entry.h"
#include "store/point_record.h"

#include <kith/collection.h>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kith::store {

class Batch {
 public:
  static constexpr std::size_t record_bytes_max = std::size_t{1} << 20;
  static constexpr std::size_t document_id_bytes_max = 8192;

  void put_point(CollectionId collection, const PointId& id, const PointRecord& record);
  /// The same without a PointRecord made of it first.
  void put_point(CollectionId collection, const PointId& id, const std::optional<SlotId>& slot,
                 ChangeSeq version, const VectorMap& vectors, std::string_view payload);
  void delete_point(CollectionId collection, const PointId& id);

  void put_slot(CollectionId collection, SlotId slot, const PointId& id);
  void delete_slot(CollectionId collection, SlotId slot);

  void append_feed(CollectionId collection, const FeedEntry& entry);
  void put_state(CollectionId collection, const CollectionState& state);

  /// Without `text` a stored text stays as it is.
  void put_document(CollectionId collection, const DocumentRecord& record,
                    std::optional<std::string_view> text = std::nullopt);
  void delete_document(CollectionId collection, std::string_view id);

  /// Records of the folder as a whole.
  void put_record(std::string_view kind, std::string_view key, std::string_view value);
  void delete_record(std::string_view kind, std::string_view key);

  /// A new collection needs put_state, too (an empty CollectionState will do).
  void put_collection(CollectionId collection, std::string_view name, const CollectionConfig& config);
  /// Everything of it, in every column family, by range: cost does not depend on its size.
  void delete_collection(CollectionId collection);

  bool empty() const { return operations_.empty(); }
  /// It makes room, once RocksDB has compacted what it leaves.
  bool only_removes() const;
  /// Bytes of keys and values so far.
  std::size_t bytes() const { return bytes_; }
  void clear();

  // ── for Store ──
  enum class Column : std::uint8_t { catalog, points, slots, feed, documents, texts, records };
  enum class Action : std::uint8_t { put, remove, remove_range };
  struct Operation {
    Column column;
    Action action;
    std::string key;
    std::string value;  ///< remove_range: end of the range, exclusive
  };
  struct Claim {  ///< what the batch says of a collection's sequence
    CollectionId collection;
    std::optional<ChangeSeq> feed_first, feed_last, state;
  };
  const std::vector<Operation>& operations() const { return operations_; }
  /// ok, or why the batch must not be committed.
  Status check() const;

 private:
  void add(Column column, Action action, std::string key, std::string value = {});
  Claim& claim(CollectionId collection);
  void refuse(ErrorCode code, std::string message);

  std::vector<Operation> operations_;
  std::vector<Claim> claims_;
  std::optional<Error> refused_;
  std::size_t bytes_ = 0;
};

}  // namespace kith::store
