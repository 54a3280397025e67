#include "store/collection_state.h"

#include "base/try.h"
#include "store/sealed_record.h"

namespace kith::store {
namespace {

constexpr std::uint8_t state_format = 1;
constexpr std::string_view what = "collection state";

}  // namespace

std::string encode_collection_state(const CollectionState& state) {
  ByteWriter writer = begin_record(state_format);
  writer.put(state.change_seq.value);
  writer.put(state.next_slot);
  writer.put(state.points);
  writer.put(state.documents);
  return seal_record(std::move(writer));
}

Result<CollectionState> decode_collection_state(std::string_view bytes) {
  ByteReader reader = KITH_TRY(open_record(bytes, state_format, what));
  CollectionState state;
  state.change_seq.value = KITH_TRY(reader.get<std::uint64_t>());
  state.next_slot = KITH_TRY(reader.get<std::uint32_t>());
  state.points = KITH_TRY(reader.get<std::uint64_t>());
  state.documents = KITH_TRY(reader.get<std::uint64_t>());
  KITH_TRY(expect_end(reader, what));
  return state;
}

}  // namespace kith::store
