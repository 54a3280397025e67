// The profiles that ship with Kith: named sets of values, chosen by the parameter "profile". Data only; a component
// that declares parameters adds their values here.
#pragma once

#include "base/parameters.h"

#include <span>

namespace kith {

/// dev, prod, server, edge, low-memory. Every name in them is declared by declare_process_parameters() or by a
/// component of the server; a test over the whole table proves it.
std::span<const Profile> built_in_profiles();

}  // namespace kith
