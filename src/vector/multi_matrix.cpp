#include "vector/multi_matrix.h"

#include "base/bytes.h"
#include "base/try.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cassert>
#include <limits>

namespace kith::vector {
namespace {

constexpr std::uint32_t format_version = 1;
constexpr std::uint64_t rows_max = std::numeric_limits<std::uint32_t>::max();

/// One word, so that a reader who asks about a slot that is being written sees the old run or the new one.
struct RunWord {
  std::uint32_t first, count;
};
static_assert(sizeof(RunWord) == sizeof(std::uint64_t));

}  // namespace

/// One scorer per row of the query over the rows of all points.
class MultiMatrix::MaxSim final : public Scorer {
 public:
  MaxSim(const MultiMatrix& matrix, std::vector<std::unique_ptr<Scorer>> query)
      : matrix_(matrix), query_(std::move(query)) {}

  float score(SlotId slot) const override {
    const Run run = matrix_.run(slot);
    if (run.count == 0) return std::numeric_limits<float>::lowest();
    float sum = 0;
    for (const auto& row : query_) sum += best_of(*row, run);
    return finite_score(sum);
  }
  void score_many(std::span<const SlotId> slots, std::span<float> scores) const override {
    assert(scores.size() >= slots.size());
    for (std::size_t i = 0; i < slots.size(); ++i) scores[i] = score(slots[i]);
  }

 private:
  static float best_of(const Scorer& query_row, Run run) {
    constexpr std::uint32_t batch = 64;
    std::array<SlotId, batch> rows;
    std::array<float, batch> scores;  // uninitialised on purpose: only what is counted is read
    float best = std::numeric_limits<float>::lowest();
    for (std::uint32_t first = 0; first < run.count; first += batch) {
      const std::uint32_t count = std::min(batch, run.count - first);
      for (std::uint32_t i = 0; i < count; ++i) rows[i] = {run.first + first + i};
      query_row.score_many(std::span(rows).first(count), scores);
      for (std::uint32_t i = 0; i < count; ++i) best = std::max(best, scores[i]);
    }
    return best;
  }

  const MultiMatrix& matrix_;
  std::vector<std::unique_ptr<Scorer>> query_;
};

MultiMatrix::MultiMatrix(std::uint32_t dimension, Distance distance)
    : runs_(sizeof(RunWord)), rows_(dimension, distance) {}

MultiMatrix::Run MultiMatrix::run(SlotId slot) const {
  if (slot.value >= runs_.size()) return {};
  auto* word = reinterpret_cast<std::uint64_t*>(const_cast<std::byte*>(runs_.row(slot.value)));
  const auto [first, count] = std::bit_cast<RunWord>(std::atomic_ref(*word).load(std::memory_order_acquire));
  return {first, count};
}

void MultiMatrix::set_run(SlotId slot, Run run) {
  auto* word = reinterpret_cast<std::uint64_t*>(runs_.mutable_row(slot.value));
  std::atomic_ref(*word).store(std::bit_cast<std::uint64_t>(RunWord{run.first, run.count}),
                               std::memory_order_release);
}

std::span<const float> MultiMatrix::values(SlotId slot, std::uint32_t row) const {
  const Run rows = run(slot);
  assert(row < rows.count);
  return rows_.values({rows.first + row});
}

std::unique_ptr<Scorer> MultiMatrix::scorer(std::span<const float> query) const {
  assert(!query.empty() && query.size() % dimension() == 0);
  std::vector<std::unique_ptr<Scorer>> rows;
  for (std::size_t at = 0; at < query.size(); at += dimension())
    rows.push_back(rows_.scorer(query.subspan(at, dimension())));
  return std::make_unique<MaxSim>(*this, std::move(rows));
}

std::unique_ptr<Scorer> MultiMatrix::row_scorer(SlotId slot) const {
  const Run own = run(slot);
  std::vector<std::unique_ptr<Scorer>> rows;
  for (std::uint32_t i = 0; i < own.count; ++i) rows.push_back(rows_.row_scorer({own.first + i}));
  return std::make_unique<MaxSim>(*this, std::move(rows));
}

void MultiMatrix::score_between(SlotId slot, std::span<const SlotId> others, std::span<float> scores) const {
  row_scorer(slot)->score_many(others, scores);
}

Status MultiMatrix::grow(std::size_t slots) { return runs_.grow(slots); }

Status MultiMatrix::reserve_rows(std::size_t rows) {
  if (rows > rows_max - rows_end_) {
    return failure(ErrorCode::overloaded, "the multivectors of a collection would have more than 2^32 rows");
  }
  return rows_.grow(rows_end_ + rows);
}

void MultiMatrix::add_free(Run run) {
  free_.emplace(run.first, run.count);
  free_by_count_.emplace(run.count, run.first);
}

void MultiMatrix::give_back(Run run) {
  if (run.count == 0) return;
  const auto remove = [this](std::map<std::uint32_t, std::uint32_t>::iterator at) {
    free_by_count_.erase({at->second, at->first});
    return free_.erase(at);
  };
  auto next = free_.lower_bound(run.first);
  if (next != free_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == run.first) {
      run = {before->first, before->second + run.count};
      next = remove(before);
    }
  }
  if (next != free_.end() && run.first + run.count == next->first) {
    run.count += next->second;
    remove(next);
  }
  // What is free at the end is not a run any more, so reserve_rows() need not know of it.
  if (run.first + run.count == rows_end_) {
    rows_end_ = run.first;
  } else {
    add_free(run);
  }
}

std::uint32_t MultiMatrix::take_rows(std::uint32_t count) {
  const auto found = free_by_count_.lower_bound({count, 0});
  if (found == free_by_count_.end()) {
    const std::uint32_t first = rows_end_;
    rows_end_ += count;
    return first;
  }
  const Run run{found->second, found->first};
  free_by_count_.erase(found);
  free_.erase(run.first);
  if (run.count > count) add_free({run.first + count, run.count - count});
  return run.first;
}

Status MultiMatrix::set(SlotId slot, std::span<const float> values) {
  assert(!values.empty() && values.size() % dimension() == 0);
  clear(slot);
  const std::size_t count = values.size() / dimension();
  KITH_TRY(reserve_rows(count));
  const std::uint32_t first = take_rows(static_cast<std::uint32_t>(count));
  for (std::uint32_t i = 0; i < count; ++i)
    rows_.set({first + i}, values.subspan(std::size_t{i} * dimension(), dimension()));
  set_run(slot, {first, static_cast<std::uint32_t>(count)});
  return {};
}

void MultiMatrix::clear(SlotId slot) {
  const Run old = run(slot);
  if (old.count == 0) return;
  set_run(slot, {});
  give_back(old);
}

std::vector<NamedArray> MultiMatrix::arrays() {
  std::vector<NamedArray> out = rows_.arrays();
  out.push_back({"runs", &runs_});
  return out;
}

std::string MultiMatrix::header() const {
  ByteWriter out;
  out.put(format_version);
  out.put(std::uint64_t{runs_.size()});
  out.put_string(rows_.header());
  return out.take();
}

Status MultiMatrix::restore(std::string_view header) {
  ByteReader in(header);
  if (KITH_TRY(in.get<std::uint32_t>()) != format_version) {
    return failure(ErrorCode::corrupt, "the multivectors have an unknown format version");
  }
  const auto slots = KITH_TRY(in.get<std::uint64_t>());
  KITH_TRY(rows_.restore(KITH_TRY(in.get_string())));
  if (!in.at_end()) return failure(ErrorCode::corrupt, "the header of the multivectors is too long");
  KITH_TRY(check_restored(runs_, slots, "runs"));

  std::vector<Run> runs;
  for (std::uint64_t i = 0; i < slots; ++i) {
    const Run one = run({static_cast<std::uint32_t>(i)});
    if (one.count > 0) runs.push_back(one);
  }
  std::ranges::sort(runs, {}, &Run::first);
  free_.clear();
  free_by_count_.clear();
  std::uint64_t end = 0;
  for (const Run& one : runs) {
    if (one.first < end) return failure(ErrorCode::corrupt, "two multivectors share a row");
    if (one.first > end)
      add_free({static_cast<std::uint32_t>(end), static_cast<std::uint32_t>(one.first - end)});
    end = std::uint64_t{one.first} + one.count;
    if (end > rows_.size()) return failure(ErrorCode::corrupt, "a multivector has rows past the end");
  }
  rows_end_ = static_cast<std::uint32_t>(end);
  return {};
}

}  // namespace kith::vector
