// RequestReader: from the bytes of a connection to one Request. No socket, so that it can be fuzzed; the grammar is
// Beast's parser, which only the .cpp knows.
//
// Promises: beyond what the grammar asks, refuses what lets two servers disagree about where a request ends: a
// transfer coding other than chunked, both length and transfer coding, a missing or second Host. Trailers are
// dropped. Memory grows with what was received, not with what a Content-Length promises.
//
// Thread safety: one thread at a time. RFC 9112.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "net/http_message.h"

namespace kith::net {

class RequestReader {
 public:
  struct Limits {
    std::size_t header_bytes_max = 16 << 10;
    std::size_t body_bytes_max = 32 << 20;
  };
  enum class Step : std::uint8_t {
    need_more,    ///< hand over what was not used, and more behind it
    header_done,  ///< reported once; then request() and the questions below may be asked
    done,         ///< body() too
    failed,       ///< see failure_status(); the connection is of no further use
  };

  explicit RequestReader(Limits limits);
  ~RequestReader();
  RequestReader(RequestReader&&) noexcept;
  RequestReader& operator=(RequestReader&&) noexcept;

  /// `used`: how many of the bytes are done with.
  Step read(std::string_view bytes, std::size_t& used);

  /// Whether a byte of a request line has been seen.
  bool started() const;
  /// All but body, remote_address, request_id, received_at and stop.
  Request& request();
  bool expects_continue() const;
  bool keep_alive() const;
  /// HTTP/1.0: knows no chunks.
  bool is_http_1_0() const;
  /// False: the request ends with its header.
  bool has_body() const;
  std::size_t body_bytes() const;
  std::string take_body();

  int failure_status() const;
  const std::string& failure_message() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kith::net
