// Vectors for benchmarks and tests: synthetic clusters, and the files that the field exchanges (.fvecs,
// .bvecs, .f16.npy, .npy of f32).
#pragma once

#include <kith/result.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace kith::vector::bench {

struct Rows {
  std::size_t dimension = 0;
  std::vector<float> values;
  std::size_t count() const { return dimension == 0 ? 0 : values.size() / dimension; }
  std::span<const float> row(std::size_t i) const { return {values.data() + i * dimension, dimension}; }
};

struct Data {
  Rows base, queries;
};

/// Gaussian clusters around Gaussian centres, about 100 rows each; queries come from the same clusters.
Data clustered(std::size_t rows, std::size_t dimension, std::size_t queries, std::uint64_t seed);
Result<Data> load(const std::string& base_path, const std::string& queries_path, std::size_t queries_max);
void normalise(Rows& rows);

}  // namespace kith::vector::bench
