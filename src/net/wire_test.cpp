// Compression, server-sent events, response heads.
#include <gtest/gtest.h>
#include <zlib.h>

#include <random>

#include "net/event_stream.h"
#include "net/gzip.h"
#include "net/response_head.h"

namespace kith::net {
namespace {

std::string gunzip(std::string_view bytes, std::size_t size_max) {
  std::string out(size_max, '\0');
  z_stream stream{};
  EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  return out;
}

TEST(Gzip, RoundTrips) {
  std::mt19937 random(1);
  std::string noise(100'000, '\0');
  for (char& c : noise) c = static_cast<char>(random());
  for (const std::string& text : {std::string(), std::string("x"), std::string(70'000, 'a'), noise}) {
    const auto packed = gzip_compress(text);
    ASSERT_TRUE(packed);
    EXPECT_EQ(gunzip(*packed, text.size() + 1), text);
  }
}

TEST(Gzip, ReadsAcceptEncoding) {
  EXPECT_TRUE(accepts_gzip("gzip"));
  EXPECT_TRUE(accepts_gzip("deflate, GZIP;q=0.5"));
  EXPECT_TRUE(accepts_gzip("*"));
  EXPECT_TRUE(accepts_gzip("br, x-gzip"));
  EXPECT_FALSE(accepts_gzip(""));
  EXPECT_FALSE(accepts_gzip("identity"));
  EXPECT_FALSE(accepts_gzip("gzip;q=0"));
  EXPECT_FALSE(accepts_gzip("*, gzip; q=0.000"));
  EXPECT_FALSE(accepts_gzip("*;q=0"));
  EXPECT_TRUE(accepts_gzip("gzip;q=0.001"));
}

TEST(Events, RoundTripInAnyPieces) {
  const std::vector<ServerEvent> events{
      {"delta", "1", "one"}, {"", "2", "two\nlines"}, {"x", "3", ""}, {"", "3", "\n"}};
  std::string wire = ":\n\n";
  for (const auto& event : events) wire += format_event(event) + ": comment\n\n";
  for (const bool carriage_returns : {false, true}) {
    std::string text;
    for (const char c : wire) text += c == '\n' && carriage_returns ? "\r\n" : std::string(1, c);
    for (std::size_t piece = 1; piece < 9; ++piece) {
      EventParser parser;
      std::vector<ServerEvent> seen;
      for (std::size_t at = 0; at < text.size(); at += piece) {
        const auto part = std::string_view(text).substr(at, piece);
        ASSERT_TRUE(parser.push(part, [&](const ServerEvent& event) { seen.push_back(event); }));
      }
      ASSERT_EQ(seen.size(), events.size());
      for (std::size_t i = 0; i < seen.size(); ++i) {
        EXPECT_EQ(seen[i].event, events[i].event);
        EXPECT_EQ(seen[i].id, events[i].id);
        EXPECT_EQ(seen[i].data, events[i].data);
      }
    }
  }
}

TEST(Events, LineBreaksCannotForgeFields) {
  EXPECT_EQ(format_event({"a\nid: 7", "b\r\ndata: x", "d\revent: y"}),
            "event: aid: 7\nid: bdata: x\ndata: d\ndata: event: y\n\n");
}

TEST(Events, SizeIsBounded) {
  EventParser parser(100);
  EXPECT_EQ(parser.push("data: " + std::string(200, 'x'), [](const ServerEvent&) {}).error().code,
            ErrorCode::too_large);
}

TEST(ResponseHead, HandlersCannotForgeFraming) {
  Response response = Response::text("x");
  response.headers.add("X-Evil", "a\r\nSet-Cookie: b");
  response.headers.add("Bad Name", "1");
  response.headers.add("content-length", "999");
  response.headers.add("Transfer-Encoding", "chunked");
  ResponseFraming framing;
  framing.content_length = 1;
  const std::string head = format_response_head(response, framing, {"today", "kith", "id-1"});
  EXPECT_EQ(head,
            "HTTP/1.1 200 OK\r\nDate: today\r\nServer: kith\r\nContent-Type: text/plain; charset=utf-8\r\n"
            "Content-Length: 1\r\nx-request-id: id-1\r\nX-Evil: aSet-Cookie: b\r\n\r\n");
}

TEST(ResponseHead, DateAndIds) {
  EXPECT_EQ(format_http_date(784111777), "Sun, 06 Nov 1994 08:49:37 GMT");  // RFC 9110 section 5.6.7
  EXPECT_TRUE(sane_request_id("req_1-2.3:4"));
  EXPECT_FALSE(sane_request_id(""));
  EXPECT_FALSE(sane_request_id("a b"));
  EXPECT_FALSE(sane_request_id("a\nb"));
  EXPECT_FALSE(sane_request_id(std::string(129, 'a')));
}

}  // namespace
}  // namespace kith::net
