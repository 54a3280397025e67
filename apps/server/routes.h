// The endpoints, by face. Each function adds its routes to the router; handlers keep a reference to the node.
#pragma once

#include "net/router.h"
#include "server/node.h"

namespace kith::server {

/// /livez /readyz /healthz /metrics, and GET /.
void add_health_routes(net::Router& router, Node& node);
/// Qdrant's contract: /collections and what is below it.
void add_qdrant_routes(net::Router& router, Node& node);
/// Our own surface (api/openapi.yaml): /v1/…
void add_v1_routes(net::Router& router, Node& node);

/// A failure in the shape of the face that the request belongs to: /v1 as OpenAI has it, else as Qdrant has it.
net::Response render_failure(const net::Request& request, int status, std::string_view message);

}  // namespace kith::server
