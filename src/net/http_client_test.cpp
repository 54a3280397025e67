// The client against the server: plain, TLS, streams.
#include "net/http_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

#include "net/event_stream.h"
#include "net/http_server.h"
#include "net/test_client.h"

namespace kith::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class HttpClientTest : public ::testing::Test {
 protected:
  HttpClientTest() {
    router_.add(Method::post, "/echo", [](Request& request) {
      Response response = Response::text(request.body);
      response.headers.set("X-Method", request.method_name);
      response.headers.set("X-Seen", request.headers.value_or_empty("X-Sent"));
      return response;
    });
    router_.add(Method::get, "/bytes", [](Request& request) {
      return Response::text(std::string(std::stoul(*request.query_value("n")), 'b'));
    });
    router_.add(Method::get, "/slow", [](Request& request) {
      while (!request.stop->should_stop()) std::this_thread::sleep_for(1ms);
      return Response::text("late");
    });
    router_.add(Method::get, "/events", [](Request&) {
      return event_stream_response([](EventStream stream) {
        for (int i = 0; i < 5; ++i) {
          if (!stream.send({"n", "", std::to_string(i)})) return;
        }
        stream.close();
      });
    });
  }
  void start(HttpServerOptions options = {}) {
    options.worker_threads = 2;
    options.drain_timeout = 100ms;
    HttpHooks hooks;
    hooks.handle = [this](Request& request) { return router_.dispatch(request); };
    hooks.on_response = [this](const AccessRecord&) { ++requests_; };
    auto server = HttpServer::start(std::move(options), std::move(hooks));
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }
  ClientRequest get(const std::string& target) const {
    ClientRequest request;
    request.url = server_->url() + target;
    return request;
  }

  Router router_;
  std::atomic<int> requests_{0};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpClientTest, SendsAndReceives) {
  start();
  HttpClient client;
  ClientRequest request = get("/echo");
  request.method = "POST";
  request.body = std::string("zero \0 inside", 13);
  request.headers.add("X-Sent", "here");
  for (int i = 0; i < 5; ++i) {
    const auto response = client.send(request);
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->status, 200);
    EXPECT_EQ(response->body, request.body);
    EXPECT_EQ(response->headers.value_or_empty("x-seen"), "here");
  }
  EXPECT_EQ(server_->stats().connections, 1U) << "one connection for all";
  EXPECT_EQ(client.send(get("/missing"))->status, 404);
  request.body.clear();
  EXPECT_EQ(client.send(request)->body, "");
  request.body = std::string(3 << 20, 'x');  // curl asks for 100 Continue here
  EXPECT_EQ(client.send(request)->body.size(), request.body.size());
  EXPECT_EQ(client.send(get("/bytes?n=9000"))->body, std::string(9000, 'b'))
      << "gzip on the way, unpacked here";
}

TEST_F(HttpClientTest, ErrorsSayWhatToDo) {
  start();
  HttpClientOptions options;
  options.response_bytes_max = 1000;
  options.request_timeout = 500ms;
  HttpClient client(options);
  EXPECT_EQ(client.send(get("/bytes?n=1001")).error().code, ErrorCode::too_large);
  EXPECT_EQ(client.send(get("/slow")).error().code, ErrorCode::deadline_exceeded);
  const ClientRequest nowhere = get("/");
  server_.reset();
  const auto refused = client.send(nowhere);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::unavailable);
  EXPECT_THAT(refused.error().message, HasSubstr(nowhere.url));
  ClientRequest odd;
  odd.url = "file:///etc/passwd";
  EXPECT_EQ(client.send(odd).error().code, ErrorCode::invalid_argument);
  odd.url = "not a url";
  EXPECT_EQ(client.send(odd).error().code, ErrorCode::invalid_argument);
  ClientRequest forged = nowhere;
  forged.headers.add("X", "a\r\nY: b");
  EXPECT_EQ(client.send(forged).error().code, ErrorCode::invalid_argument);
}

TEST_F(HttpClientTest, CanBeCancelled) {
  start();
  HttpClient client;
  StopToken stop;
  std::thread canceller([&] {
    std::this_thread::sleep_for(200ms);
    stop.cancel();
  });
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(client.send(get("/slow"), &stop).error().code, ErrorCode::cancelled);
  EXPECT_LT(std::chrono::steady_clock::now() - started, 5s);
  canceller.join();
}

TEST_F(HttpClientTest, ReadsEventStreams) {
  start();
  HttpClient client;
  EventParser parser;
  std::string seen;
  const auto response = client.stream(get("/events"), [&](std::string_view bytes) {
    return parser.push(bytes, [&](const ServerEvent& event) { seen += event.data; }).has_value();
  });
  ASSERT_TRUE(response) << response.error().message;
  EXPECT_EQ(seen, "01234");
  EXPECT_TRUE(response->body.empty());
  EXPECT_EQ(client.stream(get("/events"), [](std::string_view) { return false; }).error().code,
            ErrorCode::cancelled);
  const auto missing = client.stream(get("/missing"), [](std::string_view) { return false; });
  ASSERT_TRUE(missing);
  EXPECT_THAT(missing->body, HasSubstr("there is no route"));
}

/// A folder with a self-signed certificate for 127.0.0.1.
class Certificate {
 public:
  Certificate() {
    std::string pattern = (std::filesystem::temp_directory_path() / "kith-tls-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data()) != nullptr ? pattern : std::string();
    const std::string command =
        "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=test " +
        ("-addext subjectAltName=IP:127.0.0.1 -keyout " + key()) + " -out " + certificate() + " 2>/dev/null";
    made_ = !folder_.empty() && std::system(command.c_str()) == 0;
  }
  ~Certificate() {
    std::error_code ignored;
    if (!folder_.empty()) std::filesystem::remove_all(folder_, ignored);
  }
  bool made() const { return made_; }
  std::string certificate() const { return folder_ + "/certificate.pem"; }
  std::string key() const { return folder_ + "/key.pem"; }
  std::string folder() const { return folder_; }

 private:
  std::string folder_;
  bool made_ = false;
};

TEST_F(HttpClientTest, SpeaksTls) {
  const Certificate certificate;
  ASSERT_TRUE(certificate.made()) << "the openssl command is needed";
  HttpServerOptions server_options;
  server_options.tls = TlsOptions{certificate.certificate(), certificate.key()};
  server_options.header_timeout = 500ms;
  start(server_options);
  EXPECT_THAT(server_->url(), HasSubstr("https://127.0.0.1:"));

  HttpClientOptions trusting;
  trusting.ca_file = certificate.certificate();
  HttpClient client(trusting);
  ClientRequest request = get("/echo");
  request.method = "POST";
  request.body = std::string(500'000, 't');
  for (int i = 0; i < 3; ++i) {
    const auto response = client.send(request);
    ASSERT_TRUE(response) << response.error().message;
    EXPECT_EQ(response->body, request.body);
  }
  EXPECT_EQ(server_->stats().connections, 1U);
  std::string events;
  ASSERT_TRUE(client.stream(get("/events"), [&](std::string_view bytes) {
    events += bytes;
    return true;
  }));
  EXPECT_THAT(events, HasSubstr("data: 4"));

  EXPECT_EQ(HttpClient().send(request).error().code, ErrorCode::unavailable) << "nobody vouches for it";
  HttpClientOptions careless;
  careless.verify_tls = false;
  EXPECT_TRUE(HttpClient(careless).send(request));

  testing::TestClient plain(server_->port());  // speaks no TLS
  plain.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(plain.closed_within(5s));
  testing::TestClient silent(server_->port());
  EXPECT_TRUE(silent.closed_within(5s)) << "a handshake that never comes runs out of time";
}

TEST_F(HttpClientTest, BadTlsFilesAreExplained) {
  const Certificate certificate, other;
  ASSERT_TRUE(certificate.made() && other.made());
  HttpServerOptions options;
  options.tls = TlsOptions{certificate.folder() + "/missing.pem", certificate.key()};
  EXPECT_THAT(HttpServer::start(options, {}).error().message, HasSubstr("missing.pem"));
  options.tls = TlsOptions{certificate.certificate(), other.key()};
  const auto mismatch = HttpServer::start(options, {});
  ASSERT_FALSE(mismatch);
  EXPECT_EQ(mismatch.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(mismatch.error().message, HasSubstr("the key of"));
}

}  // namespace
}  // namespace kith::net
