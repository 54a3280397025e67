// Qdrant's point endpoints as functions from request to result JSON.
#pragma once

#include "net/http_message.h"
#include "server/node.h"

namespace kith::server::qdrant {

Result<std::string> upsert_points(Node& node, const net::Request& request);
Result<std::string> retrieve_points(Node& node, const net::Request& request);
Result<std::string> get_point(Node& node, const net::Request& request);
Result<std::string> scroll_points(Node& node, const net::Request& request);
Result<std::string> count_points(Node& node, const net::Request& request);
Result<std::string> delete_points(Node& node, const net::Request& request);
Result<std::string> query_points(Node& node, const net::Request& request);
Result<std::string> query_points_batch(Node& node, const net::Request& request);
/// points/search of clients before 1.10: a bare array.
Result<std::string> search_points(Node& node, const net::Request& request);

}  // namespace kith::server::qdrant
