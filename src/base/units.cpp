#include "base/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <optional>

namespace kith {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t size;
};

constexpr std::uint64_t kib = 1024, mib = kib * 1024, gib = mib * 1024, tib = gib * 1024;
constexpr std::array<Unit, 13> byte_units = {{{"", 1},
                                              {"b", 1},
                                              {"kib", kib},
                                              {"mib", mib},
                                              {"gib", gib},
                                              {"tib", tib},
                                              {"kb", 1'000},
                                              {"mb", 1'000'000},
                                              {"gb", 1'000'000'000},
                                              {"tb", 1'000'000'000'000},
                                              {"k", kib},
                                              {"m", mib},
                                              {"g", gib}}};
constexpr std::array<Unit, 5> duration_units = {
    {{"ms", 1}, {"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool same_word(std::string_view text, std::string_view lower_word) {
  if (text.size() != lower_word.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (lower(text[i]) != lower_word[i]) return false;
  }
  return true;
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Takes "12", "1.5" off the front; nothing else that from_chars might know (signs, exponents, "inf").
std::optional<std::string_view> take_number(std::string_view& text) {
  const std::size_t end = text.find_first_not_of("0123456789.");
  const std::string_view number = text.substr(0, end);
  if (number.empty() || number.front() == '.' || number.back() == '.') return std::nullopt;
  if (number.find('.') != number.rfind('.')) return std::nullopt;
  text.remove_prefix(number.size());
  return number;
}

// number × size, exactly when it is a whole number; nothing when it leaves u63.
std::optional<std::uint64_t> scale(std::string_view number, std::uint64_t size) {
  constexpr std::uint64_t most = INT64_MAX;
  if (number.find('.') == std::string_view::npos) {
    std::uint64_t whole = 0;
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), whole);
    if (error != std::errc() || whole > most / size) return std::nullopt;
    return whole * size;
  }
  double value = 0;
  if (std::from_chars(number.data(), number.data() + number.size(), value).ec != std::errc())
    return std::nullopt;
  value = std::round(value * static_cast<double>(size));
  if (!(value < 9.2e18)) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

std::unexpected<Error> not_bytes(std::string_view text) {
  return failure(
      ErrorCode::invalid_argument,
      "\"" + std::string(text) + "\" is not a size; write for example 512MiB, 1.5GiB or a number of bytes");
}

std::unexpected<Error> not_duration(std::string_view text) {
  return failure(
      ErrorCode::invalid_argument,
      "\"" + std::string(text) + "\" is not a duration; write for example 250ms, 30s, 5m, 12h or 3d");
}

}  // namespace

Result<std::uint64_t> parse_bytes(std::string_view text) {
  std::string_view rest = trim(text);
  const auto number = take_number(rest);
  if (!number) return not_bytes(text);
  rest = trim(rest);
  for (const auto& unit : byte_units) {
    if (!same_word(rest, unit.name)) continue;
    const auto bytes = scale(*number, unit.size);
    if (!bytes) return not_bytes(text);
    return *bytes;
  }
  return not_bytes(text);
}

std::string format_bytes(std::uint64_t bytes) {
  constexpr std::array<Unit, 4> units = {{{"TiB", tib}, {"GiB", gib}, {"MiB", mib}, {"KiB", kib}}};
  for (const auto& unit : units) {
    if (bytes != 0 && bytes % unit.size == 0)
      return std::to_string(bytes / unit.size) + std::string(unit.name);
  }
  return std::to_string(bytes) + (bytes == 0 ? "" : "B");
}

std::string format_bytes_short(std::uint64_t bytes) {
  constexpr std::array<Unit, 4> units = {{{" TiB", tib}, {" GiB", gib}, {" MiB", mib}, {" KiB", kib}}};
  for (const auto& unit : units) {
    if (bytes < unit.size) continue;
    const double value = static_cast<double>(bytes) / static_cast<double>(unit.size);
    std::array<char, 32> buffer{};
    std::snprintf(buffer.data(), buffer.size(), value < 9.95 ? "%.1f" : "%.0f", value);
    return std::string(buffer.data()) + std::string(unit.name);
  }
  return std::to_string(bytes) + " B";
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  std::string_view rest = trim(text);
  if (rest == "0") return std::chrono::milliseconds(0);
  std::uint64_t total = 0;
  std::uint64_t last_size = UINT64_MAX;
  do {
    const auto number = take_number(rest);
    if (!number) return not_duration(text);
    const std::size_t end = rest.find_first_of("0123456789");
    const std::string_view word = rest.substr(0, end);
    rest.remove_prefix(word.size());
    const Unit* found = nullptr;
    for (const auto& unit : duration_units) {
      if (same_word(trim(word), unit.name)) found = &unit;
    }
    // Large units first, each once: "1h30m", not "30m1h".
    if (found == nullptr || found->size >= last_size) return not_duration(text);
    last_size = found->size;
    const auto part = scale(*number, found->size);
    if (!part || *part > INT64_MAX - total) return not_duration(text);
    total += *part;
  } while (!rest.empty());
  return std::chrono::milliseconds(static_cast<std::int64_t>(total));
}

std::string format_duration(std::chrono::milliseconds duration) {
  std::uint64_t rest = duration.count() < 0 ? 0 : static_cast<std::uint64_t>(duration.count());
  if (rest == 0) return "0s";
  std::string out;
  for (auto unit = duration_units.rbegin(); unit != duration_units.rend(); ++unit) {
    if (rest < unit->size) continue;
    out += std::to_string(rest / unit->size) + std::string(unit->name);
    rest %= unit->size;
  }
  return out;
}

}  // namespace kith
