#include "net/http_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "base/executor.h"
#include "net/event_stream.h"
#include "net/test_client.h"

namespace kith::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::TestClient;

/// Lets a test decide when handlers go on.
class Gate {
 public:
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    ++waiting_;
    changed_.notify_all();
    changed_.wait_for(lock, 20s, [this] { return open_; });
  }
  bool wait_until_waiting(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 20s, [&] { return waiting_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  int waiting_ = 0;
};

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() {
    router_.add(Method::get, "/hello", [](Request&) { return Response::text("hello"); });
    router_.add(Method::post, "/echo",
                [](Request& request) { return Response::text(std::move(request.body)); });
    router_.add(Method::post, "/size",
                [](Request& request) { return Response::text(std::to_string(request.body.size())); });
    router_.add(Method::get, "/long",
                [](Request&) { return Response::json("[" + std::string(5000, '1') + "]"); });
    router_.add(Method::get, "/id", [](Request& request) { return Response::text(request.request_id); });
    router_.add(Method::get, "/throw", [](Request&) -> Response { throw std::runtime_error("boom"); });
    router_.add(Method::get, "/gate", [this](Request&) {
      gate_.pass();
      return Response::text("passed");
    });
    router_.add(Method::get, "/wait", [this](Request& request) {
      gate_.pass();
      while (!request.stop->should_stop()) std::this_thread::sleep_for(1ms);
      cancelled_ = request.stop->cancelled();
      return Response::text("stopped", 499);
    });
    router_.add(Method::get, "/livez", [](Request&) { return Response::text("alive"); }, Router::Run::quick);
  }
  ~HttpServerTest() override {
    gate_.open();
    server_.reset();
  }

  void start(HttpServerOptions options = {}) {
    if (options.worker_threads == 0) options.worker_threads = 2;
    HttpHooks hooks;
    hooks.handle = [this](Request& request) { return router_.dispatch(request); };
    hooks.quick = [this](const Request& request) { return router_.quick(request); };
    hooks.on_response = [this](const AccessRecord& record) {
      const std::lock_guard lock(log_mutex_);
      log_.push_back(std::string(record.method) + " " + std::string(record.route) + " " +
                     std::to_string(record.status) + " " + std::to_string(record.response_bytes));
    };
    hooks.authenticate = authenticate_;
    auto server = HttpServer::start(std::move(options), std::move(hooks));
    ASSERT_TRUE(server) << server.error().message;
    server_ = std::move(*server);
  }
  std::uint16_t port() const { return server_->port(); }
  std::vector<std::string> log() {
    const std::lock_guard lock(log_mutex_);
    return log_;
  }
  static std::string get(const std::string& target, const std::string& fields = {}) {
    return "GET " + target + " HTTP/1.1\r\nHost: h\r\n" + fields + "\r\n";
  }

  Router router_;
  Gate gate_;
  std::atomic<bool> cancelled_{false};
  std::function<std::optional<Response>(const Request&)> authenticate_;
  std::mutex log_mutex_;
  std::vector<std::string> log_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, KeepsConnectionsOpen) {
  start();
  TestClient client(port());
  for (int i = 0; i < 20; ++i) {
    const auto answer = client.ask(get("/hello"));
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->status, 200);
    EXPECT_EQ(answer->body, "hello");
    EXPECT_NE(answer->headers.find("Date"), nullptr);
  }
  EXPECT_EQ(server_->stats().connections, 1U);
  EXPECT_EQ(server_->stats().requests_total, 20U);
  while (log().size() < 20)
    std::this_thread::sleep_for(1ms);  // the last is noted after the client has its answer
  EXPECT_EQ(log().front(), "GET /hello 200 5");
  ASSERT_TRUE(client.ask(get("/hello", "Connection: close\r\n")));
  EXPECT_TRUE(client.closed_within(5s));
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  start();
  TestClient client(port());
  std::string all;
  for (int i = 0; i < 50; ++i) {
    const std::string body(static_cast<std::size_t>(i) * 997, static_cast<char>('a' + i % 26));
    all += "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body;
    if (i % 3 == 0) all += get("/hello");
  }
  // Sending and receiving at once: the answers would fill the socket otherwise.
  std::thread sender([&] { EXPECT_TRUE(client.send(all)); });
  for (int i = 0; i < 50; ++i) {
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer) << i;
    EXPECT_EQ(answer->body, std::string(static_cast<std::size_t>(i) * 997, static_cast<char>('a' + i % 26)));
    if (i % 3 == 0) {
      EXPECT_EQ(client.read_answer()->body, "hello");
    }
  }
  sender.join();
}

TEST_F(HttpServerTest, TakesChunkedBodies) {
  start();
  TestClient client(port());
  const auto answer = client.ask(
      "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "abc0123456789");
  EXPECT_EQ(client.ask(get("/hello"))->body, "hello");
}

TEST_F(HttpServerTest, TakesBodiesUpToTheLimit) {
  HttpServerOptions options;
  options.body_bytes_max = 8 << 20;
  start(options);
  TestClient client(port());
  const std::string body(8 << 20, 'b');
  const auto answer = client.ask("POST /size HTTP/1.1\r\nHost: h\r\nContent-Length: 8388608\r\n\r\n" + body);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "8388608");
}

TEST_F(HttpServerTest, RefusesHugeBodiesWithoutReadingThem) {
  start();
  TestClient announced(port());
  const auto answer =
      announced.ask("POST /size HTTP/1.1\r\nHost: h\r\nContent-Length: 104857600\r\n\r\nsome");
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 413);
  EXPECT_THAT(answer->body, HasSubstr("larger than 32 MiB"));
  EXPECT_EQ(answer->headers.value_or_empty("Connection"), "close");
  EXPECT_TRUE(announced.closed_within(5s));
  announced.close();

  HttpServerOptions options;
  options.body_bytes_max = 1 << 20;
  start(options);
  TestClient chunked(port());
  ASSERT_TRUE(chunked.send("POST /size HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"));
  const std::string chunk = "10000\r\n" + std::string(65536, 'c') + "\r\n";
  int sent = 0;
  while (sent < 1600 && chunked.send(chunk)) ++sent;
  EXPECT_LT(sent, 1600) << "100 MB were taken";
  const auto refused = chunked.read_answer();
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->status, 413);
}

TEST_F(HttpServerTest, AllBodiesTogetherAreBounded) {
  HttpServerOptions options;
  options.bodies_bytes_max = 1 << 20;
  start(options);
  TestClient client(port());
  ASSERT_TRUE(client.send("POST /size HTTP/1.1\r\nHost: h\r\nContent-Length: 2000000\r\n\r\n"));
  const std::string part(100'000, 'x');
  for (int i = 0; i < 20 && client.send(part); ++i) continue;
  const auto answer = client.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->headers.value_or_empty("Retry-After"), "1");
  client.close();
  // What the refused request held is free again.
  TestClient next(port());
  EXPECT_EQ(
      next.ask("POST /size HTTP/1.1\r\nHost: h\r\nContent-Length: 900000\r\n\r\n" + std::string(900'000, 'y'))
          ->body,
      "900000");
}

TEST_F(HttpServerTest, ContinuesWhenAsked) {
  start();
  TestClient client(port());
  ASSERT_TRUE(
      client.send("POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"));
  EXPECT_EQ(client.read_answer()->status, 100);
  EXPECT_EQ(client.ask("abc")->body, "abc");

  TestClient refused(port());
  ASSERT_TRUE(refused.send(
      "POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 99999999\r\n\r\n"));
  EXPECT_EQ(refused.read_answer()->status, 413) << "no 100 for a body that would be refused";
}

TEST_F(HttpServerTest, MalformedRequestsGetAnAnswerAndAreLogged) {
  start();
  for (const auto& [text, status] : std::vector<std::pair<std::string, int>>{
           {"nonsense\r\n\r\n", 400},
           {"GET / HTTP/1.1\r\n\r\n", 400},
           {get("/%zz"), 400},
           {"GET / HTTP/3.0\r\nHost: h\r\n\r\n", 505},
           {get("/hello", "X: " + std::string(40'000, 'x') + "\r\n"), 431},
           {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
           {"POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1;" +
                std::string(99'000, 'e'),
            400}}) {
    TestClient client(port());
    client.send(text);
    const auto answer = client.read_answer();
    ASSERT_TRUE(answer) << text.substr(0, 100);
    EXPECT_EQ(answer->status, status) << text.substr(0, 100);
    EXPECT_THAT(answer->body, HasSubstr("{\"error\":{\"message\":"));
    EXPECT_TRUE(client.closed_within(5s));
  }
  while (log().size() < 7) std::this_thread::sleep_for(1ms);
  TestClient client(port());
  EXPECT_EQ(client.ask(get("/missing"))->status, 404);
  EXPECT_EQ(client.ask("PUT /hello HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n")->status, 405);
  EXPECT_EQ(client.ask(get("/throw"))->status, 500);
  EXPECT_EQ(client.ask(get("/hello"))->body, "hello") << "these leave the connection usable";
}

TEST_F(HttpServerTest, SlowClientsRunOutOfTime) {
  HttpServerOptions options;
  options.header_timeout = 300ms;
  options.body_timeout = 300ms;
  options.idle_timeout = 300ms;
  start(options);
  TestClient header(port()), body(port()), idle(port());
  std::atomic<bool> done{false};
  // A byte now and then must not keep a request alive.
  std::thread drip([&] {
    header.send("GET /hello HT");
    body.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\n");
    while (!done && header.send("T") && body.send("b")) std::this_thread::sleep_for(50ms);
  });
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(header.read_answer()->status, 408);
  EXPECT_EQ(body.read_answer()->status, 408);
  EXPECT_TRUE(idle.closed_within(5s));
  EXPECT_LT(std::chrono::steady_clock::now() - started, 3s);
  EXPECT_TRUE(idle.received().empty());
  done = true;
  drip.join();
}

TEST_F(HttpServerTest, OverloadAnswersAtOnceAndHealthStillWorks) {
  HttpServerOptions options;
  options.worker_threads = 1;
  options.queued_requests_max = 2;
  start(options);
  std::vector<std::unique_ptr<TestClient>> busy;
  for (int i = 0; i < 3; ++i) {
    busy.push_back(std::make_unique<TestClient>(port()));
    ASSERT_TRUE(busy.back()->send(get("/gate")));
    // One runs before the others queue up.
    if (i == 0) {
      ASSERT_TRUE(gate_.wait_until_waiting(1));
    }
  }
  while (server_->stats().requests_in_flight < 3) std::this_thread::sleep_for(1ms);
  TestClient client(port());
  const auto answer = client.ask(get("/hello"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(answer->headers.value_or_empty("Retry-After"), "1");
  EXPECT_EQ(client.ask(get("/livez"))->body, "alive");
  EXPECT_EQ(server_->stats().requests_refused, 1U);
  gate_.open();
  for (auto& waiting : busy) EXPECT_EQ(waiting->read_answer()->body, "passed");
  EXPECT_EQ(client.ask(get("/hello"))->status, 200);
}

TEST_F(HttpServerTest, ConnectionsAreBounded) {
  HttpServerOptions options;
  options.connections_max = 2;
  start(options);
  TestClient first(port()), second(port());
  ASSERT_TRUE(first.ask(get("/hello")));
  ASSERT_TRUE(second.ask(get("/hello")));
  TestClient third(port());
  EXPECT_EQ(third.read_answer()->status, 503);
  first.close();
  while (server_->stats().connections > 1) std::this_thread::sleep_for(1ms);
  TestClient fourth(port());
  EXPECT_EQ(fourth.ask(get("/hello"))->status, 200);
}

TEST_F(HttpServerTest, HangingUpCancels) {
  start();
  TestClient client(port());
  ASSERT_TRUE(client.send(get("/wait")));
  ASSERT_TRUE(gate_.wait_until_waiting(1));
  gate_.open();
  const auto gone = std::chrono::steady_clock::now();
  client.close();
  while (!cancelled_ && std::chrono::steady_clock::now() - gone < 5s) std::this_thread::sleep_for(1ms);
  EXPECT_TRUE(cancelled_);
  EXPECT_LT(std::chrono::steady_clock::now() - gone, 1s);
}

TEST_F(HttpServerTest, DeadlinesReachTheHandler) {
  HttpServerOptions options;
  options.request_timeout = 200ms;
  start(options);
  gate_.open();
  TestClient client(port());
  EXPECT_EQ(client.ask(get("/wait"))->status, 499);
  EXPECT_FALSE(cancelled_) << "expired, not cancelled";

  options.request_timeout = 60s;
  start(options);
  TestClient hurried(port());
  const auto started = std::chrono::steady_clock::now();
  EXPECT_EQ(hurried.ask(get("/wait?timeout=1"))->status, 499);
  EXPECT_GT(std::chrono::steady_clock::now() - started, 900ms);
  EXPECT_LT(std::chrono::steady_clock::now() - started, 10s);
}

TEST_F(HttpServerTest, StopFinishesWhatIsInFlight) {
  start();
  TestClient busy(port()), idle(port());
  ASSERT_TRUE(idle.ask(get("/hello")));
  ASSERT_TRUE(busy.send(get("/gate")));
  ASSERT_TRUE(gate_.wait_until_waiting(1));
  auto stopped = std::async(std::launch::async, [this] { server_->stop(); });
  EXPECT_TRUE(idle.closed_within(5s));
  EXPECT_EQ(stopped.wait_for(50ms), std::future_status::timeout);
  EXPECT_FALSE(TestClient(port()).connected()) << "no new connections";
  gate_.open();
  const auto answer = busy.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->body, "passed");
  EXPECT_EQ(answer->headers.value_or_empty("Connection"), "close");
  EXPECT_TRUE(busy.closed_within(5s));
  busy.close();
  stopped.get();
}

TEST_F(HttpServerTest, StopCancelsWhatTakesTooLong) {
  HttpServerOptions options;
  options.drain_timeout = 200ms;
  options.worker_threads = 1;
  start(options);
  TestClient running(port()), queued(port()), slow(port());
  ASSERT_TRUE(running.send(get("/wait")));
  ASSERT_TRUE(gate_.wait_until_waiting(1));
  ASSERT_TRUE(queued.send(get("/hello")));
  ASSERT_TRUE(slow.send("GET /hel"));
  while (server_->stats().requests_in_flight < 2) std::this_thread::sleep_for(1ms);
  gate_.open();
  const auto started = std::chrono::steady_clock::now();
  server_->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - started, 5s);
  EXPECT_TRUE(cancelled_);
  EXPECT_EQ(running.read_answer()->status, 499);
  EXPECT_EQ(queued.read_answer()->status, 503);
}

TEST_F(HttpServerTest, CompressesWhenAccepted) {
  start();
  TestClient client(port());
  const auto plain = client.ask(get("/long"));
  const auto packed = client.ask(get("/long", "Accept-Encoding: gzip\r\n"));
  ASSERT_TRUE(plain && packed);
  EXPECT_EQ(plain->headers.find("Content-Encoding"), nullptr);
  EXPECT_EQ(packed->headers.value_or_empty("Content-Encoding"), "gzip");
  EXPECT_EQ(packed->headers.value_or_empty("Vary"), "Accept-Encoding");
  EXPECT_LT(packed->body.size(), 200U);
  EXPECT_EQ(packed->body.substr(0, 2), "\x1F\x8B");
  EXPECT_EQ(client.ask(get("/hello", "Accept-Encoding: gzip\r\n"))->body, "hello") << "too small to bother";
}

TEST_F(HttpServerTest, HeadHasHeadersOnly) {
  start();
  TestClient client(port());
  ASSERT_TRUE(client.send("HEAD /long HTTP/1.1\r\nHost: h\r\n\r\n"));
  const auto answer = client.read_answer(true);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->headers.value_or_empty("Content-Length"), "5002");
  EXPECT_EQ(client.ask(get("/hello"))->body, "hello");
}

TEST_F(HttpServerTest, RequestIdsAreTakenOrMade) {
  start();
  TestClient client(port());
  const auto mine = client.ask(get("/id", "x-request-id: abc-1\r\n"));
  EXPECT_EQ(mine->body, "abc-1");
  EXPECT_EQ(mine->headers.value_or_empty("x-request-id"), "abc-1");
  const auto first = client.ask(get("/id")), second = client.ask(get("/id", "x-request-id: not sane\r\n"));
  EXPECT_EQ(first->body.size(), 16U);
  EXPECT_EQ(second->body.size(), 16U);
  EXPECT_NE(first->body, second->body);
}

TEST_F(HttpServerTest, AuthenticationComesBeforeTheBody) {
  authenticate_ = [](const Request& request) -> std::optional<Response> {
    if (request.headers.value_or_empty("api-key") == "k") return std::nullopt;
    return Response::text("who are you?", 401);
  };
  start();
  TestClient client(port());
  EXPECT_EQ(client.ask(get("/hello"))->status, 401);
  EXPECT_EQ(client.ask(get("/hello", "api-key: k\r\n"))->body, "hello");
  ASSERT_TRUE(client.send("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1000000\r\n\r\n"));
  EXPECT_EQ(client.read_answer()->status, 401) << "without waiting for the body";
  EXPECT_TRUE(client.closed_within(5s));
}

TEST_F(HttpServerTest, CrossOriginRequests) {
  HttpServerOptions options;
  options.cors_origins = {"https://good.example"};
  start(options);
  TestClient client(port());
  const auto good = client.ask(get("/hello", "Origin: https://good.example\r\n"));
  EXPECT_EQ(good->headers.value_or_empty("Access-Control-Allow-Origin"), "https://good.example");
  const auto bad = client.ask(get("/hello", "Origin: https://bad.example\r\n"));
  EXPECT_EQ(bad->headers.find("Access-Control-Allow-Origin"), nullptr);
  const auto preflight = client.ask(
      "OPTIONS /echo HTTP/1.1\r\nHost: h\r\nOrigin: https://good.example\r\nAccess-Control-Request-Method: "
      "POST\r\n"
      "Access-Control-Request-Headers: api-key\r\n\r\n");
  EXPECT_EQ(preflight->status, 204);
  EXPECT_EQ(preflight->headers.value_or_empty("Access-Control-Allow-Headers"), "api-key");
  EXPECT_EQ(preflight->headers.value_or_empty("Access-Control-Allow-Origin"), "https://good.example");
}

TEST_F(HttpServerTest, TakenPortSaysWhich) {
  start();
  HttpServerOptions options;
  options.port = port();
  const auto second = HttpServer::start(options, {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::failed_precondition);
  EXPECT_THAT(second.error().message, HasSubstr("127.0.0.1:" + std::to_string(port())));
  EXPECT_THAT(second.error().message, HasSubstr("choose another port"));
  options.bind_address = "nowhere";
  EXPECT_EQ(HttpServer::start(options, {}).error().code, ErrorCode::invalid_argument);
  options.bind_address = "192.0.2.1";  // RFC 5737: nobody has it
  EXPECT_EQ(HttpServer::start(options, {}).error().code, ErrorCode::invalid_argument);
}

// ── streams ──────────────────────────────────────────────────────────────────────────────────────────────

TEST_F(HttpServerTest, StreamsEventsAndKeepsTheConnection) {
  router_.add(Method::get, "/events", [](Request&) {
    return event_stream_response([](EventStream stream) {
      for (int i = 0; i < 100; ++i) {
        if (!stream.send({"delta", std::to_string(i), std::string(1000, 'x')})) return;
      }
      stream.close();
    });
  });
  start();
  TestClient client(port());
  const auto answer = client.ask(get("/events"));
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->headers.value_or_empty("Content-Type"), "text/event-stream");
  EXPECT_EQ(answer->headers.value_or_empty("Cache-Control"), "no-cache");
  int events = 0;
  EventParser parser;
  ASSERT_TRUE(parser.push(answer->body, [&](const ServerEvent& event) {
    EXPECT_EQ(event.id, std::to_string(events));
    EXPECT_EQ(event.data.size(), 1000U);
    ++events;
  }));
  EXPECT_EQ(events, 100);
  EXPECT_EQ(client.ask(get("/hello"))->body, "hello");
  TestClient old(port());
  const auto raw = old.ask("GET /events HTTP/1.0\r\n\r\n");
  ASSERT_TRUE(raw);
  EXPECT_EQ(raw->body, answer->body) << "HTTP/1.0: no chunks";
}

TEST_F(HttpServerTest, StreamsOutliveTheHandlerWithoutAThread) {
  std::mutex mutex;
  std::vector<std::shared_ptr<StreamWriter>> writers;
  router_.add(Method::get, "/held", [&](Request&) {
    Response response = Response::text("");
    response.stream_heartbeat = "~";
    response.stream = [&](std::shared_ptr<StreamWriter> writer) {
      const std::lock_guard lock(mutex);
      writers.push_back(std::move(writer));
    };
    return response;
  });
  HttpServerOptions options;
  options.worker_threads = 1;
  options.heartbeat_interval = 200ms;
  start(options);
  TestClient first(port()), second(port());
  first.send(get("/held"));
  second.send(get("/held"));
  const auto held = [&] {
    const std::lock_guard lock(mutex);
    return writers.size();
  };
  while (held() < 2) std::this_thread::sleep_for(1ms);
  TestClient other(port());
  EXPECT_EQ(other.ask(get("/hello"))->body, "hello") << "the only worker is free";
  std::this_thread::sleep_for(500ms);
  ASSERT_TRUE(writers[0]->write("abc"));
  writers[0]->close();
  EXPECT_FALSE(writers[0]->write("more"));
  const auto answer = first.read_answer();
  ASSERT_TRUE(answer);
  EXPECT_THAT(answer->body, ::testing::MatchesRegex("~+abc"));
  writers[1].reset();  // an accident: the client must not take it for the end
  EXPECT_FALSE(second.read_answer());
}

TEST_F(HttpServerTest, HangingUpEndsAStream) {
  std::promise<Error> ended;
  router_.add(Method::get, "/endless", [&](Request&) {
    Response response = Response::text("");
    response.stream = [&](const std::shared_ptr<StreamWriter>& writer) {
      for (;;) {
        // Never more than the buffer is held back, so this waits for the client most of the time.
        if (auto status = writer->write(std::string(10'000, 'z')); !status)
          return ended.set_value(status.error());
      }
    };
    return response;
  });
  start();
  TestClient client(port());
  ASSERT_TRUE(client.send(get("/endless")));
  ASSERT_TRUE(client.receive());
  auto future = ended.get_future();
  EXPECT_EQ(future.wait_for(300ms), std::future_status::timeout)
      << "blocked by the client that does not read";
  client.close();
  ASSERT_EQ(future.wait_for(5s), std::future_status::ready);
  EXPECT_EQ(future.get().code, ErrorCode::cancelled);
}

TEST_F(HttpServerTest, HangingUpBeforeTheStreamBeginsEndsItToo) {
  std::promise<void> ended;
  router_.add(Method::get, "/late", [&](Request& request) {
    gate_.pass();
    while (!request.stop->cancelled()) std::this_thread::sleep_for(1ms);
    Response response = Response::text("");
    response.stream = [&](const std::shared_ptr<StreamWriter>& writer) {
      while (writer->write(std::string(10'000, 'z'))) continue;
      ended.set_value();
    };
    return response;
  });
  start();
  TestClient client(port());
  ASSERT_TRUE(client.send(get("/late")));
  ASSERT_TRUE(gate_.wait_until_waiting(1));
  client.close();
  gate_.open();
  EXPECT_EQ(ended.get_future().wait_for(5s), std::future_status::ready);
}

TEST_F(HttpServerTest, StopEndsStreams) {
  std::shared_ptr<StreamWriter> kept;
  Gate opened;
  router_.add(Method::get, "/held", [&](Request&) {
    Response response = Response::text("");
    response.stream = [&](std::shared_ptr<StreamWriter> writer) {
      kept = std::move(writer);
      opened.open();
    };
    return response;
  });
  HttpServerOptions options;
  options.drain_timeout = 100ms;
  start(options);
  TestClient client(port());
  ASSERT_TRUE(client.send(get("/held")));
  opened.pass();
  server_->stop();
  server_.reset();
  EXPECT_TRUE(kept->stop().cancelled());
  EXPECT_FALSE(kept->write("into the void")) << "the writer outlives the server";
  EXPECT_FALSE(client.read_answer());
}

TEST_F(HttpServerTest, ManyClientsAtOnce) {
  auto pool = Pool::start({.name = "test", .threads = 3, .queue_max = 1000});
  ASSERT_TRUE(pool);
  HttpServerOptions options;
  options.pool = pool->get();
  options.io_threads = 2;
  start(options);
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      TestClient client(port());
      for (int i = 0; i < 100; ++i) {
        const std::string body(static_cast<std::size_t>(t * 1000 + i), 'x');
        const auto answer =
            client.ask("POST /size HTTP/1.1\r\nHost: h\r\nContent-Length: " + std::to_string(body.size()) +
                       "\r\n\r\n" + body);
        if (answer && answer->body == std::to_string(body.size())) ++right;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(right, 800);
  server_.reset();  // before the pool
}

}  // namespace
}  // namespace kith::net
