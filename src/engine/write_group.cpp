#include "engine/write_group.h"

#include "base/try.h"
#include "fields/filter_evaluator.h"
#include "fields/payload_edit.h"

namespace kith::engine {
namespace {

std::vector<std::string_view> vector_names(const VectorMap& vectors) {
  std::vector<std::string_view> out;
  out.reserve(vectors.size());
  for (const auto& [name, value] : vectors) out.push_back(name);
  return out;
}

}  // namespace

Status WriteGroup::add(PreparedWrite& write) {
  for (auto& change : write.changes) KITH_TRY(add_change(change));
  return {};
}

Status WriteGroup::add_change(PreparedChange& change) {
  ++state_.change_seq.value;
  store::FeedEntry entry;
  entry.seq = state_.change_seq;
  for (const auto& id : change.deletes) KITH_TRY(remove_point(id, entry));
  if (change.delete_matching) KITH_TRY(remove_matching(*change.delete_matching, entry));
  for (auto& point : change.upserts) KITH_TRY(upsert(point, entry));
  for (auto& update : change.payload_updates) KITH_TRY(update_payload(update, entry));
  KITH_TRY(change_documents(change, entry));
  batch_.append_feed(collection_, entry);
  return {};
}

Result<const store::PointRecord*> WriteGroup::current(const PointId& id) {
  if (const auto found = latest_.find(id); found != latest_.end()) return found->second;
  auto record = KITH_TRY(store_.point(nullptr, collection_, id));
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
  batch_.put_point(collection_, id, kept);
  return kept;
}

const text::DocumentTerms* WriteGroup::keep(std::optional<text::DocumentTerms> terms) {
  if (!terms) return nullptr;
  terms_.push_back(std::move(*terms));
  return &terms_.back();
}

Status WriteGroup::remove_point(const PointId& id, store::FeedEntry& entry) {
  const store::PointRecord* before = KITH_TRY(current(id));
  if (before == nullptr) return {};
  batch_.delete_point(collection_, id);
  if (before->slot) {
    batch_.delete_slot(collection_, *before->slot);
    dead_.push_back(*before->slot);
  }
  applied_.push_back({entry.seq, before->slot, std::nullopt, nullptr, nullptr});
  entry.changes.push_back({store::FeedKind::remove, id, std::nullopt, before->slot});
  latest_[id] = nullptr;
  --state_.points;
  return {};
}

Status WriteGroup::remove_matching(const Filter& filter, store::FeedEntry& entry) {
  auto evaluator = KITH_TRY(fields::FilterEvaluator::compile(filter));
  std::vector<PointId> matching;
  const auto look = [&](const PointId& id, const store::PointRecord& record) {
    const auto names = vector_names(record.vectors);
    if (evaluator.matches({id, record.payload, names})) matching.push_back(id);
  };
  const store::Want want{evaluator.needs_payload(), evaluator.needs_vector_names()};
  KITH_TRY(store_.scan_points(nullptr, collection_, std::nullopt, want,
                              [&](const PointId& id, store::PointRecord&& record) {
                                if (!latest_.contains(id)) look(id, record);
                                return true;
                              }));
  for (const auto& [id, record] : latest_) {
    if (record != nullptr) look(id, *record);
  }
  for (const auto& id : matching) KITH_TRY(remove_point(id, entry));
  return {};
}

Status WriteGroup::upsert(PreparedPoint& point, store::FeedEntry& entry) {
  const store::PointRecord* before = KITH_TRY(current(point.id));
  const text::DocumentTerms* terms = keep(std::move(point.terms));
  if (before != nullptr && before->slot && before->vectors == point.vectors) {
    const auto slot = before->slot;
    const auto& record = put(point.id, {slot, entry.seq, std::move(point.vectors), std::move(point.payload)});
    applied_.push_back({entry.seq, slot, slot, &record.vectors, terms});
    entry.changes.push_back({store::FeedKind::payload, point.id, std::nullopt, std::nullopt});
    return {};
  }
  const std::optional<SlotId> old_slot = before != nullptr ? before->slot : std::nullopt;
  if (before == nullptr) ++state_.points;
  const SlotId slot = KITH_TRY(slots_.take());
  taken_.push_back(slot);
  if (old_slot) {
    batch_.delete_slot(collection_, *old_slot);
    dead_.push_back(*old_slot);
  }
  const auto& record = put(point.id, {slot, entry.seq, std::move(point.vectors), std::move(point.payload)});
  batch_.put_slot(collection_, slot, point.id);
  applied_.push_back({entry.seq, old_slot, slot, &record.vectors, terms});
  entry.changes.push_back({store::FeedKind::put, point.id, slot, old_slot});
  return {};
}

Status WriteGroup::update_payload(PreparedPayload& update, store::FeedEntry& entry) {
  const store::PointRecord* before = KITH_TRY(current(update.id));
  if (before == nullptr) return {};
  std::string payload = update.mode == PayloadMode::overwrite
                            ? std::move(update.payload)
                            : KITH_TRY(fields::merge_payload(before->payload, update.payload));
  const text::DocumentTerms* terms =
      analyzer_ != nullptr ? keep(payload_terms(payload, *analyzer_)) : nullptr;
  const auto slot = before->slot;
  VectorMap vectors = before->vectors;
  const auto& record = put(update.id, {slot, entry.seq, std::move(vectors), std::move(payload)});
  applied_.push_back({entry.seq, slot, slot, &record.vectors, terms});
  entry.changes.push_back({store::FeedKind::payload, update.id, std::nullopt, std::nullopt});
  return {};
}

Result<bool> WriteGroup::document_exists(const std::string& id) {
  if (const auto found = documents_.find(id); found != documents_.end()) return found->second;
  const auto record = KITH_TRY(store_.document(nullptr, collection_, id));
  documents_.emplace(id, record.has_value());
  return record.has_value();
}

Status WriteGroup::change_documents(PreparedChange& change, store::FeedEntry& entry) {
  for (const auto& id : change.document_deletes) {
    if (!KITH_TRY(document_exists(id))) continue;
    batch_.delete_document(collection_, id);
    documents_[id] = false;
    --state_.documents;
    entry.documents.push_back(id);
  }
  for (auto& put : change.document_puts) {
    if (!KITH_TRY(document_exists(put.record.id))) ++state_.documents;
    documents_[put.record.id] = true;
    put.record.version = entry.seq;
    put.record.text_bytes = put.text.size();
    batch_.put_document(collection_, put.record, put.text);
    entry.documents.push_back(put.record.id);
  }
  return {};
}

store::Batch WriteGroup::finish() {
  state_.next_slot = slots_.next();
  batch_.put_state(collection_, state_);
  return std::move(batch_);
}

}  // namespace kith::engine
