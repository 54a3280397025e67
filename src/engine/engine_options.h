// How a data folder is run. Faces fill this from the runtime parameters.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

#include "base/clock.h"
#include "base/executor.h"
#include "base/log.h"
#include "os/file_system.h"
#include "store/store_options.h"

namespace kith::engine {

struct EngineOptions {
  store::StoreOptions store;

  /// Written vectors that may wait for linking, per vector view; at the bound writers wait, then get `overloaded`.
  std::size_t tail_rows_max = 50'000;
  /// More rows may wait where they have fewer bytes than this: what a search must scan is what counts.
  std::size_t tail_bytes_max = 0;
  std::chrono::milliseconds tail_wait_max{5'000};
  /// Collections up to this size are scanned: exact, and faster than a walk.
  std::size_t exact_rows_max = 1'000;
  /// A filter that leaves fewer points than this is answered by scanning them.
  std::size_t filtered_scan_rows_max = 5'000;

  /// A checkpoint is due after so many point changes, or when the oldest change is so old.
  std::size_t checkpoint_changes = 20'000;
  std::chrono::milliseconds checkpoint_age{60'000};

  /// Largest write call, in points; it must fit the tail.
  std::size_t write_points_max = 50'000;

  /// False: nothing happens on its own (tests call maintain()).
  bool background = true;

  os::FileSystem* files = &os::real_file_system();  ///< of the views; outlives the engine
  Executor* executor = nullptr;                     ///< required; outlives the engine
  const Clock* clock = nullptr;                     ///< required; outlives the engine
  Logger log = Logger::none();
};

}  // namespace kith::engine
