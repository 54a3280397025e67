#include "fields/datetime.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>

namespace kith::fields {
namespace {

constexpr std::int64_t second_us = 1'000'000, minute_us = 60 * second_us, hour_us = 60 * minute_us,
                       day_us = 24 * hour_us;
// 0000-01-01T00:00:00Z and the last microsecond of 9999.
constexpr std::int64_t first_us = -62'167'219'200 * second_us,
                       last_us = 253'402'300'799 * second_us + 999'999;

class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  std::optional<std::int64_t> run() {
    auto microseconds = date();
    if (good_ && (take('T') || take('t') || take(' '))) microseconds += time() - offset();
    if (!good_ || at_ != text_.size() || microseconds < first_us || microseconds > last_us)
      return std::nullopt;
    return microseconds;
  }

 private:
  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void need(char c) { good_ = take(c) && good_; }

  bool at_digit() const { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; }

  int number(int digits, int least, int most) {
    int value = 0;
    for (int i = 0; i < digits; ++i) {
      if (!at_digit()) {
        good_ = false;
        return least;
      }
      value = value * 10 + (text_[at_++] - '0');
    }
    if (value < least || value > most) good_ = false;
    return value;
  }

  std::int64_t date() {
    namespace chrono = std::chrono;
    const int year = number(4, 0, 9999);
    need('-');
    const int month = number(2, 1, 12);
    need('-');
    const int day = number(2, 1, 31);
    const chrono::year_month_day date{chrono::year(year), chrono::month(static_cast<unsigned>(month)),
                                      chrono::day(static_cast<unsigned>(day))};
    if (!good_ || !date.ok()) {
      good_ = false;
      return 0;
    }
    return chrono::sys_days(date).time_since_epoch().count() * day_us;
  }

  std::int64_t time() {
    std::int64_t microseconds = number(2, 0, 23) * hour_us;
    need(':');
    microseconds += number(2, 0, 59) * minute_us;
    if (!take(':')) return microseconds;
    microseconds += number(2, 0, 60) * second_us;
    return take('.') ? microseconds + fraction() : microseconds;
  }

  std::int64_t fraction() {
    if (!at_digit()) good_ = false;
    std::int64_t microseconds = 0, unit = second_us / 10;
    for (; at_digit(); ++at_, unit /= 10) microseconds += (text_[at_] - '0') * unit;
    return microseconds;
  }

  std::int64_t offset() {
    if (at_ == text_.size() || take('Z') || take('z')) return 0;
    const bool west = take('-');
    if (!west) need('+');
    std::int64_t microseconds = number(2, 0, 23) * hour_us;
    if (take(':') || at_digit()) microseconds += number(2, 0, 59) * minute_us;
    return west ? -microseconds : microseconds;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool good_ = true;
};

}  // namespace

std::optional<std::int64_t> read_datetime(std::string_view text) { return Reader(text).run(); }

Result<std::int64_t> parse_datetime(std::string_view text) {
  if (const auto microseconds = read_datetime(text)) return *microseconds;
  return failure(ErrorCode::invalid_argument,
                 "\"" + std::string(text.substr(0, 60)) +
                     "\" is not a date; write it as RFC 3339, such as 2024-02-29, 2024-02-29T12:30:00Z or "
                     "2024-02-29T12:30:00.5+01:00");
}

std::string datetime_text(std::int64_t microseconds) {
  namespace chrono = std::chrono;
  const chrono::microseconds since_epoch(std::clamp(microseconds, first_us, last_us));
  const auto days = chrono::floor<chrono::days>(since_epoch);
  const chrono::year_month_day date{chrono::sys_days(days)};
  const chrono::hh_mm_ss time(since_epoch - days);
  std::array<char, 48> buffer{};
  std::snprintf(buffer.data(), buffer.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%06d",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                static_cast<int>(time.subseconds().count()));
  std::string text(buffer.data());
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text + 'Z';
}

}  // namespace kith::fields
