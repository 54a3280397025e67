// What stands in paths and query strings: collection names, wait, ordering, timeout. Pure functions.
#pragma once

#include <kith/result.h>

#include "net/http_message.h"

namespace kith::server::qdrant {

struct WriteParameters {
  bool wait = false;  ///< chooses the word of the answer only: a write is always done when it is answered
};

/// wait=true|false, ordering=weak|medium|strong, timeout ≥ 1.
Result<WriteParameters> parse_write_parameters(const net::Request& request);
/// timeout ≥ 1 (the server sets the request's deadline by it), consistency, collection name of at most 255 bytes.
Status check_parameters(const net::Request& request);

}  // namespace kith::server::qdrant
