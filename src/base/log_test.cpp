#include "base/log.h"

#include "base/spans.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <unistd.h>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

namespace kith {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

struct Captured {
  ManualClock clock{951'827'696'789};
  std::mutex mutex;
  std::vector<std::string> lines;

  Logger logger(LogLevel level, LogFormat format) {
    LogOptions options;
    options.level = level;
    options.format = format;
    options.line_sink = [this](std::string_view line) {
      const std::lock_guard lock(mutex);
      lines.emplace_back(line);
    };
    return Logger::open(options, clock).value();
  }
};

TEST(Log, TextLines) {
  Captured captured;
  const Logger log = captured.logger(LogLevel::info, LogFormat::text);
  log.info("listening",
           {{"bind", "127.0.0.1"}, {"port", 6333}, {"tls", false}, {"ratio", 0.5}, {"empty", ""}});
  log.with_request_id("r-1").warning("said \"no\"", {{"query", "two words"}, {"path", std::string("a=b")}});
  log.debug("not shown");
  EXPECT_THAT(
      captured.lines,
      ElementsAre(
          "2000-02-29T12:34:56.789Z INFO  listening bind=127.0.0.1 port=6333 tls=false ratio=0.5 empty=\"\"",
          "2000-02-29T12:34:56.789Z WARN  said \"no\" request_id=r-1 query=\"two words\" path=\"a=b\""));
}

TEST(Log, OneEventIsOneLineWhateverIsInIt) {
  for (const LogFormat format : {LogFormat::text, LogFormat::json}) {
    Captured captured;
    const Logger log = captured.logger(LogLevel::debug, format);
    log.error("two\nlines \x1b[31m \xFF \\", {{"key\n", "va\r\nlue"}});
    ASSERT_EQ(captured.lines.size(), 1U);
    EXPECT_EQ(captured.lines[0].find_first_of("\n\r\x1b\xFF"), std::string::npos) << captured.lines[0];
  }
}

TEST(Log, JsonLinesParse) {
  Captured captured;
  const Logger log = captured.logger(LogLevel::info, LogFormat::json).with_request_id("abc");
  log.info("a \"message\"\n",
           {{"n", std::uint64_t{UINT64_MAX}}, {"i", -3}, {"f", 1.5F}, {"b", true}, {"s", "x"}});
  const auto line = nlohmann::json::parse(captured.lines.at(0));
  EXPECT_EQ(line, nlohmann::json::parse(
                      R"({"time":"2000-02-29T12:34:56.789Z","level":"info","message":"a \"message\"\n",
      "request_id":"abc","n":18446744073709551615,"i":-3,"f":1.5,"b":true,"s":"x"})"));
}

TEST(Log, LevelsCanChangeWhileRunning) {
  Captured captured;
  Logger log = captured.logger(LogLevel::error, LogFormat::text);
  const Logger child = log.with_request_id("x");
  child.warning("no");
  log.set_level(LogLevel::debug);
  child.debug("yes");
  log.set_level(LogLevel::off);
  child.error("no");
  EXPECT_EQ(captured.lines.size(), 1U);
  EXPECT_FALSE(Logger::none().enabled(LogLevel::error));
  Logger::none().error("nobody hears");
  EXPECT_EQ(parse_log_level("warning"), LogLevel::warning);
  EXPECT_EQ(parse_log_level("loud"), std::nullopt);
}

TEST(Log, ManyThreadsWriteWholeLines) {
  Captured captured;
  const Logger log = captured.logger(LogLevel::info, LogFormat::json);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&log, t] {
      for (int i = 0; i < 200; ++i) log.info("line", {{"thread", t}, {"i", i}});
    });
  }
  for (auto& thread : threads) thread.join();
  ASSERT_EQ(captured.lines.size(), 800U);
  for (const auto& line : captured.lines) ASSERT_TRUE(nlohmann::json::accept(line)) << line;
}

TEST(Log, FilesRotateWithinTheirBounds) {
  const auto folder = std::filesystem::temp_directory_path() / ("kith_log_test_" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  ManualClock clock;
  LogOptions options;
  options.file = folder / "kith.log";
  options.file_bytes_max = 4096;
  options.files_max = 2;
  {
    const Logger log = Logger::open(options, clock).value();
    for (int i = 0; i < 300; ++i) log.warning("filling the file", {{"i", i}});
    log.warning("the last line");
    log.flush();
  }
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    EXPECT_LE(entry.file_size(), 4096U);
    ++files;
  }
  EXPECT_EQ(files, 3U);
  std::ifstream in(options.file);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  EXPECT_NE(text.find("the last line\n"), std::string::npos);
  options.file = "/proc/no/such/folder/kith.log";
  const auto failed = Logger::open(options, clock);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().code, ErrorCode::io);
  EXPECT_NE(failed.error().message.find("log.file"), std::string::npos);
  std::filesystem::remove_all(folder);
}

TEST(RepeatGuard, LetsOneThroughPerIntervalAndCountsTheRest) {
  ManualClock clock;
  RepeatGuard guard(10s, clock);
  EXPECT_EQ(guard.admit(), 0U);
  for (int i = 0; i < 7; ++i) EXPECT_EQ(guard.admit(), std::nullopt);
  clock.advance(10s);
  EXPECT_EQ(guard.admit(), 7U);
  EXPECT_EQ(guard.admit(), std::nullopt);
  clock.advance(1h);
  EXPECT_EQ(guard.admit(), 1U);
}

TEST(SlowLog, OnlySlowRequestsGetALine) {
  Captured captured;
  const Logger log = captured.logger(LogLevel::warning, LogFormat::text);
  Spans spans(captured.clock);
  spans.add(Stage::dense, spans.started(), spans.started() + 1200ms);
  captured.clock.advance(1500ms);
  spans.finish();
  EXPECT_FALSE(log_if_slow(log, "search", "docs", spans, 1501ms));
  EXPECT_FALSE(log_if_slow(log, "search", "docs", spans, 0ms));
  EXPECT_TRUE(captured.lines.empty());
  EXPECT_TRUE(log_if_slow(log, "search", "docs", spans, 1500ms));
  ASSERT_EQ(captured.lines.size(), 1U);
  EXPECT_NE(captured.lines[0].find(
                "WARN  slow request operation=search collection=docs total_ms=1500.0 threshold_ms=1500 "
                R"(timings_ms="{\"dense\":1200.0,\"total\":1500.0}")"),
            std::string::npos)
      << captured.lines[0];
}

}  // namespace
}  // namespace kith
