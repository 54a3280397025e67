#include "store/keys.h"

namespace kith::store::keys {

void append_be32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

void append_be64(std::string& out, std::uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

std::uint32_t be32_at(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes.substr(0, 4)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

std::uint64_t be64_at(std::string_view bytes) {
  std::uint64_t value = 0;
  for (const char c : bytes.substr(0, 8)) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

std::string of_collection(CollectionId collection) {
  std::string key;
  append_be32(key, collection.value);
  return key;
}

std::string after_collection(CollectionId collection) { return after_prefix(of_collection(collection)); }

std::string after_prefix(std::string prefix) {
  // No key of ours is longer and all of 0xFF.
  constexpr std::size_t key_bytes_max = std::size_t{16} << 10;
  while (!prefix.empty() && prefix.back() == '\xFF') prefix.pop_back();
  if (prefix.empty()) return std::string(key_bytes_max, '\xFF');
  ++prefix.back();
  return prefix;
}

CollectionId collection_of(std::string_view key) { return CollectionId{be32_at(key)}; }

std::string catalog(CollectionId collection, char tag) { return of_collection(collection) + tag; }

std::string point(CollectionId collection, const PointId& id) {
  std::string key = of_collection(collection);
  id.append_key(key);
  return key;
}

std::string slot(CollectionId collection, SlotId slot) {
  std::string key = of_collection(collection);
  append_be32(key, slot.value);
  return key;
}

std::string feed(CollectionId collection, ChangeSeq seq) {
  std::string key = of_collection(collection);
  append_be64(key, seq.value);
  return key;
}

std::string document(CollectionId collection, std::string_view id) {
  std::string key = of_collection(collection);
  key.append(id);
  return key;
}

std::string record(std::string_view kind, std::string_view key) {
  std::string out = of_collection(CollectionId{0});
  out.push_back(static_cast<char>(kind.size()));
  out.append(kind);
  out.append(key);
  return out;
}

}  // namespace kith::store::keys
