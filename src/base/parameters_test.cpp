#include "base/parameters.h"

#include "base/json_writer.h"
#include "base/process_parameters.h"
#include "base/profiles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <array>
#include <set>
#include <thread>

namespace kith {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr std::array<ProfileValue, 2> small_values = {{{"search.ef", "32"}, {"memory.limit", "64MiB"}}};
constexpr std::array<ProfileValue, 1> large_values = {{{"search.ef", "512"}}};
constexpr std::array<Profile, 2> profiles = {
    {{"small", "few", small_values}, {"large", "much", large_values}}};

struct Fixture {
  ManualClock clock{951'827'696'789};
  ParameterTable table{profiles, clock};
  Parameter<std::int64_t> ef =
      table.declare(integer_parameter("search.ef", 128).range(1, 65'536).runtime().describe("search width"));
  Parameter<Bytes> limit = table.declare(bytes_parameter("memory.limit", Bytes{8U << 20})
                                             .range(Bytes{1 << 20}, Bytes{1 << 30})
                                             .describe("budget"));
  Parameter<std::chrono::milliseconds> timeout = table.declare(
      duration_parameter("server.timeout", 30s).range(1ms, 1h).runtime().describe("time limit"));
  Parameter<Choice> fsync = table.declare(
      choice_parameter("store.fsync", {"always", "interval", "os"}, "always").describe("durability"));
  Parameter<bool> tls = table.declare(boolean_parameter("server.tls", false).describe("encrypt"));
  Parameter<double> ratio =
      table.declare(real_parameter("search.ratio", 0.5).range(0, 1).runtime().describe("share"));
  Parameter<std::string> bind =
      table.declare(text_parameter("server.bind", "127.0.0.1").runtime().describe("address"));
  Parameter<std::string> key =
      table.declare(text_parameter("server.api_key", "").secret().describe("key of clients"));

  Result<std::vector<std::string>> load_file(std::string text) {
    ParameterSources sources;
    sources.file_name = "kith.toml";
    sources.file = std::move(text);
    return table.load(sources);
  }
  std::string error_of(std::string text) {
    const auto loaded = load_file(std::move(text));
    return loaded ? "no error" : loaded.error().message;
  }
};

TEST(Parameters, DefaultsHold) {
  const Fixture f;
  EXPECT_EQ(f.ef.get(), 128);
  EXPECT_EQ(f.limit.get(), Bytes{8U << 20});
  EXPECT_EQ(f.timeout.get(), 30s);
  EXPECT_EQ(f.fsync.get().index, 0U);
  EXPECT_FALSE(f.tls.get());
  EXPECT_EQ(f.ratio.get(), 0.5);
  EXPECT_EQ(f.bind.get(), "127.0.0.1");
  EXPECT_EQ(f.key.get(), "");
}

TEST(Parameters, FileSetsEveryType) {
  Fixture f;
  ASSERT_TRUE(
      f.load_file("[search]\nef = 64\nratio = 1\n[memory]\nlimit = \"16MiB\"\n[server]\ntimeout = \"1m30s\"\n"
                  "tls = true\nbind = \"::1\"\n[store]\nfsync = \"os\"\n")
          .has_value());
  EXPECT_EQ(f.ef.get(), 64);
  EXPECT_EQ(f.ratio.get(), 1.0);
  EXPECT_EQ(f.limit.get(), Bytes{16U << 20});
  EXPECT_EQ(f.timeout.get(), 90s);
  EXPECT_TRUE(f.tls.get());
  EXPECT_EQ(f.bind.get(), "::1");
  EXPECT_EQ(f.fsync.get().index, 2U);
  EXPECT_EQ(f.table.find("search.ef")->origin.who, "kith.toml:2:1");
}

// Each layer in turn, the weakest first: every new one wins, and `hidden` lists the others.
TEST(Parameters, PrecedenceIsFlagSavedEnvironmentFileProfileDefault) {
  Fixture f;
  ParameterSources sources;
  const auto now = [&] {
    EXPECT_TRUE(f.table.load(sources).has_value());
    return std::pair(f.ef.get(), f.table.find("search.ef")->origin.layer);
  };
  EXPECT_EQ(now(), std::pair(std::int64_t{128}, ParameterLayer::by_default));
  sources.file = "profile = \"small\"\n";
  EXPECT_EQ(now(), std::pair(std::int64_t{32}, ParameterLayer::profile));
  sources.file = "profile = \"small\"\n[search]\nef = 40\n";
  EXPECT_EQ(now(), std::pair(std::int64_t{40}, ParameterLayer::file));
  sources.environment = {{"KITH__SEARCH__EF", "50"}, {"PATH", "/bin"}, {"KITH_DATA", "x"}};
  EXPECT_EQ(now(), std::pair(std::int64_t{50}, ParameterLayer::environment));
  sources.saved = {{"search.ef", "60", "anna", "too slow", 1'000}};
  EXPECT_EQ(now(), std::pair(std::int64_t{60}, ParameterLayer::saved));
  sources.flags = {{"search.ef", "70"}};
  EXPECT_EQ(now(), std::pair(std::int64_t{70}, ParameterLayer::flag));
  std::vector<std::string> hidden;
  const ParameterState state = f.table.find("search.ef").value();
  for (const auto& [value, origin] : state.hidden) hidden.push_back(value);
  EXPECT_THAT(hidden, ElementsAre("60", "50", "40", "32", "128"));
  EXPECT_EQ(f.limit.get(), Bytes{64U << 20});  // the profile's
}

TEST(Parameters, ProfileIsChosenByTheStrongestSource) {
  Fixture f;
  ParameterSources sources;
  sources.file = "profile = \"small\"\n";
  sources.flags = {{"profile", "large"}};
  ASSERT_TRUE(f.table.load(sources).has_value());
  EXPECT_EQ(f.ef.get(), 512);
  EXPECT_EQ(f.limit.get(), Bytes{8U << 20});
  EXPECT_EQ(f.table.find("search.ef")->origin.who, "large");
  sources.flags = {{"profile", "huge"}};
  EXPECT_THAT(f.table.load(sources).error().message, HasSubstr("one of \"\", small, large"));
}

TEST(Parameters, ErrorsNamePlaceReasonAndNearestName) {
  Fixture f;
  EXPECT_THAT(f.error_of("[search]\n  eff = 64\n"),
              HasSubstr("kith.toml:2:3: there is no parameter \"search.eff\"; did you mean \"search.ef\"?"));
  EXPECT_THAT(
      f.error_of("[search]\nef = 0\n"),
      HasSubstr("kith.toml:2:1: search.ef: \"0\" is not allowed; it must be integer from 1 to 65536"));
  EXPECT_THAT(f.error_of("[search]\nef = 1.5\n"), HasSubstr("search.ef"));
  EXPECT_THAT(f.error_of("[search]\nef = \n"), HasSubstr("kith.toml:2:"));
  EXPECT_THAT(f.error_of("[search]\nef = [1, 2]\n"),
              HasSubstr("kith.toml:2:1: search.ef is a list or a date"));
  EXPECT_THAT(f.error_of("[memory]\nlimit = \"2GiB\"\n"),
              HasSubstr("size (such as 64MiB) from 1MiB to 1GiB"));
  EXPECT_THAT(f.error_of("[server]\ntimeout = 30\n"),
              HasSubstr("duration (such as 250ms, 30s or 5m) from 1ms to 1h"));
  EXPECT_THAT(f.error_of("[store]\nfsync = \"sometimes\"\n"), HasSubstr("one of always, interval, os"));
  EXPECT_THAT(f.error_of("[store]\nfsync = \"os\"\nfsync = \"os\"\n"), HasSubstr("kith.toml:3:"));
  EXPECT_THAT(f.error_of(std::string(2 << 20, '#')), HasSubstr("larger than 1 MiB"));
  EXPECT_THAT(f.error_of("a = \"\xFF\"\n"), HasSubstr("kith.toml:1"));
  EXPECT_THAT(f.error_of("[search]\nslγw = 1\n"), HasSubstr("kith.toml:2:"));
  // All problems at once, and none of the good values is taken.
  ParameterSources sources;
  sources.file = "[search]\nef = 9\nwidth = 1\n";
  sources.environment = {{"KITH__SEARCH__RATIO", "2"}};
  sources.flags = {{"nonsense", "1"}};
  const std::string message = f.table.load(sources).error().message;
  EXPECT_THAT(message, HasSubstr("search.width"));
  EXPECT_THAT(message, HasSubstr("KITH__SEARCH__RATIO: search.ratio: \"2\""));
  EXPECT_THAT(message, HasSubstr("--set nonsense: there is no parameter"));
  EXPECT_EQ(f.ef.get(), 128);
}

TEST(Parameters, SecretsComeFromFilesAndAreNeverShown) {
  Fixture f;
  ParameterSources sources;
  sources.environment = {{"KITH__SERVER__API_KEY_FILE", "/run/secrets/key"}};
  EXPECT_EQ(f.table.load(sources).error().code, ErrorCode::invalid_argument);  // nobody can read it
  sources.read_file = [](const std::string& path) -> Result<std::string> {
    if (path != "/run/secrets/key") return failure(ErrorCode::not_found, path + " does not exist");
    return "hunter2\n";
  };
  ASSERT_TRUE(f.table.load(sources).has_value());
  EXPECT_EQ(f.key.get(), "hunter2");
  std::string shown = f.table.explain("server.api_key").value() + f.table.json_schema();
  for (const auto& state : f.table.effective()) {
    JsonWriter json(shown);
    append_json(json, state);
    shown += state.value + describe_domain(state.spec);
  }
  EXPECT_THAT(shown, Not(HasSubstr("hunter2")));
  EXPECT_THAT(shown, HasSubstr("***"));
  EXPECT_EQ(f.table.set("server.api_key", "x", "anna", "").error().code, ErrorCode::failed_precondition);
  sources.environment = {{"KITH__SERVER__API_KEY_FILE", "/nowhere"}};
  EXPECT_THAT(f.table.load(sources).error().message, HasSubstr("/nowhere does not exist"));
  sources.environment = {{"KITH__SERVER__API_KEY", "hunter2\xFF"}};
  EXPECT_THAT(f.table.load(sources).error().message, Not(HasSubstr("hunter2")));
  sources.environment = {{"KITH__SERVER__BIND_FILE", "/run/secrets/key"}};  // only secrets have files
  EXPECT_FALSE(f.table.load(sources).has_value());
}

TEST(Parameters, RuntimeChangesAreCheckedAttributedAndSaved) {
  Fixture f;
  const auto change = f.table.set("search.ef", "200", "anna", "p95 over target");
  ASSERT_TRUE(change.has_value());
  EXPECT_EQ(f.ef.get(), 200);
  const auto state = f.table.find("search.ef").value();
  EXPECT_EQ(state.origin.who, "anna");
  EXPECT_EQ(state.origin.when_unix_ms, 951'827'696'789);
  EXPECT_EQ(f.table.set("search.ef", "0", "anna", "").error().code, ErrorCode::unprocessable);
  EXPECT_EQ(f.table.set("search.ef", "x", "anna", "").error().code, ErrorCode::unprocessable);
  EXPECT_EQ(f.ef.get(), 200);
  EXPECT_EQ(f.table.set("search.e", "1", "anna", "").error().code, ErrorCode::not_found);
  EXPECT_EQ(f.table.set("store.fsync", "os", "anna", "").error().code, ErrorCode::failed_precondition);

  Fixture restarted;
  ParameterSources sources;
  sources.saved = {SavedChange::decode(change->encode()).value(),
                   {"gone.parameter", "1", "bert", "", 1},
                   {"search.ratio", "7", "bert", "", 1},
                   {"store.fsync", "os", "bert", "", 1}};
  const auto warnings = restarted.table.load(sources);
  ASSERT_TRUE(warnings.has_value());
  EXPECT_EQ(warnings->size(), 3U);
  EXPECT_EQ(restarted.ef.get(), 200);
  EXPECT_EQ(restarted.table.find("search.ef")->origin.why, "p95 over target");
  EXPECT_EQ(restarted.fsync.get().index, 0U);

  EXPECT_TRUE(f.table.clear("search.ef").value());
  EXPECT_FALSE(f.table.clear("search.ef").value());
  EXPECT_EQ(f.ef.get(), 128);
}

TEST(Parameters, AFlagHoldsItsParameter) {
  Fixture f;
  ParameterSources sources;
  sources.flags = {{"search.ef", "70"}};
  ASSERT_TRUE(f.table.load(sources).has_value());
  const auto refused = f.table.set("search.ef", "80", "anna", "");
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("--set search.ef"));
}

TEST(Parameters, ReloadTakesSafeKeysAndListsTheOthers) {
  Fixture f;
  ASSERT_TRUE(f.load_file("[search]\nef = 64\n[store]\nfsync = \"os\"\n[server]\ntls = true\n").has_value());
  ParameterSources sources;
  sources.file_name = "kith.toml";
  sources.file = "[search]\nef = 65\nratio = 0.75\n[store]\nfsync = \"interval\"\n[server]\ntls = true\n";
  const auto restart = f.table.reload_file(sources);
  ASSERT_TRUE(restart.has_value());
  EXPECT_THAT(*restart, ElementsAre("store.fsync"));
  EXPECT_EQ(f.ef.get(), 65);
  EXPECT_EQ(f.ratio.get(), 0.75);
  EXPECT_EQ(f.fsync.get().index, 2U);
  sources.file = "[search]\nef = 66\nnonsense = 1\n";
  EXPECT_FALSE(f.table.reload_file(sources).has_value());
  EXPECT_EQ(f.ef.get(), 65);
  sources.file = "[server]\ntls = true\n[store]\nfsync = \"os\"\n";
  EXPECT_TRUE(f.table.reload_file(sources)->empty());
  EXPECT_EQ(f.ef.get(), 128);  // taken out of the file: the default again
}

TEST(Parameters, WatchesHearOfChangesUntilTheyGo) {
  Fixture f;
  std::vector<std::int64_t> seen;
  auto watch = f.table.watch("search.ef", [&] { seen.push_back(f.ef.get()); });
  ASSERT_TRUE(f.table.set("search.ef", "5", "a", "").has_value());
  ASSERT_TRUE(f.table.set("search.ef", "5", "a", "").has_value());  // no change
  ASSERT_TRUE(f.table.set("search.ratio", "0.1", "a", "").has_value());
  ASSERT_TRUE(f.table.clear("search.ef").has_value());
  ASSERT_TRUE(f.load_file("[search]\nef = 9\n").has_value());
  {
    const ParameterWatch ends = std::move(watch);
    ASSERT_TRUE(f.table.set("search.ef", "6", "a", "").has_value());
  }
  ASSERT_TRUE(f.table.set("search.ef", "7", "a", "").has_value());
  EXPECT_THAT(seen, ElementsAre(5, 128, 9, 6));
}

TEST(Parameters, ReadersBesideChangesSeeOnlyValidValues) {
  Fixture f;
  std::atomic<bool> done{false}, wrong{false};
  std::vector<std::thread> readers;
  for (int t = 0; t < 3; ++t) {
    readers.emplace_back([&] {
      do {
        const auto ef = f.ef.get();
        const auto bind = f.bind.get();
        if (ef < 1 || ef > 300 || (bind != "127.0.0.1" && bind != "a-much-longer-name.example")) wrong = true;
        if (f.table.effective().size() != 9) wrong = true;
      } while (!done);
    });
  }
  for (int i = 1; i <= 300; ++i) {
    ASSERT_TRUE(f.table.set("search.ef", std::to_string(i), "t", "").has_value());
    ASSERT_TRUE(
        f.table.set("server.bind", i % 2 ? "a-much-longer-name.example" : "127.0.0.1", "t", "").has_value());
  }
  done = true;
  for (auto& reader : readers) reader.join();
  EXPECT_FALSE(wrong);
}

TEST(Parameters, ExplainTellsTheWholeStory) {
  Fixture f;
  ASSERT_TRUE(f.load_file("[search]\nef = 64\n").has_value());
  ASSERT_TRUE(f.table.set("search.ef", "200", "anna", "p95 over target").has_value());
  EXPECT_EQ(f.table.explain("search.ef").value(),
            "search.ef = 200\n"
            "  meaning     search width\n"
            "  allowed     integer from 1 to 65536\n"
            "  default     128\n"
            "  set by      saved change by anna at 2000-02-29T12:34:56.789Z (p95 over target)\n"
            "  hides       64 from file kith.toml:2:1\n"
            "  hides       128 from default\n"
            "  changes     at run time\n"
            "  variable    KITH__SEARCH__EF\n");
  EXPECT_THAT(f.table.explain("serch.ef").error().message, HasSubstr("did you mean \"search.ef\"?"));
}

TEST(Parameters, JsonAndSchemaParseAndCoverEverything) {
  const Fixture f;
  std::set<std::string> names;
  for (const auto& state : f.table.effective()) {
    std::string text;
    JsonWriter json(text);
    append_json(json, state);
    const auto parsed = nlohmann::json::parse(text);
    names.insert(parsed["name"].get<std::string>());
  }
  EXPECT_EQ(names,
            (std::set<std::string>{"memory.limit", "profile", "search.ef", "search.ratio", "server.api_key",
                                   "server.bind", "server.timeout", "server.tls", "store.fsync"}));
  const auto schema = nlohmann::json::parse(f.table.json_schema());
  EXPECT_EQ(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
  const auto& sections = schema["properties"];
  EXPECT_EQ(sections["search"]["properties"]["ef"]["maximum"], 65'536);
  EXPECT_EQ(sections["search"]["properties"]["ef"]["default"], 128);
  EXPECT_EQ(sections["search"]["additionalProperties"], false);
  EXPECT_EQ(sections["store"]["properties"]["fsync"]["enum"],
            nlohmann::json::parse(R"(["always","interval","os"])"));
  EXPECT_TRUE(sections["server"]["properties"].contains("api_key_file"));
  EXPECT_FALSE(sections["server"]["properties"]["api_key"].contains("default"));
  EXPECT_EQ(sections["profile"]["enum"], nlohmann::json::parse(R"(["","small","large"])"));
}

TEST(SavedChange, DamagedBytesAreCorrupt) {
  const SavedChange change{"search.ef", "1", "anna", "why", 5};
  const std::string bytes = change.encode();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    ASSERT_EQ(SavedChange::decode(std::string_view(bytes).substr(0, size)).error().code, ErrorCode::corrupt);
  }
  EXPECT_FALSE(SavedChange::decode(bytes + "x").has_value());
  EXPECT_FALSE(SavedChange::decode("\x02" + bytes.substr(1)).has_value());
}

TEST(ParametersDeathTest, MistakesOfOurOwnEndTheProcess) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  Fixture f;
  EXPECT_DEATH(f.table.declare(integer_parameter("search.ef", 1).describe("again")),
               "declared twice: search.ef");
  EXPECT_DEATH(f.table.declare(integer_parameter("Search", 1).describe("x")), "malformed parameter name");
  EXPECT_DEATH(f.table.declare(integer_parameter("a.b", 0).range(1, 2).describe("x")),
               "default does not pass");
}

TEST(Environment, OnlyOurVariablesAreTaken) {
  const char* environment[] = {"PATH=/bin", "KITH__SEARCH__EF=5=6", "KITH_DATA=/x", "KITH__NOVALUE", nullptr};
  EXPECT_EQ(kith_environment(environment), (NameValues{{"KITH__SEARCH__EF", "5=6"}}));
  EXPECT_EQ(environment_name("store.fsync_interval"), "KITH__STORE__FSYNC_INTERVAL");
}

TEST(Profiles, EveryBuiltInProfileFitsTheProcessParameters) {
  for (const auto& profile : built_in_profiles()) {
    const ManualClock clock;
    ParameterTable table(built_in_profiles(), clock);
    const ProcessParameters process = declare_process_parameters(table);
    ParameterSources sources;
    sources.flags = {{"profile", std::string(profile.name)}};
    const auto loaded = table.load(sources);
    ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
    for (const auto& [name, value] : profile.values)
      EXPECT_EQ(table.find(name)->value, value) << profile.name;
    if (profile.name == "dev") {
      EXPECT_EQ(process.log_options().level, LogLevel::debug);
    }
    if (profile.name == "prod") {
      EXPECT_EQ(process.memory_limit.get(), Bytes{std::uint64_t{16} << 30});
    }
    if (profile.name == "edge") {
      EXPECT_EQ(process.executor_options().search_threads, 2U);
    }
  }
}

}  // namespace
}  // namespace kith
