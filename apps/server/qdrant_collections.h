// Qdrant's collection endpoints as functions from request to result JSON.
#pragma once

#include "net/http_message.h"
#include "server/node.h"

namespace kith::server::qdrant {

Result<std::string> create_collection(Node& node, const net::Request& request);
Result<std::string> collection_info(Node& node, const net::Request& request);
Result<std::string> drop_collection(Node& node, const net::Request& request);
Result<std::string> list_collections(Node& node, const net::Request& request);
Result<std::string> collection_exists(Node& node, const net::Request& request);

}  // namespace kith::server::qdrant
