#include "store/batch.h"

#include "store/document_codec.h"
#include "store/keys.h"

#include <fmt/format.h>

#include <algorithm>

namespace kith::store {
namespace {

constexpr std::size_t record_key_bytes_max = 4096;

}  // namespace

void Batch::add(Column column, Action action, std::string key, std::string value) {
  bytes_ += key.size() + value.size();
  operations_.push_back({column, action, std::move(key), std::move(value)});
}

Batch::Claim& Batch::claim(CollectionId collection) {
  const auto at = std::ranges::find(claims_, collection, &Claim::collection);
  if (at != claims_.end()) return *at;
  return claims_.emplace_back(Claim{collection, {}, {}, {}});
}

void Batch::refuse(ErrorCode code, std::string message) {
  if (!refused_) refused_ = Error{code, std::move(message)};
}

void Batch::put_point(CollectionId collection, const PointId& id, const PointRecord& record) {
  put_point(collection, id, record.slot, record.version, record.vectors, record.payload);
}

void Batch::put_point(CollectionId collection, const PointId& id, const std::optional<SlotId>& slot,
                      ChangeSeq version, const VectorMap& vectors, std::string_view payload) {
  add(Column::points, Action::put, keys::point(collection, id),
      encode_point_record(slot, version, vectors, payload));
}

void Batch::delete_point(CollectionId collection, const PointId& id) {
  add(Column::points, Action::remove, keys::point(collection, id));
}

void Batch::put_slot(CollectionId collection, SlotId slot, const PointId& id) {
  add(Column::slots, Action::put, keys::slot(collection, slot), id.key());
}

void Batch::delete_slot(CollectionId collection, SlotId slot) {
  add(Column::slots, Action::remove, keys::slot(collection, slot));
}

void Batch::append_feed(CollectionId collection, const FeedEntry& entry) {
  Claim& said = claim(collection);
  if (said.feed_last && entry.seq.value != said.feed_last->value + 1) {
    refuse(ErrorCode::internal,
           fmt::format("feed entry {} follows {} in one batch", entry.seq.value, said.feed_last->value));
  }
  if (!said.feed_first) said.feed_first = entry.seq;
  said.feed_last = entry.seq;
  add(Column::feed, Action::put, keys::feed(collection, entry.seq), encode_feed_entry(entry));
}

void Batch::put_state(CollectionId collection, const CollectionState& state) {
  claim(collection).state = state.change_seq;
  add(Column::catalog, Action::put, keys::catalog(collection, keys::tag_state),
      encode_collection_state(state));
}

void Batch::put_document(CollectionId collection, const DocumentRecord& record,
                         std::optional<std::string_view> text) {
  if (record.id.empty() || record.id.size() > document_id_bytes_max) {
    refuse(ErrorCode::invalid_argument, fmt::format("a document id has {} bytes; 1 to {} are allowed",
                                                    record.id.size(), document_id_bytes_max));
    return;
  }
  add(Column::documents, Action::put, keys::document(collection, record.id), encode_document(record));
  if (text) add(Column::texts, Action::put, keys::document(collection, record.id), encode_text(*text));
}

void Batch::delete_document(CollectionId collection, std::string_view id) {
  add(Column::documents, Action::remove, keys::document(collection, id));
  add(Column::texts, Action::remove, keys::document(collection, id));
}

void Batch::put_record(std::string_view kind, std::string_view key, std::string_view value) {
  if (kind.empty() || kind.size() > keys::kind_bytes_max || key.size() > record_key_bytes_max) {
    refuse(ErrorCode::invalid_argument,
           fmt::format("a record's kind has 1 to {} bytes and its key at most {}", keys::kind_bytes_max,
                       record_key_bytes_max));
    return;
  }
  if (value.size() > record_bytes_max) {
    refuse(ErrorCode::invalid_argument, fmt::format("record {}/{} has {} bytes; at most {} are allowed", kind,
                                                    key, value.size(), record_bytes_max));
    return;
  }
  add(Column::records, Action::put, keys::record(kind, key), encode_text(value));
}

void Batch::delete_record(std::string_view kind, std::string_view key) {
  if (kind.size() > keys::kind_bytes_max) return;  // no such record can exist
  add(Column::records, Action::remove, keys::record(kind, key));
}

void Batch::put_collection(CollectionId collection, std::string_view name, const CollectionConfig& config) {
  auto json = encode_collection_config(name, config);
  if (!json) return refuse(json.error().code, json.error().message);
  add(Column::catalog, Action::put, keys::catalog(collection, keys::tag_config), std::move(*json));
}

void Batch::delete_collection(CollectionId collection) {
  for (const Column column :
       {Column::catalog, Column::points, Column::slots, Column::feed, Column::documents, Column::texts}) {
    add(column, Action::remove_range, keys::of_collection(collection), keys::after_collection(collection));
  }
}

bool Batch::only_removes() const {
  return std::ranges::none_of(operations_,
                              [](const Operation& operation) { return operation.action == Action::put; });
}

void Batch::clear() { *this = Batch(); }

Status Batch::check() const {
  if (refused_) return std::unexpected(*refused_);
  for (const Claim& said : claims_) {
    if (said.feed_last && said.feed_last != said.state) {
      return failure(
          ErrorCode::internal,
          fmt::format("a batch appends feed entry {} of collection {} without the state that goes with it",
                      said.feed_last->value, said.collection.value));
    }
  }
  return {};
}

}  // namespace kith::store
