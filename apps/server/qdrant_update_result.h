// {"operation_id":…,"status":"completed"|"acknowledged"}: what every write answers.
#pragma once

#include <kith/ids.h>

#include "base/json_writer.h"
#include "server/qdrant_parameters.h"

namespace kith::server::qdrant {

void append_update_result(JsonWriter& json, ChangeSeq change_seq, const WriteParameters& parameters);

}  // namespace kith::server::qdrant
