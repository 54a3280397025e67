// Keys of the column families. Every key begins with the collection's id, big-endian, so that a collection is one
// range; id 0 is the folder itself. Internal to src/store.
#pragma once

#include <kith/ids.h>
#include <kith/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace kith::store::keys {

inline constexpr std::size_t collection_bytes = 4;
inline constexpr std::size_t kind_bytes_max = 255;

// Catalogue: what a collection's (or the folder's) record is.
inline constexpr char tag_config = 'c', tag_feed_floor = 'f', tag_state = 's';
inline constexpr char tag_format = 'v', tag_next_collection = 'n';

void append_be32(std::string& out, std::uint32_t value);
void append_be64(std::string& out, std::uint64_t value);
std::uint32_t be32_at(std::string_view bytes);
std::uint64_t be64_at(std::string_view bytes);

std::string of_collection(CollectionId collection);
/// The first key after everything of the collection.
std::string after_collection(CollectionId collection);
/// The first key after everything that begins with `prefix`.
std::string after_prefix(std::string prefix);
CollectionId collection_of(std::string_view key);

std::string catalog(CollectionId collection, char tag);
inline std::string folder(char tag) { return catalog(CollectionId{0}, tag); }
std::string point(CollectionId collection, const PointId& id);
std::string slot(CollectionId collection, SlotId slot);
std::string feed(CollectionId collection, ChangeSeq seq);
std::string document(CollectionId collection, std::string_view id);
/// kind at most kind_bytes_max bytes.
std::string record(std::string_view kind, std::string_view key);

/// What follows the collection's id.
inline std::string_view rest(std::string_view key) { return key.substr(collection_bytes); }

}  // namespace kith::store::keys
