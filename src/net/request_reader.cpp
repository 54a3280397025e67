#include "net/request_reader.h"

#include <algorithm>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/parser.hpp>
#include <optional>

#include "net/request_target.h"

namespace kith::net {
namespace {

namespace http = boost::beast::http;
using BeastError = boost::beast::error_code;

/// Beast's string_body reserves whatever Content-Length promises; this one grows with what comes.
struct GrowingBody {
  using value_type = std::string;
  class reader {
   public:
    template <bool is_request, class Fields>
    reader(http::header<is_request, Fields>&, value_type& body) : body_(body) {}

    void init(const boost::optional<std::uint64_t>& length, BeastError& error) {
      constexpr std::uint64_t trusted_bytes = 64 << 10;
      constexpr std::size_t parser_padding = 64;  // lets simdjson parse in place
      error = {};
      if (length) body_.reserve(static_cast<std::size_t>(std::min(*length, trusted_bytes)) + parser_padding);
    }
    template <class Buffers>
    std::size_t put(const Buffers& buffers, BeastError& error) {
      error = {};
      std::size_t total = 0;
      for (const boost::asio::const_buffer buffer : boost::beast::buffers_range_ref(buffers)) {
        body_.append(static_cast<const char*>(buffer.data()), buffer.size());
        total += buffer.size();
      }
      return total;
    }
    void finish(BeastError& error) { error = {}; }

   private:
    value_type& body_;
  };
};

using Parser = http::request_parser<GrowingBody>;

std::string_view view(boost::beast::string_view text) { return {text.data(), text.size()}; }

std::string megabytes(std::size_t bytes) {
  return bytes >= (1 << 20) ? std::to_string(bytes >> 20) + " MiB" : std::to_string(bytes) + " bytes";
}

}  // namespace

struct RequestReader::State {
  explicit State(Limits limits_in) : limits(limits_in) {
    parser.header_limit(static_cast<std::uint32_t>(limits.header_bytes_max));
    parser.body_limit(limits.body_bytes_max);
  }

  Limits limits;
  Parser parser;
  Request request;
  bool started = false;
  bool header_reported = false;
  bool continue_expected = false;
  int failure_status = 0;
  std::string failure_message;

  Step fail(int status, std::string message) {
    failure_status = status;
    failure_message = std::move(message);
    return Step::failed;
  }
  Step fail(const BeastError& error);
  Step take_header();
  std::optional<std::string> framing_problem() const;
};

RequestReader::Step RequestReader::State::fail(const BeastError& error) {
  if (error == http::error::header_limit) {
    return fail(431, "the request line or the header is larger than " + megabytes(limits.header_bytes_max) +
                         "; send less, or move data into the body");
  }
  if (error == http::error::body_limit) {
    return fail(413,
                "the body is larger than " + megabytes(limits.body_bytes_max) + "; send it in smaller parts");
  }
  if (error == http::error::bad_version) return fail(505, "this server speaks HTTP/1.1 and HTTP/1.0 only");
  return fail(400, "this is not a valid HTTP request: " + error.message());
}

/// What would let a proxy in front of us see another end of this request than we do.
std::optional<std::string> RequestReader::State::framing_problem() const {
  const auto& message = parser.get();
  const auto coding = message.find(http::field::transfer_encoding);
  if (coding != message.end()) {
    if (message.version() < 11) return "HTTP/1.0 has no Transfer-Encoding";
    if (!equals_ignoring_case(view(coding->value()), "chunked")) {
      return "the only transfer coding understood is 'chunked'";
    }
  }
  const auto hosts = message.count(http::field::host);
  if (hosts > 1) return "there is more than one Host field";
  if (hosts == 0 && message.version() >= 11) return "the Host field is missing, which HTTP/1.1 asks for";
  return std::nullopt;
}

RequestReader::Step RequestReader::State::take_header() {
  header_reported = true;
  const auto& message = parser.get();
  request.method_name = view(message.method_string());
  request.method = method_from_name(request.method_name);
  request.target = view(message.target());
  for (const auto& field : message) request.headers.add(view(field.name_string()), view(field.value()));
  if (auto problem = framing_problem()) return fail(400, std::move(*problem));
  auto target = parse_request_target(request.target);
  if (!target) return fail(400, std::move(target.error().message));
  request.path = std::move(target->path);
  request.query = std::move(target->query);
  if (const std::string* expectation = request.headers.find("Expect"); expectation != nullptr) {
    if (!equals_ignoring_case(*expectation, "100-continue")) {
      return fail(417, "the only expectation understood is '100-continue'");
    }
    continue_expected = message.version() >= 11;
  }
  return Step::header_done;
}

RequestReader::RequestReader(Limits limits) : state_(std::make_unique<State>(limits)) {}
RequestReader::~RequestReader() = default;
RequestReader::RequestReader(RequestReader&&) noexcept = default;
RequestReader& RequestReader::operator=(RequestReader&&) noexcept = default;

RequestReader::Step RequestReader::read(std::string_view bytes, std::size_t& used) {
  State& state = *state_;
  used = 0;
  // RFC 9112 section 2.2: empty lines in front of a request line are to be ignored.
  while (!state.started && used < bytes.size() && (bytes[used] == '\r' || bytes[used] == '\n')) ++used;
  for (;;) {
    if (state.parser.is_header_done() && !state.header_reported) return state.take_header();
    if (state.parser.is_done()) return Step::done;
    if (used == bytes.size()) return Step::need_more;
    state.started = true;
    BeastError error;
    used += state.parser.put(boost::asio::buffer(bytes.data() + used, bytes.size() - used), error);
    if (error == http::error::need_more) return Step::need_more;
    if (error) {
      // What the message would have been is worth knowing for the log.
      if (!state.header_reported && state.parser.is_header_done()) state.take_header();
      return state.fail(error);
    }
  }
}

bool RequestReader::started() const { return state_->started; }
Request& RequestReader::request() { return state_->request; }
bool RequestReader::expects_continue() const { return state_->continue_expected; }
bool RequestReader::keep_alive() const {
  return state_->parser.is_header_done() && state_->parser.keep_alive();
}
bool RequestReader::is_http_1_0() const { return state_->parser.get().version() < 11; }
bool RequestReader::has_body() const {
  return !state_->parser.is_done() || !state_->parser.get().body().empty();
}
std::size_t RequestReader::body_bytes() const { return state_->parser.get().body().size(); }
std::string RequestReader::take_body() { return std::move(state_->parser.get().body()); }
int RequestReader::failure_status() const { return state_->failure_status; }
const std::string& RequestReader::failure_message() const { return state_->failure_message; }

}  // namespace kith::net
