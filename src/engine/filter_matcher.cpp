#include "engine/filter_matcher.h"

#include <algorithm>
#include <mutex>

#include "base/try.h"
#include "engine/vector_names.h"

namespace kith::engine {
namespace {

constexpr std::size_t stop_poll_points = 256;
constexpr std::size_t candidate_chunk = 256;
// Scans are cut into so many ranges of ids, handed out as threads get free: ids are seldom spread evenly.
constexpr std::size_t scan_ranges = 64;
// Reading a point by its slot costs about as much as passing so many in a scan.
constexpr std::size_t lookup_cost_points = 4;
// Points that an ordered visit looks at one by one before it asks for all matches at once.
constexpr std::size_t patience_points = 20'000;

}  // namespace

bool FilterMatcher::evaluate(fields::FilterEvaluator& evaluator, const PointId& id, std::string_view payload,
                             const VectorMap& stored, const CollectionConfig& config) {
  if (!evaluator.needs_vector_names()) return evaluator.matches({id, payload, {}});
  const auto names = shown_vector_names(stored, config.vectors);
  return evaluator.matches({id, payload, names});
}

const fields::FieldIndex* FilterMatcher::index(std::string_view key) const {
  for (const auto& generation : state_.fields) {
    if (generation->key() == key) return generation.get();
  }
  return nullptr;
}

const BitSet& FilterMatcher::all_slots() const {
  if (!all_) {
    all_.emplace(slot_count());
    for (std::uint32_t i = 0; i < all_->size(); ++i) {
      if (sources_.lifetimes.visible(SlotId{i}, state_.seq)) all_->set(i);
    }
  }
  return *all_;
}

Result<std::vector<SlotId>> FilterMatcher::slots_of(std::span<const PointId> ids) const {
  std::vector<SlotId> out;
  for (const auto& record :
       KITH_TRY(sources_.store.points(state_.view.get(), sources_.collection, ids, {false, false}))) {
    if (record && record->slot) out.push_back(*record->slot);
  }
  return out;
}

std::optional<BitSet> FilterMatcher::slots_with_vector(std::string_view name) const {
  BitSet out(slot_count());
  const auto collect = [&](const auto& view) {
    all_slots().for_each([&](std::size_t slot) {
      if (view.has(SlotId{static_cast<std::uint32_t>(slot)})) out.set(slot);
    });
    return out;
  };
  for (const auto& view : state_.shape->dense) {
    if (view->vector_name() == name) return collect(*view);
  }
  for (const auto& view : state_.shape->multi) {
    if (view->vector_name() == name) return collect(*view);
  }
  for (std::size_t i = 0; i < state_.sparse.size(); ++i) {
    if (state_.shape->sparse[i]->vector_name() != name) continue;
    all_slots().for_each([&](std::size_t slot) {
      if (state_.sparse[i]->contains(SlotId{static_cast<std::uint32_t>(slot)})) out.set(slot);
    });
  }
  return out;
}

Result<SlotMatches> FilterMatcher::matches(const Filter& filter, const StopToken* stop) {
  auto found = KITH_TRY(fields::match_by_index(filter, *this, stop));
  if (found.exact) {
    SlotMatches out{found.narrowed ? std::move(found.slots) : all_slots(), 0};
    out.count = out.slots.count();
    return out;
  }
  auto evaluator = KITH_TRY(fields::FilterEvaluator::compile(filter, &state_.shape->config.fields));
  const auto started = sources_.clock.steady_now();
  const std::size_t candidates = found.narrowed ? found.slots.count() : state_.points;
  auto out = found.narrowed && candidates * lookup_cost_points < state_.points
                 ? KITH_TRY(check_candidates(found.slots, evaluator, stop))
                 : KITH_TRY(scan(found.narrowed ? &found.slots : nullptr, evaluator, stop));
  if (sources_.advisor != nullptr) {
    const std::chrono::duration<double> took = sources_.clock.steady_now() - started;
    sources_.advisor->note(fields::missing_indexes(filter, *this), took.count());
  }
  return out;
}

Result<SlotMatches> FilterMatcher::check_candidates(const BitSet& candidates,
                                                    fields::FilterEvaluator& evaluator,
                                                    const StopToken* stop) {
  std::vector<SlotId> slots;
  candidates.for_each([&](std::size_t slot) { slots.push_back(SlotId{static_cast<std::uint32_t>(slot)}); });
  SlotMatches out{BitSet(slot_count()), 0};
  std::mutex mutex;
  const std::size_t chunks = (slots.size() + candidate_chunk - 1) / candidate_chunk;
  const auto check = [&](std::size_t chunk) -> Status {
    const auto some = std::span(slots).subspan(
        chunk * candidate_chunk, std::min(candidate_chunk, slots.size() - chunk * candidate_chunk));
    const auto known =
        KITH_TRY(sources_.store.point_ids_of_slots(state_.view.get(), sources_.collection, some));
    std::vector<PointId> ids;
    for (const auto& id : known) {
      if (id) ids.push_back(*id);
    }
    auto mine = evaluator.clone();
    const auto records = KITH_TRY(sources_.store.points(state_.view.get(), sources_.collection, ids,
                                                        {mine.needs_payload(), mine.needs_vector_names()}));
    std::vector<SlotId> passed;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      const auto& record = records[i];
      if (record && record->slot &&
          evaluate(mine, ids[i], record->payload, record->vectors, state_.shape->config)) {
        passed.push_back(*record->slot);
      }
    }
    const std::scoped_lock lock(mutex);
    for (const SlotId slot : passed) out.slots.set(slot.value);
    out.count += passed.size();
    return {};
  };
  KITH_TRY(parallel_for(sources_.pool, chunks, check, stop));
  return out;
}

Result<SlotMatches> FilterMatcher::scan(const BitSet* candidates, fields::FilterEvaluator& evaluator,
                                        const StopToken* stop) {
  SlotMatches out{BitSet(slot_count()), 0};
  const auto starts =
      KITH_TRY(sources_.store.split_points(state_.view.get(), sources_.collection, scan_ranges));
  std::mutex mutex;
  const auto scan_range = [&](std::size_t range) -> Status {
    auto mine = evaluator.clone();
    const PointId* const end = range + 1 < starts.size() ? &starts[range + 1] : nullptr;
    std::vector<SlotId> passed;
    std::size_t seen = 0;
    KITH_TRY(sources_.store.scan_points(
        state_.view.get(), sources_.collection, starts[range],
        {mine.needs_payload(), mine.needs_vector_names()},
        [&](const PointId& id, store::PointRecord&& record) {
          if (end != nullptr && !(id < *end)) return false;
          if (++seen % stop_poll_points == 0 && should_stop(stop)) return false;
          if (!record.slot || (candidates != nullptr && !candidates->test(record.slot->value))) return true;
          if (evaluate(mine, id, record.payload, record.vectors, state_.shape->config)) {
            passed.push_back(*record.slot);
          }
          return true;
        }));
    if (stop != nullptr) KITH_TRY(stop->check());
    const std::scoped_lock lock(mutex);
    for (const SlotId slot : passed) out.slots.set(slot.value);
    out.count += passed.size();
    return {};
  };
  KITH_TRY(parallel_for(sources_.pool, starts.size(), scan_range, stop));
  return out;
}

// Points in the order of their ids, each looked up in the set.
Status FilterMatcher::visit_in_order(const std::optional<PointId>& from, const BitSet& matches,
                                     const Visit& visit) {
  return sources_.store.scan_points(state_.view.get(), sources_.collection, from, {false, false},
                                    [&](const PointId& id, store::PointRecord&& record) {
                                      return !record.slot || !matches.test(record.slot->value) || visit(id);
                                    });
}

// The set's ids, brought into order.
Status FilterMatcher::visit_sorted(const std::optional<PointId>& from, const BitSet& matches,
                                   const Visit& visit) {
  std::vector<SlotId> slots;
  matches.for_each([&](std::size_t slot) { slots.push_back(SlotId{static_cast<std::uint32_t>(slot)}); });
  std::vector<PointId> ids;
  for (auto& id :
       KITH_TRY(sources_.store.point_ids_of_slots(state_.view.get(), sources_.collection, slots))) {
    if (id && (!from || *from <= *id)) ids.push_back(std::move(*id));
  }
  std::ranges::sort(ids);
  for (const auto& id : ids) {
    if (!visit(id)) break;
  }
  return {};
}

Status FilterMatcher::visit(const std::optional<PointId>& from, const Filter& filter, std::size_t wanted,
                            const StopToken* stop, const Visit& visit) {
  auto found = KITH_TRY(fields::match_by_index(filter, *this, stop));
  std::optional<PointId> at = from;
  if (!found.exact) {
    // Where matches are frequent, the first of them are found long before all are known.
    auto evaluator = KITH_TRY(fields::FilterEvaluator::compile(filter, &state_.shape->config.fields));
    std::size_t seen = 0;
    bool done = false, patient = !found.narrowed;
    if (patient) {
      KITH_TRY(sources_.store.scan_points(state_.view.get(), sources_.collection, at,
                                          {evaluator.needs_payload(), evaluator.needs_vector_names()},
                                          [&](const PointId& id, store::PointRecord&& record) {
                                            if (++seen > patience_points) {
                                              patient = false;
                                              at = id;
                                              return false;
                                            }
                                            done = evaluate(evaluator, id, record.payload, record.vectors,
                                                            state_.shape->config) &&
                                                   !visit(id);
                                            return !done;
                                          }));
      if (done || patient) return {};
    }
    auto all = KITH_TRY(matches(filter, stop));
    found.slots = std::move(all.slots);
    found.narrowed = true;
  }
  const BitSet& slots = found.narrowed ? found.slots : all_slots();
  const std::size_t count = slots.count();
  const std::size_t passed = count == 0 ? 0 : std::min<std::size_t>(wanted, count) * state_.points / count;
  return passed < count * lookup_cost_points ? visit_in_order(at, slots, visit)
                                             : visit_sorted(at, slots, visit);
}

}  // namespace kith::engine
