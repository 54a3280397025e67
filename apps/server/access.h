// Who may do what: which requests need no key, and which only read. Pure functions.
#pragma once

#include "net/http_message.h"

namespace kith::server {

/// Answered without any key: GET / and the health checks.
bool is_open(const net::Request& request);

/// Changes nothing, so that a read-only key may ask it. What is not known to read counts as writing.
bool only_reads(const net::Request& request);

}  // namespace kith::server
