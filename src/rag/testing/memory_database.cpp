#include "rag/testing/memory_database.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/try.h"

namespace kith::testing {
namespace {

using nlohmann::json;

bool scalar_equals(const json& value, const Scalar& scalar) {
  if (value.is_array()) {
    return std::any_of(value.begin(), value.end(),
                       [&](const json& one) { return scalar_equals(one, scalar); });
  }
  if (const auto* text = std::get_if<std::string>(&scalar)) return value.is_string() && value == *text;
  if (const auto* number = std::get_if<std::int64_t>(&scalar))
    return value.is_number_integer() && value == *number;
  return value.is_boolean() && value == std::get<bool>(scalar);
}

Result<bool> matches(const StoredPoint& point, const Filter& filter);

Result<bool> matches(const StoredPoint& point, const Condition& condition) {
  if (const auto* has = std::get_if<HasVector>(&condition)) return point.vectors.contains(has->name);
  if (const auto* ids = std::get_if<HasId>(&condition)) {
    return std::find(ids->ids.begin(), ids->ids.end(), point.id) != ids->ids.end();
  }
  if (const auto* sub = std::get_if<SubFilter>(&condition)) return matches(point, *sub->filter);
  const json payload = json::parse(point.payload);
  if (const auto* any = std::get_if<MatchAny>(&condition)) {
    return payload.contains(any->key) &&
           std::any_of(any->any.begin(), any->any.end(),
                       [&](const Scalar& scalar) { return scalar_equals(payload[any->key], scalar); });
  }
  if (const auto* empty = std::get_if<IsEmpty>(&condition)) {
    return !payload.contains(empty->key) || payload[empty->key].is_null() ||
           payload[empty->key] == json::array();
  }
  return failure(ErrorCode::unsupported, "the in-memory collection does not know this condition");
}

Result<bool> matches(const StoredPoint& point, const Filter& filter) {
  for (const auto& condition : filter.must) {
    if (!KITH_TRY(matches(point, condition))) return false;
  }
  for (const auto& condition : filter.must_not) {
    if (KITH_TRY(matches(point, condition))) return false;
  }
  bool any = filter.should.empty();
  for (const auto& condition : filter.should) any = any || KITH_TRY(matches(point, condition));
  return any;
}

float raw_score(Distance distance, std::span<const float> query, const DenseVector& vector) {
  double dot = 0, query_norm = 0, vector_norm = 0, squares = 0, absolutes = 0;
  for (std::size_t i = 0; i < query.size(); ++i) {
    const double a = query[i], b = vector[i];
    dot += a * b;
    query_norm += a * a;
    vector_norm += b * b;
    squares += (a - b) * (a - b);
    absolutes += std::abs(a - b);
  }
  switch (distance) {
    case Distance::dot:
      return static_cast<float>(dot);
    case Distance::euclid:
      return static_cast<float>(std::sqrt(squares));
    case Distance::manhattan:
      return static_cast<float>(absolutes);
    case Distance::cosine:
      break;
  }
  const double norm = std::sqrt(query_norm) * std::sqrt(vector_norm);
  return norm == 0 ? 0 : static_cast<float>(dot / norm);
}

std::unexpected<Error> not_here() {
  return failure(ErrorCode::unsupported, "the in-memory collection cannot do this");
}

class MemorySnapshot final : public Snapshot {
 public:
  MemorySnapshot(std::shared_ptr<const MemoryState> state, CollectionConfig config)
      : state_(std::move(state)), config_(std::move(config)) {}

  ChangeSeq change_seq() const override { return state_->change_seq; }
  const CollectionConfig& config() const override { return config_; }

  // What nothing in src/rag asks for.
  Result<LegResult> search_vectors(const VectorSearchRequest&) const override { return not_here(); }
  Result<CountEstimate> estimate(const Filter*) const override { return not_here(); }
  Result<std::vector<OrderedPoint>> order_by(const OrderRequest&) const override { return not_here(); }
  Result<std::vector<FacetHit>> facet(const FacetRequest&) const override { return not_here(); }
  Result<std::vector<PointId>> sample(std::size_t, const Filter*, std::uint64_t) const override {
    return not_here();
  }

  Result<LegResult> nearest(const NearestRequest& request) const override {
    const auto params = config_.vectors.find(request.vector_name);
    if (params == config_.vectors.end() || params->second.dimension != request.query.size()) {
      return failure(ErrorCode::invalid_argument, "no such vector, or of another dimension");
    }
    const bool descending = higher_is_better(params->second.distance);
    LegResult out;
    for (const auto& [id, point] : state_->points) {
      const auto vector = point->vectors.find(request.vector_name);
      if (vector == point->vectors.end()) continue;
      if (request.filter != nullptr && !KITH_TRY(matches(*point, *request.filter))) continue;
      const float score =
          raw_score(params->second.distance, request.query, std::get<DenseVector>(vector->second));
      out.points.push_back({id, point->version, score});
    }
    std::stable_sort(out.points.begin(), out.points.end(), [&](const ScoredPoint& a, const ScoredPoint& b) {
      return descending ? a.score > b.score : a.score < b.score;
    });
    if (out.points.size() > request.limit) out.points.resize(request.limit);
    out.report.strategy = "scan";
    return out;
  }

  Result<LegResult> lexical(const LexicalRequest&) const override {
    return failure(ErrorCode::unsupported, "the in-memory collection has no lexical view");
  }

  Result<std::vector<std::optional<StoredPoint>>> points(std::span<const PointId> ids,
                                                         Want want) const override {
    std::vector<std::optional<StoredPoint>> out;
    for (const auto& id : ids) {
      const auto it = state_->points.find(id);
      if (it == state_->points.end()) {
        out.emplace_back();
        continue;
      }
      StoredPoint point = *it->second;
      if (!want.payload) point.payload = "{}";
      if (!want.vectors) point.vectors.clear();
      out.emplace_back(std::move(point));
    }
    return out;
  }

  Result<ScrollPage> scroll(const std::optional<PointId>& from, std::size_t limit,
                            const Filter* filter) const override {
    ScrollPage page;
    for (auto it = from ? state_->points.lower_bound(*from) : state_->points.begin();
         it != state_->points.end(); ++it) {
      if (filter != nullptr && !KITH_TRY(matches(*it->second, *filter))) continue;
      if (page.ids.size() == limit) {
        page.next = it->first;
        break;
      }
      page.ids.push_back(it->first);
    }
    return page;
  }

  Result<std::uint64_t> count(const Filter* filter) const override {
    std::uint64_t total = 0;
    for (const auto& [id, point] : state_->points) {
      if (filter == nullptr || KITH_TRY(matches(*point, *filter))) ++total;
    }
    return total;
  }

  Result<std::optional<DocumentRecord>> document(std::string_view id) const override {
    const auto it = state_->documents.find(id);
    if (it == state_->documents.end()) return std::nullopt;
    return it->second->record;
  }

  Result<std::optional<std::string>> document_text(std::string_view id) const override {
    const auto it = state_->documents.find(id);
    if (it == state_->documents.end()) return std::nullopt;
    return it->second->text;
  }

  Result<DocumentPage> documents(std::string_view from, std::size_t limit) const override {
    DocumentPage page;
    for (auto it = state_->documents.lower_bound(from); it != state_->documents.end(); ++it) {
      if (page.records.size() == limit) {
        page.next = it->first;
        break;
      }
      page.records.push_back(it->second->record);
    }
    return page;
  }

 private:
  std::shared_ptr<const MemoryState> state_;
  CollectionConfig config_;
};

}  // namespace

MemoryCollection::MemoryCollection(std::string name, CollectionConfig config)
    : name_(std::move(name)), config_(std::move(config)), state_(std::make_shared<const MemoryState>()) {}

CollectionInfo MemoryCollection::info() const {
  const auto now = state();
  CollectionInfo info;
  info.name = name_;
  info.config = config_;
  info.change_seq = now->change_seq;
  info.points = now->points.size();
  info.documents = now->documents.size();
  return info;
}

std::shared_ptr<const MemoryState> MemoryCollection::state() const {
  const std::scoped_lock lock(mutex_);
  return state_;
}

std::vector<Change> MemoryCollection::written() const {
  const std::scoped_lock lock(mutex_);
  return written_;
}

Result<std::shared_ptr<const Snapshot>> MemoryCollection::snapshot() const {
  return std::make_shared<const MemorySnapshot>(state(), config_);
}

Status MemoryCollection::validate(const Change& change) const {
  for (const auto& point : change.upserts) {
    if (!json::parse(point.payload, nullptr, false).is_object()) {
      return failure(ErrorCode::invalid_argument,
                     "payload of " + point.id.to_string() + " is not a JSON object");
    }
    for (const auto& [vector_name, value] : point.vectors) {
      const auto params = config_.vectors.find(vector_name);
      const auto* dense = std::get_if<DenseVector>(&value);
      if (params == config_.vectors.end() || dense == nullptr || dense->size() != params->second.dimension) {
        return failure(ErrorCode::invalid_argument,
                       "vector \"" + vector_name + "\" is unknown or of wrong dimension");
      }
      for (const float number : *dense) {
        if (!std::isfinite(number))
          return failure(ErrorCode::invalid_argument, "vector holds NaN or infinity");
      }
    }
  }
  for (const auto& update : change.payload_updates) {
    if (update.points.filter || update.mode > PayloadMode::overwrite) return not_here();
    if (!json::parse(update.payload, nullptr, false).is_object()) {
      return failure(ErrorCode::invalid_argument, "payload update is not a JSON object");
    }
  }
  return {};
}

void MemoryCollection::apply(MemoryState& state, const Change& change) const {
  const ChangeSeq seq{++state.change_seq.value};
  for (const auto& id : change.deletes) state.points.erase(id);
  for (const auto& point : change.upserts) {
    state.points[point.id] =
        std::make_shared<const StoredPoint>(StoredPoint{point.id, seq, point.vectors, point.payload});
  }
  for (const auto& update : change.payload_updates) {
    for (const auto& id : update.points.ids) {
      const auto it = state.points.find(id);
      if (it == state.points.end()) continue;
      StoredPoint point = *it->second;
      json payload = update.mode == PayloadMode::merge ? json::parse(point.payload) : json::object();
      payload.update(json::parse(update.payload));
      point.payload = payload.dump();
      point.version = seq;
      it->second = std::make_shared<const StoredPoint>(std::move(point));
    }
  }
  for (const auto& put : change.document_puts) {
    DocumentPut stored = put;
    stored.record.version = seq;
    state.documents[put.record.id] = std::make_shared<const DocumentPut>(std::move(stored));
  }
  for (const auto& id : change.document_deletes) state.documents.erase(id);
}

Result<WriteOutcome> MemoryCollection::write(std::vector<Change> changes) {
  if (before_write) KITH_TRY(before_write(changes));
  for (const auto& change : changes) KITH_TRY(validate(change));
  const std::scoped_lock lock(mutex_);
  auto next = std::make_shared<MemoryState>(*state_);
  for (const auto& change : changes) apply(*next, change);
  state_ = std::move(next);
  for (auto& change : changes) written_.push_back(std::move(change));
  return WriteOutcome{state_->change_seq, Durability::os};
}

Result<WriteOutcome> MemoryCollection::create_field_index(std::string_view, FieldIndexConfig) {
  return not_here();
}
Result<WriteOutcome> MemoryCollection::drop_field_index(std::string_view) { return not_here(); }
Result<WriteOutcome> MemoryCollection::add_vector(std::string_view, VectorParams) { return not_here(); }
Result<WriteOutcome> MemoryCollection::remove_vector(std::string_view) { return not_here(); }
Result<WriteOutcome> MemoryCollection::set_face(std::string) { return not_here(); }

Status MemoryDatabase::change_aliases(const std::vector<AliasAction>&) { return not_here(); }

Result<std::shared_ptr<Collection>> MemoryDatabase::create_collection(std::string_view name,
                                                                      CollectionConfig config) {
  const std::scoped_lock lock(mutex_);
  auto made = std::make_shared<MemoryCollection>(std::string(name), std::move(config));
  if (!collections_.emplace(std::string(name), made).second) {
    return failure(ErrorCode::already_exists, "the collection exists already");
  }
  return made;
}

Result<std::shared_ptr<Collection>> MemoryDatabase::collection(std::string_view name) const {
  const std::scoped_lock lock(mutex_);
  const auto it = collections_.find(name);
  if (it == collections_.end()) return failure(ErrorCode::not_found, "no such collection");
  return it->second;
}

std::vector<std::string> MemoryDatabase::collection_names() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> names;
  for (const auto& [name, collection] : collections_) names.push_back(name);
  return names;
}

Result<bool> MemoryDatabase::drop_collection(std::string_view name) {
  const std::scoped_lock lock(mutex_);
  const auto it = collections_.find(name);
  if (it == collections_.end()) return false;
  collections_.erase(it);
  return true;
}

Status MemoryDatabase::put_record(std::string_view kind, std::string_view key, std::string_view value) {
  const std::scoped_lock lock(mutex_);
  records_[{std::string(kind), std::string(key)}] = std::string(value);
  return {};
}

Status MemoryDatabase::delete_record(std::string_view kind, std::string_view key) {
  const std::scoped_lock lock(mutex_);
  records_.erase({std::string(kind), std::string(key)});
  return {};
}

Result<std::optional<std::string>> MemoryDatabase::record(std::string_view kind, std::string_view key) const {
  const std::scoped_lock lock(mutex_);
  const auto it = records_.find({std::string(kind), std::string(key)});
  if (it == records_.end()) return std::nullopt;
  return it->second;
}

Result<std::vector<std::pair<std::string, std::string>>> MemoryDatabase::records(
    std::string_view kind) const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::pair<std::string, std::string>> out;
  for (const auto& [key, value] : records_) {
    if (key.first == kind) out.emplace_back(key.second, value);
  }
  return out;
}

}  // namespace kith::testing
