// The name that somebody probably meant.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace kith {

/// Insertions, deletions, replacements and swaps of neighbours (optimal string alignment) between two names.
std::size_t edit_distance(std::string_view a, std::string_view b);

/// The nearest of `names`, if it is near enough to be worth a hint (a third of the length); empty otherwise.
/// Ties go to the first.
std::string nearest_name(std::string_view name, std::span<const std::string> names);

}  // namespace kith
