#include "net/event_stream.h"

namespace kith::net {
namespace {

void append_without_line_breaks(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c != '\n' && c != '\r' && c != '\0') out.push_back(c);
  }
}

/// One "data:" line for each line of the text, so that no line break can end the event early.
void append_data(std::string& out, std::string_view data) {
  for (;;) {
    const auto end = data.find_first_of("\r\n");
    out += "data: ";
    out += data.substr(0, end);
    out += '\n';
    if (end == std::string_view::npos) return;
    const bool pair = data[end] == '\r' && end + 1 < data.size() && data[end + 1] == '\n';
    data.remove_prefix(end + (pair ? 2 : 1));
  }
}

}  // namespace

std::string format_event(const ServerEvent& event) {
  std::string out;
  out.reserve(event.data.size() + event.event.size() + event.id.size() + 32);
  if (!event.event.empty()) {
    out += "event: ";
    append_without_line_breaks(out, event.event);
    out += '\n';
  }
  if (!event.id.empty()) {
    out += "id: ";
    append_without_line_breaks(out, event.id);
    out += '\n';
  }
  append_data(out, event.data);
  out += '\n';
  return out;
}

Status EventStream::send_comment(std::string_view text) {
  std::string line = ":";
  append_without_line_breaks(line, text);
  line += "\n\n";
  return writer_->write(line);
}

Response event_stream_response(std::function<void(EventStream)> produce) {
  Response response;
  response.content_type = "text/event-stream";
  response.headers.set("Cache-Control", "no-cache");
  response.headers.set("X-Accel-Buffering", "no");
  response.stream_heartbeat = ":\n\n";
  response.stream = [produce = std::move(produce)](std::shared_ptr<StreamWriter> writer) {
    produce(EventStream(std::move(writer)));
  };
  return response;
}

Status EventParser::push(std::string_view bytes, const std::function<void(const ServerEvent&)>& on_event) {
  while (!bytes.empty()) {
    if (skip_line_feed_ && bytes.front() == '\n') {
      skip_line_feed_ = false;
      bytes.remove_prefix(1);
      continue;
    }
    skip_line_feed_ = false;
    const auto end = bytes.find_first_of("\r\n");
    line_.append(bytes.substr(0, end));
    if (line_.size() + event_.data.size() > event_bytes_max_) {
      return failure(ErrorCode::too_large,
                     "a server-sent event is larger than " + std::to_string(event_bytes_max_) + " bytes");
    }
    if (end == std::string_view::npos) return {};
    skip_line_feed_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    take_line(line_, on_event);
    line_.clear();
  }
  return {};
}

void EventParser::take_line(std::string_view line, const std::function<void(const ServerEvent&)>& on_event) {
  constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
  if (at_start_ && line.starts_with(byte_order_mark)) line.remove_prefix(byte_order_mark.size());
  at_start_ = false;
  if (line.empty()) {
    if (has_data_) {
      event_.data.pop_back();  // the line break behind the last line
      on_event(event_);
    }
    event_.event.clear();
    event_.data.clear();
    has_data_ = false;
    return;
  }
  const auto colon = line.find(':');
  const auto name = line.substr(0, colon);
  auto value = colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (name == "data") {
    event_.data.append(value).push_back('\n');
    has_data_ = true;
  } else if (name == "event") {
    event_.event = value;
  } else if (name == "id" && value.find('\0') == std::string_view::npos) {
    event_.id = value;  // stays for the events that follow, as the standard wants it
  }
}

}  // namespace kith::net
