#include "store/point_record.h"

#include "base/try.h"
#include "store/sealed_record.h"

#include <algorithm>
#include <functional>
#include <span>

namespace kith::store {
namespace {

constexpr std::uint8_t point_format = 1;
constexpr std::string_view what = "point record";
constexpr std::uint8_t flag_slot = 1;

enum class VectorKind : std::uint8_t { dense = 1, sparse = 2, multi = 3 };

void put_vector(ByteWriter& writer, const DenseVector& vector) {
  writer.put(static_cast<std::uint8_t>(VectorKind::dense));
  writer.put_varint(vector.size());
  writer.put_array(std::span<const float>(vector));
}

void put_vector(ByteWriter& writer, const SparseVector& vector) {
  writer.put(static_cast<std::uint8_t>(VectorKind::sparse));
  writer.put_varint(vector.indices.size());
  writer.put_array(std::span<const std::uint32_t>(vector.indices));
  writer.put_array(std::span<const float>(vector.values));
}

void put_vector(ByteWriter& writer, const MultiVector& vector) {
  writer.put(static_cast<std::uint8_t>(VectorKind::multi));
  writer.put_varint(vector.dimension);
  writer.put_varint(vector.values.size());
  writer.put_array(std::span<const float>(vector.values));
}

std::unexpected<Error> malformed(std::string_view why) {
  return failure(ErrorCode::corrupt, std::string(what) + ": " + std::string(why));
}

/// An empty vector has no address that memcpy would take.
template <class T>
Status get_values(ByteReader& reader, std::vector<T>& values) {
  if (values.empty()) return {};
  return reader.get_array(std::span(values));
}

Result<VectorValue> get_dense(ByteReader& reader) {
  DenseVector vector(KITH_TRY(get_count(reader, sizeof(float))));
  KITH_TRY(get_values(reader, vector));
  return vector;
}

Result<VectorValue> get_sparse(ByteReader& reader) {
  SparseVector vector;
  const std::size_t count = KITH_TRY(get_count(reader, sizeof(std::uint32_t) + sizeof(float)));
  vector.indices.resize(count);
  vector.values.resize(count);
  KITH_TRY(get_values(reader, vector.indices));
  KITH_TRY(get_values(reader, vector.values));
  if (std::ranges::adjacent_find(vector.indices, std::ranges::greater_equal()) != vector.indices.end()) {
    return malformed("sparse indices do not ascend");
  }
  return vector;
}

Result<VectorValue> get_multi(ByteReader& reader) {
  MultiVector vector;
  const std::uint64_t dimension = KITH_TRY(reader.get_varint());
  const std::size_t count = KITH_TRY(get_count(reader, sizeof(float)));
  if (dimension > UINT32_MAX || (dimension == 0 && count > 0) || (dimension > 0 && count % dimension != 0)) {
    return malformed("multi-vector is no matrix");
  }
  vector.dimension = static_cast<std::uint32_t>(dimension);
  vector.values.resize(count);
  KITH_TRY(get_values(reader, vector.values));
  return vector;
}

Result<VectorValue> get_vector(ByteReader& reader) {
  switch (static_cast<VectorKind>(KITH_TRY(reader.get<std::uint8_t>()))) {
    case VectorKind::dense:
      return get_dense(reader);
    case VectorKind::sparse:
      return get_sparse(reader);
    case VectorKind::multi:
      return get_multi(reader);
  }
  return malformed("unknown kind of vector");
}

Result<VectorMap> get_vectors(ByteReader& reader) {
  VectorMap vectors;
  const std::size_t count = KITH_TRY(get_count(reader, 2));
  for (std::size_t i = 0; i < count; ++i) {
    const std::string_view name = KITH_TRY(reader.get_string());
    if (!vectors.empty() && name <= vectors.rbegin()->first) return malformed("vector names do not ascend");
    vectors.emplace_hint(vectors.end(), name, KITH_TRY(get_vector(reader)));
  }
  KITH_TRY(expect_end(reader, what));
  return vectors;
}

}  // namespace

std::string encode_point_record(const std::optional<SlotId>& slot, ChangeSeq version,
                                const VectorMap& vectors, std::string_view payload) {
  ByteWriter writer = begin_record(point_format);
  writer.put(slot ? flag_slot : std::uint8_t{0});
  if (slot) writer.put(slot->value);
  writer.put_varint(version.value);
  writer.put_string(payload);
  writer.put_varint(vectors.size());
  for (const auto& [name, value] : vectors) {
    writer.put_string(name);
    std::visit([&](const auto& vector) { put_vector(writer, vector); }, value);
  }
  return seal_record(std::move(writer));
}

Result<PointRecord> decode_point_record(std::string_view bytes, Want want) {
  ByteReader reader = KITH_TRY(open_record(bytes, point_format, what));
  PointRecord record;
  const auto flags = KITH_TRY(reader.get<std::uint8_t>());
  if ((flags & ~flag_slot) != 0) return malformed("unknown flags");
  if ((flags & flag_slot) != 0) record.slot = SlotId{KITH_TRY(reader.get<std::uint32_t>())};
  record.version = ChangeSeq{KITH_TRY(reader.get_varint())};
  const std::string_view payload = KITH_TRY(reader.get_string());
  record.payload = want.payload ? payload : std::string_view();
  if (want.vectors) record.vectors = KITH_TRY(get_vectors(reader));
  return record;
}

}  // namespace kith::store
