// Says what is wrong with a JSON text, and where. Slow and exact; called only after the fast parser has refused.
// RFC 8259. Thread safety: pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace kith::net {

struct JsonProblem {
  std::string message;  ///< "expected ',' or '}'"
  std::size_t offset = 0;
  std::size_t line = 1;    ///< from 1
  std::size_t column = 1;  ///< from 1, in bytes
  /// "expected ',' or '}' at line 1 column 17"
  std::string to_string() const;
};

/// The first thing wrong, numbers out of the range of 64 bits included; nullopt for a text that can be taken.
std::optional<JsonProblem> find_json_problem(std::string_view text, std::size_t depth_max);

}  // namespace kith::net
