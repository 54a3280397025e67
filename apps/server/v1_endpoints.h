// The endpoints of /v1 as functions from request to response body (JSON). Status codes other than 200 are in V1Answer.
#pragma once

#include <string>

#include "net/http_message.h"
#include "server/node.h"

namespace kith::server::v1 {

struct Answer {
  std::string body;
  int status = 200;
};
using Outcome = Result<Answer>;

Outcome list_collections(Node& node, const net::Request& request);
Outcome create_collection(Node& node, const net::Request& request);
Outcome get_collection(Node& node, const net::Request& request);
Outcome drop_collection(Node& node, const net::Request& request);

Outcome put_documents(Node& node, const net::Request& request);
Outcome list_documents(Node& node, const net::Request& request);
Outcome get_document(Node& node, const net::Request& request);
Outcome drop_document(Node& node, const net::Request& request);
Outcome delete_documents(Node& node, const net::Request& request);

Outcome list_jobs(Node& node, const net::Request& request);
Outcome get_job(Node& node, const net::Request& request);
Outcome cancel_job(Node& node, const net::Request& request);

Outcome search(Node& node, const net::Request& request);
Outcome answer(Node& node, const net::Request& request);
Outcome embeddings(Node& node, const net::Request& request);
Outcome list_models(Node& node, const net::Request& request);

Outcome stats(Node& node, const net::Request& request);
Outcome list_parameters(Node& node, const net::Request& request);
Outcome set_parameter(Node& node, const net::Request& request);

}  // namespace kith::server::v1
