// Qdrant's envelope around results and errors. Results are written straight into the body that is sent.
//
//   std::string body = begin_answer();
//   JsonWriter json(body);
//   …                                          // one value
//   return finish_answer(request, std::move(body));
//
// Pure functions.
#pragma once

#include <kith/result.h>

#include <string>
#include <string_view>

#include "net/http_message.h"

namespace kith::server::qdrant {

/// {"result":
std::string begin_answer();
/// …,"status":"ok","time":…}
net::Response finish_answer(const net::Request& request, std::string body);

/// {"status":{"error":…},"time":…}
net::Response failed(const net::Request& request, const Error& error);
net::Response failed(const net::Request& request, int status, std::string_view message);

}  // namespace kith::server::qdrant
