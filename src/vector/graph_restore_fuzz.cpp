// A sound checkpoint with bytes changed at will, in the header and in every array: restore() and verify_links()
// refuse it, or the graph can be walked and changed without harm.
//
// Input: patches of four bytes {target, offset low, offset high, value}; an odd byte at the end cuts the header.

#include "vector/graph_writer.h"
#include "vector/vector_matrix.h"
#include "vector/walk.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace kith;          // NOLINT: a fuzzer's own file
using namespace kith::vector;  // NOLINT

constexpr std::uint32_t rows = 48;
constexpr GraphParameters parameters{.degree = 6, .construction_width = 8};

struct Checkpoint {
  VectorMatrix matrix{2, Distance::euclid};
  Graph graph{parameters};
  std::string header;
  std::vector<std::string> arrays;  // only the rows in use

  Checkpoint() {
    GraphWriter writer(graph, matrix);
    WalkScratch scratch;
    bool good = matrix.grow(rows) && graph.grow(rows);
    for (std::uint32_t i = 0; i < rows && good; ++i) {
      matrix.set({i}, std::vector<float>{static_cast<float>(i % 7), static_cast<float>(i / 7)});
      good = writer.complete(writer.prepare({i}, scratch), scratch).has_value();
    }
    for (std::uint32_t i = 0; i < rows; i += 9) writer.remove({i});
    header = graph.header();
    for (const NamedArray& named : graph.arrays()) {
      const std::size_t bytes = named.array->size() * named.array->row_bytes();
      arrays.emplace_back(reinterpret_cast<const char*>(named.array->block(0).data()), bytes);
    }
    if (!good || !graph.verify_links(rows) || !graph.verify_mutual()) std::abort();
  }
};

void adopt(BlockArray& array, const std::string& bytes) {
  auto block = std::make_shared<std::vector<std::uint64_t>>(array.block_bytes() / 8 + 1);
  std::memcpy(block->data(), bytes.data(), bytes.size());
  if (!array.adopt_size(bytes.size() / array.row_bytes())) std::abort();
  array.adopt(0, reinterpret_cast<const std::byte*>(block->data()), block);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static Checkpoint sound;
  std::string header = sound.header;
  std::vector<std::string> arrays = sound.arrays;
  for (; size >= 4; data += 4, size -= 4) {
    std::string& target = data[0] % 4 == 0 ? header : arrays[data[0] % 4 - 1];
    target[(data[1] | data[2] << 8) % target.size()] = static_cast<char>(data[3]);
  }
  if (size == 1) header.resize(data[0] % (header.size() + 1));

  Graph graph(parameters);
  const auto named = graph.arrays();
  for (std::size_t i = 0; i < named.size(); ++i) adopt(*named[i].array, arrays[i]);
  if (!graph.restore(header) || !graph.verify_links(rows)) return 0;

  WalkScratch scratch;
  Collector collector(5);
  walk(graph, *sound.matrix.scorer(std::vector<float>{1, 2}), {}, {.ef = 10}, collector, scratch);
  GraphWriter writer(graph, sound.matrix);
  for (std::uint32_t i = 0; i < rows; i += 2) writer.remove({i});
  for (std::uint32_t i = 0; i < rows; ++i) {
    if (!graph.linked({i}) && !writer.complete(writer.prepare({i}, scratch), scratch)) std::abort();
  }
  return 0;
}
