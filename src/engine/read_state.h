// ReadState: the tuple that a batch of writes publishes and a reader holds: one change_seq, the shape of the collection,
// the store, the postings and the field indexes as of it. Vectors are isolated by the lifetimes of their slots.
#pragma once

#include <kith/ids.h>

#include <memory>
#include <utility>
#include <vector>

#include "engine/field_view.h"
#include "engine/multi_view.h"
#include "engine/sparse_view.h"
#include "engine/vector_view.h"
#include "sparse/lexical_index.h"
#include "store/store.h"

namespace kith::engine {

/// What a collection consists of between two changes of its shape. The views' own thread safety holds.
struct ViewSet {
  CollectionConfig config;
  std::vector<std::shared_ptr<VectorView>> dense;
  std::vector<std::shared_ptr<SparseView>> sparse;
  std::vector<std::shared_ptr<MultiView>> multi;
  std::vector<std::shared_ptr<FieldView>> fields;
};

struct ReadState {
  ChangeSeq seq;
  std::uint64_t points = 0;
  std::uint64_t documents = 0;
  std::shared_ptr<const store::ReadView> view;
  std::shared_ptr<const ViewSet> shape;
  sparse::LexicalIndex::Generation lexical;             ///< null: the collection is not lexical
  std::vector<sparse::SparseIndex::Generation> sparse;  ///< as shape->sparse
  std::vector<fields::FieldIndex::Generation> fields;   ///< as shape->fields
};

}  // namespace kith::engine
