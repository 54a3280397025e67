#include "vector/hnswlib_peer.h"

#include <hnswlib/hnswlib.h>

namespace kith::vector::bench {

struct HnswlibPeer::Parts {
  hnswlib::L2Space l2;
  hnswlib::InnerProductSpace inner;
  hnswlib::HierarchicalNSW<float> graph;

  Parts(bool euclid, std::size_t dimension, std::size_t rows_max, std::size_t m, std::size_t width)
      : l2(dimension),
        inner(dimension),
        graph(euclid ? static_cast<hnswlib::SpaceInterface<float>*>(&l2) : &inner, rows_max, m, width) {}
};

HnswlibPeer::HnswlibPeer(bool euclid, std::size_t dimension, std::size_t rows_max, std::size_t m,
                         std::size_t width)
    : parts_(std::make_unique<Parts>(euclid, dimension, rows_max, m, width)) {}
HnswlibPeer::~HnswlibPeer() = default;

void HnswlibPeer::add(const float* row, std::size_t label) { parts_->graph.addPoint(row, label); }

std::vector<std::uint32_t> HnswlibPeer::search(const float* query, std::size_t k, std::size_t ef) {
  parts_->graph.setEf(ef);
  std::vector<std::uint32_t> out;
  for (auto found = parts_->graph.searchKnn(query, k); !found.empty(); found.pop()) {
    out.push_back(static_cast<std::uint32_t>(found.top().second));
  }
  return out;
}

}  // namespace kith::vector::bench
