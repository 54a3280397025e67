#include "net/request_reader.h"

#include <gtest/gtest.h>

namespace kith::net {
namespace {

using Step = RequestReader::Step;

struct Outcome {
  Step step = Step::need_more;
  Request request;
  std::string body;
  int failure_status = 0;
  std::string rest;
};

/// Feeds the text in pieces of `piece` bytes, as a connection would.
Outcome read_all(std::string_view text, std::size_t piece, RequestReader::Limits limits = {}) {
  RequestReader reader(limits);
  Outcome out;
  std::string waiting;
  while (!text.empty() || !waiting.empty()) {
    waiting += text.substr(0, piece);
    text.remove_prefix(std::min(piece, text.size()));
    for (;;) {
      std::size_t used = 0;
      out.step = reader.read(waiting, used);
      waiting.erase(0, used);
      if (out.step != Step::header_done) break;
      out.request = std::move(reader.request());
    }
    if (out.step != Step::need_more || text.empty()) break;
  }
  if (out.step == Step::done) out.body = reader.take_body();
  out.failure_status = reader.failure_status();
  out.rest = waiting + std::string(text);
  return out;
}

TEST(RequestReader, SameResultInAnyPieces) {
  const std::string text =
      "\r\nPOST /a%20b?x=1 HTTP/1.1\r\nHost: h\r\nX-Two:  spaced \r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nTrailer: t\r\nHost: other\r\n\r\nGET /next";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    const Outcome out = read_all(text, piece);
    ASSERT_EQ(out.step, Step::done) << piece;
    EXPECT_EQ(out.request.method, Method::post);
    EXPECT_EQ(out.request.path, std::vector<std::string>{"a b"});
    EXPECT_EQ(*out.request.query_value("x"), "1");
    EXPECT_EQ(out.request.headers.value_or_empty("x-two"), "spaced");
    EXPECT_EQ(out.request.headers.value_or_empty("Host"), "h");
    EXPECT_EQ(out.request.headers.find("Trailer"), nullptr);
    EXPECT_EQ(out.body, "hello world");
    EXPECT_EQ(out.rest, "GET /next");
  }
}

TEST(RequestReader, RefusesFaultyRequests) {
  const std::pair<std::string_view, int> faults[] = {
      {"GET / HTTP/1.1\r\n\r\n", 400},  // no Host
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
      {"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505},
      {"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /\x01 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GE T / HTTP/1.1\r\nHost: a\r\n\r\n", 505},
      {"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 400},
      {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nabc\r\n0\r\n\r\n", 400},
      {"POST / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n\r\n", 417},
      {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400},  // a TLS client on a plain port
  };
  for (const auto& [text, status] : faults) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}}) {
      const Outcome out = read_all(text, piece);
      EXPECT_EQ(out.step, Step::failed) << text;
      EXPECT_EQ(out.failure_status, status) << text;
    }
  }
}

TEST(RequestReader, LimitsHold) {
  RequestReader::Limits limits;
  limits.header_bytes_max = 1000;
  limits.body_bytes_max = 100;
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\n";
  EXPECT_EQ(read_all(head + "X: " + std::string(2000, 'x') + "\r\n\r\n", 64, limits).failure_status, 431);
  EXPECT_EQ(read_all("GET /" + std::string(2000, 'x') + " HTTP/1.1\r\n\r\n", 64, limits).failure_status, 431);
  EXPECT_EQ(read_all(head + "Content-Length: 101\r\n\r\n", 64, limits).failure_status, 413);
  EXPECT_EQ(read_all(head + "Content-Length: 100\r\n\r\n" + std::string(100, 'b'), 64, limits).body.size(),
            100U);
  std::string chunks = head + "Transfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 3; ++i) chunks += "28\r\n" + std::string(40, 'c') + "\r\n";
  EXPECT_EQ(read_all(chunks + "0\r\n\r\n", 64, limits).failure_status, 413);
}

TEST(RequestReader, ConnectionPersistence) {
  const auto keeps = [](std::string_view text) {
    RequestReader reader({});
    std::size_t used = 0;
    EXPECT_EQ(reader.read(text, used), Step::header_done);
    return reader.keep_alive();
  };
  EXPECT_TRUE(keeps("GET / HTTP/1.1\r\nHost: a\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"));
  EXPECT_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  EXPECT_TRUE(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

}  // namespace
}  // namespace kith::net
