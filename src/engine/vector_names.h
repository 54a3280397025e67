// Names of vectors inside point records. A vector that was added to a living collection has the change_seq of that
// moment in its stored name, so that values which a former vector of the same name left in the records are never taken
// for its own: removing a vector costs nothing, and a record sheds what is left of it when it is next written.
//
// Everything inside the engine speaks of stored names; they are translated where points come in and go out.
//
// Thread safety: pure functions.
#pragma once

#include <kith/options.h>
#include <kith/point.h>

#include <string>
#include <string_view>
#include <vector>

namespace kith::engine {

using VectorConfigs = std::map<std::string, VectorParams, std::less<>>;

/// The name itself, or name + NUL + added_at in decimal.
std::string stored_vector_name(std::string_view name, const VectorParams& params);

/// The caller's name of a stored one; nullopt: of no vector there is.
std::optional<std::string_view> shown_vector_name(std::string_view stored, const VectorConfigs& vectors);

/// Callers' names of those that the collection still has.
std::vector<std::string_view> shown_vector_names(const VectorMap& stored, const VectorConfigs& vectors);
VectorMap shown_vectors(VectorMap stored, const VectorConfigs& vectors);

}  // namespace kith::engine
