#include "text/chunk_packer.h"

#include "text/unicode.h"

#include <algorithm>
#include <array>

namespace kith::text {
namespace {

/// Headings at the end of `path` that the chunk itself starts with.
std::size_t headings_said(std::string_view chunk_text, std::span<const std::string> path) {
  // The longest run path[i], path[i+1], …, path.back() that stands at the start of the chunk, one per line.
  for (std::size_t first = 0; first < path.size(); ++first) {
    auto rest = chunk_text;
    bool all = true;
    for (const auto& heading : path.subspan(first)) {
      rest = trim(rest);
      all =
          all && rest.starts_with(heading) && (rest.size() == heading.size() || rest[heading.size()] == '\n');
      if (!all) break;
      rest.remove_prefix(heading.size());
    }
    if (all) return path.size() - first;
  }
  return 0;
}

}  // namespace

std::string chunk_prefix(std::string_view title, std::span<const std::string> path) {
  std::string prefix;
  if (!title.empty() && (path.empty() || path.front() != title)) prefix.append(title) += '\n';
  for (std::size_t i = 0; i < path.size(); ++i) prefix.append(i == 0 ? "" : " > ").append(path[i]);
  if (!path.empty()) prefix += '\n';
  return prefix;
}

std::string fitting_prefix(std::string_view title, std::span<const std::string> path, std::size_t tokens_max,
                           const TokenCounter& counter) {
  // Nobody needs more of a title or heading than this, and a hostile one must not be counted again and again.
  const auto bytes_max = tokens_max * 32;
  if (title.size() <= bytes_max) {
    for (std::size_t dropped = 0; dropped <= path.size(); ++dropped) {
      const auto prefix = chunk_prefix(title, path.subspan(dropped));
      if (prefix.empty() || (prefix.size() <= bytes_max && counter(prefix) <= tokens_max)) return prefix;
    }
  }
  const auto pieces =
      split_to_fit(title, {0, std::min(title.size(), bytes_max)}, {tokens_max, bytes_max}, counter);
  if (pieces.empty()) return {};
  const auto prefix = std::string(pieces[0].of(title)) + "\n";
  return counter(prefix) <= tokens_max ? prefix : std::string{};
}

std::size_t ChunkPacker::tokens(std::size_t first, std::size_t last) const {
  std::size_t total = 0;
  for (auto i = first; i < last; ++i) total += units_[i].tokens;
  return total;
}

std::size_t ChunkPacker::span_bytes(std::size_t first, std::size_t last) const {
  return units_[last - 1].range.end - units_[first].range.start;
}

bool ChunkPacker::fits(std::size_t first, std::size_t last) const {
  return span_bytes(first, last) <= bytes_max() && tokens(first, last) <= budget_;
}

bool ChunkPacker::may_overlap(std::size_t fresh) const {
  if (fresh == 0 || options_.overlap_sentences == 0 || units_[fresh].heading()) return false;
  const auto& before = units_[fresh - 1];
  return before.sentence && before.tokens <= budget_ / 3 && fits(fresh - 1, fresh + 1);
}

ChunkPacker::Plan ChunkPacker::next_plan(std::size_t fresh) const {
  Plan plan{may_overlap(fresh) ? fresh - 1 : fresh, fresh, fresh + 1};
  auto total = tokens(plan.first, plan.last);
  while (plan.last < units_.size() && total + units_[plan.last].tokens <= budget_ &&
         span_bytes(plan.first, plan.last + 1) <= bytes_max()) {
    total += units_[plan.last++].tokens;
  }
  // A heading belongs to what follows it.
  while (plan.last < units_.size() && plan.last > fresh + 1 && units_[plan.last - 1].heading()) --plan.last;
  return plan;
}

Chunk ChunkPacker::make_chunk(const Plan& plan) const {
  Chunk chunk;
  chunk.start = units_[plan.first].range.start;
  chunk.end = units_[plan.last - 1].range.end;
  chunk.heading_path = *path_;
  chunk.page = units_[plan.first].page;
  std::array<std::size_t, 6> bytes{};
  for (auto i = plan.first; i < plan.last; ++i)
    bytes[static_cast<std::size_t>(units_[i].kind)] += units_[i].range.size();
  chunk.kind = static_cast<BlockKind>(std::ranges::max_element(bytes) - bytes.begin());

  const auto passage = text().substr(chunk.start, chunk.end - chunk.start);
  const auto said = headings_said(passage, *path_);
  const auto unsaid = std::span(*path_).first(path_->size() - said);
  // With every heading said, a title equal to the first of them is said too.
  const bool title_said = unsaid.empty() && said > 0 && path_->front() == document_.title;
  chunk.text_to_embed =
      fitting_prefix(title_said ? std::string_view() : document_.title, unsaid, prefix_tokens_max_, counter_);
  chunk.text_to_embed += passage;
  chunk.tokens = counter_(chunk.text_to_embed);
  return chunk;
}

Chunk ChunkPacker::make_fitting(Plan& plan) {
  while (true) {
    auto chunk = make_chunk(plan);
    if (chunk.tokens <= options_.tokens_max) return chunk;
    // The parts counted less than the whole, as some tokenizers do.
    if (plan.first < plan.fresh) {
      plan.first = plan.fresh;
    } else if (plan.last - plan.fresh > 1) {
      --plan.last;
    } else {
      const auto unit = units_[plan.fresh];
      const auto next = next_grapheme(text().substr(0, unit.range.end), unit.range.start);
      if (next == unit.range.end) return chunk;
      const UnitBudget budget{std::max<std::size_t>(1, unit.tokens * 3 / 4), unit.range.size() * 3 / 4};
      const auto pieces = split_to_fit(text(), unit.range, budget, counter_);
      if (pieces.size() < 2) return chunk;
      const auto at = units_.erase(units_.begin() + static_cast<std::ptrdiff_t>(plan.fresh));
      std::vector<ChunkUnit> parts;
      for (const auto& piece : pieces)
        parts.push_back({piece, counter_(piece.of(text())), unit.kind, unit.page, false});
      units_.insert(at, parts.begin(), parts.end());
    }
  }
}

void ChunkPacker::balance_tail(std::vector<Plan>& plans, std::vector<Chunk>& made) const {
  if (plans.size() < 2) return;
  auto before = plans[plans.size() - 2], tail = plans.back();
  const auto tail_tokens = tokens(tail.fresh, tail.last);
  if (tail_tokens >= options_.tokens_max / 6) return;
  const auto total = tokens(before.fresh, tail.last);
  auto cut = tail.fresh;
  while (cut > before.fresh + 1 && 2 * tokens(cut - 1, tail.last) <= total) --cut;
  while (cut < tail.fresh && units_[cut - 1].heading()) ++cut;
  if (cut == tail.fresh || !fits(cut, tail.last)) return;
  before.last = cut;
  tail = {may_overlap(cut) && fits(cut - 1, tail.last) ? cut - 1 : cut, cut, tail.last};
  auto first = make_chunk(before), second = make_chunk(tail);
  if (first.tokens > options_.tokens_max || second.tokens > options_.tokens_max) return;
  plans[plans.size() - 2] = before;
  plans.back() = tail;
  made[made.size() - 2] = std::move(first);
  made.back() = std::move(second);
}

void ChunkPacker::pack(std::span<const Block> blocks, const std::vector<std::string>& path) {
  path_ = &path;
  prefix_tokens_max_ = options_.tokens_max / 2;
  const auto prefix = fitting_prefix(document_.title, path, prefix_tokens_max_, counter_);
  budget_ = options_.tokens_max - std::min(prefix.empty() ? 0 : counter_(prefix), prefix_tokens_max_);

  units_.clear();
  UnitBudget unit_budget{budget_, bytes_max()};
  for (const auto& block : blocks) {
    append_units(units_, text(), block, unit_budget, counter_);
    // Whatever follows the headings must find room beside them.
    if (block.kind == BlockKind::heading) {
      const auto headings = tokens(0, units_.size());
      if (units_.back().heading() && units_.front().heading() && headings <= budget_ / 2) {
        unit_budget.tokens = std::min(unit_budget.tokens, budget_ - headings);
      }
    }
  }

  std::vector<Plan> plans;
  std::vector<Chunk> made;
  for (std::size_t fresh = 0; fresh < units_.size(); fresh = plans.back().last) {
    auto plan = next_plan(fresh);
    made.push_back(make_fitting(plan));
    plans.push_back(plan);
  }
  balance_tail(plans, made);
  std::ranges::move(made, std::back_inserter(chunks_));
}

}  // namespace kith::text
