// Configuration files: any bytes give values in range or an error, and never a crash.
#include "base/parameters.h"
#include "base/process_parameters.h"
#include "base/profiles.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 4096) return 0;
  const kith::ManualClock clock;
  kith::ParameterTable table(kith::built_in_profiles(), clock);
  const auto process = kith::declare_process_parameters(table);
  const std::string text(reinterpret_cast<const char*>(data), size);
  kith::ParameterSources sources;
  sources.file_name = "fuzz.toml";
  sources.file = text;
  const auto loaded = table.load(sources);
  if (!loaded && loaded.error().message.empty()) std::abort();
  if (process.search_threads.get() < 0 || process.search_threads.get() > 1024) std::abort();
  if (process.memory_limit.get() < kith::Bytes{64U << 20}) std::abort();
  (void)table.reload_file(sources);
  // The same bytes as a value and as a saved change.
  (void)table.set("memory.limit", text, "fuzz", "");
  (void)table.set("log.slow_request", text, "fuzz", "");
  (void)kith::SavedChange::decode(text);
  for (const auto& state : table.effective()) {
    if (!kith::parse_value(state.spec, state.value)) std::abort();
  }
  return 0;
}
