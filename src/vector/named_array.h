// How a structure of slots hands its memory to whoever saves it: named block arrays plus one small header
// blob. Saving: write every array's blocks (only dirty ones after the first time) and header(). Loading:
// construct with the same parameters, BlockArray::adopt_size() and adopt() each array, then restore(header).
#pragma once

#include "base/block_array.h"

#include <string>
#include <vector>

namespace kith::vector {

struct NamedArray {
  std::string name;  ///< stable across versions; part of the format
  BlockArray* array;
};

/// corrupt unless the array has exactly `rows` rows and every block of them is there.
Status check_restored(const BlockArray& array, std::size_t rows, const char* name);

}  // namespace kith::vector
