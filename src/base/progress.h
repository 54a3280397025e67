// Progress: tells a person how far a long job is. A bar that redraws itself on a terminal, plain lines elsewhere.
//
// Promises: at most one line every `line_interval` (redraws: `redraw_interval`), a last one from finish(); no
// colours or cursor movements unless the output is a terminal (and no colours when NO_COLOR is set).
// Thread safety: every method may be called from any thread.
#pragma once

#include "base/clock.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace kith {

struct ProgressState {
  std::string label;  ///< "Ingesting"
  std::string unit = "documents";
  std::uint64_t done = 0;
  std::optional<std::uint64_t> total;  ///< unset: not known (yet)
  double rate_per_second = 0;          ///< over the last seconds; 0: not known yet
  std::optional<std::chrono::seconds> eta;
  std::uint64_t rss_bytes = 0;  ///< 0: not shown
  std::chrono::milliseconds elapsed{0};
  std::string note;  ///< "3 failed"
};

/// One line, no line break. The bar takes the columns that are left, and is dropped when there are too few.
std::string render_progress_bar(const ProgressState& state, std::size_t columns, bool color);
std::string render_progress_line(const ProgressState& state);

struct ProgressOptions {
  std::string label;
  std::string unit = "documents";
  std::function<void(std::string_view)> write;  ///< unset: stderr
  bool terminal = false;
  bool color = false;
  std::size_t columns = 80;
  std::chrono::milliseconds redraw_interval{100};
  std::chrono::milliseconds line_interval{5000};
  std::function<std::uint64_t()> rss_bytes;  ///< unset: this process
  bool quiet = false;                        ///< says nothing at all
};

/// terminal, color and columns of stderr: isatty, TERM, NO_COLOR (no-color.org) and its width.
ProgressOptions progress_options_for_stderr(std::string label, std::string unit);

class Progress {
 public:
  Progress(ProgressOptions options, const Clock& clock);
  ~Progress();  ///< ends an unfinished bar's line

  void set_total(std::optional<std::uint64_t> total);
  void set_done(std::uint64_t done);
  void add(std::uint64_t more = 1);
  void set_note(std::string note);
  /// Prints a line of its own above the bar (a file that failed).
  void message(std::string_view line);
  /// The last state, and the end of the line.
  void finish();

  ProgressState state() const;

 private:
  ProgressState state_locked(Clock::SteadyTime now) const;
  void sample_rate(Clock::SteadyTime now);
  void show(Clock::SteadyTime now, bool last);
  void write(std::string_view text) const;

  ProgressOptions options_;
  const Clock& clock_;
  const Clock::SteadyTime started_;
  mutable std::mutex mutex_;
  std::uint64_t done_ = 0;
  std::optional<std::uint64_t> total_;
  std::string note_;
  double rate_per_second_ = 0;
  std::uint64_t sampled_done_ = 0;
  Clock::SteadyTime sampled_at_;
  Clock::SteadyTime shown_at_;
  bool shown_ = false;
  bool finished_ = false;
};

}  // namespace kith
