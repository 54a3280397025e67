#include "os/faulty_file_system.h"

#include "base/try.h"

#include <fmt/format.h>

namespace kith::os {

struct FaultyFileSystem::State {
  State(std::uint64_t seed, FaultRates chances) : random(seed), rates(chances) {}

  std::mutex mutex;
  std::mt19937_64 random;
  FaultRates rates;
  std::optional<std::uint64_t> calls_until_fault;
  ErrorCode planned_code = ErrorCode::io;
  std::uint64_t changing_calls = 0;
  std::uint64_t faults = 0;

  // std::bernoulli_distribution may differ between libraries; a seed must mean the same everywhere.
  bool by_chance(double rate) { return rate > 0 && static_cast<double>(random() >> 11) * 0x1.0p-53 < rate; }

  /// Counts a changing call; says how it fails, if it does.
  std::optional<ErrorCode> next_change(double io_rate, double full_rate = 0) {
    ++changing_calls;
    std::optional<ErrorCode> code;
    if (calls_until_fault && (*calls_until_fault)-- == 0) {
      calls_until_fault.reset();
      code = planned_code;
    } else if (by_chance(full_rate)) {
      code = ErrorCode::disk_full;
    } else if (by_chance(io_rate)) {
      code = ErrorCode::io;
    }
    if (code) ++faults;
    return code;
  }

  using Rate = double FaultRates::*;

  Status change(Rate rate, std::string_view action, const Path& path) {
    const std::lock_guard lock(mutex);
    if (const auto code = next_change(rates.*rate)) return fault(*code, action, path);
    return {};
  }

  Status read(Rate rate, const Path& path) {
    const std::lock_guard lock(mutex);
    if (!by_chance(rates.*rate)) return {};
    ++faults;
    return fault(ErrorCode::io, "read", path);
  }

  static std::unexpected<Error> fault(ErrorCode code, std::string_view action, const Path& path) {
    return failure(code, fmt::format("cannot {} {}: injected fault", action, path.native()));
  }
};

namespace {

using State = FaultyFileSystem::State;

class FaultyReader final : public RandomAccessFile {
 public:
  FaultyReader(std::unique_ptr<RandomAccessFile> inner, std::shared_ptr<State> state, Path path)
      : inner_(std::move(inner)), state_(std::move(state)), path_(std::move(path)) {}
  std::uint64_t size() const override { return inner_->size(); }
  Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const override {
    KITH_TRY(state_->read(&FaultRates::read_error, path_));
    return inner_->read(offset, out.first(bytes_delivered(out.size())));
  }

 private:
  std::size_t bytes_delivered(std::size_t asked) const {
    const std::lock_guard lock(state_->mutex);
    if (asked == 0 || !state_->by_chance(state_->rates.short_read)) return asked;
    ++state_->faults;
    return state_->random() % asked;
  }

  std::unique_ptr<RandomAccessFile> inner_;
  std::shared_ptr<State> state_;
  Path path_;
};

class FaultyWriter final : public WritableFile {
 public:
  FaultyWriter(std::unique_ptr<WritableFile> inner, std::shared_ptr<State> state, Path path)
      : inner_(std::move(inner)), state_(std::move(state)), path_(std::move(path)) {}

  Status append(std::string_view bytes) override {
    std::optional<ErrorCode> code;
    std::size_t kept = bytes.size();
    {
      const std::lock_guard lock(state_->mutex);
      code = state_->next_change(state_->rates.torn_append, state_->rates.disk_full);
      if (code && !bytes.empty()) kept = state_->random() % bytes.size();
    }
    KITH_TRY(inner_->append(bytes.substr(0, kept)));
    if (code) return State::fault(*code, "write to", path_);
    return {};
  }
  Status sync() override {
    KITH_TRY(state_->change(&FaultRates::sync_error, "sync", path_));
    return inner_->sync();
  }
  Status close() override { return inner_->close(); }
  std::uint64_t size() const override { return inner_->size(); }

 private:
  std::unique_ptr<WritableFile> inner_;
  std::shared_ptr<State> state_;
  Path path_;
};

}  // namespace

FaultyFileSystem::FaultyFileSystem(FileSystem& inner, std::uint64_t seed, FaultRates rates)
    : inner_(inner), state_(std::make_shared<State>(seed, rates)) {}
FaultyFileSystem::~FaultyFileSystem() = default;

void FaultyFileSystem::set_rates(FaultRates rates) {
  const std::lock_guard lock(state_->mutex);
  state_->rates = rates;
}

void FaultyFileSystem::fail_at(std::uint64_t call, ErrorCode code) {
  const std::lock_guard lock(state_->mutex);
  state_->calls_until_fault = call;
  state_->planned_code = code;
}

std::uint64_t FaultyFileSystem::changing_calls() const {
  const std::lock_guard lock(state_->mutex);
  return state_->changing_calls;
}

std::uint64_t FaultyFileSystem::faults() const {
  const std::lock_guard lock(state_->mutex);
  return state_->faults;
}

Result<std::unique_ptr<RandomAccessFile>> FaultyFileSystem::open_for_read(const Path& path) {
  KITH_TRY(state_->read(&FaultRates::name_error, path));
  return std::make_unique<FaultyReader>(KITH_TRY(inner_.open_for_read(path)), state_, path);
}

Result<std::shared_ptr<const MappedFile>> FaultyFileSystem::map_read_only(const Path& path) {
  KITH_TRY(state_->read(&FaultRates::read_error, path));
  return inner_.map_read_only(path);
}

Result<std::unique_ptr<WritableFile>> FaultyFileSystem::create(const Path& path) {
  KITH_TRY(state_->change(&FaultRates::name_error, "create", path));
  return std::make_unique<FaultyWriter>(KITH_TRY(inner_.create(path)), state_, path);
}

Result<std::unique_ptr<WritableFile>> FaultyFileSystem::open_for_append(const Path& path) {
  KITH_TRY(state_->change(&FaultRates::name_error, "create", path));
  return std::make_unique<FaultyWriter>(KITH_TRY(inner_.open_for_append(path)), state_, path);
}

Status FaultyFileSystem::rename(const Path& from, const Path& to) {
  KITH_TRY(state_->change(&FaultRates::name_error, "rename", from));
  return inner_.rename(from, to);
}

Status FaultyFileSystem::remove(const Path& path) {
  KITH_TRY(state_->change(&FaultRates::name_error, "remove", path));
  return inner_.remove(path);
}

Status FaultyFileSystem::remove_all(const Path& path) {
  KITH_TRY(state_->change(&FaultRates::name_error, "remove", path));
  return inner_.remove_all(path);
}

Result<std::vector<DirectoryEntry>> FaultyFileSystem::list(const Path& folder) {
  KITH_TRY(state_->read(&FaultRates::name_error, folder));
  return inner_.list(folder);
}

Status FaultyFileSystem::create_directories(const Path& folder) {
  KITH_TRY(state_->change(&FaultRates::name_error, "create the folder", folder));
  return inner_.create_directories(folder);
}

Status FaultyFileSystem::sync_directory(const Path& folder) {
  KITH_TRY(state_->change(&FaultRates::sync_error, "sync the folder", folder));
  return inner_.sync_directory(folder);
}

bool FaultyFileSystem::exists(const Path& path) { return inner_.exists(path); }
Result<std::uint64_t> FaultyFileSystem::file_size(const Path& path) { return inner_.file_size(path); }
Result<std::uint64_t> FaultyFileSystem::free_bytes(const Path& folder) { return inner_.free_bytes(folder); }

Status FaultyFileSystem::allocate(const Path& path, std::uint64_t bytes) {
  KITH_TRY(state_->change(&FaultRates::name_error, "reserve space in", path));
  return inner_.allocate(path, bytes);
}

Result<std::unique_ptr<FolderLock>> FaultyFileSystem::lock_folder(const Path& folder) {
  return inner_.lock_folder(folder);
}

}  // namespace kith::os
