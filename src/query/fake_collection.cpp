#include "query/fake_collection.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "base/random.h"
#include "base/stop_token.h"
#include "base/try.h"
#include "fields/filter_evaluator.h"
#include "query/fake_scoring.h"

namespace kith::query {
namespace {

using Json = nlohmann::json;

/// What a dotted key leads to; arrays are opened at the end only.
std::vector<Json> values_at(const std::string& payload, std::string_view key) {
  Json at = Json::parse(payload);
  std::istringstream steps{std::string(key)};
  for (std::string step; std::getline(steps, step, '.');) {
    if (!at.is_object() || !at.contains(step)) return {};
    at = Json(at[step]);
  }
  return at.is_array() ? at.get<std::vector<Json>>() : std::vector<Json>{at};
}

void keep_best(LegResult& out, std::size_t limit, bool higher) {
  std::stable_sort(out.points.begin(), out.points.end(), [&](const ScoredPoint& a, const ScoredPoint& b) {
    return higher ? a.score > b.score : a.score < b.score;
  });
  if (out.points.size() > limit) out.points.resize(limit);
}

/// Of every vector inside a query.
template <class Visit>
void for_each_vector(VectorQuery& query, const Visit& visit) {
  if (auto* nearest = std::get_if<NearestQuery>(&query)) return visit(nearest->vector);
  const auto examples = [&](auto& q) {
    for (auto& vector : q.positive) visit(vector);
    for (auto& vector : q.negative) visit(vector);
  };
  if (auto* best = std::get_if<BestScoreQuery>(&query)) return examples(*best);
  if (auto* sum = std::get_if<SumScoresQuery>(&query)) return examples(*sum);
  const auto pairs = [&](auto& context) {
    for (auto& pair : context) {
      visit(pair.positive);
      visit(pair.negative);
    }
  };
  if (auto* context = std::get_if<ContextQuery>(&query)) return pairs(context->context);
  auto& discover = std::get<DiscoverQuery>(query);
  visit(discover.target);
  pairs(discover.context);
}

Status check_vector(const VectorParams& params, const VectorValue& value) {
  const bool sparse = std::holds_alternative<SparseVector>(value);
  const auto* multi = std::get_if<MultiVector>(&value);
  if (sparse != (params.kind == VectorKind::sparse) || (multi != nullptr && params.kind != VectorKind::multi))
    return failure(ErrorCode::invalid_argument, "the query is of another kind than the vector");
  if (sparse) return {};
  const std::size_t got = multi != nullptr ? multi->dimension : std::get<DenseVector>(value).size();
  if (got == params.dimension) return {};
  return failure(ErrorCode::invalid_argument,
                 "Vector dimension error: expected dim: " + std::to_string(params.dimension) + ", got " +
                     std::to_string(got));
}

/// Query weights times the rarity of their index among `corpus`.
void weigh_by_rarity(SparseVector& query, const std::vector<const StoredPoint*>& corpus,
                     std::string_view name) {
  double total = 0;
  std::map<std::uint32_t, double> frequency;
  for (const auto* point : corpus) {
    const auto value = point->vectors.find(name);
    if (value == point->vectors.end()) continue;
    ++total;
    for (const auto index : std::get<SparseVector>(value->second).indices) ++frequency[index];
  }
  for (std::size_t i = 0; i < query.indices.size(); ++i) {
    const double df = frequency[query.indices[i]];
    query.values[i] *= static_cast<float>(std::log((total - df + 0.5) / (df + 0.5) + 1));
  }
}

bool passes(float score, const std::optional<float>& threshold, bool higher) {
  return !threshold || (higher ? score >= *threshold : score <= *threshold);
}

}  // namespace

std::vector<float> letters_vector(std::string_view text) {
  std::vector<float> out(26, 0.01F);
  for (const char c : text) {
    if (c >= 'a' && c <= 'z') out[static_cast<std::size_t>(c - 'a')] += 1;
  }
  float squares = 0;
  for (const float v : out) squares += v * v;
  for (float& v : out) v /= std::sqrt(squares);
  return out;
}

Result<Embeddings> FakeEmbedder::embed(std::span<const std::string_view> texts, InputType,
                                       const StopToken*) const {
  Embeddings out{26, {}, {}, {}};
  for (const auto text : texts) {
    const auto row = letters_vector(text);
    out.values.insert(out.values.end(), row.begin(), row.end());
    out.tokens.push_back(static_cast<std::uint32_t>(text.size()));
    out.truncated.push_back(text.size() > 40);
  }
  return out;
}

CollectionConfig fake_config() {
  CollectionConfig config;
  config.vectors[""].dimension = 26;
  config.lexical = true;
  config.embedder = "letters";
  config.embedder_fingerprint = "letters-1";
  return config;
}

void FakeSnapshot::add(std::uint64_t id, const std::string& text, const std::string& document) {
  Json payload{{"text", text}};
  if (!document.empty()) payload["document_id"] = document;
  put({PointId(id), {}, {{"", letters_vector(text)}}, payload.dump()});
  texts_[PointId(id)] = text;
}

void FakeSnapshot::put(StoredPoint point) {
  if (point.version.value == 0) point.version.value = 1;
  for (auto& [name, value] : point.vectors) value = as_stored(config_.vectors.at(name), std::move(value));
  points_[point.id] = std::move(point);
}

Result<std::vector<const StoredPoint*>> FakeSnapshot::matching(const Filter* filter) const {
  std::vector<const StoredPoint*> out;
  if (filter == nullptr) {
    for (const auto& [id, point] : points_) out.push_back(&point);
    return out;
  }
  auto evaluator = KITH_TRY(fields::FilterEvaluator::compile(*filter));
  for (const auto& [id, point] : points_) {
    std::vector<std::string_view> names;
    for (const auto& [name, value] : point.vectors) names.push_back(name);
    if (evaluator.matches({id, point.payload, names})) out.push_back(&point);
  }
  return out;
}

Result<LegResult> FakeSnapshot::nearest(const NearestRequest& request) const {
  ++dense_calls;
  const VectorQuery query = NearestQuery{DenseVector(request.query.begin(), request.query.end())};
  VectorSearchRequest search;
  search.vector_name = request.vector_name;
  search.query = &query;
  search.limit = request.limit;
  search.filter = request.filter;
  search.score_threshold = request.score_threshold;
  search.stop = request.stop;
  return search_vectors(search);
}

Result<LegResult> FakeSnapshot::search_vectors(const VectorSearchRequest& request) const {
  if (on_search) on_search(request);
  if (request.stop != nullptr) KITH_TRY(request.stop->check());
  const auto known = config_.vectors.find(request.vector_name);
  if (known == config_.vectors.end()) {
    return failure(ErrorCode::invalid_argument,
                   "Not existing vector name error: " + std::string(request.vector_name));
  }
  const VectorParams& params = known->second;
  VectorQuery query = *request.query;
  Status fits;
  for_each_vector(query, [&](VectorValue& value) {
    if (fits) fits = check_vector(params, value);
  });
  KITH_TRY(fits);
  if (params.idf) {
    const auto corpus = KITH_TRY(matching(request.idf_corpus));
    for_each_vector(query, [&](VectorValue& value) {
      weigh_by_rarity(std::get<SparseVector>(value), corpus, request.vector_name);
    });
  }
  const bool higher = higher_wins(params, query);
  LegResult out;
  for (const auto* point : KITH_TRY(matching(request.filter))) {
    const auto stored = point->vectors.find(request.vector_name);
    if (stored == point->vectors.end()) continue;
    const auto score = true_score(params, query, stored->second);
    if (score && passes(*score, request.score_threshold, higher))
      out.points.push_back({point->id, point->version, *score});
  }
  out.report.strategy = "scan";
  out.report.scored = points_.size();
  keep_best(out, request.limit, higher);
  return out;
}

Result<LegResult> FakeSnapshot::lexical(const LexicalRequest& request) const {
  ++lexical_calls;
  LegResult out;
  std::istringstream words{std::string(request.text)};
  for (std::string word; words >> word;) out.report.terms.push_back(word);
  for (const auto* point : KITH_TRY(matching(request.filter))) {
    float score = 0;
    const auto text = texts_.find(point->id);
    if (text == texts_.end()) continue;
    for (const auto& term : out.report.terms) {
      if ((" " + text->second + " ").find(" " + term + " ") != std::string::npos) score += 3;
    }
    if (score > 0) out.points.push_back({point->id, point->version, score});
  }
  out.report.strategy = "postings";
  keep_best(out, request.limit, true);
  return out;
}

Result<std::vector<std::optional<StoredPoint>>> FakeSnapshot::points(std::span<const PointId> ids,
                                                                     Want want) const {
  std::vector<std::optional<StoredPoint>> out;
  for (const auto& id : ids) {
    const auto found = points_.find(id);
    auto& point = out.emplace_back();
    if (found == points_.end()) continue;
    point = found->second;
    if (!want.payload) point->payload = "{}";
    if (!want.vectors) point->vectors.clear();
  }
  return out;
}

Result<ScrollPage> FakeSnapshot::scroll(const std::optional<PointId>& from, std::size_t limit,
                                        const Filter* filter) const {
  ScrollPage out;
  for (const auto* point : KITH_TRY(matching(filter))) {
    if (from && point->id < *from) continue;
    if (out.ids.size() == limit) {
      out.next = point->id;
      break;
    }
    out.ids.push_back(point->id);
  }
  return out;
}

Result<std::uint64_t> FakeSnapshot::count(const Filter* filter) const {
  return KITH_TRY(matching(filter)).size();
}

Result<CountEstimate> FakeSnapshot::estimate(const Filter* filter) const {
  const std::uint64_t exact = KITH_TRY(count(filter));
  return CountEstimate{exact, exact, exact};
}

Result<std::vector<OrderedPoint>> FakeSnapshot::order_by(const OrderRequest& request) const {
  const auto field = config_.fields.find(request.key);
  const bool whole = field != config_.fields.end() && field->second.kind == FieldKind::integer;
  if (!whole && (field == config_.fields.end() || field->second.kind != FieldKind::floating))
    return failure(ErrorCode::failed_precondition, "order_by needs an integer or float index");
  std::vector<OrderedPoint> out;
  const auto number = [](const OrderValue& value) {
    return std::visit([](auto n) { return static_cast<double>(n); }, value);
  };
  for (const auto* point : KITH_TRY(matching(request.filter))) {
    for (const auto& value : values_at(point->payload, request.key)) {
      if (whole ? !value.is_number_integer() : !value.is_number()) continue;
      const OrderValue found =
          whole ? OrderValue(value.get<std::int64_t>()) : OrderValue(value.get<double>());
      const bool before =
          request.start_from && (request.ascending ? number(found) < number(*request.start_from)
                                                   : number(found) > number(*request.start_from));
      if (!before) out.push_back({point->id, point->version, found});
    }
  }
  std::stable_sort(out.begin(), out.end(), [&](const OrderedPoint& a, const OrderedPoint& b) {
    return request.ascending ? number(a.value) < number(b.value) : number(a.value) > number(b.value);
  });
  if (out.size() > request.limit) out.resize(request.limit);
  return out;
}

Result<std::vector<FacetHit>> FakeSnapshot::facet(const FacetRequest& request) const {
  if (!config_.fields.contains(request.key))
    return failure(ErrorCode::failed_precondition, "facet needs a keyword, integer, bool or uuid index");
  std::map<Scalar, std::uint64_t> counts;
  for (const auto* point : KITH_TRY(matching(request.filter))) {
    std::map<Scalar, bool> own;
    for (const auto& value : values_at(point->payload, request.key)) {
      if (value.is_string()) own[value.get<std::string>()] = true;
      if (value.is_number_integer()) own[value.get<std::int64_t>()] = true;
      if (value.is_boolean()) own[value.get<bool>()] = true;
    }
    for (const auto& [value, there] : own) ++counts[value];
  }
  std::vector<FacetHit> out;
  for (const auto& [value, count] : counts) out.push_back({value, count});
  std::stable_sort(out.begin(), out.end(),
                   [](const FacetHit& a, const FacetHit& b) { return a.count > b.count; });
  if (out.size() > request.limit) out.resize(request.limit);
  return out;
}

Result<std::vector<PointId>> FakeSnapshot::sample(std::size_t limit, const Filter* filter,
                                                  std::uint64_t seed) const {
  std::vector<PointId> out;
  for (const auto* point : KITH_TRY(matching(filter))) out.push_back(point->id);
  Random(seed).shuffle(out);
  if (out.size() > limit) out.resize(limit);
  return out;
}

}  // namespace kith::query
