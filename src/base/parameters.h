// ParameterTable: everything that can be adjusted, in one place: name, type, range, unit, default, current value,
// and who set it. Files, environment, flags, profiles, the dashboard and the tuner all go through it.
//
//   auto ef = table.declare(integer_parameter("search.ef", 128).range(1, 65536).runtime()
//                               .describe("search width when the request names none"));
//   …
//   ef.get()          // one relaxed load
//
// Order of a start: declare everything, then load() once. Precedence, strongest first: flag, saved runtime change,
// environment, file, profile, default.
//
// Promises: a value that get() returns always satisfied its type and range. An unknown name is an error that names
// the nearest known one. Secrets are never shown, by any function but get().
// Thread safety: get() and the reading functions may be called from any thread at any time, beside set();
// declare() and load() belong to start-up. Handles are valid as long as the table lives.
#pragma once

#include "base/clock.h"
#include "base/parameter.h"

#include <kith/result.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kith {

class JsonWriter;

/// Where a value came from; stronger ones are larger.
enum class ParameterLayer : std::uint8_t { by_default, profile, file, environment, saved, flag };
inline constexpr std::size_t parameter_layer_count = 6;
std::string_view parameter_layer_name(ParameterLayer layer);  ///< "default", "profile", "file", …

/// A value of a layer, and how it came there.
struct ParameterOrigin {
  ParameterLayer layer = ParameterLayer::by_default;
  std::string who;  ///< author of a saved change, profile's name, "kith.toml:3:5", environment name, flag
  std::string why;  ///< reason of a saved change
  std::int64_t when_unix_ms = 0;  ///< 0: at start
};

struct ParameterState {
  ParameterSpec spec;
  std::string value;  ///< as a file would say it; "***" for a secret that is set, "" for one that is not
  ParameterOrigin origin;
  /// Weaker values that this one hides, strongest first.
  std::vector<std::pair<std::string, ParameterOrigin>> hidden;
};

/// A change at run time, to be kept across restarts by the caller.
struct SavedChange {
  std::string name;
  std::string value;
  std::string author;
  std::string reason;
  std::int64_t when_unix_ms = 0;

  std::string encode() const;
  static Result<SavedChange> decode(std::string_view bytes);
};

struct ProfileValue {
  std::string_view name, value;
};
struct Profile {
  std::string_view name, description;
  std::span<const ProfileValue> values;
};

using NameValues = std::vector<std::pair<std::string, std::string>>;

struct ParameterSources {
  std::string file_name;            ///< for messages
  std::optional<std::string> file;  ///< TOML text
  NameValues environment;           ///< NAME, value; names that do not start with KITH__ are left out
  NameValues flags;                 ///< parameter name, value
  std::vector<SavedChange> saved;
  /// For secrets named by file; unset: `unsupported`.
  std::function<Result<std::string>(const std::string& path)> read_file;
};

class ParameterWatch;

class ParameterTable {
 public:
  /// `profiles` and `clock` outlive the table. Every table has one parameter of its own: "profile", whose value
  /// chooses one of them ("" = none).
  ParameterTable(std::span<const Profile> profiles, const Clock& clock);
  ~ParameterTable();
  ParameterTable(const ParameterTable&) = delete;
  ParameterTable& operator=(const ParameterTable&) = delete;

  /// A name declared twice, a malformed name or a default out of range are our own mistakes (require.h).
  template <class T>
  Parameter<T> declare(ParameterDeclaration<T> declaration) {
    return Parameter<T>(declare_spec(std::move(declaration.spec)));
  }

  /// All sources at once. The error lists everything that is wrong, one line each, with its place. The warnings
  /// returned are about saved changes that no longer fit; those are left out.
  Result<std::vector<std::string>> load(const ParameterSources& sources);

  /// The file again, after SIGHUP. Parameters that may change at run time take their new value; of the others,
  /// those that differ are returned: they need a restart. An error changes nothing.
  Result<std::vector<std::string>> reload_file(const ParameterSources& sources);

  /// A change at run time. not_found (with the nearest name), unprocessable (type or range), failed_precondition
  /// (not at run time, or a flag holds it). What is returned is for the caller to keep.
  Result<SavedChange> set(std::string_view name, std::string_view value, std::string_view author,
                          std::string_view reason);
  /// Takes the saved change back; the next weaker value holds again. false: there was none.
  Result<bool> clear(std::string_view name);

  /// Calls `changed` after the value of `name` has changed, on the thread that changed it, until the watch goes.
  [[nodiscard]] ParameterWatch watch(std::string_view name, std::function<void()> changed);

  /// Every parameter by name.
  std::vector<ParameterState> effective() const;
  Result<ParameterState> find(std::string_view name) const;
  /// Several lines for a person: what it is, its range, its value and who set it, what that hides.
  Result<std::string> explain(std::string_view name) const;
  /// JSON Schema (2020-12) of the configuration file.
  std::string json_schema() const;

 private:
  friend class ParameterWatch;
  struct State;
  struct Watchers;
  const ParameterCell* declare_spec(ParameterSpec spec);
  std::unique_ptr<State> state_;
};

/// Ends the watching when it goes; a call that is running is waited for. Must not be destroyed inside its callback.
class ParameterWatch {
 public:
  ParameterWatch() = default;
  ParameterWatch(ParameterWatch&& other) noexcept;
  ParameterWatch& operator=(ParameterWatch&& other) noexcept;
  ~ParameterWatch();

 private:
  friend class ParameterTable;
  std::shared_ptr<ParameterTable::Watchers> watchers_;
  std::uint64_t id_ = 0;
};

/// One state as a JSON object: name, type, value, default, unit, range, choices, runtime, description, origin.
void append_json(JsonWriter& json, const ParameterState& state);

/// The KITH__… variables among `environment` (a null-terminated list as main() gets it).
NameValues kith_environment(const char* const* environment);
/// "search.ef" → "KITH__SEARCH__EF".
std::string environment_name(std::string_view parameter_name);

}  // namespace kith
