#include "engine/local_snapshot.h"

#include <algorithm>
#include <numeric>

#include "base/random.h"
#include "base/stop_token.h"
#include "base/try.h"
#include "engine/vector_names.h"
#include "fields/payload_path.h"
#include "sparse/lexical_search.h"

namespace kith::engine {

// The epoch first: whatever is retired after it waits for us, and the state taken next is not older than it.
LocalSnapshot::LocalSnapshot(std::shared_ptr<const LocalCollection> collection)
    : collection_(std::move(collection)),
      epoch_(collection_->readers_.enter()),
      state_(collection_->state()) {}

LocalSnapshot::~LocalSnapshot() { collection_->readers_.leave(epoch_); }

Result<std::unique_ptr<LocalSnapshot::Allowed>> LocalSnapshot::allowed(const Filter* filter,
                                                                       const StopToken* stop) const {
  auto out = std::make_unique<Allowed>();
  out->slots = {&collection_->slots_->lifetimes(), state_->seq, nullptr};
  if (filter == nullptr || filter->empty()) return out;
  out->matches = KITH_TRY(matcher().matches(*filter, stop));
  out->slots.matches = &out->matches->slots;
  return out;
}

Result<std::vector<PointId>> LocalSnapshot::ids_of(std::span<const SlotId> slots) const {
  const auto ids =
      KITH_TRY(collection_->store_.point_ids_of_slots(state_->view.get(), collection_->id_, slots));
  std::vector<PointId> out;
  out.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!ids[i]) {
      return failure(ErrorCode::corrupt, "slot " + std::to_string(slots[i].value) + " of collection '" +
                                             collection_->name_ + "' has no point; run `kith verify`");
    }
    out.push_back(*ids[i]);
  }
  return out;
}

Result<std::vector<ScoredPoint>> LocalSnapshot::to_points(const std::vector<std::pair<SlotId, float>>& slots,
                                                          bool ascending) const {
  std::vector<SlotId> wanted;
  wanted.reserve(slots.size());
  for (const auto& [slot, score] : slots) wanted.push_back(slot);
  const auto ids = KITH_TRY(ids_of(wanted));
  const auto records =
      KITH_TRY(collection_->store_.points(state_->view.get(), collection_->id_, ids, {false, false}));
  std::vector<ScoredPoint> out;
  out.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    out.push_back({ids[i], records[i] ? records[i]->version : ChangeSeq{}, slots[i].second});
  }
  // Slots are no order that anybody could know; ids are.
  std::ranges::stable_sort(out, [&](const ScoredPoint& a, const ScoredPoint& b) {
    if (a.score != b.score) return ascending ? a.score < b.score : a.score > b.score;
    return a.id < b.id;
  });
  return out;
}

Result<LegResult> LocalSnapshot::lexical(const LexicalRequest& request) const {
  if (!state_->lexical) {
    return failure(ErrorCode::failed_precondition,
                   "collection '" + collection_->name_ +
                       "' has no lexical index; create it with one to search by words");
  }
  const auto terms = collection_->analyzer_->query_terms(request.text);
  std::vector<sparse::QueryTerm> weighted;
  weighted.reserve(terms.size());
  for (const auto& term : terms) weighted.push_back({term.term, term.weight});
  sparse::SearchRequest search{.terms = weighted,
                               .limit = std::min<std::size_t>(request.limit, state_->lexical->live_points()),
                               .stop = request.stop};
  LegResult out;
  const auto passing = KITH_TRY(allowed(request.filter, request.stop));
  search.allowed = passing->set();
  out.report.filter_matches = passing->count();
  auto outcome = KITH_TRY(sparse::search(*state_->lexical, search));
  std::vector<std::pair<SlotId, float>> slots;
  slots.reserve(outcome.hits.size());
  for (const auto& hit : outcome.hits) slots.emplace_back(hit.slot, hit.score);
  out.points = KITH_TRY(to_points(slots, false));
  out.report.strategy = "postings";
  out.report.scored = outcome.postings_scored;
  for (const auto& term : terms) out.report.terms.push_back(term.term);
  return out;
}

Result<std::vector<std::optional<StoredPoint>>> LocalSnapshot::points(std::span<const PointId> ids,
                                                                      Want want) const {
  auto records = KITH_TRY(
      collection_->store_.points(state_->view.get(), collection_->id_, ids, {want.payload, want.vectors}));
  std::vector<std::optional<StoredPoint>> out(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (!records[i]) continue;
    out[i] = StoredPoint{ids[i], records[i]->version,
                         shown_vectors(std::move(records[i]->vectors), config().vectors),
                         std::move(records[i]->payload)};
  }
  return out;
}

Result<ScrollPage> LocalSnapshot::scroll(const std::optional<PointId>& from, std::size_t limit,
                                         const Filter* filter) const {
  ScrollPage out;
  const auto visit = [&](const PointId& id) {
    if (out.ids.size() == limit) {
      out.next = id;
      return false;
    }
    out.ids.push_back(id);
    return true;
  };
  if (filter != nullptr && !filter->empty()) {
    const std::size_t wanted = limit < state_->points ? limit + 1 : state_->points;
    KITH_TRY(matcher().visit(from, *filter, wanted, nullptr, visit));
    return out;
  }
  KITH_TRY(
      collection_->store_.scan_points(state_->view.get(), collection_->id_, from, {false, false},
                                      [&](const PointId& id, store::PointRecord&&) { return visit(id); }));
  return out;
}

Result<std::vector<PointId>> LocalSnapshot::matching_ids(const Filter& filter) const {
  std::vector<PointId> out;
  KITH_TRY(matcher().visit(std::nullopt, filter, state_->points, nullptr, [&](const PointId& id) {
    out.push_back(id);
    return true;
  }));
  return out;
}

Result<std::uint64_t> LocalSnapshot::count(const Filter* filter) const {
  if (filter == nullptr || filter->empty()) return state_->points;
  return KITH_TRY(matcher().matches(*filter, nullptr)).count;
}

Result<CountEstimate> LocalSnapshot::estimate(const Filter* filter) const {
  if (filter == nullptr || filter->empty())
    return CountEstimate{state_->points, state_->points, state_->points};
  return matcher().estimate(*filter);
}

// ── from field indexes ──

namespace {

/// An index of the wrong kind is, to the caller, as good as none.
template <class T>
Result<T> as_precondition(Result<T> result) {
  if (!result && result.error().code == ErrorCode::unsupported) {
    return failure(ErrorCode::failed_precondition, std::move(result).error().message);
  }
  return result;
}

}  // namespace

Result<const fields::FieldIndex*> LocalSnapshot::field(std::string_view key, std::string_view what,
                                                       std::string_view kinds) const {
  const std::string path = KITH_TRY(fields::PayloadPath::parse(key)).to_string();
  for (const auto& generation : state_->fields) {
    if (generation->key() == path) return generation.get();
  }
  return failure(ErrorCode::failed_precondition, std::string(what) + " needs an index at \"" +
                                                     std::string(key) + "\" of kind " + std::string(kinds) +
                                                     "; create one first");
}

Result<std::vector<OrderedPoint>> LocalSnapshot::order_by(const OrderRequest& request) const {
  const auto* index = KITH_TRY(field(request.key, "order_by", "integer (with range), float or datetime"));
  const auto passing = KITH_TRY(allowed(request.filter, request.stop));
  const auto found = KITH_TRY(as_precondition(
      index->in_order(request.ascending, request.start_from, passing->set(), request.limit, request.stop)));
  std::vector<SlotId> slots;
  slots.reserve(found.size());
  for (const auto& entry : found) slots.push_back(entry.slot);
  const auto ids = KITH_TRY(ids_of(slots));
  const auto records =
      KITH_TRY(collection_->store_.points(state_->view.get(), collection_->id_, ids, {false, false}));
  std::vector<OrderedPoint> out;
  out.reserve(ids.size());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    out.push_back({ids[i], records[i] ? records[i]->version : ChangeSeq{}, found[i].value});
  }
  // Equal values come by slot; ids are the order that callers know.
  for (std::size_t first = 0; first < out.size();) {
    std::size_t last = first + 1;
    while (last < out.size() && out[last].value == out[first].value) ++last;
    std::ranges::sort(std::span(out).subspan(first, last - first), {}, &OrderedPoint::id);
    first = last;
  }
  return out;
}

Result<std::vector<FacetHit>> LocalSnapshot::facet(const FacetRequest& request) const {
  const auto* index = KITH_TRY(field(request.key, "facet", "keyword, integer (with lookup), bool or uuid"));
  const auto passing = KITH_TRY(allowed(request.filter, request.stop));
  return as_precondition(index->facet(passing->set(), request.limit, request.stop));
}

Result<std::vector<PointId>> LocalSnapshot::sample(std::size_t limit, const Filter* filter,
                                                   std::uint64_t seed) const {
  std::vector<SlotId> slots;
  const auto collect = [&](const BitSet& set) {
    set.for_each([&](std::size_t slot) { slots.push_back(SlotId{static_cast<std::uint32_t>(slot)}); });
  };
  const auto passing = KITH_TRY(allowed(filter, nullptr));
  if (passing->set() != nullptr) {
    collect(*passing->set());
  } else {
    const auto& lifetimes = collection_->slots_->lifetimes();
    for (std::uint32_t i = 0; i < lifetimes.size(); ++i) {
      if (lifetimes.visible(SlotId{i}, state_->seq)) slots.push_back(SlotId{i});
    }
  }
  // The first steps of a Fisher-Yates shuffle.
  Random random(seed);
  const std::size_t wanted = std::min(limit, slots.size());
  for (std::size_t i = 0; i < wanted; ++i) std::swap(slots[i], slots[i + random.below(slots.size() - i)]);
  slots.resize(wanted);
  return ids_of(slots);
}

Result<std::optional<DocumentRecord>> LocalSnapshot::document(std::string_view id) const {
  return collection_->store_.document(state_->view.get(), collection_->id_, id);
}

Result<std::optional<std::string>> LocalSnapshot::document_text(std::string_view id) const {
  return collection_->store_.document_text(state_->view.get(), collection_->id_, id);
}

Result<DocumentPage> LocalSnapshot::documents(std::string_view from, std::size_t limit) const {
  DocumentPage out;
  KITH_TRY(collection_->store_.scan_documents(state_->view.get(), collection_->id_, from,
                                              [&](DocumentRecord&& record) {
                                                if (out.records.size() == limit) {
                                                  out.next = record.id;
                                                  return false;
                                                }
                                                out.records.push_back(std::move(record));
                                                return true;
                                              }));
  return out;
}

}  // namespace kith::engine
