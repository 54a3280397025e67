// LineReader: one line at a time from a file or standard input, however large the whole is.
// A line over bytes_max is passed over and reported. Memory: one line. Thread safety: none.
#pragma once

#include <kith/result.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>

namespace kith::rag {

class LineReader {
 public:
  struct Line {
    std::uint64_t number = 0;  ///< from 1
    std::string text;          ///< without the line end
    bool too_long = false;     ///< text is empty then
  };

  /// Reads `file` and, when `owns`, closes it.
  LineReader(std::FILE* file, bool owns, std::size_t bytes_max);
  ~LineReader();
  LineReader(const LineReader&) = delete;
  LineReader& operator=(const LineReader&) = delete;

  /// nullopt at the end; io when reading fails.
  Result<std::optional<Line>> next();

 private:
  bool fill();
  std::FILE* file_;
  bool owns_;
  std::size_t bytes_max_;
  std::uint64_t number_ = 0;
  std::string buffer_;
  std::size_t at_ = 0, size_ = 0;
};

}  // namespace kith::rag
