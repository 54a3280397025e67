#include "rag/line_reader.h"

#include <algorithm>
#include <cstring>

namespace kith::rag {

LineReader::LineReader(std::FILE* file, bool owns, std::size_t bytes_max)
    : file_(file), owns_(owns), bytes_max_(bytes_max), buffer_(std::size_t{256} << 10, '\0') {}

LineReader::~LineReader() {
  if (owns_) std::fclose(file_);
}

bool LineReader::fill() {
  at_ = 0;
  size_ = std::fread(buffer_.data(), 1, buffer_.size(), file_);
  return size_ > 0;
}

Result<std::optional<LineReader::Line>> LineReader::next() {
  Line line;
  bool any = false;
  while (true) {
    if (at_ == size_ && !fill()) {
      if (std::ferror(file_) != 0) {
        return failure(ErrorCode::io,
                       "reading failed behind line " + std::to_string(number_) + ": " + std::strerror(errno));
      }
      break;
    }
    any = true;
    const char* begin = buffer_.data() + at_;
    const auto* end = static_cast<const char*>(std::memchr(begin, '\n', size_ - at_));
    const std::size_t bytes = end != nullptr ? static_cast<std::size_t>(end - begin) : size_ - at_;
    if (line.text.size() + bytes > bytes_max_) {
      line.too_long = true;
      line.text.clear();
    } else if (!line.too_long) {
      line.text.append(begin, bytes);
    }
    at_ += bytes + (end != nullptr ? 1 : 0);
    if (end != nullptr) break;
  }
  if (!any) return std::nullopt;
  line.number = ++number_;
  if (!line.text.empty() && line.text.back() == '\r') line.text.pop_back();
  return line;
}

}  // namespace kith::rag
