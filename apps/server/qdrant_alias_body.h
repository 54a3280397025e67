// {"actions":[{"create_alias":…}, {"delete_alias":…}, {"rename_alias":…}]}. Pure functions.
#pragma once

#include <kith/database.h>

#include <vector>

#include "server/qdrant_body.h"

namespace kith::server::qdrant {

/// ChangeAliasesOperation.
Result<std::vector<AliasAction>> parse_alias_actions(const net::JsonValue& body);

}  // namespace kith::server::qdrant
