// The peer of vector_bench, behind a wall: hnswlib picks its instructions by compiler flags, so it gets a
// file of its own with every flag it knows, and the comparison is fair.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace kith::vector::bench {

class HnswlibPeer {
 public:
  HnswlibPeer(bool euclid, std::size_t dimension, std::size_t rows_max, std::size_t m, std::size_t width);
  ~HnswlibPeer();
  void add(const float* row, std::size_t label);
  std::vector<std::uint32_t> search(const float* query, std::size_t k, std::size_t ef);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace kith::vector::bench
