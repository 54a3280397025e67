// Configuration files and environments as flat lists of name = value. Used by parameters.cpp.
#pragma once

#include "base/parameters.h"

#include <kith/result.h>

#include <string>
#include <string_view>
#include <vector>

namespace kith {

/// One setting as somebody wrote it; nothing about it has been checked.
struct RawSetting {
  std::string name;   ///< "search.ef"
  std::string value;  ///< text of the scalar
  std::string place;  ///< "kith.toml:3:5", "KITH__SEARCH__EF", "--set search.ef"
};

/// Tables become dotted names. invalid_argument for what is no TOML (with line and column), for lists and dates,
/// and for files over 1 MiB.
Result<std::vector<RawSetting>> read_toml(std::string_view text, std::string_view file_name);

/// KITH__SEARCH__EF=200 → search.ef. Others are skipped.
std::vector<RawSetting> read_environment(const NameValues& environment);

}  // namespace kith
