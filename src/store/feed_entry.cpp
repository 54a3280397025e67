#include "store/feed_entry.h"

#include "base/try.h"
#include "store/sealed_record.h"

namespace kith::store {
namespace {

constexpr std::uint8_t feed_format = 1;
constexpr std::string_view what = "feed entry";
constexpr std::uint8_t flag_new_slot = 0x10, flag_old_slot = 0x20, kind_mask = 0x0F;

void put_change(ByteWriter& writer, const FeedChange& change) {
  std::uint8_t head = static_cast<std::uint8_t>(change.kind);
  if (change.new_slot) head |= flag_new_slot;
  if (change.old_slot) head |= flag_old_slot;
  writer.put(head);
  writer.put_string(change.id.key());
  if (change.new_slot) writer.put(change.new_slot->value);
  if (change.old_slot) writer.put(change.old_slot->value);
}

Result<FeedChange> get_change(ByteReader& reader) {
  const auto head = KITH_TRY(reader.get<std::uint8_t>());
  const int kind = head & kind_mask;
  if (kind < static_cast<int>(FeedKind::put) || kind > static_cast<int>(FeedKind::remove) ||
      (head & ~(kind_mask | flag_new_slot | flag_old_slot)) != 0) {
    return failure(ErrorCode::corrupt, "feed entry: unknown kind of change");
  }
  FeedChange change;
  change.kind = static_cast<FeedKind>(kind);
  change.id = KITH_TRY(PointId::from_key(KITH_TRY(reader.get_string())));
  if ((head & flag_new_slot) != 0) change.new_slot = SlotId{KITH_TRY(reader.get<std::uint32_t>())};
  if ((head & flag_old_slot) != 0) change.old_slot = SlotId{KITH_TRY(reader.get<std::uint32_t>())};
  return change;
}

}  // namespace

std::string encode_feed_entry(const FeedEntry& entry) {
  ByteWriter writer = begin_record(feed_format);
  writer.put_varint(entry.changes.size());
  for (const FeedChange& change : entry.changes) put_change(writer, change);
  writer.put_varint(entry.documents.size());
  for (const std::string& id : entry.documents) writer.put_string(id);
  return seal_record(std::move(writer));
}

Result<FeedEntry> decode_feed_entry(ChangeSeq seq, std::string_view bytes) {
  ByteReader reader = KITH_TRY(open_record(bytes, feed_format, what));
  FeedEntry entry;
  entry.seq = seq;
  constexpr std::size_t change_bytes_min = 4;  // kind, length, and the two bytes of the shortest id
  const std::size_t changes = KITH_TRY(get_count(reader, change_bytes_min));
  entry.changes.reserve(changes);
  for (std::size_t i = 0; i < changes; ++i) entry.changes.push_back(KITH_TRY(get_change(reader)));
  const std::size_t documents = KITH_TRY(get_count(reader, 1));
  entry.documents.reserve(documents);
  for (std::size_t i = 0; i < documents; ++i) entry.documents.emplace_back(KITH_TRY(reader.get_string()));
  KITH_TRY(expect_end(reader, what));
  return entry;
}

}  // namespace kith::store
