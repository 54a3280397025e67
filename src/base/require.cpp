#include "base/require.h"

#include <cstdio>
#include <cstdlib>

namespace kith {

void requirement_failed(std::string_view what, const std::source_location& where) {
  std::fprintf(stderr, "kith: internal error at %s:%u: %.*s\n", where.file_name(),
               static_cast<unsigned>(where.line()), static_cast<int>(what.size()), what.data());
  std::abort();
}

}  // namespace kith
