#include "server/qdrant_query_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/qdrant_legacy_body.h"
#include "server/qdrant_read_body.h"
#include "server/qdrant_test_support.h"

namespace kith::server::qdrant {
namespace {

using testing::ElementsAre;

Result<QueryBody> read_query(std::string_view text) {
  const auto document = json_body(text);
  Checks checks;
  auto out = parse_query(document.root(), Place(), checks);
  if (!out) return out;
  if (const Status status = checks.status(); !status) return std::unexpected(status.error());
  if (const Status status = check_combination(out->query); !status) return std::unexpected(status.error());
  return out;
}

QueryBody good_query(std::string_view text) {
  auto out = read_query(text);
  EXPECT_TRUE(out.has_value()) << text << ": " << (out ? "" : out.error().message);
  return std::move(out).value();
}

template <class Input>
const Input& input_of(const QueryBody& body) {
  return std::get<Input>(body.query.query);
}

const VectorValue& vector_of(const query::VectorInput& input) { return std::get<VectorValue>(input); }

TEST(QdrantQuery, Defaults) {
  const QueryBody body = good_query("{}");
  EXPECT_TRUE(std::holds_alternative<std::monostate>(body.query.query));
  EXPECT_EQ(body.query.limit, 10U);
  EXPECT_EQ(body.query.offset, 0U);
  EXPECT_FALSE(body.query.using_name || body.query.filter || body.query.score_threshold ||
               body.query.lookup_from);
  EXPECT_FALSE(body.selection.wants_any());
  const QueryBody nulls = good_query(
      R"({"query":null,"prefetch":null,"using":null,"filter":null,"params":null,"score_threshold":null,"limit":null,
          "offset":null,"with_vector":null,"with_payload":null,"lookup_from":null,"shard_key":null})");
  EXPECT_EQ(nulls.query.limit, 10U);
}

TEST(QdrantQuery, Inputs) {
  using query::NearestInput;
  EXPECT_EQ(vector_of(input_of<NearestInput>(good_query(R"({"query":[1,2]})")).vector),
            VectorValue(DenseVector{1, 2}));
  EXPECT_EQ(vector_of(input_of<NearestInput>(good_query(R"({"query":[[1,2],[3,4]]})")).vector),
            VectorValue(MultiVector{2, {1, 2, 3, 4}}));
  EXPECT_EQ(
      vector_of(input_of<NearestInput>(good_query(R"({"query":{"indices":[2,1],"values":[2,1]}})")).vector),
      VectorValue(SparseVector{{1, 2}, {1, 2}}));
  EXPECT_EQ(std::get<PointId>(input_of<NearestInput>(good_query(R"({"query":7})")).vector), PointId(7));
  EXPECT_EQ(std::get<PointId>(input_of<NearestInput>(good_query(R"({"query":{"nearest":"name"}})")).vector),
            *PointId::from_string("name"));

  const auto body = good_query(
      R"({"query":{"recommend":{"positive":[1,[1,2]],"negative":["x"],"strategy":"best_score"}}})");
  const auto& recommend = input_of<query::RecommendInput>(body);
  EXPECT_EQ(recommend.positive.size(), 2U);
  EXPECT_EQ(recommend.negative.size(), 1U);
  EXPECT_EQ(recommend.strategy, query::RecommendStrategy::best_score);

  const auto discover =
      good_query(R"({"query":{"discover":{"target":1,"context":{"positive":2,"negative":3}}}})");
  EXPECT_EQ(input_of<query::DiscoverInput>(discover).context.size(), 1U);
  const auto alone = good_query(R"({"query":{"discover":{"target":1,"context":null}}})");
  EXPECT_TRUE(input_of<query::DiscoverInput>(alone).context.empty());
  const auto context =
      good_query(R"({"query":{"context":[{"positive":1,"negative":2},{"positive":3,"negative":4}]}})");
  EXPECT_EQ(input_of<query::ContextInput>(context).context.size(), 2U);
  EXPECT_TRUE(
      std::holds_alternative<query::SampleInput>(good_query(R"({"query":{"sample":"random"}})").query.query));
}

TEST(QdrantQuery, OrderBy) {
  const auto key = good_query(R"({"query":{"order_by":"year"}})");
  EXPECT_EQ(input_of<query::OrderByInput>(key).key, "year");
  EXPECT_TRUE(input_of<query::OrderByInput>(key).ascending);
  const auto whole = good_query(
      R"({"query":{"order_by":{"key":"t","direction":"desc","start_from":"1970-01-01T00:00:01Z"}}})");
  const auto& order = input_of<query::OrderByInput>(whole);
  EXPECT_FALSE(order.ascending);
  EXPECT_EQ(order.start_from, OrderValue(std::int64_t{1'000'000}));
  EXPECT_EQ(
      input_of<query::OrderByInput>(good_query(R"({"query":{"order_by":{"key":"t","start_from":1.5}}})"))
          .start_from,
      OrderValue(1.5));
  EXPECT_EQ(input_of<query::OrderByInput>(good_query(R"({"query":{"order_by":{"key":"t","start_from":-3}}})"))
                .start_from,
            OrderValue(std::int64_t{-3}));
}

TEST(QdrantQuery, HybridWithNestedPrefetch) {
  const auto body = good_query(R"({"prefetch":[
      {"query":[1,2],"using":"dense","limit":50,"score_threshold":0.5,"filter":{"must":{"has_id":[1]}},
       "lookup_from":{"collection":"other","vector":"v"}},
      {"prefetch":{"query":3,"limit":7},"query":{"rrf":{"k":5,"weights":[2]}}}],
    "query":{"rrf":{"k":60,"weights":[3,1.5]}},"limit":18446744073709551615,"offset":4,
    "params":{"hnsw_ef":99,"exact":true,"idf":{"corpus":{"must":{"has_id":[1]}}},"quantization":{"oversampling":2.0}},
    "with_payload":{"include":["a"]},"with_vectors":["dense"]})");
  ASSERT_EQ(body.query.prefetches.size(), 2U);
  const auto& first = body.query.prefetches[0];
  EXPECT_EQ(first.using_name, "dense");
  EXPECT_EQ(first.limit, 50U);
  EXPECT_EQ(first.score_threshold, 0.5F);
  EXPECT_TRUE(first.filter.has_value());
  EXPECT_EQ(first.lookup_from->collection, "other");
  EXPECT_EQ(first.lookup_from->vector_name, "v");
  ASSERT_EQ(body.query.prefetches[1].prefetches.size(), 1U);
  EXPECT_EQ(body.query.prefetches[1].prefetches[0].limit, 7U);
  EXPECT_EQ(body.query.prefetches[1].limit, 10U);
  const auto& rrf = input_of<query::RrfInput>(body);
  EXPECT_EQ(rrf.k, 60);
  EXPECT_THAT(rrf.weights, ElementsAre(3.0F, 1.5F));
  EXPECT_EQ(body.query.limit, 18446744073709551615U);
  EXPECT_EQ(body.query.offset, 4U);
  EXPECT_EQ(body.query.params.ef, 99U);
  EXPECT_TRUE(body.query.params.exact);
  EXPECT_NE(body.query.params.idf_corpus, nullptr);
  EXPECT_FALSE(body.selection.payload.wants_all() || body.selection.payload.wants_nothing());
  EXPECT_THAT(body.selection.vectors.names, ElementsAre("dense"));
  EXPECT_EQ(input_of<query::RrfInput>(good_query(R"({"prefetch":{},"query":{"fusion":"rrf"}})")).k, 2);
  EXPECT_TRUE(std::holds_alternative<query::DbsfInput>(
      good_query(R"({"prefetch":{},"query":{"fusion":"dbsf"}})").query.query));
}

constexpr OutcomeCase query_cases[] = {
    {R"({"limit":0})",
     "422 Validation error in JSON body: [internal.limit: value 0 invalid, must be 1 or larger]"},
    {R"({"limit":-1})", "400 Format error in JSON body: limit: expected an unsigned integer, got -1"},
    {R"({"limit":1.0})", "400 Format error in JSON body: limit: expected an unsigned integer, got 1.0"},
    {R"({"limit":0,"prefetch":{"limit":0},"query":{"fusion":"rrf"}})",
     "422 Validation error in JSON body: [internal.prefetch.limit: value 0 invalid, must be 1 or larger; "
     "internal.limit: value 0 invalid, must be 1 or larger]"},
    {R"({"params":{"hnsw_ef":0}})",
     "422 Validation error in JSON body: [internal.params.hnsw_ef: value 0 invalid, must be 1 or larger]"},
    {R"({"params":{"quantization":{"oversampling":0.5}}})",
     "422 Validation error in JSON body: [internal.params.quantization.oversampling: value 0.5 invalid, must "
     "be 1.0 or "
     "larger]"},
    {R"({"prefetch":[{"query":1}]})",
     "400 Bad request: A query is needed to merge the prefetches. Can't have prefetches without defining a "
     "query."},
    {R"({"score_threshold":1})",
     "400 Bad request: A query is needed to use the score_threshold. Can't have score_threshold without "
     "defining a "
     "query."},
    {R"({"query":{"order_by":"a"},"score_threshold":1})",
     "400 Bad request: Can't use score_threshold with an order_by query."},
    {R"({"prefetch":{"query":1},"query":{"fusion":"rrf"},"using":"a"})",
     "400 Bad request: Fusion queries cannot be combined with the 'using' field."},
    {R"({"query":{"fusion":"rrf"}})", "400 Bad request: A fusion needs prefetches…"},
    {R"({"prefetch":{"query":1},"query":{"rrf":{"weights":[1,2]}}})",
     "400 Bad request: rrf has 2 weights for 1…"},
    {R"({"prefetch":{"query":1},"query":{"rrf":{"k":0}}})",
     "422 Validation error in JSON body: [internal.query.rrf.k: value 0 invalid, must be 1 or larger]"},
    {R"({"query":{"recommend":{}}})", "422 Validation error in JSON body: [internal.query.recommend: …"},
    {R"({"query":{"recommend":{"negative":[1]}}})",
     "400 Bad request: At least one positive vector ID required with this strategy"},
    {R"({"query":{"recommend":{"negative":[1],"strategy":"sum_scores"}}})", "200"},
    {R"({"query":{"discover":{"target":1}}})",
     "400 Format error in JSON body: query.discover: missing field `context`"},
    {R"({"query":{"fusion":"best"}})",
     "400 Format error in JSON body: query.fusion: unknown variant `best`…"},
    {R"({"query":{"formula":{"sum":[]}}})", "501 query: formula is not supported yet; leave it out"},
    {R"({"query":{"nearest":[1],"mmr":{}}})", "501 query: mmr is not supported yet; leave it out"},
    {R"({"query":{"text":"cat","model":"bm25"}})", "400 InferenceService is not initialized…"},
    {R"({"query":{"what":1}})", "400 Format error in JSON body: query: expected a vector, a point id…"},
    {R"({"query":{"indices":[1,1],"values":[1,2]}})",
     "422 Validation error in JSON body: [internal.query.indices: Validation error: must be unique [{}]]"},
    {R"({"query":true})", "400 Format error in JSON body: query: a point id must be…"},
    {R"({"query":[1,"2"]})", "400 Format error in JSON body: query: expected an array of numbers"},
    {R"({"filter":[]})", "400 Format error in JSON body: filter: expected a filter…"},
    {R"({"filter":{"must":[{"key":"city"}]}})",
     "422 Validation error in JSON body: [internal.filter.must[0]…"},
    {R"({"query":{"order_by":{"key":"t","start_from":"never"}}})",
     "400 Format error in JSON body: query.order_by.start_from: …"},
    {R"({"with_payload":"yes"})",
     "400 Format error in JSON body: with_payload: expected true, false, a list…"},
    {R"({"with_payload":{"include":["a"],"colour":1}})",
     "400 Format error in JSON body: with_payload: unknown field `colour`, expected `include` or `exclude`"},
    {R"({"with_vector":7})", "400 Format error in JSON body: with_vector: expected true, false or a list…"},
    {R"({"lookup_from":{}})", "400 Format error in JSON body: lookup_from: missing field `collection`"},
};

TEST(QdrantQuery, Outcomes) {
  for (const auto& [body, expected] : query_cases) {
    EXPECT_PRED2(is_outcome, outcome_of(read_query(body)), expected) << body;
  }
}

TEST(QdrantQuery, BatchSaysWhichSearch) {
  EXPECT_EQ(parse_query_batch(json_body(R"({"searches":[{"query":1},{"limit":3}]})").root())->size(), 2U);
  EXPECT_EQ(outcome_of(parse_query_batch(json_body(R"({"searches":[{},{"limit":0}]})").root())),
            "422 Validation error in JSON body: [searches[1].internal.limit: value 0 invalid, must be 1 or "
            "larger]");
  EXPECT_EQ(outcome_of(parse_query_batch(json_body("{}").root())),
            "400 Format error in JSON body: missing field `searches`");
}

TEST(QdrantQuery, Groups) {
  const auto body = json_body(
      R"({"query":[1],"group_by":"a.b[]","group_size":2,"limit":4,"with_payload":true,
          "with_lookup":{"collection":"docs","with_payload":["x"],"with_vectors":true}})");
  const auto groups = parse_query_groups(body.root());
  ASSERT_TRUE(groups.has_value()) << groups.error().message;
  EXPECT_EQ(groups->groups.group_by, "a.b[]");
  EXPECT_EQ(groups->groups.group_size, 2U);
  EXPECT_EQ(groups->groups.limit, 4U);
  EXPECT_EQ(groups->lookup->collection, "docs");
  EXPECT_TRUE(groups->lookup->selection.vectors.all);
  const auto plain = parse_query_groups(json_body(R"({"group_by":"g","with_lookup":"docs"})").root());
  EXPECT_EQ(plain->groups.group_size, 3U);
  EXPECT_EQ(plain->groups.limit, 10U);
  EXPECT_TRUE(plain->lookup->selection.payload.wants_all());
  EXPECT_EQ(outcome_of(parse_query_groups(json_body(R"({"query":[1]})").root())),
            "400 Format error in JSON body: missing field `group_by`");
  EXPECT_EQ(outcome_of(parse_query_groups(json_body(R"({"group_by":"g","group_size":0})").root())),
            "422 Validation error in JSON body: [search_group_request.group_request.group_size: value 0 "
            "invalid, must "
            "be 1 or larger]");
}

TEST(QdrantLegacy, Searches) {
  const auto named = parse_legacy(
      json_body(R"({"vector":{"name":"v","vector":[1,2]},"limit":3,"offset":1,"params":{"exact":true}})")
          .root(),
      parse_legacy_search);
  ASSERT_TRUE(named.has_value()) << named.error().message;
  EXPECT_EQ(named->query.using_name, "v");
  EXPECT_EQ(named->query.limit, 3U);
  EXPECT_EQ(named->query.offset, 1U);
  EXPECT_TRUE(named->query.params.exact);
  const auto top = parse_legacy(json_body(R"({"vector":[1],"top":7})").root(), parse_legacy_search);
  EXPECT_EQ(top->query.limit, 7U);
  const auto recommend = parse_legacy(
      json_body(R"({"positive":[1],"negative":[[1,2]],"strategy":"sum_scores","using":"v","limit":2,
                    "lookup_from":{"collection":"c"}})")
          .root(),
      parse_legacy_recommend);
  EXPECT_EQ(std::get<query::RecommendInput>(recommend->query.query).strategy,
            query::RecommendStrategy::sum_scores);
  EXPECT_EQ(recommend->query.using_name, "v");
  EXPECT_EQ(recommend->query.lookup_from->collection, "c");
  const auto discover =
      parse_legacy(json_body(R"({"target":1,"context":[{"positive":2,"negative":3}],"limit":2})").root(),
                   parse_legacy_discover);
  EXPECT_EQ(std::get<query::DiscoverInput>(discover->query.query).context.size(), 1U);
  const auto context = parse_legacy(
      json_body(R"({"context":[{"positive":2,"negative":3}],"limit":2})").root(), parse_legacy_discover);
  EXPECT_TRUE(std::holds_alternative<query::ContextInput>(context->query.query));
  const auto groups = parse_legacy_groups(
      json_body(R"({"vector":[1],"group_by":"g","limit":2,"group_size":5})").root(), parse_legacy_search);
  EXPECT_EQ(groups->groups.group_size, 5U);
  EXPECT_EQ(
      parse_legacy_batch(json_body(R"({"searches":[{"vector":[1],"limit":1}]})").root(), parse_legacy_search)
          ->size(),
      1U);
}

TEST(QdrantLegacy, Outcomes) {
  const auto outcome = [](std::string_view text, LegacyParser parser) {
    return outcome_of(parse_legacy(json_body(text).root(), parser));
  };
  EXPECT_EQ(outcome(R"({"limit":1})", parse_legacy_search),
            "400 Format error in JSON body: missing field `vector`");
  EXPECT_EQ(outcome(R"({"vector":[1]})", parse_legacy_search),
            "400 Format error in JSON body: missing field `limit`");
  EXPECT_EQ(
      outcome(R"({"vector":[1],"limit":0})", parse_legacy_search),
      "422 Validation error in JSON body: [search_request.limit: value 0 invalid, must be 1 or larger]");
  EXPECT_PRED2(is_outcome, outcome(R"({"limit":1})", parse_legacy_recommend),
               "422 Validation error in JSON body: [recommend_request: …");
  EXPECT_PRED2(is_outcome, outcome(R"({"limit":1})", parse_legacy_discover),
               "422 Validation error in JSON body: [discover_request: …");
}

TEST(QdrantReads, Bodies) {
  const auto scroll = parse_scroll(json_body(R"({"offset":"a","limit":5,"with_vector":true})").root());
  EXPECT_EQ(scroll->offset->to_string(), "a");
  EXPECT_EQ(scroll->limit, 5U);
  EXPECT_TRUE(scroll->selection.payload.wants_all() && scroll->selection.vectors.all);
  EXPECT_PRED2(is_outcome, outcome_of(parse_scroll(json_body(R"({"offset":1,"order_by":"a"})").root())),
               "400 Bad request: Cannot use an `offset` when using `order_by`…");
  EXPECT_EQ(
      outcome_of(parse_scroll(json_body(R"({"limit":0})").root())),
      "422 Validation error in JSON body: [scroll_request.limit: value 0 invalid, must be 1 or larger]");
  EXPECT_TRUE(parse_count(json_body("{}").root())->exact);
  EXPECT_FALSE(parse_count(json_body(R"({"exact":false})").root())->exact);
  const auto facet = parse_facet(json_body(R"({"key":"a.b","exact":true})").root());
  EXPECT_EQ(facet->key, "a.b");
  EXPECT_EQ(facet->limit, 10U);
  EXPECT_EQ(outcome_of(parse_facet(json_body("{}").root())),
            "400 Format error in JSON body: missing field `key`");
  const auto retrieve = parse_retrieve(json_body(R"({"ids":[1,"b"],"with_payload":false})").root());
  EXPECT_EQ(retrieve->ids.size(), 2U);
  EXPECT_FALSE(retrieve->selection.wants_any());
  EXPECT_EQ(outcome_of(parse_retrieve(json_body("{}").root())),
            "400 Format error in JSON body: missing field `ids`");
}

}  // namespace
}  // namespace kith::server::qdrant
