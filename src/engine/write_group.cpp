#include "engine/write_group.h"

#include <algorithm>
#include <unordered_set>

#include "base/try.h"
#include "engine/filter_matcher.h"
#include "fields/payload_edit.h"

namespace kith::engine {

Status WriteGroup::add(PreparedWrite& write, std::size_t slots_max) {
  taken_max_ = taken_.size() + slots_max;
  for (auto& change : write.changes) KITH_TRY(add_change(change));
  return {};
}

Status WriteGroup::add_change(PreparedChange& change) {
  ++state_.change_seq.value;
  store::FeedEntry entry;
  entry.seq = state_.change_seq;
  KITH_TRY(remove_points(change, entry));
  KITH_TRY(upsert_points(change, entry));
  KITH_TRY(update_vectors(change, entry));
  KITH_TRY(remove_vectors(change, entry));
  KITH_TRY(update_payloads(change, entry));
  KITH_TRY(change_documents(change, entry));
  batch_.append_feed(base_.collection, entry);
  return {};
}

void WriteGroup::add_config(std::string_view name, const CollectionConfig& config) {
  ++state_.change_seq.value;
  store::FeedEntry entry;
  entry.seq = state_.change_seq;
  batch_.append_feed(base_.collection, entry);
  batch_.put_collection(base_.collection, name, config);
}

// ── what a point is now ──

Result<const store::PointRecord*> WriteGroup::current(const PointId& id) {
  if (const auto found = latest_.find(id); found != latest_.end()) return found->second;
  auto record = KITH_TRY(base_.store.point(nullptr, base_.collection, id));
  const store::PointRecord* out = nullptr;
  if (record) {
    records_.push_back(std::move(*record));
    out = &records_.back();
  }
  latest_.emplace(id, out);
  return out;
}

const store::PointRecord& WriteGroup::put(const PointId& id, store::PointRecord record) {
  records_.push_back(std::move(record));
  const store::PointRecord& kept = records_.back();
  latest_[id] = &kept;
  batch_.put_point(base_.collection, id, kept);
  return kept;
}

Result<fields::FilterEvaluator> WriteGroup::evaluator(const Filter& filter) const {
  return fields::FilterEvaluator::compile(filter, &base_.config.fields);
}

bool WriteGroup::matches(fields::FilterEvaluator& evaluator, const PointId& id,
                         const store::PointRecord& record) const {
  return FilterMatcher::evaluate(evaluator, id, record.payload, record.vectors, base_.config);
}

Result<std::vector<PointId>> WriteGroup::select(std::vector<PointId> ids, const std::optional<Filter>& filter,
                                                FilterRole role) {
  std::vector<PointId> out;
  if (filter && role == FilterRole::restricts) {
    auto check = KITH_TRY(evaluator(*filter));
    for (auto& id : ids) {
      const store::PointRecord* record = KITH_TRY(current(id));
      if (record != nullptr && matches(check, id, *record)) out.push_back(std::move(id));
    }
    return out;
  }
  std::unordered_set<PointId> seen;
  for (auto& id : ids) {
    if (seen.insert(id).second) out.push_back(std::move(id));
  }
  if (!filter) return out;
  // What this group has touched is judged as it is now, everything else as it was committed.
  for (auto& id : KITH_TRY(base_.matcher(*filter))) {
    if (!latest_.contains(id) && seen.insert(id).second) out.push_back(std::move(id));
  }
  auto check = KITH_TRY(evaluator(*filter));
  for (const auto& [id, record] : latest_) {
    if (record != nullptr && matches(check, id, *record) && seen.insert(id).second) out.push_back(id);
  }
  return out;
}

const text::DocumentTerms* WriteGroup::keep(std::optional<text::DocumentTerms> terms) {
  if (!terms) return nullptr;
  terms_.push_back(std::move(*terms));
  return &terms_.back();
}

std::optional<text::DocumentTerms> WriteGroup::terms_of(std::string_view payload) const {
  if (base_.analyzer == nullptr) return std::nullopt;
  return payload_terms(payload, *base_.analyzer);
}

// ── operations ──

Status WriteGroup::remove_points(PreparedChange& change, store::FeedEntry& entry) {
  if (change.deletes.empty() && !change.delete_matching) return {};
  for (const auto& id :
       KITH_TRY(select(std::move(change.deletes), change.delete_matching, change.filter_role))) {
    KITH_TRY(remove_point(id, entry));
  }
  return {};
}

Status WriteGroup::remove_point(const PointId& id, store::FeedEntry& entry) {
  const store::PointRecord* before = KITH_TRY(current(id));
  if (before == nullptr) return {};
  batch_.delete_point(base_.collection, id);
  if (before->slot) {
    batch_.delete_slot(base_.collection, *before->slot);
    dead_.push_back(*before->slot);
  }
  applied_.push_back({.seq = entry.seq, .old_slot = before->slot});
  entry.changes.push_back({store::FeedKind::remove, id, std::nullopt, before->slot});
  latest_[id] = nullptr;
  --state_.points;
  return {};
}

Status WriteGroup::write_point(const PointId& id, const store::PointRecord* before, VectorMap vectors,
                               std::string payload, std::optional<text::DocumentTerms> terms,
                               store::FeedEntry& entry) {
  AppliedChange applied{.seq = entry.seq};
  if (before != nullptr) applied.old_slot = before->slot;
  const bool keeps_slot = before != nullptr && before->slot && before->vectors == vectors;
  if (keeps_slot) {
    applied.new_slot = before->slot;
    entry.changes.push_back({store::FeedKind::payload, id, std::nullopt, std::nullopt});
  } else {
    if (taken_.size() >= taken_max_) {
      return failure(ErrorCode::overloaded,
                     "more points match than when the write was admitted; send it again");
    }
    applied.new_slot = KITH_TRY(slots_.take());
    taken_.push_back(*applied.new_slot);
    if (applied.old_slot) {
      batch_.delete_slot(base_.collection, *applied.old_slot);
      dead_.push_back(*applied.old_slot);
    }
    batch_.put_slot(base_.collection, *applied.new_slot, id);
    entry.changes.push_back({store::FeedKind::put, id, applied.new_slot, applied.old_slot});
  }
  if (before == nullptr) ++state_.points;
  const auto& record = put(id, {applied.new_slot, entry.seq, std::move(vectors), std::move(payload)});
  applied.vectors = &record.vectors;
  applied.payload = &record.payload;
  applied.terms = keep(std::move(terms));
  applied_.push_back(applied);
  return {};
}

Status WriteGroup::upsert_points(PreparedChange& change, store::FeedEntry& entry) {
  std::optional<fields::FilterEvaluator> check;
  if (change.upsert_filter) check = KITH_TRY(evaluator(*change.upsert_filter));
  for (auto& point : change.upserts) {
    const store::PointRecord* before = KITH_TRY(current(point.id));
    if (before == nullptr && change.upsert_mode == UpsertMode::update_only) continue;
    if (before != nullptr && change.upsert_mode == UpsertMode::insert_only) continue;
    if (before != nullptr && check && !matches(*check, point.id, *before)) continue;
    KITH_TRY(write_point(point.id, before, std::move(point.vectors), std::move(point.payload),
                         std::move(point.terms), entry));
  }
  return {};
}

Status WriteGroup::update_vectors(PreparedChange& change, store::FeedEntry& entry) {
  std::optional<fields::FilterEvaluator> check;
  if (change.vector_update_filter) check = KITH_TRY(evaluator(*change.vector_update_filter));
  for (auto& update : change.vector_updates) {
    const store::PointRecord* before = KITH_TRY(current(update.id));
    if (before == nullptr) {
      return failure(ErrorCode::not_found, "No point with id " + update.id.to_string() + " found");
    }
    if (check && !matches(*check, update.id, *before)) continue;
    VectorMap vectors = std::move(update.vectors);
    for (const auto& [name, value] : before->vectors) vectors.try_emplace(name, value);
    KITH_TRY(write_point(update.id, before, std::move(vectors), before->payload, terms_of(before->payload),
                         entry));
  }
  return {};
}

Status WriteGroup::remove_vectors(PreparedChange& change, store::FeedEntry& entry) {
  for (auto& removal : change.vector_removals) {
    for (const auto& id :
         KITH_TRY(select(std::move(removal.points.ids), removal.points.filter, change.filter_role))) {
      const store::PointRecord* before = KITH_TRY(current(id));
      if (before == nullptr) continue;
      VectorMap vectors = before->vectors;
      for (const auto& name : removal.names) vectors.erase(name);
      if (vectors.size() == before->vectors.size()) continue;
      KITH_TRY(
          write_point(id, before, std::move(vectors), before->payload, terms_of(before->payload), entry));
    }
  }
  return {};
}

Status WriteGroup::update_payloads(PreparedChange& change, store::FeedEntry& entry) {
  for (auto& update : change.payload_updates) {
    if (update.must_exist) {
      for (const auto& id : update.points.ids) {
        if (KITH_TRY(current(id)) == nullptr) {
          return failure(ErrorCode::not_found, "No point with id " + id.to_string() + " found");
        }
      }
    }
    for (const auto& id :
         KITH_TRY(select(std::move(update.points.ids), update.points.filter, change.filter_role))) {
      KITH_TRY(update_payload(id, update, entry));
    }
  }
  return {};
}

Status WriteGroup::update_payload(const PointId& id, const PayloadUpdate& update, store::FeedEntry& entry) {
  const store::PointRecord* before = KITH_TRY(current(id));
  if (before == nullptr) return {};
  std::string payload;
  switch (update.mode) {
    case PayloadMode::overwrite:
      payload = update.payload;
      break;
    case PayloadMode::clear:
      payload = "{}";
      break;
    case PayloadMode::remove_keys:
      payload = KITH_TRY(fields::remove_paths(before->payload, update.keys));
      break;
    case PayloadMode::merge:
      payload = KITH_TRY(fields::merge_payload(before->payload, update.payload));
      break;
    case PayloadMode::patch:
      payload = KITH_TRY(fields::set_at_path(before->payload, update.key, update.payload));
      break;
  }
  auto terms = terms_of(payload);
  return write_point(id, before, before->vectors, std::move(payload), std::move(terms), entry);
}

Result<bool> WriteGroup::document_exists(const std::string& id) {
  if (const auto found = documents_.find(id); found != documents_.end()) return found->second;
  const auto record = KITH_TRY(base_.store.document(nullptr, base_.collection, id));
  documents_.emplace(id, record.has_value());
  return record.has_value();
}

Status WriteGroup::change_documents(PreparedChange& change, store::FeedEntry& entry) {
  for (const auto& id : change.document_deletes) {
    if (!KITH_TRY(document_exists(id))) continue;
    batch_.delete_document(base_.collection, id);
    documents_[id] = false;
    --state_.documents;
    entry.documents.push_back(id);
  }
  for (auto& put : change.document_puts) {
    if (!KITH_TRY(document_exists(put.record.id))) ++state_.documents;
    documents_[put.record.id] = true;
    put.record.version = entry.seq;
    put.record.text_bytes = put.text.size();
    batch_.put_document(base_.collection, put.record, put.text);
    entry.documents.push_back(put.record.id);
  }
  return {};
}

store::Batch WriteGroup::finish() {
  state_.next_slot = slots_.next();
  batch_.put_state(base_.collection, state_);
  return std::move(batch_);
}

}  // namespace kith::engine
