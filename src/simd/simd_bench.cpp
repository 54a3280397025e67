// Kernels alone: one query against rows in the cache, and against rows scattered over memory.

#include "simd/kernels.h"

#include <benchmark/benchmark.h>

#include <memory>
#include <random>
#include <string>
#include <vector>

namespace {

using kith::simd::Kernels;

void bench_many(benchmark::State& state, Kernels::Many many, std::size_t dimension, std::size_t rows_total) {
  constexpr std::size_t batch = 32;
  std::mt19937 random(1);
  std::vector<float> values(dimension * rows_total, 0.5F), query(dimension, 0.25F), out(batch);
  std::vector<std::vector<const float*>> batches(256, std::vector<const float*>(batch));
  for (auto& rows : batches) {
    for (auto& row : rows) row = values.data() + random() % rows_total * dimension;
  }
  std::size_t next = 0;
  for (auto _ : state) {
    many(query.data(), batches[next++ % batches.size()].data(), batch, dimension, out.data());
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(batch));
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(batch * dimension * sizeof(float)));
}

}  // namespace

int main(int argc, char** argv) {
  using kith::simd::Level;
  for (const Level level : {Level::portable, Level::avx2, Level::avx512}) {
    const Kernels* table = kith::simd::kernels_of(level);
    if (table == nullptr) continue;
    for (const std::size_t dimension : {4UL, 128UL, 384UL, 768UL}) {
      for (const std::size_t rows : {32UL, 100'000UL}) {
        const std::string tail = std::string("/") + kith::simd::level_name(level) + "/" +
                                 std::to_string(dimension) + (rows == 32 ? "/cached" : "/scattered");
        const auto add = [&](const char* name, Kernels::Many many) {
          benchmark::RegisterBenchmark((name + tail).c_str(), bench_many, many, dimension, rows);
        };
        add("dot", table->dot_many);
        add("squared_l2", table->squared_l2_many);
        add("l1", table->l1_many);
      }
    }
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
