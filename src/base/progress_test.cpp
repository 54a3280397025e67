#include "base/progress.h"

#include "base/utf8.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <thread>

namespace kith {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

struct Fixture {
  ManualClock clock;
  std::string out;

  ProgressOptions options(bool terminal) {
    ProgressOptions result;
    result.label = "Ingesting";
    result.terminal = terminal;
    result.write = [this](std::string_view text) { out += text; };
    result.rss_bytes = [] { return std::uint64_t{812} << 20; };
    return result;
  }
};

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

TEST(Progress, PlainLinesElsewhere) {
  Fixture f;
  Progress progress(f.options(false), f.clock);
  progress.set_total(4000);
  for (int i = 0; i < 400; ++i) {
    f.clock.advance(50ms);
    progress.add(5);
  }
  EXPECT_EQ(count(f.out, "\n"), 4U);  // 20 s, one line every 5 s
  EXPECT_THAT(f.out, HasSubstr("Ingesting  2,000/4,000 documents 50%  100/s  ETA 20s  RSS 812 MiB\n"));
  EXPECT_THAT(f.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(f.out, Not(HasSubstr("\r")));
  progress.set_note("3 failed");
  progress.set_done(4000);
  progress.finish();
  progress.finish();
  EXPECT_THAT(f.out, HasSubstr("Ingesting  4,000/4,000 documents 100%  200/s  20s  RSS 812 MiB  3 failed\n"));
  EXPECT_EQ(count(f.out, "\n"), 5U);
}

TEST(Progress, BarOnATerminalIsRedrawnInPlace) {
  Fixture f;
  auto options = f.options(true);
  options.columns = 100;
  Progress progress(options, f.clock);
  progress.set_total(10);
  for (int i = 0; i < 10; ++i) {
    f.clock.advance(60ms);  // redraws every 100 ms: every second step
    progress.add();
  }
  EXPECT_EQ(count(f.out, "\n"), 0U);
  EXPECT_EQ(count(f.out, "\r\x1b[K"), 6U);
  progress.message("b.html: not UTF-8");
  EXPECT_THAT(f.out, HasSubstr("\r\x1b[Kb.html: not UTF-8\nIngesting ["));
  progress.finish();
  EXPECT_THAT(f.out, testing::EndsWith("\n"));
  EXPECT_THAT(f.out, Not(HasSubstr("\x1b[32m")));  // color was not asked for
}

TEST(Progress, RenderedBarsFitTheirColumns) {
  ProgressState state;
  state.label = "Ingesting";
  state.done = 512;
  state.total = 1024;
  state.note = "ünï";
  EXPECT_EQ(
      render_progress_bar(state, 70, false),
      "Ingesting [" + std::string(11, '#') + std::string(11, '-') + "] 512/1,024 documents 50%  0s  ünï");
  EXPECT_THAT(render_progress_bar(state, 70, true), HasSubstr("\x1b[32m###########\x1b[0m-"));
  for (std::size_t columns = 0; columns < 80; ++columns) {
    const std::string bar = render_progress_bar(state, columns, false);
    ASSERT_LE(bar.size(), columns);
    ASSERT_TRUE(is_valid_utf8(bar)) << columns;
  }
  state.done = 5000;  // more than promised is still a bar
  EXPECT_THAT(render_progress_bar(state, 80, false), HasSubstr("100%"));
  state.total = std::nullopt;
  EXPECT_THAT(render_progress_bar(state, 80, false), Not(HasSubstr("[")));
  state.total = 0;
  EXPECT_THAT(render_progress_bar(state, 80, false), Not(HasSubstr("%")));
}

TEST(Progress, RateFollowsChangesAndGivesTheEta) {
  Fixture f;
  Progress progress(f.options(false), f.clock);
  progress.set_total(10'000);
  for (int i = 0; i < 60; ++i) {
    f.clock.advance(1s);
    progress.add(10);
  }
  EXPECT_NEAR(progress.state().rate_per_second, 10, 0.1);
  for (int i = 0; i < 60; ++i) {
    f.clock.advance(1s);
    progress.add(50);
  }
  EXPECT_NEAR(progress.state().rate_per_second, 50, 1);
  EXPECT_NEAR(static_cast<double>(progress.state().eta->count()), (10'000 - 3'600) / 50.0, 4);
}

TEST(Progress, QuietSaysNothing) {
  Fixture f;
  auto options = f.options(true);
  options.quiet = true;
  {
    Progress progress(options, f.clock);
    progress.set_total(3);
    progress.message("hello");
    progress.add(3);
    progress.finish();
  }
  EXPECT_EQ(f.out, "");
}

TEST(Progress, UnfinishedBarEndsItsLine) {
  Fixture f;
  {
    Progress progress(f.options(true), f.clock);
    progress.set_total(3);
  }
  EXPECT_THAT(f.out, testing::EndsWith("\n"));
}

TEST(Progress, ManyThreadsCountRight) {
  Fixture f;
  Progress progress(f.options(false), f.clock);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1'000; ++i) progress.add();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(progress.state().done, 4'000U);
}

}  // namespace
}  // namespace kith
