#include "engine/local_snapshot.h"

#include <algorithm>

#include "base/stop_token.h"
#include "base/try.h"
#include "engine/local_collection.h"
#include "fields/filter_evaluator.h"
#include "sparse/lexical_search.h"

namespace kith::engine {
namespace {

constexpr std::size_t stop_poll_points = 256;

std::vector<std::string_view> vector_names(const VectorMap& vectors) {
  std::vector<std::string_view> out;
  out.reserve(vectors.size());
  for (const auto& [name, value] : vectors) out.push_back(name);
  return out;
}

}  // namespace

// The epoch first: whatever is retired after it waits for us, and the state taken next is not older than it.
LocalSnapshot::LocalSnapshot(std::shared_ptr<const LocalCollection> collection)
    : collection_(std::move(collection)),
      epoch_(collection_->readers_.enter()),
      state_(collection_->state()) {}

LocalSnapshot::~LocalSnapshot() { collection_->readers_.leave(epoch_); }

std::optional<std::vector<PointId>> LocalSnapshot::candidates(const Filter& filter) {
  for (const auto& condition : filter.must) {
    if (const auto* has_id = std::get_if<HasId>(&condition)) {
      std::vector<PointId> ids = has_id->ids;
      std::ranges::sort(ids);
      ids.erase(std::ranges::unique(ids).begin(), ids.end());
      return ids;
    }
  }
  return std::nullopt;
}

Status LocalSnapshot::visit_matching(
    const std::optional<PointId>& from, const Filter* filter, const StopToken* stop,
    const std::function<bool(const PointId&, const store::PointRecord&)>& visit) const {
  const store::Store& store = collection_->store_;
  if (filter == nullptr || filter->empty()) {
    return store.scan_points(
        state_->view.get(), collection_->id_, from, {false, false},
        [&](const PointId& id, store::PointRecord&& record) { return visit(id, record); });
  }
  auto evaluator = KITH_TRY(fields::FilterEvaluator::compile(*filter));
  const store::Want want{evaluator.needs_payload(), evaluator.needs_vector_names()};
  const auto matches = [&](const PointId& id, const store::PointRecord& record) {
    const auto names = vector_names(record.vectors);
    return evaluator.matches({id, record.payload, names});
  };
  if (const auto some = candidates(*filter)) {
    const auto first = from ? std::ranges::lower_bound(*some, *from) : some->begin();
    const std::span<const PointId> rest(first, some->end());
    const auto records = KITH_TRY(store.points(state_->view.get(), collection_->id_, rest, want));
    for (std::size_t i = 0; i < rest.size(); ++i) {
      if (records[i] && matches(rest[i], *records[i]) && !visit(rest[i], *records[i])) break;
    }
    return {};
  }
  std::size_t seen = 0;
  KITH_TRY(store.scan_points(state_->view.get(), collection_->id_, from, want,
                             [&](const PointId& id, store::PointRecord&& record) {
                               if (++seen % stop_poll_points == 0 && should_stop(stop)) return false;
                               return !matches(id, record) || visit(id, record);
                             }));
  if (stop != nullptr) KITH_TRY(stop->check());
  return {};
}

Result<LocalSnapshot::Matches> LocalSnapshot::matches(const Filter& filter, const StopToken* stop) const {
  Matches out;
  out.slots.resize(collection_->slots_->lifetimes().size());
  KITH_TRY(visit_matching(std::nullopt, &filter, stop, [&](const PointId&, const store::PointRecord& record) {
    if (record.slot && record.slot->value < out.slots.size()) {
      out.slots.set(record.slot->value);
      ++out.count;
    }
    return true;
  }));
  return out;
}

Result<std::vector<ScoredPoint>> LocalSnapshot::to_points(const std::vector<std::pair<SlotId, float>>& slots,
                                                          bool ascending) const {
  std::vector<SlotId> wanted;
  wanted.reserve(slots.size());
  for (const auto& [slot, score] : slots) wanted.push_back(slot);
  const auto ids =
      KITH_TRY(collection_->store_.point_ids_of_slots(state_->view.get(), collection_->id_, wanted));
  std::vector<PointId> known;
  std::vector<float> scores;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!ids[i]) {
      return failure(ErrorCode::corrupt, "slot " + std::to_string(wanted[i].value) + " of collection '" +
                                             collection_->name_ + "' has no point; run `kith verify`");
    }
    known.push_back(*ids[i]);
    scores.push_back(slots[i].second);
  }
  const auto records =
      KITH_TRY(collection_->store_.points(state_->view.get(), collection_->id_, known, {false, false}));
  std::vector<ScoredPoint> out;
  out.reserve(known.size());
  for (std::size_t i = 0; i < known.size(); ++i) {
    out.push_back({known[i], records[i] ? records[i]->version : ChangeSeq{}, scores[i]});
  }
  // Slots are no order that anybody could know; ids are.
  std::ranges::stable_sort(out, [&](const ScoredPoint& a, const ScoredPoint& b) {
    if (a.score != b.score) return ascending ? a.score < b.score : a.score > b.score;
    return a.id < b.id;
  });
  return out;
}

Result<LegResult> LocalSnapshot::nearest(const NearestRequest& request) const {
  const auto found = std::ranges::find_if(
      collection_->vectors_, [&](const auto& view) { return view->vector_name() == request.vector_name; });
  if (found == collection_->vectors_.end()) {
    return failure(ErrorCode::invalid_argument,
                   "Not existing vector name error: " + std::string(request.vector_name));
  }
  const VectorView& view = **found;
  Matches allowed;
  vector::SlotFilter filter{&collection_->slots_->lifetimes(), state_->seq, nullptr};
  if (request.filter != nullptr && !request.filter->empty()) {
    allowed = KITH_TRY(matches(*request.filter, request.stop));
    filter.matches = &allowed.slots;
  }
  const VectorSearchLimits limits{collection_->options_.exact_rows_max,
                                  collection_->options_.filtered_scan_rows_max};
  auto hits = KITH_TRY(view.nearest(request, filter, allowed.count, limits));
  std::vector<std::pair<SlotId, float>> slots;
  slots.reserve(hits.slots.size());
  for (const auto& hit : hits.slots) slots.emplace_back(hit.slot, hit.score);
  return LegResult{KITH_TRY(to_points(slots, !higher_is_better(view.params().distance))),
                   std::move(hits.report)};
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
  Matches allowed;
  LegResult out;
  if (request.filter != nullptr && !request.filter->empty()) {
    allowed = KITH_TRY(matches(*request.filter, request.stop));
    search.allowed = &allowed.slots;
    out.report.filter_matches = allowed.count;
  }
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
    out[i] = StoredPoint{ids[i], records[i]->version, std::move(records[i]->vectors),
                         std::move(records[i]->payload)};
  }
  return out;
}

Result<ScrollPage> LocalSnapshot::scroll(const std::optional<PointId>& from, std::size_t limit,
                                         const Filter* filter) const {
  ScrollPage out;
  KITH_TRY(visit_matching(from, filter, nullptr, [&](const PointId& id, const store::PointRecord&) {
    if (out.ids.size() == limit) {
      out.next = id;
      return false;
    }
    out.ids.push_back(id);
    return true;
  }));
  return out;
}

Result<std::uint64_t> LocalSnapshot::count(const Filter* filter) const {
  if (filter == nullptr || filter->empty()) return state_->points;
  std::uint64_t total = 0;
  KITH_TRY(visit_matching(std::nullopt, filter, nullptr, [&](const PointId&, const store::PointRecord&) {
    ++total;
    return true;
  }));
  return total;
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
