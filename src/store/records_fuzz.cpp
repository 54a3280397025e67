// Fuzzes the decoders of what lies on disk: points, feed entries, documents, texts, states, configs, logs' tails.
// The checksum would stop nearly every input at the door, so each is also tried with its checksum made right. What
// decodes must encode to a record that decodes to the same.
#include "base/bytes.h"
#include "base/checksum.h"
#include "store/collection_state.h"
#include "store/document_codec.h"
#include "store/feed_entry.h"
#include "store/log_check.h"
#include "store/point_record.h"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace kith;
using namespace kith::store;

void require(bool condition) {
  if (!condition) std::abort();
}

void decode_all(std::string_view bytes) {
  if (const auto record = decode_point_record(bytes)) {
    const std::string again = encode_point_record(*record);
    const auto back = decode_point_record(again);
    require(back && encode_point_record(*back) == again);  // by bytes: NaN differs from itself
    require(decode_point_record(bytes, {.payload = false, .vectors = false}).has_value());
  }
  if (const auto entry = decode_feed_entry(ChangeSeq{7}, bytes)) {
    require(decode_feed_entry(ChangeSeq{7}, encode_feed_entry(*entry)) == *entry);
  }
  if (const auto record = decode_document("id", bytes)) {
    const std::string again = encode_document(*record);
    const auto back = decode_document("id", again);
    require(back && encode_document(*back) == again);
  }
  if (const auto text = decode_text(bytes)) require(decode_text(encode_text(*text)) == *text);
  if (const auto state = decode_collection_state(bytes)) {
    require(decode_collection_state(encode_collection_state(*state)) == *state);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t input_bytes_max = 1 << 16;
  const std::string_view bytes(reinterpret_cast<const char*>(data), std::min(size, input_bytes_max));
  decode_all(bytes);
  kith::ByteWriter sealed;
  sealed.put_raw(bytes);
  sealed.put(kith::checksum64(bytes));
  decode_all(sealed.bytes());
  static_cast<void>(is_torn_or_whole(bytes.substr(0, 32768)));
  if (const auto named = decode_collection_config(bytes)) {
    require(encode_collection_config(named->name, named->config).has_value());
  }
  return 0;
}
