// Filters over a living collection against a naive evaluator over the same payloads: indexed, unindexed, with a tail of
// fresh writes, after deletions and updates, after a reopen from checkpoints and after one without.
// KITH_FILTER_CASES sets how many (payload, filter) pairs are judged.
#include <random>
#include <set>

#include "engine/testing/open_engine.h"
#include "fields/filter_generator.h"
#include "fields/filter_json.h"
#include "fields/filter_reference.h"

namespace kith::engine::testing {
namespace {

using fields::FilterGenerator;
using Json = nlohmann::json;

struct Truth {
  Json payload;
  std::vector<std::string> vectors;
};

class Filters : public EngineTest {
 protected:
  void SetUp() override {
    const char* given = std::getenv("KITH_TEST_SEED");
    seed_ = given != nullptr ? std::strtoull(given, nullptr, 10) : std::random_device{}();
    generate_.emplace(seed_);
    start();
  }
  void start() {
    open([](EngineOptions& options) {
      options.exact_rows_max = 20;
      options.filtered_scan_rows_max = 10;
    });
    if (database_->collection_names().empty()) {
      CollectionConfig config;
      for (const char* name : {"", "image", "text"}) config.vectors[name] = {.dimension = 2};
      create("c", std::move(config));
    }
    collection_ = get("c");
  }
  void reopen(bool checkpointed) {
    if (checkpointed) must(collection_->flush());
    collection_.reset();
    database_.reset();
    if (!checkpointed) std::filesystem::remove_all(folder_.path() + "/views");
    start();
  }

  PointId some_id() { return generate_->below(5) == 0 ? generate_->id() : PointId(generate_->below(600)); }
  void write_some(std::size_t count) {
    Change change;
    for (std::size_t i = 0; i < count; ++i) {
      const PointId id = some_id();
      Truth truth{generate_->payload(), generate_->vector_names()};
      VectorMap vectors;
      for (const auto& name : truth.vectors) {
        vectors[name] = DenseVector{1, static_cast<float>(generate_->below(100))};
      }
      change.upserts.push_back({id, std::move(vectors), truth.payload.dump()});
      truth_[id] = std::move(truth);
    }
    must(write_one(*collection_, std::move(change)));
    Change removal;
    for (std::size_t i = 0; i < count / 8; ++i) {
      removal.deletes.push_back(some_id());
      truth_.erase(removal.deletes.back());
    }
    PayloadUpdate update{.points = {{some_id()}, std::nullopt}, .mode = PayloadMode::overwrite};
    const Json payload = generate_->payload();
    update.payload = payload.dump();
    if (const auto found = truth_.find(update.points.ids[0]); found != truth_.end())
      found->second.payload = payload;
    removal.payload_updates.push_back(std::move(update));
    must(write_one(*collection_, std::move(removal)));
  }

  void compare(const Filter& filter) {
    const auto snapshot = must(collection_->snapshot());
    const auto fields = snapshot->config().fields;
    std::vector<PointId> expected;
    for (const auto& [id, truth] : truth_) {
      if (fields::reference::matches(filter, truth.payload, id, truth.vectors, &fields))
        expected.push_back(id);
    }
    judged_ += truth_.size();
    ASSERT_EQ(must(snapshot->count(&filter)), expected.size());
    ASSERT_EQ(must(snapshot->scroll(std::nullopt, truth_.size() + 1, &filter)).ids, expected);
    const auto first = must(snapshot->scroll(std::nullopt, 3, &filter)).ids;
    ASSERT_EQ(first,
              std::vector(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(first.size())));
    const auto estimate = must(snapshot->estimate(&filter));
    ASSERT_LE(estimate.least, expected.size());
    ASSERT_GE(estimate.most, expected.size());
    std::set<PointId> with_vector;
    for (const auto& id : expected) {
      if (std::ranges::find(truth_.at(id).vectors, "") != truth_.at(id).vectors.end()) with_vector.insert(id);
    }
    const DenseVector query = {1, 1};
    const auto found = must(snapshot->nearest(
        {.vector_name = "", .query = query, .limit = truth_.size() + 1, .filter = &filter}));
    std::set<PointId> hits;
    for (const auto& hit : found.points) hits.insert(hit.id);
    ASSERT_EQ(hits, with_vector) << found.report.strategy;
  }

  std::uint64_t seed_ = 0;
  std::optional<FilterGenerator> generate_;
  std::shared_ptr<Collection> collection_;
  std::map<PointId, Truth> truth_;
  std::size_t judged_ = 0;
};

TEST_F(Filters, AnswerAsANaiveEvaluatorDoes) {
  SCOPED_TRACE("KITH_TEST_SEED=" + std::to_string(seed_));
  const std::size_t cases = fields::filter_cases(20'000);
  while (judged_ < cases) {
    write_some(20 + generate_->below(100));
    if (generate_->below(3) == 0) must(database_->maintain());
    switch (generate_->below(5)) {
      case 0:
        for (const auto& [key, field] : generate_->fields())
          must(collection_->create_field_index(key, field));
        break;
      case 1:
        for (const auto& [key, field] : collection_->config().fields) {
          if (generate_->below(2) == 0) must(collection_->drop_field_index(key));
        }
        break;
      case 2:
        reopen(generate_->below(2) == 0);
        break;
      default:
        break;
    }
    for (int i = 0; i < 12; ++i) {
      const Filter filter = generate_->filter();
      compare(filter);
      if (HasFatalFailure()) {
        FAIL() << "filter " << fields::filter_to_json(filter) << " after " << judged_ << " cases, indexes "
               << [&] {
                    std::string out;
                    for (const auto& [key, field] : collection_->config().fields) {
                      out += key + ":" + field_kind_name(field.kind) + " ";
                    }
                    return out;
                  }();
      }
    }
  }
}

}  // namespace
}  // namespace kith::engine::testing
