// ReadState: the tuple that a batch of writes publishes and a reader holds: one change_seq, the store as of it, the
// postings as of it. Vectors are isolated by the lifetimes of their slots.
#pragma once

#include <kith/ids.h>

#include <memory>

#include "sparse/lexical_index.h"
#include "store/store.h"

namespace kith::engine {

struct ReadState {
  ChangeSeq seq;
  std::uint64_t points = 0;
  std::uint64_t documents = 0;
  std::shared_ptr<const store::ReadView> view;
  sparse::LexicalIndex::Generation lexical;  ///< null: the collection is not lexical
};

}  // namespace kith::engine
