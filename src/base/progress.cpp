#include "base/progress.h"

#include "base/process_figures.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace kith {
namespace {

constexpr std::chrono::milliseconds sample_interval{500};
constexpr double rate_memory_seconds = 10;  // how far back the rate looks

}  // namespace

ProgressOptions progress_options_for_stderr(std::string label, std::string unit) {
  ProgressOptions options;
  options.label = std::move(label);
  options.unit = std::move(unit);
  const char* term = std::getenv("TERM");
  const char* no_color = std::getenv("NO_COLOR");
  options.terminal = isatty(STDERR_FILENO) == 1 && term != nullptr && std::string_view(term) != "dumb";
  options.color = options.terminal && (no_color == nullptr || *no_color == '\0');
  winsize size{};
  if (options.terminal && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col != 0)
    options.columns = size.ws_col;
  return options;
}

Progress::Progress(ProgressOptions options, const Clock& clock)
    : options_(std::move(options)),
      clock_(clock),
      started_(clock.steady_now()),
      sampled_at_(started_),
      shown_at_(started_) {
  if (!options_.rss_bytes) options_.rss_bytes = [] { return process_resident_bytes(); };
  if (!options_.write) {
    options_.write = [](std::string_view text) {
      std::fwrite(text.data(), 1, text.size(), stderr);
      std::fflush(stderr);
    };
  }
}

Progress::~Progress() {
  const std::lock_guard lock(mutex_);
  if (!finished_ && shown_ && options_.terminal) write("\n");
}

void Progress::set_total(std::optional<std::uint64_t> total) {
  const std::lock_guard lock(mutex_);
  total_ = total;
  show(clock_.steady_now(), false);
}

void Progress::set_done(std::uint64_t done) {
  const std::lock_guard lock(mutex_);
  done_ = done;
  const auto now = clock_.steady_now();
  sample_rate(now);
  show(now, false);
}

void Progress::add(std::uint64_t more) {
  const std::lock_guard lock(mutex_);
  done_ += more;
  const auto now = clock_.steady_now();
  sample_rate(now);
  show(now, false);
}

void Progress::set_note(std::string note) {
  const std::lock_guard lock(mutex_);
  note_ = std::move(note);
}

void Progress::message(std::string_view line) {
  const std::lock_guard lock(mutex_);
  if (options_.quiet) return;
  // On a terminal the bar's line is wiped first and drawn again below.
  std::string text = options_.terminal && shown_ ? "\r\x1b[K" : "";
  text.append(line).push_back('\n');
  if (options_.terminal && shown_ && !finished_) {
    text += render_progress_bar(state_locked(clock_.steady_now()), options_.columns, options_.color);
  }
  write(text);
}

void Progress::finish() {
  const std::lock_guard lock(mutex_);
  if (finished_) return;
  const auto now = clock_.steady_now();
  sample_rate(now);
  show(now, true);
  finished_ = true;
}

ProgressState Progress::state() const {
  const std::lock_guard lock(mutex_);
  return state_locked(clock_.steady_now());
}

ProgressState Progress::state_locked(Clock::SteadyTime now) const {
  ProgressState state;
  state.label = options_.label;
  state.unit = options_.unit;
  state.done = done_;
  state.total = total_;
  state.rate_per_second = rate_per_second_;
  state.rss_bytes = options_.rss_bytes();
  state.elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - started_);
  state.note = note_;
  if (total_ && rate_per_second_ > 0) {
    const std::uint64_t left = *total_ > done_ ? *total_ - done_ : 0;
    const double seconds = std::ceil(static_cast<double>(left) / rate_per_second_);
    if (seconds < 1e9) state.eta = std::chrono::seconds(static_cast<std::int64_t>(seconds));
  }
  return state;
}

void Progress::sample_rate(Clock::SteadyTime now) {
  const auto since = now - sampled_at_;
  if (since < sample_interval) return;
  const double seconds = std::chrono::duration<double>(since).count();
  const std::uint64_t more = done_ > sampled_done_ ? done_ - sampled_done_ : 0;
  const double latest = static_cast<double>(more) / seconds;
  const double weight = rate_per_second_ == 0 ? 1 : 1 - std::exp(-seconds / rate_memory_seconds);
  rate_per_second_ += weight * (latest - rate_per_second_);
  sampled_at_ = now;
  sampled_done_ = done_;
}

void Progress::show(Clock::SteadyTime now, bool last) {
  if (options_.quiet || finished_) return;
  const auto interval = options_.terminal ? options_.redraw_interval : options_.line_interval;
  const bool first = !shown_ && options_.terminal;
  if (!last && !first && now - shown_at_ < interval) return;
  ProgressState state = state_locked(now);
  if (last) {
    // What counts at the end is the whole, not the last seconds.
    state.eta.reset();
    const double seconds = std::chrono::duration<double>(now - started_).count();
    if (seconds > 0) state.rate_per_second = static_cast<double>(done_) / seconds;
  }
  if (options_.terminal) {
    write("\r\x1b[K" + render_progress_bar(state, options_.columns, options_.color) + (last ? "\n" : ""));
  } else {
    write(render_progress_line(state) + "\n");
  }
  shown_at_ = now;
  shown_ = true;
}

void Progress::write(std::string_view text) const {
  if (!options_.quiet) options_.write(text);
}

}  // namespace kith
