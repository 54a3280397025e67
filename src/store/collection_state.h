// What a collection's writer must know to go on; written in every batch. Layouts in docs/FORMAT.md.
#pragma once

#include <kith/ids.h>
#include <kith/options.h>
#include <kith/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace kith::store {

struct CollectionState {
  ChangeSeq change_seq;         ///< of the last operation
  std::uint32_t next_slot = 0;  ///< every slot ever handed out is below
  std::uint64_t points = 0;
  std::uint64_t documents = 0;
  bool operator==(const CollectionState&) const = default;
};

std::string encode_collection_state(const CollectionState& state);
Result<CollectionState> decode_collection_state(std::string_view bytes);

/// JSON with a format version, readable by people: {"format":1,"name":…,"vectors":{…},…}.
struct NamedConfig {
  std::string name;
  CollectionConfig config;
};
/// invalid_argument when a text in it is not UTF-8.
Result<std::string> encode_collection_config(std::string_view name, const CollectionConfig& config);
/// corrupt, or failed_precondition when a newer Kith wrote it.
Result<NamedConfig> decode_collection_config(std::string_view json);

}  // namespace kith::store
