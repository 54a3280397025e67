#include "base/try.h"
#include "server/v1_endpoints.h"
#include "server/v1_json.h"

namespace kith::server::v1 {

Outcome list_jobs(Node& node, const net::Request&) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("jobs").begin_array();
  for (const auto& job : node.jobs().list()) json.raw(rag::job_json(job));
  json.end_array().end_object();
  return Answer{out};
}

Outcome get_job(Node& node, const net::Request& request) {
  return Answer{rag::job_json(KITH_TRY(node.jobs().get(request.path_parameter("job"))))};
}

Outcome cancel_job(Node& node, const net::Request& request) {
  return Answer{rag::job_json(KITH_TRY(node.jobs().cancel(request.path_parameter("job"))))};
}

}  // namespace kith::server::v1
