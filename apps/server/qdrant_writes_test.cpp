#include "server/qdrant_writes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/qdrant_test_support.h"
#include "server/qdrant_vectors.h"

namespace kith::server::qdrant {
namespace {

using testing::ElementsAre;

template <class Fn>
auto read(const net::JsonDocument& document, Fn fn) {
  Checks checks;
  auto out = fn(document.root(), Place(), checks);
  EXPECT_TRUE(out.has_value()) << (out ? "" : out.error().message);
  EXPECT_TRUE(checks.status().has_value());
  return std::move(out).value();
}

TEST(QdrantWrites, UpsertOfEveryKindOfVector) {
  const auto body = json_body(R"({"points":[
    {"id":1,"vector":[0.05,1,-2.5e1],"payload":{"a": 1.0}},
    {"id":"f47ac10b58cc4372a5670e02b2c3d479","vector":{"text":[1,2],"sparse":{"indices":[7,3,5],"values":[0.7,0.3,0.5]},
      "multi":[[1,2],[3,4],[5,6]]},"payload":null},
    {"id":18446744073709551615,"vector":[[1,2,3]]},
    {"id":"plain","vector":{}}],"update_mode":"insert_only","update_filter":{"must":{"key":"k","match":{"value":1}}}})");
  const Change change = read(body, parse_upsert);
  ASSERT_EQ(change.upserts.size(), 4U);
  EXPECT_EQ(change.upsert_mode, UpsertMode::insert_only);
  ASSERT_TRUE(change.upsert_filter.has_value());
  EXPECT_EQ(change.upsert_filter->must.size(), 1U);

  EXPECT_EQ(change.upserts[0].id, PointId(1));
  EXPECT_EQ(change.upserts[0].vectors, (VectorMap{{"", DenseVector{0.05F, 1, -25}}}));
  EXPECT_EQ(change.upserts[0].payload, R"({"a": 1.0})");
  EXPECT_EQ(change.upserts[1].id.to_string(), "f47ac10b-58cc-4372-a567-0e02b2c3d479");
  const VectorMap named{{"text", DenseVector{1, 2}},
                        {"sparse", SparseVector{{3, 5, 7}, {0.3F, 0.5F, 0.7F}}},
                        {"multi", MultiVector{2, {1, 2, 3, 4, 5, 6}}}};
  EXPECT_EQ(change.upserts[1].vectors, named);
  EXPECT_EQ(change.upserts[1].payload, "{}");
  EXPECT_EQ(change.upserts[2].id, PointId(18446744073709551615U));
  EXPECT_EQ(change.upserts[2].vectors, (VectorMap{{"", MultiVector{3, {1, 2, 3}}}}));
  EXPECT_TRUE(change.upserts[3].vectors.empty());
}

TEST(QdrantWrites, BatchIsTheSameAsAList) {
  const auto body = json_body(R"({"batch":{"ids":[1,"two"],"vectors":{"a":[[1,2],[3,4]],
    "s":[{"indices":[1],"values":[2]},{"indices":[],"values":[]}]},"payloads":[{"n":1},null]}})");
  const Change change = read(body, parse_upsert);
  ASSERT_EQ(change.upserts.size(), 2U);
  EXPECT_EQ(change.upserts[0].vectors, (VectorMap{{"a", DenseVector{1, 2}}, {"s", SparseVector{{1}, {2}}}}));
  EXPECT_EQ(change.upserts[1].vectors, (VectorMap{{"a", DenseVector{3, 4}}, {"s", SparseVector{}}}));
  EXPECT_EQ(change.upserts[0].payload, R"({"n":1})");
  EXPECT_EQ(change.upserts[1].payload, "{}");
  EXPECT_EQ(change.upserts[1].id.to_string(), "two");

  const auto unnamed = json_body(R"({"batch":{"ids":[1,2],"vectors":[[[1,2],[3,4]],[[5,6]]]}})");
  const Change multi = read(unnamed, parse_upsert);
  EXPECT_EQ(multi.upserts[0].vectors, (VectorMap{{"", MultiVector{2, {1, 2, 3, 4}}}}));
}

constexpr OutcomeCase upsert_cases[] = {
    {R"({"points":[]})", "200"},
    {R"({})", "400 Format error in JSON body: expected `points` or `batch`"},
    {R"({"points":{}})", "400 Format error in JSON body: points: expected an array of points"},
    {R"({"points":[{"vector":[1]}]})", "400 Format error in JSON body: points[0]: missing field `id`"},
    {R"({"points":[{"id":1}]})", "400 Format error in JSON body: points[0]: missing field `vector`"},
    {R"({"points":[{"id":-1,"vector":[1]}]})",
     "400 Format error in JSON body: points[0].id: a point id must be an unsigned integer or a string, got "
     "-1"},
    {R"({"points":[{"id":1,"vector":[1],"payload":7}]})",
     "400 Format error in JSON body: points[0].payload: expected an object, got 7"},
    {R"({"points":[{"id":1,"vector":[1,null]}]})",
     "400 Format error in JSON body: points[0].vector: expected an array of numbers"},
    {R"({"points":[{"id":1,"vector":[]}]})",
     "422 Validation error in JSON body: [points[0].vector.?: dense vector must not be empty]"},
    {R"({"points":[{"id":1,"vector":{"m":[]}}]})",
     "422 Validation error in JSON body: [points[0].vector.?: dense vector must not be empty]"},
    {R"({"points":[{"id":1,"vector":{"m":[[]]}}]})",
     "422 Validation error in JSON body: [points[0].vector.?.data: all vectors must be non-empty]"},
    {R"({"points":[{"id":1,"vector":{"m":[[1,2],[1,2,3]]}}]})",
     "422 Validation error in JSON body: [points[0].vector.?.data: all vectors must have the same dimension, "
     "found "
     "vector with dimension 3]"},
    {R"({"points":[{"id":1,"vector":{"s":{"indices":[1,2],"values":[1]}}}]})",
     "422 Validation error in JSON body: [points[0].vector.?.values: Validation error: must be the same "
     "length as "
     "indices [{}]]"},
    {R"({"points":[{"id":1,"vector":{"s":{"indices":[2,1,2],"values":[1,1,1]}}}]})",
     "422 Validation error in JSON body: [points[0].vector.?.indices: Validation error: must be unique "
     "[{}]]"},
    {R"({"points":[{"id":1,"vector":{"s":{"indices":[4294967296],"values":[1]}}}]})",
     "400 Format error in JSON body: points[0].vector.s.indices: expected integers from 0 to 4294967295"},
    {R"({"points":[{"id":1,"vector":[]},{"id":2,"vector":{"m":[[]]}}]})",
     "422 Validation error in JSON body: [points[0].vector.?: dense vector must not be empty; "
     "points[1].vector.?.data: all vectors must be non-empty]"},
    // A wrong type anywhere is told before a value out of range.
    {R"({"points":[{"id":1,"vector":[]},{"id":2,"vector":"x"}]})",
     "400 Format error in JSON body: points[1].vector…"},
    {R"({"points":[{"id":1,"vector":{"text":"a cat","model":"bm25"}}]})",
     "400 InferenceService is not initialized…"},
    {R"({"points":[{"id":1,"vector":{"d":{"text":"a cat","model":"bm25"}}}]})",
     "400 InferenceService is not initialized…"},
    {R"({"points":[{"id":1,"vector":[1]}],"update_mode":"sometimes"})",
     "400 Format error in JSON body: update_mode: unknown variant `sometimes`, expected one of `upsert`, "
     "`insert_only`, "
     "`update_only`"},
    {R"({"batch":{"ids":[1,2],"vectors":[[1]]}})",
     "422 Validation error in JSON body: [batch: number of ids and vectors must be equal (2 != 1)]"},
    {R"({"batch":{"ids":[1],"vectors":[[1]],"payloads":[]}})",
     "422 Validation error in JSON body: [batch: number of ids and payloads must be equal (1 != 0)]"},
    {R"({"batch":{"vectors":[[1]]}})", "400 Format error in JSON body: batch: missing field `ids`"},
};

TEST(QdrantWrites, UpsertOutcomes) {
  for (const auto& [body, expected] : upsert_cases) {
    EXPECT_PRED2(is_outcome, outcome_with_checks(body, parse_upsert), expected) << body;
  }
}

TEST(QdrantWrites, Delete) {
  const auto ids = json_body(R"({"points":[1,"a"]})");
  EXPECT_EQ(read(ids, parse_delete).deletes, (std::vector{PointId(1), *PointId::from_string("a")}));
  const auto all = json_body(R"({"filter":{}})");
  const Change change = read(all, parse_delete);
  ASSERT_TRUE(change.delete_matching.has_value());
  EXPECT_TRUE(change.delete_matching->empty());
  EXPECT_EQ(outcome_with_checks("{}", parse_delete),
            "400 Format error in JSON body: Either list of point ids or filter must be provided");
  EXPECT_EQ(outcome_with_checks(R"({"points":null,"filter":null})", parse_delete),
            "400 Format error in JSON body: Either list of point ids or filter must be provided");
}

TEST(QdrantWrites, Payloads) {
  const auto set = json_body(R"({"payload":{"a":1},"points":[3],"filter":{},"key":"b[0].c"})");
  const PayloadUpdate merged = read(set, parse_set_payload).payload_updates.at(0);
  EXPECT_EQ(merged.mode, PayloadMode::patch);
  EXPECT_EQ(merged.payload, R"({"a":1})");
  EXPECT_EQ(merged.key, "b[0].c");
  EXPECT_THAT(merged.points.ids, ElementsAre(PointId(3)));
  EXPECT_FALSE(merged.points.filter.has_value()) << "ids win over the filter";
  EXPECT_TRUE(merged.must_exist);

  const auto overwrite = json_body(R"({"payload":{"a":1},"filter":{"must":[{"has_id":[1]}]}})");
  const PayloadUpdate replaced = read(overwrite, parse_overwrite_payload).payload_updates.at(0);
  EXPECT_EQ(replaced.mode, PayloadMode::overwrite);
  EXPECT_TRUE(replaced.points.ids.empty() && replaced.points.filter.has_value());
  EXPECT_FALSE(replaced.must_exist);

  const auto keys = json_body(R"({"keys":["a","b.c[]"],"points":[1]})");
  EXPECT_THAT(read(keys, parse_delete_payload).payload_updates.at(0).keys, ElementsAre("a", "b.c[]"));
  const auto clear = json_body(R"({"points":[1,2]})");
  const PayloadUpdate cleared = read(clear, parse_clear_payload).payload_updates.at(0);
  EXPECT_EQ(cleared.mode, PayloadMode::clear);
  EXPECT_FALSE(cleared.must_exist);

  EXPECT_EQ(outcome_with_checks(R"({"points":[1]})", parse_set_payload),
            "400 Format error in JSON body: missing field `payload`");
  EXPECT_EQ(outcome_with_checks(R"({"points":[1]})", parse_delete_payload),
            "400 Format error in JSON body: missing field `keys`");
  EXPECT_EQ(outcome_with_checks(R"({"payload":{}})", parse_set_payload),
            "400 Format error in JSON body: Either list of point ids or filter must be provided");
}

TEST(QdrantWrites, Vectors) {
  const auto update =
      json_body(R"({"points":[{"id":1,"vector":{"a":[1],"b":[2]}},{"id":1,"vector":{"a":[3]}}]})");
  const Change change = read(update, parse_update_vectors);
  ASSERT_EQ(change.vector_updates.size(), 2U);
  EXPECT_EQ(change.vector_updates[1].vectors, (VectorMap{{"a", DenseVector{3}}}));
  EXPECT_EQ(
      outcome_with_checks(R"({"points":[{"id":1,"vector":{}}]})", parse_update_vectors),
      "422 Validation error in JSON body: [points[0].vector: must specify vectors to update for point]");
  EXPECT_EQ(outcome_with_checks(R"({"points":[]})", parse_update_vectors),
            "422 Validation error in JSON body: [points: must specify points to update]");

  const auto removal = json_body(R"({"points":[1],"filter":{},"vector":["a","b"]})");
  const VectorRemoval removed = read(removal, parse_delete_vectors).vector_removals.at(0);
  EXPECT_THAT(removed.names, ElementsAre("a", "b"));
  EXPECT_TRUE(removed.points.ids.size() == 1 && removed.points.filter.has_value()) << "both are done";
  EXPECT_EQ(outcome_with_checks(R"({"points":[1],"vector":[]})", parse_delete_vectors),
            "422 Validation error in JSON body: [vector: must specify vector names to delete]");
}

TEST(QdrantWrites, OperationsKeepTheirOrder) {
  const auto body = json_body(R"({"operations":[
    {"upsert":{"points":[{"id":1,"vector":[1]}]}}, {"delete":{"points":[2]}}, {"set_payload":{"payload":{},"points":[1]}},
    {"overwrite_payload":{"payload":{},"points":[1]}}, {"delete_payload":{"keys":["a"],"points":[1]}},
    {"clear_payload":{"points":[1]}}, {"update_vectors":{"points":[{"id":1,"vector":[2]}]}},
    {"delete_vectors":{"points":[1],"vector":["a"]}}]})");
  const auto changes = read(body, parse_operations);
  ASSERT_EQ(changes.size(), 8U);
  EXPECT_EQ(changes[0].upserts.size(), 1U);
  EXPECT_EQ(changes[1].deletes.size(), 1U);
  constexpr PayloadMode modes[] = {PayloadMode::patch, PayloadMode::overwrite, PayloadMode::remove_keys,
                                   PayloadMode::clear};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(changes[2 + i].payload_updates.at(0).mode, modes[i]);
  EXPECT_EQ(changes[6].vector_updates.size(), 1U);
  EXPECT_EQ(changes[7].vector_removals.size(), 1U);

  EXPECT_EQ(
      outcome_with_checks(R"({"operations":[{"upsert":{"points":[{"id":1,"vector":[]}]}}]})",
                          parse_operations),
      "422 Validation error in JSON body: [operations[0].upsert.points[0].vector.?: dense vector must not be "
      "empty]");
  EXPECT_PRED2(is_outcome, outcome_with_checks(R"({"operations":[{"replace":{}}]})", parse_operations),
               "400 Format error in JSON body: operations[0]: expected an object with one of…");
}

std::string written(const VectorMap& vectors, const VectorSelection& selection) {
  std::string out;
  JsonWriter json(out);
  append_vectors(json, vectors, selection);
  return out;
}

TEST(QdrantVectors, AreShownAsTheyWereSent) {
  const VectorSelection all{.all = true, .names = {}};
  EXPECT_EQ(written({{"", DenseVector{0.05F, 1}}}, all), "[0.05,1.0]");
  EXPECT_EQ(written({{"", MultiVector{2, {1, 2, 3, 4}}}}, all), "[[1.0,2.0],[3.0,4.0]]");
  EXPECT_EQ(written({}, all), "{}");
  const VectorMap mixed{{"", DenseVector{1}}, {"s", SparseVector{{3, 7}, {0.1F, 2}}}};
  EXPECT_EQ(written(mixed, all), R"({"":[1.0],"s":{"indices":[3,7],"values":[0.1,2.0]}})");
  EXPECT_EQ(written(mixed, {.all = false, .names = {"s"}}), R"({"s":{"indices":[3,7],"values":[0.1,2.0]}})");
  EXPECT_EQ(written(mixed, {.all = false, .names = {""}}), "[1.0]");
}

}  // namespace
}  // namespace kith::server::qdrant
