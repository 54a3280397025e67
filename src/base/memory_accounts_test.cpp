#include "base/memory_accounts.h"

#include "base/random.h"

#include <gtest/gtest.h>

#include <thread>

namespace kith {
namespace {

TEST(MemoryBudget, AccountsAddUp) {
  MemoryBudget budget(1000);
  MemoryAccount& cache = budget.account("cache");
  MemoryAccount& graph = budget.account("graph");
  EXPECT_EQ(&cache, &budget.account("cache"));
  auto held = cache.try_reserve(300).value();
  graph.add(250);
  graph.set(100);
  const auto report = budget.report();
  ASSERT_EQ(report.accounts.size(), 2U);
  EXPECT_EQ(report.accounts[0].name, "cache");
  EXPECT_EQ(report.accounts[0].bytes, 300U);
  EXPECT_EQ(report.accounts[1].bytes, 100U);
  EXPECT_EQ(report.total, 400U);
  EXPECT_EQ(budget.total(), 400U);
}

TEST(MemoryBudget, RefusalsNameWhoAndHowMuchAndChangeNothing) {
  MemoryBudget budget(std::uint64_t{10} << 20);
  MemoryAccount& cache = budget.account("search cache");
  cache.set_limit(std::uint64_t{4} << 20);
  const auto over_account = cache.try_reserve(std::uint64_t{5} << 20);
  ASSERT_FALSE(over_account.has_value());
  EXPECT_EQ(over_account.error().code, ErrorCode::overloaded);
  EXPECT_NE(over_account.error().message.find("\"search cache\" holds 0 B of 4.0 MiB"), std::string::npos);
  budget.account("graph").add(std::uint64_t{9} << 20);
  const auto over_budget = cache.try_reserve(std::uint64_t{2} << 20);
  ASSERT_FALSE(over_budget.has_value());
  EXPECT_NE(over_budget.error().message.find("memory.limit"), std::string::npos);
  EXPECT_EQ(cache.bytes(), 0U);
  EXPECT_EQ(budget.total(), std::uint64_t{9} << 20);
  EXPECT_FALSE(cache.try_reserve(UINT64_MAX).has_value());  // no wrap-around
  budget.set_limit(0);
  cache.set_limit(0);
  EXPECT_TRUE(cache.try_reserve(std::uint64_t{1} << 40).has_value());
}

TEST(MemoryReservation, GivesBackOnceAndResizes) {
  MemoryBudget budget(1000);
  MemoryAccount& account = budget.account("a");
  {
    auto first = account.try_reserve(600).value();
    auto second = std::move(first);
    EXPECT_EQ(account.bytes(), 600U);
    EXPECT_FALSE(second.resize(1001).has_value());
    EXPECT_EQ(second.bytes(), 600U);
    ASSERT_TRUE(second.resize(1000).has_value());
    ASSERT_TRUE(second.resize(10).has_value());
    EXPECT_EQ(budget.total(), 10U);
    second = account.try_reserve(20).value();
    EXPECT_EQ(account.bytes(), 20U);
  }
  EXPECT_EQ(account.bytes(), 0U);
  EXPECT_EQ(budget.total(), 0U);
}

TEST(MemoryBudget, NeverPassesTheLimitWhateverRunsBeside) {
  MemoryBudget budget(10'000);
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      Random random(t);
      MemoryAccount& account = budget.account("account " + std::to_string(t % 2));
      for (int i = 0; i < 5'000; ++i) {
        const auto held = account.try_reserve(random.below(6'000));
        if (budget.total() > 10'000) over = true;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_FALSE(over.load());
  EXPECT_EQ(budget.total(), 0U);
}

}  // namespace
}  // namespace kith
