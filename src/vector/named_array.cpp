#include "vector/named_array.h"

namespace kith::vector {

Status check_restored(const BlockArray& array, std::size_t rows, const char* name) {
  if (array.size() != rows) {
    return failure(ErrorCode::corrupt, std::string("array ") + name + " has " + std::to_string(array.size()) +
                                           " rows where its header says " + std::to_string(rows));
  }
  for (std::size_t i = 0; i < array.block_count(); ++i) {
    if (array.block(i).data() == nullptr) {
      return failure(ErrorCode::corrupt, std::string("array ") + name + " lacks block " + std::to_string(i));
    }
  }
  return {};
}

}  // namespace kith::vector
