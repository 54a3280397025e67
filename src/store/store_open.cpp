// Opening a store, and what must be true of it before anybody reads from it.
#include "base/try.h"
#include "os/file_system.h"
#include "store/log_check.h"
#include "store/rocks_status.h"
#include "store/store_core.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <thread>

namespace kith::store {
namespace {

constexpr std::string_view folder_format = "1";
/// A secondary that reads the list of files just before the writer removes a log it needs sees a hole, or a missing
/// file. It is gone when it looks anew.
constexpr int secondary_looks_max = 10;
constexpr std::chrono::milliseconds secondary_pause{10};

Status check_folder_format(std::string_view found) {
  if (found == folder_format) return {};
  return failure(
      ErrorCode::failed_precondition,
      fmt::format("the data folder has format {}, this Kith reads and writes format {}; use the version "
                  "that wrote it, or a newer one",
                  found, folder_format));
}

std::string hole_message(const CatalogEntry& entry, std::string_view what) {
  return fmt::format(
      "collection \"{}\" (id {}): {}; restore the data folder from a backup, or open it in rescue mode "
      "to copy what is there",
      entry.name, entry.id.value, what);
}

}  // namespace

Status Store::Core::open() {
  if (writable()) {
    KITH_TRY(open_writable());
    KITH_TRY(check());
    start_background_sync();
    return {};
  }
  Status opened;
  for (int look = 0; look < secondary_looks_max; ++look) {
    std::this_thread::sleep_for(look * secondary_pause);
    close_database();
    opened = open_secondary();
    if (opened) opened = check();
    const bool may_be_the_writer =
        !opened && (opened.error().code == ErrorCode::corrupt || opened.error().code == ErrorCode::io);
    if (!may_be_the_writer) return opened;
  }
  return std::unexpected(std::move(opened).error().with_context(
      "damaged, or a process is writing to it too fast to be read (then try "
      "again, or ask that process)"));
}

Status Store::Core::check() {
  KITH_TRY(check_format());
  Status whole = check_feeds();
  if (whole || options.mode != OpenMode::rescue) return whole;
  if (options.warn) options.warn(whole.error().message);
  return {};
}

Status Store::Core::open_writable() {
  KITH_TRY(files->create_directories(folder));
  space = std::make_unique<SpaceGuard>(folder, options, *files);
  space->adopt_ballast();
  disk = std::make_shared<RocksFileSystem>(space.get(), options.faults);
  env = rocksdb::NewCompositeEnv(disk);
  setup = rocks_setup(options, env.get());
  KITH_TRY(check_columns());
  KITH_TRY(check_logs(*files, folder));
  rocksdb::DB* opened = nullptr;
  const auto status = rocksdb::DB::Open(setup.db, folder.native(), setup.columns, &columns, &opened);
  db.reset(opened);
  KITH_TRY(from_rocks(status, fmt::format("open the store in {}", folder.native())));
  if (const auto failed = disk->log_failure()) return std::unexpected(*failed);
  // On a full disk the store opens for reading; every commit then says why it is refused.
  static_cast<void>(space->admit(0));
  return {};
}

Status Store::Core::open_secondary() {
  if (!files->exists(folder / "CURRENT")) {
    return failure(ErrorCode::not_found,
                   fmt::format("there is no store in {}; check the path, or create one by "
                               "writing to it",
                               folder.native()));
  }
  std::filesystem::path messages = options.scratch_folder;
  if (messages.empty()) {
    std::error_code error;
    messages = std::filesystem::temp_directory_path(error) /
               fmt::format("kith-{}-{}", ::getpid(), fmt::ptr(static_cast<const void*>(this)));
    scratch = messages;
  }
  KITH_TRY(files->create_directories(messages));
  disk = std::make_shared<RocksFileSystem>(nullptr, nullptr);
  env = rocksdb::NewCompositeEnv(disk);
  setup = rocks_setup(options, env.get());
  KITH_TRY(check_columns());
  const Status logs = check_logs(*files, folder);
  if (!logs && options.mode != OpenMode::rescue) return logs;
  if (!logs && options.warn) options.warn(logs.error().message);
  rocksdb::DB* opened = nullptr;
  const auto status = rocksdb::DB::OpenAsSecondary(setup.db, folder.native(), messages.native(),
                                                   setup.columns, &columns, &opened);
  db.reset(opened);
  return from_rocks(status, fmt::format("open the store in {} for reading", folder.native()));
}

Status Store::Core::check_columns() const {
  if (!files->exists(folder / "CURRENT")) return {};
  std::vector<std::string> found;
  KITH_TRY(from_rocks(rocksdb::DB::ListColumnFamilies(setup.db, folder.native(), &found),
                      fmt::format("read what is in {}", folder.native())));
  for (const std::string& name : found) {
    if (std::ranges::find(column_names, name) != column_names.end()) continue;
    return failure(
        ErrorCode::failed_precondition,
        fmt::format("the store in {} has a part \"{}\" that this Kith does not know; use the version that "
                    "wrote it, or a newer one",
                    folder.native(), name));
  }
  return {};
}

Status Store::Core::check_format() {
  const std::string key = keys::folder(keys::tag_format);
  const auto found = KITH_TRY(get(nullptr, Batch::Column::catalog, key));
  if (found) return check_folder_format(*found);
  bool empty = true;
  KITH_TRY(scan(nullptr, Batch::Column::catalog, "", keys::after_prefix(""), [&](auto, auto) -> Result<bool> {
    empty = false;
    return false;
  }));
  if (!empty) {
    return failure(
        ErrorCode::corrupt,
        fmt::format("the store in {} has no format record; restore it from a backup", folder.native()));
  }
  if (!writable()) return {};
  rocksdb::WriteBatch batch;
  batch.Put(column(Batch::Column::catalog), key, rocksdb::Slice(folder_format.data(), folder_format.size()));
  return write(batch, true);
}

Status Store::Core::check_feeds() const {
  std::string holes;
  for (const CatalogEntry& entry : KITH_TRY(collections(nullptr))) {
    const Status whole = check_feed(entry);
    if (whole) continue;
    if (whole.error().code != ErrorCode::corrupt) return whole;
    holes += (holes.empty() ? "" : " | ") + whole.error().message;
  }
  if (!holes.empty()) return failure(ErrorCode::corrupt, holes);
  return {};
}

Status Store::Core::check_feed(const CatalogEntry& entry) const {
  std::uint64_t last = entry.feed_floor.value;
  std::string hole;
  const auto visit = [&](std::string_view key, std::string_view) -> Result<bool> {
    const std::string_view rest = keys::rest(key);
    const std::uint64_t seq = rest.size() == 8 ? keys::be64_at(rest) : 0;
    if (seq != last + 1) {
      hole = fmt::format("its change feed has a hole: {} is followed by {}", last, seq);
      return false;
    }
    last = seq;
    return true;
  };
  KITH_TRY(scan(nullptr, Batch::Column::feed, keys::feed(entry.id, ChangeSeq{last + 1}),
                keys::after_collection(entry.id), visit));
  if (hole.empty() && last != entry.state.change_seq.value) {
    hole =
        fmt::format("its change feed ends at {} and its state says {}", last, entry.state.change_seq.value);
  }
  if (hole.empty()) return {};
  return failure(ErrorCode::corrupt, hole_message(entry, hole));
}

Status Store::Core::catch_up() {
  Status whole;
  for (int look = 0; look < secondary_looks_max; ++look) {
    std::this_thread::sleep_for(look * secondary_pause);
    whole = from_rocks(db->TryCatchUpWithPrimary(), "catch up with the writing process");
    if (whole && options.mode != OpenMode::rescue) whole = check_feeds();
    if (whole) return {};
  }
  return failure(ErrorCode::unavailable,
                 fmt::format("could not catch up with the writing process, open the store anew "
                             "({})",
                             whole.error().message));
}

}  // namespace kith::store
