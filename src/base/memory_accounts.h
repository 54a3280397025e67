// Memory accounts: who holds how many bytes, in named accounts that add up, under one limit.
//
//   MemoryBudget budget(8 << 30);
//   MemoryAccount& cache = budget.account("search cache");
//   auto reservation = KITH_TRY(cache.try_reserve(bytes));   // given back when it goes out of scope
//
// Promises: total() is the sum of the accounts at rest; try_reserve() never takes the total, or the account, over
// its limit, whatever runs beside it. add() and set() report bytes that exist already, so they may go over;
// reservations are then refused until there is room again.
// Costs: two atomic additions.
// Thread safety: everything may be called from any thread. Accounts live as long as their budget.
#pragma once

#include <kith/result.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kith {

class MemoryAccount;
class MemoryBudget;

/// Bytes held; given back on destruction.
class MemoryReservation {
 public:
  MemoryReservation() = default;
  MemoryReservation(MemoryReservation&& other) noexcept
      : account_(std::exchange(other.account_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  MemoryReservation& operator=(MemoryReservation&& other) noexcept;
  ~MemoryReservation() { release(); }

  std::uint64_t bytes() const { return bytes_; }
  /// Grows or shrinks it; overloaded leaves it as it was.
  Status resize(std::uint64_t bytes);
  void release();

 private:
  friend class MemoryAccount;
  MemoryReservation(MemoryAccount* account, std::uint64_t bytes) : account_(account), bytes_(bytes) {}
  MemoryAccount* account_ = nullptr;
  std::uint64_t bytes_ = 0;
};

class MemoryAccount {
 public:
  MemoryAccount(MemoryBudget& budget, std::string name) : budget_(budget), name_(std::move(name)) {}
  MemoryAccount(const MemoryAccount&) = delete;
  MemoryAccount& operator=(const MemoryAccount&) = delete;

  const std::string& name() const { return name_; }
  std::uint64_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  /// 0: only the budget's.
  std::uint64_t limit() const { return limit_.load(std::memory_order_relaxed); }
  void set_limit(std::uint64_t bytes) { limit_.store(bytes, std::memory_order_relaxed); }

  /// overloaded, with a message that names the account, what it holds and the limit.
  Result<MemoryReservation> try_reserve(std::uint64_t bytes);
  void add(std::uint64_t bytes);
  void subtract(std::uint64_t bytes);
  /// For owners that count their bytes themselves. Not beside reservations on the same account.
  void set(std::uint64_t bytes);

 private:
  friend class MemoryReservation;
  Status take(std::uint64_t bytes);
  MemoryBudget& budget_;
  std::string name_;
  std::atomic<std::uint64_t> bytes_{0};
  std::atomic<std::uint64_t> limit_{0};
};

class MemoryBudget {
 public:
  /// 0: no limit.
  explicit MemoryBudget(std::uint64_t limit_bytes) : limit_(limit_bytes) {}

  /// The account of that name, made on first use.
  MemoryAccount& account(std::string_view name);

  std::uint64_t total() const { return total_.load(std::memory_order_relaxed); }
  std::uint64_t limit() const { return limit_.load(std::memory_order_relaxed); }
  void set_limit(std::uint64_t bytes) { limit_.store(bytes, std::memory_order_relaxed); }

  struct Line {
    std::string name;
    std::uint64_t bytes = 0;
    std::uint64_t limit = 0;  ///< 0: none of its own
  };
  struct Report {
    std::vector<Line> accounts;  ///< by name
    std::uint64_t total = 0;     ///< the sum of the lines
    std::uint64_t limit = 0;
  };
  Report report() const;

 private:
  friend class MemoryAccount;
  std::atomic<std::uint64_t> total_{0};
  std::atomic<std::uint64_t> limit_;
  mutable std::mutex mutex_;
  std::list<MemoryAccount> accounts_;  // stable addresses
};

}  // namespace kith
