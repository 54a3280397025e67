#include "base/units.h"

#include "base/nearest_name.h"
#include "base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace kith {
namespace {

using namespace std::chrono_literals;

TEST(Units, Sizes) {
  EXPECT_EQ(parse_bytes("0").value(), 0U);
  EXPECT_EQ(parse_bytes("512").value(), 512U);
  EXPECT_EQ(parse_bytes("64MiB").value(), 64U << 20);
  EXPECT_EQ(parse_bytes(" 64 mib ").value(), 64U << 20);
  EXPECT_EQ(parse_bytes("1.5GiB").value(), std::uint64_t{3} << 29);
  EXPECT_EQ(parse_bytes("2TB").value(), 2'000'000'000'000U);
  for (const char* bad : {"", "MiB", "-1", "1e3", "1.2.3", ".5k", "5.", "64 MiBs", "9999999TiB", "inf",
                          "0x10", "99999999999999999999"}) {
    const auto parsed = parse_bytes(bad);
    EXPECT_FALSE(parsed.has_value()) << bad;
    if (!parsed) {
      EXPECT_NE(parsed.error().message.find("512MiB"), std::string::npos);
    }
  }
  EXPECT_EQ(format_bytes(64U << 20), "64MiB");
  EXPECT_EQ(format_bytes(1000), "1000B");
  EXPECT_EQ(format_bytes(0), "0");
  EXPECT_EQ(format_bytes_short(1'536), "1.5 KiB");
  EXPECT_EQ(format_bytes_short(812U << 20), "812 MiB");
  EXPECT_EQ(format_bytes_short(10), "10 B");
}

TEST(Units, Durations) {
  EXPECT_EQ(parse_duration("0").value(), 0ms);
  EXPECT_EQ(parse_duration("250ms").value(), 250ms);
  EXPECT_EQ(parse_duration("1.5m").value(), 90s);
  EXPECT_EQ(parse_duration("1h30m").value(), 90min);
  EXPECT_EQ(parse_duration("3d").value(), 72h);
  for (const char* bad : {"", "5", "5 minutes", "m", "30m1h", "1h1h", "-5s", "99999999999999d", "5m "}) {
    if (std::string_view(bad) == "5m ") continue;  // spaces around are fine
    EXPECT_FALSE(parse_duration(bad).has_value()) << bad;
  }
  EXPECT_EQ(format_duration(90s), "1m30s");
  EXPECT_EQ(format_duration(1ms), "1ms");
  EXPECT_EQ(format_duration(0ms), "0s");
}

TEST(Units, WrittenValuesReadBack) {
  const std::uint64_t seed = random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  for (int i = 0; i < 5'000; ++i) {
    const std::uint64_t bytes = (random.next() >> 1) >> random.below(63);
    ASSERT_EQ(parse_bytes(format_bytes(bytes)).value(), bytes);
    const std::chrono::milliseconds duration(
        static_cast<std::int64_t>((random.next() >> 1) >> random.below(63)));
    ASSERT_EQ(parse_duration(format_duration(duration)).value(), duration);
  }
}

// The definition, without any table: what is the cheapest way to make both prefixes equal?
std::size_t naive_distance(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return a.size() + b.size();
  const auto [a1, b1] = std::pair(a.substr(1), b.substr(1));
  std::size_t best = std::min({naive_distance(a1, b) + 1, naive_distance(a, b1) + 1,
                               naive_distance(a1, b1) + (a[0] == b[0] ? 0 : 1)});
  if (a.size() > 1 && b.size() > 1 && a[0] == b[1] && a[1] == b[0]) {
    best = std::min(best, naive_distance(a.substr(2), b.substr(2)) + 1);
  }
  return best;
}

TEST(NearestName, DistanceMatchesItsDefinition) {
  const std::uint64_t seed = random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  for (int i = 0; i < 2'000; ++i) {
    std::string a(random.below(6), 'a'), b(random.below(6), 'a');
    for (auto& c : a) c = static_cast<char>('a' + random.below(3));
    for (auto& c : b) c = static_cast<char>('a' + random.below(3));
    ASSERT_EQ(edit_distance(a, b), naive_distance(a, b)) << a << " " << b;
  }
}

TEST(NearestName, HintsOnlyWhenNear) {
  const std::vector<std::string> names = {"log.level", "memory.limit", "search.ef", "store.fsync"};
  EXPECT_EQ(nearest_name("search.eff", names), "search.ef");
  EXPECT_EQ(nearest_name("log.levle", names), "log.level");
  EXPECT_EQ(nearest_name("memory_limit", names), "memory.limit");
  EXPECT_EQ(nearest_name("something.else", names), "");
  EXPECT_EQ(nearest_name(std::string(1'000'000, 'x'), names), "");
}

}  // namespace
}  // namespace kith
