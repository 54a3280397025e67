// A connection's bytes in pieces: the first byte says how they are cut. The request must not depend on the cuts.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "net/event_stream.h"
#include "net/request_reader.h"
#include "net/response_head.h"
#include "net/router.h"

namespace {

using namespace kith::net;
using Step = RequestReader::Step;

struct Outcome {
  Step step = Step::need_more;
  bool has_header = false;
  Request request;
  std::string body;
  bool operator==(const Outcome& other) const {
    return step == other.step && body == other.body && request.target == other.request.target &&
           request.path == other.request.path && request.query == other.request.query &&
           request.headers.fields() == other.request.headers.fields();
  }
};

Outcome read_all(std::string_view text, std::size_t piece) {
  RequestReader reader({4096, 8192});
  Outcome out;
  std::string waiting;
  for (;;) {
    waiting += text.substr(0, piece);
    text.remove_prefix(std::min(piece, text.size()));
    do {
      std::size_t used = 0;
      out.step = reader.read(waiting, used);
      if (used > waiting.size()) std::abort();
      waiting.erase(0, used);
      if (out.step == Step::header_done) {
        out.has_header = true;
        out.request = std::move(reader.request());
      }
    } while (out.step == Step::header_done);
    if (out.step != Step::need_more || text.empty()) break;
  }
  if (reader.body_bytes() > 8192) std::abort();
  if (out.step == Step::failed && (reader.failure_status() < 400 || reader.failure_message().empty()))
    std::abort();
  if (out.step == Step::done) out.body = reader.take_body();
  return out;
}

const Router& router() {
  static const Router instance = [] {
    Router made;
    const auto handler = [](Request& request) { return Response::text(request.target); };
    made.add(Method::get, "/", handler);
    made.add(Method::put, "/c/{name}", handler);
    made.add(Method::post, "/c/{name}/points", handler);
    made.add(Method::post, "/c/all/{id}/x", handler);
    return made;
  }();
  return instance;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1 || size > 16384) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  Outcome whole = read_all(text, text.size() + 1);
  // A limit may be noticed earlier or later; whatever is accepted must be the same.
  const Outcome cut = read_all(text, std::size_t{data[0]} + 1);
  if (whole.step == Step::done && cut.step == Step::done && !(whole == cut)) std::abort();
  if (whole.has_header) {
    Response response = router().dispatch(whole.request);
    response.headers.add("X-Echo", whole.request.target);
    compress_body(whole.request, response);
    add_cors_headers(whole.request, {"https://a.example"}, response);
    const std::string head = format_response_head(response, {}, {"date", "kith", "id"});
    // The empty line at the end is the only one.
    if (head.find("\r\n\r\n") != head.size() - 4) std::abort();
  }
  EventParser parser(1000);
  (void)parser.push(text, [](const ServerEvent& event) {
    if (event.data.size() > 1000) std::abort();
  });
  return 0;
}
