#include "vector/bench_data.h"

#include "base/try.h"

#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <random>
#include <string_view>

namespace kith::vector::bench {
namespace {

float from_half(std::uint16_t half) {
  const std::uint32_t sign = std::uint32_t{half} >> 15 << 31, exponent = half >> 10 & 31,
                      fraction = half & 1023;
  if (exponent == 0)
    return std::bit_cast<float>(sign |
                                std::bit_cast<std::uint32_t>(std::ldexp(static_cast<float>(fraction), -24)));
  const std::uint32_t widened = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | widened << 23 | fraction << 13);
}

std::unexpected<Error> bad(const std::string& path, const char* what) {
  return failure(ErrorCode::invalid_argument, path + ": " + what);
}

/// int32 dimension before each row.
template <class Value>
Result<Rows> from_vecs(const std::string& path, std::string_view bytes) {
  Rows rows;
  while (!bytes.empty()) {
    std::int32_t dimension = 0;
    if (bytes.size() < sizeof dimension) return bad(path, "ends within a row");
    std::memcpy(&dimension, bytes.data(), sizeof dimension);
    bytes.remove_prefix(sizeof dimension);
    if (dimension < 1 || dimension > 65536 ||
        bytes.size() / sizeof(Value) < static_cast<std::size_t>(dimension) ||
        (rows.dimension != 0 && rows.dimension != static_cast<std::size_t>(dimension))) {
      return bad(path, "has a bad row");
    }
    rows.dimension = static_cast<std::size_t>(dimension);
    for (std::size_t i = 0; i < rows.dimension; ++i) {
      Value value;
      std::memcpy(&value, bytes.data() + i * sizeof value, sizeof value);
      rows.values.push_back(static_cast<float>(value));
    }
    bytes.remove_prefix(rows.dimension * sizeof(Value));
  }
  return rows;
}

/// Version 1 of the format; two-dimensional, C order, f2 or f4.
Result<Rows> from_npy(const std::string& path, std::string_view bytes) {
  if (bytes.size() < 10 || !bytes.starts_with("\x93NUMPY\x01"))
    return bad(path, "is no .npy file of version 1");
  const std::size_t header_bytes = static_cast<std::uint8_t>(bytes[8]) | static_cast<std::uint8_t>(bytes[9])
                                                                             << 8;
  if (bytes.size() < 10 + header_bytes) return bad(path, "is cut off");
  const std::string header(bytes.substr(10, header_bytes));
  bytes.remove_prefix(10 + header_bytes);
  const bool half = header.find("'<f2'") != std::string::npos;
  if (!half && header.find("'<f4'") == std::string::npos) return bad(path, "holds neither <f2 nor <f4");
  unsigned long count = 0, dimension = 0;
  const auto shape = header.find('(');
  if (shape == std::string::npos ||
      std::sscanf(header.c_str() + shape, "(%lu, %lu)", &count, &dimension) != 2 || dimension == 0 ||
      bytes.size() / (half ? 2 : 4) / dimension != count) {
    return bad(path, "has a shape that does not fit its size");
  }
  Rows rows{dimension, std::vector<float>(count * dimension)};
  for (std::size_t i = 0; i < rows.values.size(); ++i) {
    std::uint16_t value = 0;
    if (half) std::memcpy(&value, bytes.data() + i * 2, 2);
    if (half)
      rows.values[i] = from_half(value);
    else
      std::memcpy(&rows.values[i], bytes.data() + i * 4, 4);
  }
  return rows;
}

Result<Rows> load_rows(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return bad(path, "cannot be opened");
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (path.ends_with(".fvecs")) return from_vecs<float>(path, bytes);
  if (path.ends_with(".bvecs")) return from_vecs<std::uint8_t>(path, bytes);
  if (path.ends_with(".npy")) return from_npy(path, bytes);
  return bad(path, "is none of .fvecs, .bvecs, .npy");
}

}  // namespace

Data clustered(std::size_t rows, std::size_t dimension, std::size_t queries, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal;
  const std::size_t clusters = rows / 100 + 1;
  std::vector<float> centres(clusters * dimension);
  for (float& value : centres) value = normal(random);
  const auto make = [&](std::size_t count) {
    Rows out{dimension, {}};
    out.values.reserve(count * dimension);
    for (std::size_t i = 0; i < count; ++i) {
      const float* centre = centres.data() + random() % clusters * dimension;
      for (std::size_t d = 0; d < dimension; ++d) out.values.push_back(centre[d] + 0.5F * normal(random));
    }
    return out;
  };
  Rows base = make(rows);
  return {std::move(base), make(queries)};
}

Result<Data> load(const std::string& base_path, const std::string& queries_path, std::size_t queries_max) {
  Data data;
  data.base = KITH_TRY(load_rows(base_path));
  data.queries = KITH_TRY(load_rows(queries_path));
  if (data.base.dimension != data.queries.dimension)
    return bad(queries_path, "has another dimension than the base");
  if (data.queries.count() > queries_max) data.queries.values.resize(queries_max * data.queries.dimension);
  return data;
}

void normalise(Rows& rows) {
  for (std::size_t i = 0; i < rows.count(); ++i) {
    double sum = 0;
    for (const float value : rows.row(i)) sum += double{value} * value;
    const auto scale = sum > 0 ? static_cast<float>(1 / std::sqrt(sum)) : 0.0F;
    for (std::size_t d = 0; d < rows.dimension; ++d) rows.values[i * rows.dimension + d] *= scale;
  }
}

}  // namespace kith::vector::bench
