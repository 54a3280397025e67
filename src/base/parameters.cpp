#include "base/parameters.h"

#include "base/bytes.h"
#include "base/nearest_name.h"
#include "base/parameter_report.h"
#include "base/parameter_sources.h"
#include "base/require.h"
#include "base/try.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace kith {
namespace {

constexpr std::string_view file_suffix = "_file";  // of secrets
constexpr std::string_view profile_parameter = "profile";

struct Assignment {
  ParsedValue value;
  ParameterOrigin origin;
};

bool is_good_name(std::string_view name) {
  if (name.empty() || name.front() == '.' || name.back() == '.' || name.find("..") != std::string_view::npos)
    return false;
  return name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_.") == std::string_view::npos;
}

std::string join_lines(const std::vector<std::string>& lines) {
  std::string out;
  for (const auto& line : lines) out += (out.empty() ? "" : "\n") + line;
  return out;
}

std::string first_line(std::string text) {
  text.resize(std::min(text.size(), text.find_first_of("\r\n")));
  return text;
}

}  // namespace

struct ParameterTable::Watchers {
  std::recursive_mutex mutex;  // a callback may change another parameter
  std::uint64_t next_id = 1;
  std::map<std::uint64_t, std::pair<std::string, std::function<void()>>> callbacks;

  void notify(const std::vector<std::string>& names) {
    const std::lock_guard lock(mutex);
    for (const auto& name : names) {
      std::vector<std::function<void()>> to_call;  // a callback may add or end watches
      for (const auto& [id, callback] : callbacks) {
        if (callback.first == name) to_call.push_back(callback.second);
      }
      for (const auto& call : to_call) call();
    }
  }
};

struct ParameterTable::State {
  struct Entry {
    ParameterSpec spec;
    ParameterCell cell;
    std::array<std::optional<Assignment>, parameter_layer_count> layers;

    const Assignment& effective() const {
      for (std::size_t i = layers.size(); i-- > 1;) {
        if (layers[i]) return *layers[i];
      }
      return *layers[0];
    }
  };
  /// What one source says, checked.
  using Layer = std::map<Entry*, Assignment>;

  State(std::span<const Profile> known_profiles, const Clock& time) : profiles(known_profiles), clock(time) {}

  std::span<const Profile> profiles;
  const Clock& clock;
  mutable std::mutex mutex;
  std::map<std::string, std::unique_ptr<Entry>, std::less<>> entries;
  std::shared_ptr<Watchers> watchers = std::make_shared<Watchers>();

  Entry* find(std::string_view name) const {
    const auto found = entries.find(name);
    return found == entries.end() ? nullptr : found->second.get();
  }
  std::string unknown(std::string_view name) const;
  Result<std::pair<Entry*, Assignment>> check(const RawSetting& setting, ParameterLayer layer,
                                              const ParameterSources& sources) const;
  Layer check_all(const std::vector<RawSetting>& settings, ParameterLayer layer,
                  const ParameterSources& sources, std::vector<std::string>& problems) const;
  Layer check_saved(const std::vector<SavedChange>& saved, std::vector<std::string>& warnings) const;
  Layer profile_layer(const std::array<Layer, parameter_layer_count>& staged, const ParameterSources& sources,
                      std::vector<std::string>& problems) const;
  std::vector<std::string> replace(ParameterLayer layer, Layer assignments);
  bool publish(Entry& entry);
  ParameterState state_of(const Entry& entry) const;
};

std::string ParameterTable::State::unknown(std::string_view name) const {
  std::vector<std::string> names;
  for (const auto& [known, entry] : entries) names.push_back(known);
  const std::string nearest = nearest_name(name, names);
  const std::string hint =
      nearest.empty() ? "; `kith config show` lists all" : "; did you mean \"" + nearest + "\"?";
  return "there is no parameter \"" + std::string(name.substr(0, 128)) + "\"" + hint;
}

Result<std::pair<ParameterTable::State::Entry*, Assignment>> ParameterTable::State::check(
    const RawSetting& setting, ParameterLayer layer, const ParameterSources& sources) const {
  Entry* entry = find(setting.name);
  std::string text = setting.value;
  if (entry == nullptr && setting.name.ends_with(file_suffix)) {
    Entry* secret = find(std::string_view(setting.name).substr(0, setting.name.size() - file_suffix.size()));
    if (secret != nullptr && secret->spec.secret) {
      entry = secret;
      if (!sources.read_file)
        return failure(ErrorCode::unsupported, "secrets cannot be read from files here");
      text = first_line(KITH_TRY(sources.read_file(setting.value)));
    }
  }
  if (entry == nullptr) return failure(ErrorCode::not_found, unknown(setting.name));
  auto value = KITH_TRY(parse_value(entry->spec, text));
  return std::pair(entry, Assignment{std::move(value), {layer, setting.place, "", 0}});
}

ParameterTable::State::Layer ParameterTable::State::check_all(const std::vector<RawSetting>& settings,
                                                              ParameterLayer layer,
                                                              const ParameterSources& sources,
                                                              std::vector<std::string>& problems) const {
  Layer out;
  for (const auto& setting : settings) {
    auto checked = check(setting, layer, sources);
    if (checked) {
      out.insert_or_assign(checked->first, std::move(checked->second));
    } else {
      problems.push_back(setting.place + ": " + checked.error().message);
    }
  }
  return out;
}

ParameterTable::State::Layer ParameterTable::State::check_saved(const std::vector<SavedChange>& saved,
                                                                std::vector<std::string>& warnings) const {
  Layer out;
  for (const auto& change : saved) {
    Entry* entry = find(change.name);
    if (entry == nullptr || !entry->spec.at_runtime) {
      warnings.push_back("the saved change of \"" + change.name + "\" is left out: " +
                         (entry == nullptr ? unknown(change.name) : "it can no longer change at run time"));
      continue;
    }
    auto value = parse_value(entry->spec, change.value);
    if (!value) {
      warnings.push_back("the saved change by " + change.author + " is left out: " + value.error().message);
      continue;
    }
    const ParameterOrigin origin{ParameterLayer::saved, change.author, change.reason, change.when_unix_ms};
    out.insert_or_assign(entry, Assignment{*std::move(value), origin});
  }
  return out;
}

ParameterTable::State::Layer ParameterTable::State::profile_layer(
    const std::array<Layer, parameter_layer_count>& staged, const ParameterSources& sources,
    std::vector<std::string>& problems) const {
  Entry* chooser = find(profile_parameter);
  std::string chosen = chooser->spec.default_text;
  for (const auto& layer : staged) {  // weakest first: the last word counts
    if (const auto found = layer.find(chooser); found != layer.end()) chosen = found->second.value.text;
  }
  std::vector<RawSetting> settings;
  for (const auto& profile : profiles) {
    if (profile.name != chosen) continue;
    for (const auto& [name, value] : profile.values) {
      settings.push_back({std::string(name), std::string(value), std::string(profile.name)});
    }
  }
  return check_all(settings, ParameterLayer::profile, sources, problems);
}

// Returns the names whose effective value changed.
std::vector<std::string> ParameterTable::State::replace(ParameterLayer layer, Layer assignments) {
  std::vector<std::string> changed;
  for (const auto& [name, entry] : entries) {
    auto& place = entry->layers[static_cast<std::size_t>(layer)];
    const auto found = assignments.find(entry.get());
    if (found == assignments.end()) {
      place.reset();
    } else {
      place = std::move(found->second);
    }
    if (publish(*entry)) changed.push_back(name);
  }
  return changed;
}

bool ParameterTable::State::publish(Entry& entry) {
  const ParsedValue& value = entry.effective().value;
  if (entry.spec.type == ParameterType::text) {
    const std::lock_guard lock(entry.cell.mutex);
    const bool changed = entry.cell.text != value.text;
    entry.cell.text = value.text;
    return changed;
  }
  return entry.cell.bits.exchange(value.bits, std::memory_order_relaxed) != value.bits;
}

ParameterState ParameterTable::State::state_of(const Entry& entry) const {
  const auto shown = [&entry](const ParsedValue& value) {
    return entry.spec.secret && !value.text.empty() ? std::string("***") : value.text;
  };
  ParameterState out;
  out.spec = entry.spec;
  const Assignment& effective = entry.effective();
  out.value = shown(effective.value);
  out.origin = effective.origin;
  for (std::size_t i = entry.layers.size(); i-- > 0;) {
    if (entry.layers[i] && &*entry.layers[i] != &effective) {
      out.hidden.emplace_back(shown(entry.layers[i]->value), entry.layers[i]->origin);
    }
  }
  return out;
}

// ── The table ──

ParameterTable::ParameterTable(std::span<const Profile> profiles, const Clock& clock)
    : state_(std::make_unique<State>(profiles, clock)) {
  std::vector<std::string> names = {""};
  for (const auto& profile : profiles) names.emplace_back(profile.name);
  declare(choice_parameter(profile_parameter, std::move(names), "")
              .describe("named set of values that replaces defaults; empty: none"));
}

ParameterTable::~ParameterTable() = default;

const ParameterCell* ParameterTable::declare_spec(ParameterSpec spec) {
  require(is_good_name(spec.name), "malformed parameter name: " + spec.name);
  require(!spec.description.empty(), "a parameter needs a description: " + spec.name);
  require(!spec.secret || (spec.type == ParameterType::text && !spec.at_runtime && spec.default_text.empty()),
          "a secret is a text, empty by default, not changed at run time: " + spec.name);
  const std::lock_guard lock(state_->mutex);
  auto entry = std::make_unique<State::Entry>();
  auto value = parse_value(spec, spec.default_text);
  require(value.has_value(), "the default does not pass its own range: " + spec.name);
  spec.default_text = value->text;
  entry->layers[0] = Assignment{*std::move(value), {}};
  entry->spec = std::move(spec);
  state_->publish(*entry);
  const auto [place, is_new] = state_->entries.emplace(entry->spec.name, std::move(entry));
  require(is_new, "parameter declared twice: " + place->first);
  return &place->second->cell;
}

Result<std::vector<std::string>> ParameterTable::load(const ParameterSources& sources) {
  std::vector<std::string> problems, warnings, changed;
  {
    const std::lock_guard lock(state_->mutex);
    std::array<State::Layer, parameter_layer_count> staged;
    const auto stage = [&](ParameterLayer layer, const std::vector<RawSetting>& settings) {
      staged[static_cast<std::size_t>(layer)] = state_->check_all(settings, layer, sources, problems);
    };
    if (sources.file) {
      auto settings = read_toml(*sources.file, sources.file_name);
      if (settings) {
        stage(ParameterLayer::file, *settings);
      } else {
        problems.push_back(settings.error().message);
      }
    }
    stage(ParameterLayer::environment, read_environment(sources.environment));
    std::vector<RawSetting> flags;
    for (const auto& [name, value] : sources.flags) flags.push_back({name, value, "--set " + name});
    stage(ParameterLayer::flag, flags);
    staged[static_cast<std::size_t>(ParameterLayer::saved)] = state_->check_saved(sources.saved, warnings);
    staged[static_cast<std::size_t>(ParameterLayer::profile)] =
        state_->profile_layer(staged, sources, problems);
    if (!problems.empty()) return failure(ErrorCode::invalid_argument, join_lines(problems));
    std::set<std::string> names;
    for (std::size_t i = 1; i < staged.size(); ++i) {
      const auto replaced = state_->replace(static_cast<ParameterLayer>(i), std::move(staged[i]));
      names.insert(replaced.begin(), replaced.end());
    }
    changed.assign(names.begin(), names.end());
  }
  state_->watchers->notify(changed);
  return warnings;
}

Result<std::vector<std::string>> ParameterTable::reload_file(const ParameterSources& sources) {
  std::vector<std::string> problems, changed, need_restart;
  {
    const std::lock_guard lock(state_->mutex);
    const auto settings = KITH_TRY(read_toml(sources.file.value_or(""), sources.file_name));
    auto layer = state_->check_all(settings, ParameterLayer::file, sources, problems);
    if (!problems.empty()) return failure(ErrorCode::invalid_argument, join_lines(problems));
    for (const auto& [name, entry] : state_->entries) {
      if (entry->spec.at_runtime) continue;
      const auto& old = entry->layers[static_cast<std::size_t>(ParameterLayer::file)];
      const auto found = layer.find(entry.get());
      const bool same = found == layer.end() ? !old : old && old->value.text == found->second.value.text;
      if (same) continue;
      need_restart.push_back(name);
      layer.erase(entry.get());
      if (old) layer.emplace(entry.get(), *old);
    }
    changed = state_->replace(ParameterLayer::file, std::move(layer));
  }
  state_->watchers->notify(changed);
  return need_restart;
}

Result<SavedChange> ParameterTable::set(std::string_view name, std::string_view value,
                                        std::string_view author, std::string_view reason) {
  SavedChange change{std::string(name), "", std::string(author), std::string(reason),
                     state_->clock.wall_unix_ms()};
  bool changed = false;
  {
    const std::lock_guard lock(state_->mutex);
    auto* entry = state_->find(name);
    if (entry == nullptr) return failure(ErrorCode::not_found, state_->unknown(name));
    if (!entry->spec.at_runtime) {
      return failure(
          ErrorCode::failed_precondition,
          change.name +
              " cannot change while the process runs; put it into the configuration file and restart");
    }
    if (const auto& flag = entry->layers[static_cast<std::size_t>(ParameterLayer::flag)]) {
      return failure(ErrorCode::failed_precondition, change.name + " is held by the flag " +
                                                         flag->origin.who +
                                                         "; restart without it to change it here");
    }
    auto parsed = KITH_TRY(parse_value(entry->spec, value));
    change.value = parsed.text;
    entry->layers[static_cast<std::size_t>(ParameterLayer::saved)] = Assignment{
        std::move(parsed), {ParameterLayer::saved, change.author, change.reason, change.when_unix_ms}};
    changed = state_->publish(*entry);
  }
  if (changed) state_->watchers->notify({change.name});
  return change;
}

Result<bool> ParameterTable::clear(std::string_view name) {
  bool changed = false;
  {
    const std::lock_guard lock(state_->mutex);
    auto* entry = state_->find(name);
    if (entry == nullptr) return failure(ErrorCode::not_found, state_->unknown(name));
    auto& saved = entry->layers[static_cast<std::size_t>(ParameterLayer::saved)];
    if (!saved) return false;
    saved.reset();
    changed = state_->publish(*entry);
  }
  if (changed) state_->watchers->notify({std::string(name)});
  return true;
}

std::vector<ParameterState> ParameterTable::effective() const {
  const std::lock_guard lock(state_->mutex);
  std::vector<ParameterState> out;
  for (const auto& [name, entry] : state_->entries) out.push_back(state_->state_of(*entry));
  return out;
}

Result<ParameterState> ParameterTable::find(std::string_view name) const {
  const std::lock_guard lock(state_->mutex);
  const auto* entry = state_->find(name);
  if (entry == nullptr) return failure(ErrorCode::not_found, state_->unknown(name));
  return state_->state_of(*entry);
}

Result<std::string> ParameterTable::explain(std::string_view name) const {
  return explain_parameter(KITH_TRY(find(name)));
}

std::string ParameterTable::json_schema() const { return parameter_json_schema(effective()); }

// ── Watching ──

ParameterWatch ParameterTable::watch(std::string_view name, std::function<void()> changed) {
  require(find(name).has_value(), "watch of a parameter that was not declared");
  ParameterWatch watch;
  watch.watchers_ = state_->watchers;
  const std::lock_guard lock(watch.watchers_->mutex);
  watch.id_ = watch.watchers_->next_id++;
  watch.watchers_->callbacks.emplace(watch.id_, std::pair(std::string(name), std::move(changed)));
  return watch;
}

ParameterWatch::ParameterWatch(ParameterWatch&& other) noexcept
    : watchers_(std::move(other.watchers_)), id_(std::exchange(other.id_, 0)) {}

ParameterWatch& ParameterWatch::operator=(ParameterWatch&& other) noexcept {
  std::swap(watchers_, other.watchers_);
  std::swap(id_, other.id_);
  return *this;
}

ParameterWatch::~ParameterWatch() {
  if (!watchers_) return;
  const std::lock_guard lock(watchers_->mutex);
  watchers_->callbacks.erase(id_);
}

// ── Saved changes ──

std::string SavedChange::encode() const {
  ByteWriter out;
  out.put<std::uint8_t>(1);  // format
  out.put_string(name);
  out.put_string(value);
  out.put_string(author);
  out.put_string(reason);
  out.put(when_unix_ms);
  return out.take();
}

Result<SavedChange> SavedChange::decode(std::string_view bytes) {
  ByteReader in(bytes);
  if (KITH_TRY(in.get<std::uint8_t>()) != 1)
    return failure(ErrorCode::corrupt, "saved parameter change of an unknown format");
  SavedChange out;
  out.name = KITH_TRY(in.get_string());
  out.value = KITH_TRY(in.get_string());
  out.author = KITH_TRY(in.get_string());
  out.reason = KITH_TRY(in.get_string());
  out.when_unix_ms = KITH_TRY(in.get<std::int64_t>());
  if (!in.at_end()) return failure(ErrorCode::corrupt, "saved parameter change with bytes left over");
  return out;
}

}  // namespace kith
