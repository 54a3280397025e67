// Server-sent events: writing them to a StreamWriter, and reading them from a response.
// WHATWG HTML, section 9.2. Thread safety: EventStream as StreamWriter (events are never torn); EventParser: one
// thread at a time.
#pragma once

#include <kith/result.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "net/http_message.h"

namespace kith::net {

struct ServerEvent {
  std::string event;  ///< empty: "message"
  std::string id;
  std::string data;  ///< may have several lines
};

/// The event as it goes over the wire. Line breaks in `event` and `id` are dropped.
std::string format_event(const ServerEvent& event);

class EventStream {
 public:
  explicit EventStream(std::shared_ptr<StreamWriter> writer) : writer_(std::move(writer)) {}

  /// As StreamWriter::write.
  Status send(const ServerEvent& event) { return writer_->write(format_event(event)); }
  /// A comment line, which clients ignore: keeps the connection open through proxies.
  Status send_comment(std::string_view text);
  void close() { writer_->close(); }
  const StopToken& stop() const { return writer_->stop(); }

 private:
  std::shared_ptr<StreamWriter> writer_;
};

/// A 200 text/event-stream response with the headers that proxies need, and a comment line every 15 s of silence.
Response event_stream_response(std::function<void(EventStream)> produce);

/// Takes bytes as they arrive and calls back for every complete event. Events over `event_bytes_max` are refused.
class EventParser {
 public:
  explicit EventParser(std::size_t event_bytes_max = 1 << 20) : event_bytes_max_(event_bytes_max) {}

  /// too_large when an event passes the bound; the parser is of no use afterwards.
  Status push(std::string_view bytes, const std::function<void(const ServerEvent&)>& on_event);

 private:
  void take_line(std::string_view line, const std::function<void(const ServerEvent&)>& on_event);

  std::size_t event_bytes_max_;
  std::string line_;
  ServerEvent event_;
  bool has_data_ = false;
  bool skip_line_feed_ = false;
  bool at_start_ = true;
};

}  // namespace kith::net
