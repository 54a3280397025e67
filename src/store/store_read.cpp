// Reading.
#include "base/try.h"
#include "store/document_codec.h"
#include "store/rocks_status.h"
#include "store/store_core.h"

#include <fmt/format.h>

#include <algorithm>

namespace kith::store {
namespace {

using Column = Batch::Column;
/// Keys of one multi-get: bounds what it pins in memory.
constexpr std::size_t keys_per_read = 256;

rocksdb::Slice slice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view view_of(const rocksdb::Slice& bytes) { return {bytes.data(), bytes.size()}; }

Error at(Error error, CollectionId collection, std::string_view what) {
  return std::move(error).with_context(fmt::format("collection {}, {}", collection.value, what));
}

Result<PointRecord> decoded_point(CollectionId collection, const PointId& id, std::string_view bytes,
                                  Want want) {
  auto record = decode_point_record(bytes, want);
  if (!record) return std::unexpected(at(record.error(), collection, "point " + id.to_string()));
  return record;
}

}  // namespace

rocksdb::ReadOptions Store::Core::read_options(const ReadView* view) const {
  rocksdb::ReadOptions read;
  if (view != nullptr) read.snapshot = static_cast<const RocksView*>(view)->snapshot();
  return read;
}

Result<std::optional<std::string>> Store::Core::get(const ReadView* view, Column which,
                                                    const std::string& key) const {
  std::string value;
  const auto status = db->Get(read_options(view), column(which), key, &value);
  if (status.IsNotFound()) return std::nullopt;
  KITH_TRY(from_rocks(status, "read from the store"));
  return value;
}

Status Store::Core::scan(const ReadView* view, Column which, const std::string& from, const std::string& end,
                         const Visit& visit) const {
  const rocksdb::Slice bound = slice(end);
  rocksdb::ReadOptions read = read_options(view);
  read.iterate_upper_bound = &bound;
  read.fill_cache = which != Column::feed;  // read once and in order: it would only push others out
  const std::unique_ptr<rocksdb::Iterator> iterator(db->NewIterator(read, column(which)));
  for (iterator->Seek(from); iterator->Valid(); iterator->Next()) {
    if (!KITH_TRY(visit(view_of(iterator->key()), view_of(iterator->value())))) return {};
  }
  return from_rocks(iterator->status(), "read from the store");
}

// ── catalogue ──

Result<std::optional<CollectionState>> Store::Core::state(const ReadView* view,
                                                          CollectionId collection) const {
  const auto config = KITH_TRY(get(view, Column::catalog, keys::catalog(collection, keys::tag_config)));
  if (!config) return std::nullopt;
  const auto bytes = KITH_TRY(get(view, Column::catalog, keys::catalog(collection, keys::tag_state)));
  if (!bytes) return CollectionState();
  auto state = decode_collection_state(*bytes);
  if (!state) return std::unexpected(at(state.error(), collection, "state"));
  return *state;
}

Result<ChangeSeq> Store::Core::feed_floor(const ReadView* view, CollectionId collection) const {
  const auto bytes = KITH_TRY(get(view, Column::catalog, keys::catalog(collection, keys::tag_feed_floor)));
  if (!bytes) return ChangeSeq{0};
  if (bytes->size() != 8) {
    return failure(ErrorCode::corrupt,
                   fmt::format("collection {}: the start of its feed is damaged", collection.value));
  }
  return ChangeSeq{keys::be64_at(*bytes)};
}

Result<std::vector<CatalogEntry>> Store::Core::collections(const ReadView* view) const {
  std::vector<CatalogEntry> entries;
  const auto visit = [&](std::string_view key, std::string_view value) -> Result<bool> {
    const CollectionId id = keys::collection_of(key);
    if (keys::rest(key) != std::string_view(&keys::tag_config, 1)) return true;
    auto named = decode_collection_config(value);
    if (!named) return std::unexpected(at(named.error(), id, "config"));
    entries.push_back({id, std::move(named->name), std::move(named->config), {}, {}});
    return true;
  };
  KITH_TRY(scan(view, Column::catalog, keys::of_collection(CollectionId{1}), keys::after_prefix(""), visit));
  for (CatalogEntry& entry : entries) {
    entry.state = KITH_TRY(state(view, entry.id)).value_or(CollectionState());
    entry.feed_floor = KITH_TRY(feed_floor(view, entry.id));
  }
  return entries;
}

Result<std::vector<CatalogEntry>> Store::collections(const ReadView* view) const {
  return core_->collections(view);
}

Result<std::optional<CollectionState>> Store::state(const ReadView* view, CollectionId collection) const {
  return core_->state(view, collection);
}

// ── points ──

Result<std::optional<PointRecord>> Store::point(const ReadView* view, CollectionId collection,
                                                const PointId& id, Want want) const {
  const auto bytes = KITH_TRY(core_->get(view, Column::points, keys::point(collection, id)));
  if (!bytes) return std::nullopt;
  return KITH_TRY(decoded_point(collection, id, *bytes, want));
}

namespace {

/// Reads many keys of one column; visit(index, value or null).
Status read_many(rocksdb::DB& db, const rocksdb::ReadOptions& options, rocksdb::ColumnFamilyHandle* column,
                 std::span<const std::string> keys,
                 const std::function<Status(std::size_t, const rocksdb::Slice*)>& visit) {
  std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<rocksdb::PinnableSlice> values(keys.size());
  std::vector<rocksdb::Status> statuses(keys.size());
  db.MultiGet(options, column, keys.size(), slices.data(), values.data(), statuses.data());
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].IsNotFound()) {
      KITH_TRY(visit(i, nullptr));
      continue;
    }
    KITH_TRY(from_rocks(statuses[i], "read from the store"));
    KITH_TRY(visit(i, &values[i]));
  }
  return {};
}

}  // namespace

Result<std::vector<std::optional<PointRecord>>> Store::points(const ReadView* view, CollectionId collection,
                                                              std::span<const PointId> ids, Want want) const {
  std::vector<std::optional<PointRecord>> out(ids.size());
  std::vector<std::string> wanted;
  for (std::size_t first = 0; first < ids.size(); first += keys_per_read) {
    const auto part = ids.subspan(first, std::min(keys_per_read, ids.size() - first));
    wanted.clear();
    for (const PointId& id : part) wanted.push_back(keys::point(collection, id));
    const auto visit = [&](std::size_t i, const rocksdb::Slice* value) -> Status {
      if (value != nullptr)
        out[first + i] = KITH_TRY(decoded_point(collection, part[i], view_of(*value), want));
      return {};
    };
    KITH_TRY(read_many(*core_->db, core_->read_options(view), core_->column(Column::points), wanted, visit));
  }
  return out;
}

Result<std::vector<std::optional<PointId>>> Store::point_ids_of_slots(const ReadView* view,
                                                                      CollectionId collection,
                                                                      std::span<const SlotId> slots) const {
  std::vector<std::optional<PointId>> out(slots.size());
  std::vector<std::string> wanted;
  for (std::size_t first = 0; first < slots.size(); first += keys_per_read) {
    const auto part = slots.subspan(first, std::min(keys_per_read, slots.size() - first));
    wanted.clear();
    for (const SlotId slot : part) wanted.push_back(keys::slot(collection, slot));
    const auto visit = [&](std::size_t i, const rocksdb::Slice* value) -> Status {
      if (value != nullptr) out[first + i] = KITH_TRY(PointId::from_key(view_of(*value)));
      return {};
    };
    KITH_TRY(read_many(*core_->db, core_->read_options(view), core_->column(Column::slots), wanted, visit));
  }
  return out;
}

Status Store::scan_points(const ReadView* view, CollectionId collection, const std::optional<PointId>& from,
                          Want want, const PointVisitor& visit) const {
  const std::string first = from ? keys::point(collection, *from) : keys::of_collection(collection);
  const auto decode_and_visit = [&](std::string_view key, std::string_view value) -> Result<bool> {
    const PointId id = KITH_TRY(PointId::from_key(keys::rest(key)));
    return visit(id, KITH_TRY(decoded_point(collection, id, value, want)));
  };
  return core_->scan(view, Column::points, first, keys::after_collection(collection), decode_and_visit);
}

namespace {

/// The first 8 bytes behind the tag: a number, or the head of a UUID.
std::uint64_t head_of(const PointId& id) {
  const std::string key = id.key();
  return keys::be64_at(std::string_view(key).substr(1));
}

PointId with_head(const PointId& like, std::uint64_t head) {
  if (like.is_number()) return PointId(head);
  Uuid uuid;
  for (int i = 0; i < 8; ++i)
    uuid.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(head >> (56 - 8 * i));
  return PointId(uuid);
}

}  // namespace

// Numbers and UUIDs are cut evenly between the least and the greatest of them; strings are one range.
Result<std::vector<PointId>> Store::split_points(const ReadView* view, CollectionId collection,
                                                 std::size_t ranges) const {
  const std::unique_ptr<rocksdb::Iterator> iterator(
      core_->db->NewIterator(core_->read_options(view), core_->column(Column::points)));
  const std::string end = keys::after_collection(collection);
  std::vector<PointId> out{PointId(std::uint64_t{0})};
  iterator->Seek(keys::of_collection(collection));
  while (iterator->Valid() && view_of(iterator->key()) < end) {
    const std::string prefix(view_of(iterator->key()).substr(0, keys::collection_bytes + 1));
    const PointId least = KITH_TRY(PointId::from_key(keys::rest(view_of(iterator->key()))));
    if (least.is_string()) {
      out.push_back(least);
      break;
    }
    const std::string behind = keys::after_prefix(prefix);
    iterator->SeekForPrev(behind);
    if (!iterator->Valid()) break;
    const PointId most = KITH_TRY(PointId::from_key(keys::rest(view_of(iterator->key()))));
    const std::uint64_t first = head_of(least), step = (head_of(most) - first) / ranges + 1;
    std::uint64_t head = first;
    for (std::size_t i = 0; i < ranges && head <= head_of(most) && head >= first; ++i, head += step) {
      PointId cut = i == 0 ? least : with_head(least, head);
      if (out.back() < cut) out.push_back(std::move(cut));
    }
    iterator->Seek(behind);
  }
  KITH_TRY(from_rocks(iterator->status(), "read from the store"));
  return out;
}

Status Store::scan_slots(const ReadView* view, CollectionId collection, SlotId from,
                         const SlotVisitor& visit) const {
  const auto decode_and_visit = [&](std::string_view key, std::string_view value) -> Result<bool> {
    if (keys::rest(key).size() != 4) {
      return failure(ErrorCode::corrupt, fmt::format("collection {}: malformed slot key", collection.value));
    }
    return visit(SlotId{keys::be32_at(keys::rest(key))}, KITH_TRY(PointId::from_key(value)));
  };
  return core_->scan(view, Column::slots, keys::slot(collection, from), keys::after_collection(collection),
                     decode_and_visit);
}

// ── documents ──

Result<std::optional<DocumentRecord>> Store::document(const ReadView* view, CollectionId collection,
                                                      std::string_view id) const {
  const auto bytes = KITH_TRY(core_->get(view, Column::documents, keys::document(collection, id)));
  if (!bytes) return std::nullopt;
  auto record = decode_document(id, *bytes);
  if (!record) return std::unexpected(at(record.error(), collection, fmt::format("document {}", id)));
  return std::move(*record);
}

Result<std::optional<std::string>> Store::document_text(const ReadView* view, CollectionId collection,
                                                        std::string_view id) const {
  const auto bytes = KITH_TRY(core_->get(view, Column::texts, keys::document(collection, id)));
  if (!bytes) return std::nullopt;
  auto text = decode_text(*bytes);
  if (!text) return std::unexpected(at(text.error(), collection, fmt::format("text of document {}", id)));
  return std::move(*text);
}

Status Store::scan_documents(const ReadView* view, CollectionId collection, std::string_view from,
                             const DocumentVisitor& visit) const {
  const auto decode_and_visit = [&](std::string_view key, std::string_view value) -> Result<bool> {
    auto record = decode_document(keys::rest(key), value);
    if (!record) {
      return std::unexpected(at(record.error(), collection, fmt::format("document {}", keys::rest(key))));
    }
    return visit(std::move(*record));
  };
  return core_->scan(view, Column::documents, keys::document(collection, from),
                     keys::after_collection(collection), decode_and_visit);
}

// ── feed ──

Status Store::scan_feed(const ReadView* view, CollectionId collection, ChangeSeq after,
                        const FeedVisitor& visit) const {
  const ChangeSeq floor = KITH_TRY(core_->feed_floor(view, collection));
  if (after < floor) {
    return failure(
        ErrorCode::failed_precondition,
        fmt::format("collection {}: the feed after {} was cut off (it begins after {}); start from a full "
                    "copy",
                    collection.value, after.value, floor.value));
  }
  if (after.value == UINT64_MAX) return {};
  const auto decode_and_visit = [&](std::string_view key, std::string_view value) -> Result<bool> {
    if (keys::rest(key).size() != 8) {
      return failure(ErrorCode::corrupt, fmt::format("collection {}: malformed feed key", collection.value));
    }
    const ChangeSeq seq{keys::be64_at(keys::rest(key))};
    auto entry = decode_feed_entry(seq, value);
    if (!entry)
      return std::unexpected(at(entry.error(), collection, fmt::format("feed entry {}", seq.value)));
    return visit(std::move(*entry));
  };
  return core_->scan(view, Column::feed, keys::feed(collection, ChangeSeq{after.value + 1}),
                     keys::after_collection(collection), decode_and_visit);
}

Result<std::uint64_t> Store::feed_bytes(CollectionId collection) const {
  const std::string begin = keys::of_collection(collection), end = keys::after_collection(collection);
  const rocksdb::Range range(slice(begin), slice(end));
  rocksdb::SizeApproximationOptions what;
  what.include_memtables = true;
  what.include_files = true;
  std::uint64_t bytes = 0;
  KITH_TRY(from_rocks(core_->db->GetApproximateSizes(what, core_->column(Column::feed), &range, 1, &bytes),
                      "measure the feed"));
  return bytes;
}

// ── records ──

Result<std::optional<std::string>> Store::record(const ReadView* view, std::string_view kind,
                                                 std::string_view key) const {
  if (kind.size() > keys::kind_bytes_max) return std::nullopt;
  const auto bytes = KITH_TRY(core_->get(view, Column::records, keys::record(kind, key)));
  if (!bytes) return std::nullopt;
  auto value = decode_text(*bytes);
  if (!value)
    return std::unexpected(Error(value.error()).with_context(fmt::format("record {}/{}", kind, key)));
  return std::move(*value);
}

Result<std::vector<std::pair<std::string, std::string>>> Store::records(const ReadView* view,
                                                                        std::string_view kind) const {
  std::vector<std::pair<std::string, std::string>> out;
  if (kind.size() > keys::kind_bytes_max) return out;
  const std::string prefix = keys::record(kind, "");
  const auto visit = [&](std::string_view key, std::string_view bytes) -> Result<bool> {
    const std::string_view name = key.substr(prefix.size());
    auto value = decode_text(bytes);
    if (!value)
      return std::unexpected(Error(value.error()).with_context(fmt::format("record {}/{}", kind, name)));
    out.emplace_back(name, std::move(*value));
    return true;
  };
  KITH_TRY(core_->scan(view, Column::records, prefix, keys::after_prefix(prefix), visit));
  return out;
}

}  // namespace kith::store
