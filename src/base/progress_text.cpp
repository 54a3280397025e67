// What a progress looks like; progress.cpp decides when it is shown.
#include "base/progress.h"
#include "base/units.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace kith {
namespace {

std::string fixed(double value) {
  std::array<char, 64> buffer{};
  std::snprintf(buffer.data(), buffer.size(), value < 9.95 ? "%.1f" : "%.0f", value);
  return buffer.data();
}

// "1,024": long counts are easier to compare.
std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

double share_done(const ProgressState& state) {
  if (!state.total || *state.total == 0) return 0;
  return std::min(1.0, static_cast<double>(state.done) / static_cast<double>(*state.total));
}

std::string counts(const ProgressState& state) {
  std::string out = grouped(state.done);
  if (state.total) out += "/" + grouped(*state.total);
  out += " " + state.unit;
  if (state.total && *state.total != 0) {
    out += " " + std::to_string(static_cast<int>(share_done(state) * 100)) + "%";
  }
  return out;
}

std::string figures(const ProgressState& state) {
  std::string out;
  if (state.rate_per_second > 0) out += "  " + fixed(state.rate_per_second) + "/s";
  if (state.eta) {
    out += "  ETA " + format_duration(*state.eta);
  } else {
    out += "  " + format_duration(std::chrono::duration_cast<std::chrono::seconds>(state.elapsed));
  }
  if (state.rss_bytes != 0) out += "  RSS " + format_bytes_short(state.rss_bytes);
  if (!state.note.empty()) out += "  " + state.note;
  return out;
}

}  // namespace

std::string render_progress_line(const ProgressState& state) {
  return state.label + "  " + counts(state) + figures(state);
}

std::string render_progress_bar(const ProgressState& state, std::size_t columns, bool color) {
  constexpr std::size_t bar_min = 10, bar_max = 40;
  const std::string before = state.label + " ", after = " " + counts(state) + figures(state);
  const std::size_t used = before.size() + after.size() + 3;  // brackets, and one column left free
  if (!state.total || columns < used + bar_min) {
    // Cut to the width: a line that wraps cannot be redrawn.
    std::string line = render_progress_line(state);
    if (line.size() < columns) return line;
    std::size_t end = columns == 0 ? 0 : columns - 1;
    while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80)
      --end;  // not inside a character
    line.resize(end);
    return line;
  }
  const std::size_t width = std::min(columns - used, bar_max);
  const auto filled = static_cast<std::size_t>(share_done(state) * static_cast<double>(width));
  std::string bar(filled, '#');
  if (color) bar = "\x1b[32m" + bar + "\x1b[0m";
  bar.append(width - filled, '-');
  return before + "[" + bar + "]" + after;
}

}  // namespace kith
