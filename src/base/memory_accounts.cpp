#include "base/memory_accounts.h"

#include "base/units.h"

#include <algorithm>
#include <cassert>

namespace kith {
namespace {

// Adds `bytes` unless that would pass `limit` (0: none).
bool add_within(std::atomic<std::uint64_t>& counter, std::uint64_t bytes, std::uint64_t limit) {
  std::uint64_t current = counter.load(std::memory_order_relaxed);
  do {
    if (limit != 0 && (current > limit || bytes > limit - current)) return false;
  } while (!counter.compare_exchange_weak(current, current + bytes, std::memory_order_relaxed));
  return true;
}

std::string refusal(std::string_view who, std::uint64_t held, std::uint64_t limit, std::uint64_t asked) {
  return std::string(who) + " holds " + format_bytes_short(held) + " of " + format_bytes_short(limit) +
         " and cannot take " + format_bytes_short(asked) + " more; try again later";
}

}  // namespace

MemoryReservation& MemoryReservation::operator=(MemoryReservation&& other) noexcept {
  if (this != &other) {
    release();
    account_ = std::exchange(other.account_, nullptr);
    bytes_ = std::exchange(other.bytes_, 0);
  }
  return *this;
}

Status MemoryReservation::resize(std::uint64_t bytes) {
  assert(account_ != nullptr);
  if (bytes > bytes_) {
    if (auto status = account_->take(bytes - bytes_); !status) return status;
  } else {
    account_->subtract(bytes_ - bytes);
  }
  bytes_ = bytes;
  return {};
}

void MemoryReservation::release() {
  if (account_ != nullptr) account_->subtract(bytes_);
  account_ = nullptr;
  bytes_ = 0;
}

Status MemoryAccount::take(std::uint64_t bytes) {
  if (!add_within(bytes_, bytes, limit())) {
    return failure(ErrorCode::overloaded, refusal("\"" + name_ + "\"", this->bytes(), limit(), bytes));
  }
  const std::uint64_t budget_limit = budget_.limit();
  if (!add_within(budget_.total_, bytes, budget_limit)) {
    bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    return failure(ErrorCode::overloaded, refusal("the process", budget_.total(), budget_limit, bytes) +
                                              ", or raise memory.limit (for \"" + name_ + "\")");
  }
  return {};
}

Result<MemoryReservation> MemoryAccount::try_reserve(std::uint64_t bytes) {
  if (auto status = take(bytes); !status) return std::unexpected(std::move(status).error());
  return MemoryReservation(this, bytes);
}

void MemoryAccount::add(std::uint64_t bytes) {
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
  budget_.total_.fetch_add(bytes, std::memory_order_relaxed);
}

void MemoryAccount::subtract(std::uint64_t bytes) {
  [[maybe_unused]] const std::uint64_t before = bytes_.fetch_sub(bytes, std::memory_order_relaxed);
  assert(before >= bytes);
  budget_.total_.fetch_sub(bytes, std::memory_order_relaxed);
}

void MemoryAccount::set(std::uint64_t bytes) {
  const std::uint64_t before = bytes_.exchange(bytes, std::memory_order_relaxed);
  // Unsigned arithmetic wraps, so that a smaller number subtracts.
  budget_.total_.fetch_add(bytes - before, std::memory_order_relaxed);
}

MemoryAccount& MemoryBudget::account(std::string_view name) {
  const std::lock_guard lock(mutex_);
  for (auto& account : accounts_) {
    if (account.name() == name) return account;
  }
  return accounts_.emplace_back(*this, std::string(name));
}

MemoryBudget::Report MemoryBudget::report() const {
  Report report;
  report.limit = limit();
  const std::lock_guard lock(mutex_);
  for (const auto& account : accounts_) {
    report.accounts.push_back({account.name(), account.bytes(), account.limit()});
    report.total += report.accounts.back().bytes;
  }
  std::ranges::sort(report.accounts, {}, &Line::name);
  return report;
}

}  // namespace kith
