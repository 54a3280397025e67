// Payload index schemas: {"field_name":…, "field_schema": "keyword" | {"type":"keyword", …}} to FieldIndexConfig.
//
// The schema object is kept in FieldIndexConfig::face and echoed as `params`; a bare type is echoed without. is_tenant,
// is_principal, on_disk, memory, enable_hnsw and prefix say how an index is laid out: kept and echoed, without effect.
// Pure functions.
#pragma once

#include <kith/field_index.h>
#include <kith/result.h>

#include <string>

#include "server/qdrant_body.h"

namespace kith::server::qdrant {

struct FieldIndexRequest {
  std::string field_name;
  FieldIndexConfig config;
};

/// CreateFieldIndex.
Result<FieldIndexRequest> parse_field_index(const net::JsonValue& body);

}  // namespace kith::server::qdrant
