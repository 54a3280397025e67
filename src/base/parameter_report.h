// Parameters for people and tools: explanations, JSON, JSON Schema. Used by parameters.cpp and the faces.
#pragma once

#include "base/parameters.h"

#include <span>
#include <string>

namespace kith {

/// "file kith.toml:3:5", "saved change by anna at 2026-01-31T12:00:00.000Z (too slow)".
std::string describe_origin(const ParameterOrigin& origin);

std::string explain_parameter(const ParameterState& state);

/// `states` by name, as ParameterTable::effective() gives them.
std::string parameter_json_schema(std::span<const ParameterState> states);

}  // namespace kith
