#include "fields/field_index.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>

#include "base/stop_token.h"
#include "fields/field_world.h"
#include "fields/filter_reference.h"

namespace kith::fields {
namespace {

using Json = nlohmann::json;

// ── brute force over the payloads of a world ──

bool is_integer(const Json& item) {
  return item.is_number_integer() && (!item.is_number_unsigned() || item.get<std::uint64_t>() <= INT64_MAX);
}

std::vector<OrderValue> order_values(const Json& payload, const std::string& key, FieldKind kind) {
  std::set<OrderValue> out;
  for (const auto& item : reference::items_at(payload, key)) {
    if (kind == FieldKind::integer && is_integer(item)) out.insert(item.get<std::int64_t>());
    if (kind == FieldKind::floating && item.is_number()) out.insert(item.get<double>() + 0.0);
    if (kind == FieldKind::datetime && item.is_string()) {
      if (const auto time = reference::date_of(item.get<std::string>())) out.insert(*time);
    }
  }
  return {out.begin(), out.end()};
}

std::vector<Scalar> facet_values(const Json& payload, const std::string& key, FieldKind kind) {
  std::set<Scalar> out;
  for (const auto& item : reference::items_at(payload, key)) {
    if (kind == FieldKind::integer && is_integer(item)) out.insert(item.get<std::int64_t>());
    if (kind == FieldKind::boolean && item.is_boolean()) out.insert(item.get<bool>());
    if (!item.is_string()) continue;
    const auto text = item.get<std::string>();
    if (kind == FieldKind::keyword || (kind == FieldKind::uuid && Uuid::parse(text))) out.insert(text);
  }
  return {out.begin(), out.end()};
}

bool of_kind(const Json& payload, const std::string& key, FieldKind kind) {
  const auto items = reference::items_at(payload, key);
  switch (kind) {
    case FieldKind::text:
      return std::ranges::any_of(items, [](const Json& item) { return item.is_string(); });
    case FieldKind::geo:
      return std::ranges::any_of(items,
                                 [](const Json& item) { return reference::point_of(item).has_value(); });
    case FieldKind::floating:
    case FieldKind::datetime:
      return !order_values(payload, key, kind).empty();
    default:
      return !facet_values(payload, key, kind).empty();
  }
}

BitSet some_slots(const FieldWorld& world, FilterGenerator& make) {
  BitSet out(world.slot_count() - make.below(3));
  for (std::size_t slot = 0; slot < out.size(); ++slot) {
    if (make.below(3) != 0) out.set(slot);
  }
  return out;
}

void check_order(const FieldWorld& world, const std::string& key, const FieldIndex& index,
                 const BitSet* allowed, FilterGenerator& make) {
  const bool ascending = make.below(2) == 0;
  const auto kind = index.config().kind;
  std::optional<OrderValue> start;
  if (make.below(2) == 0) {
    start = make.below(2) == 0 ? OrderValue(static_cast<std::int64_t>(make.below(4)) - 1)
                               : OrderValue(static_cast<double>(make.below(6)) * 0.5);
    if (kind == FieldKind::datetime) start = *reference::date_of("2024-02-29");
  }
  const auto as_double = [](const OrderValue& value) {
    return std::visit([](auto number) { return static_cast<long double>(number); }, value);
  };
  struct Entry {
    OrderValue value;
    std::uint32_t slot;
  };
  std::vector<Entry> truth;
  for (const auto& [slot, point] : world.points()) {
    if (allowed != nullptr && !allowed->test(slot)) continue;
    for (const auto& value : order_values(point.payload, key, kind)) {
      if (start && (ascending ? as_double(value) < as_double(*start) : as_double(value) > as_double(*start)))
        continue;
      truth.push_back({value, slot});
    }
  }
  std::ranges::stable_sort(truth, [&](const Entry& a, const Entry& b) {
    if (a.value != b.value) return ascending ? a.value < b.value : b.value < a.value;
    return a.slot < b.slot;
  });
  const auto limit = make.below(3) == 0 ? std::numeric_limits<std::size_t>::max() : make.below(10);
  const auto found = index.in_order(ascending, start, allowed, limit, nullptr);
  ASSERT_TRUE(found.has_value()) << found.error().message;
  ASSERT_EQ(found->size(), std::min(limit, truth.size()));
  for (std::size_t i = 0; i < found->size(); ++i) {
    ASSERT_EQ((*found)[i].value, truth[i].value) << i;
    ASSERT_EQ((*found)[i].slot.value, truth[i].slot) << i;
  }
}

void check_facet(const FieldWorld& world, const std::string& key, const FieldIndex& index,
                 const BitSet* allowed, FilterGenerator& make) {
  std::map<Scalar, std::uint64_t> counts;
  for (const auto& [slot, point] : world.points()) {
    if (allowed != nullptr && !allowed->test(slot)) continue;
    for (const auto& value : facet_values(point.payload, key, index.config().kind)) ++counts[value];
  }
  std::vector<std::pair<Scalar, std::uint64_t>> truth(counts.begin(), counts.end());
  std::ranges::stable_sort(truth, [](const auto& a, const auto& b) { return a.second > b.second; });
  const auto limit = make.below(3) == 0 ? std::numeric_limits<std::size_t>::max() : make.below(4);
  const auto found = index.facet(allowed, limit, nullptr);
  ASSERT_TRUE(found.has_value()) << found.error().message;
  ASSERT_EQ(found->size(), std::min(limit, truth.size()));
  for (std::size_t i = 0; i < found->size(); ++i) {
    ASSERT_EQ((*found)[i].value, truth[i].first) << i;
    ASSERT_EQ((*found)[i].count, truth[i].second) << i;
  }
}

TEST(FieldIndex, OrdersCountsAndFacetsAsBruteForceDoes) {
  const std::uint64_t seed = random_seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  FilterGenerator make(seed);
  std::size_t ordered = 0, faceted = 0;
  for (int round = 0; round < 30; ++round) {
    auto fields = make.fields();
    for (int i = 0; i < 3; ++i) fields[make.path()] = make.field();
    FieldWorld world(make, std::move(fields), 20 + make.below(200), make.below(3) == 0 ? 29 : 1);
    world.write(make.below(120));
    for (int step = 0; step < 8; ++step) {
      world.step();
      const auto some = some_slots(world, make);
      const BitSet* allowed = make.below(2) == 0 ? &some : nullptr;
      for (const auto& [key, index] : world.indexes()) {
        const auto& config = index->config();
        SCOPED_TRACE(key + ", " + field_kind_name(config.kind));
        std::uint64_t points = 0;
        for (const auto& [slot, point] : world.points())
          points += of_kind(point.payload, key, config.kind) ? 1 : 0;
        ASSERT_EQ(index->points(), points);
        const bool has_order = config.kind == FieldKind::floating || config.kind == FieldKind::datetime ||
                               (config.kind == FieldKind::integer && config.range);
        const bool has_facets = config.kind == FieldKind::keyword || config.kind == FieldKind::uuid ||
                                config.kind == FieldKind::boolean ||
                                (config.kind == FieldKind::integer && config.lookup);
        if (has_order) {
          check_order(world, key, *index, allowed, make);
          ++ordered;
        } else {
          ASSERT_EQ(index->in_order(true, {}, nullptr, 1, nullptr).error().code, ErrorCode::unsupported);
        }
        if (has_facets) {
          check_facet(world, key, *index, allowed, make);
          ++faceted;
        } else {
          ASSERT_EQ(index->facet(nullptr, 1, nullptr).error().code, ErrorCode::unsupported);
        }
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
  EXPECT_GT(ordered, 50U);
  EXPECT_GT(faceted, 50U);
}

// ── merging ──

struct Group {
  std::vector<std::string> texts;
  std::vector<SlotPayload> payloads;
};

Group numbered(std::uint32_t first, std::uint32_t count) {
  Group out;
  for (std::uint32_t i = 0; i < count; ++i)
    out.texts.push_back(R"({"n":)" + std::to_string(first + i) + R"(,"k":"k)" +
                        std::to_string((first + i) % 7) + "\"}");
  for (std::uint32_t i = 0; i < count; ++i) out.payloads.push_back({SlotId{first + i}, out.texts[i]});
  return out;
}

TEST(FieldIndex, SmallMergesAreDoneAtOnceAndLargeOnesArePlanned) {
  auto index = *FieldIndex::empty("n", {.kind = FieldKind::integer});
  for (std::uint32_t i = 0; i < 900; ++i) index = *index->with_changes({}, numbered(i, 1).payloads);
  EXPECT_EQ(index->points(), 900U);
  EXPECT_LT(index->blobs().size(), 32U) << "single writes were not merged";
  EXPECT_EQ(index->next_merge(), nullptr);
  for (std::uint32_t i = 1; i <= 8; ++i) index = *index->with_changes({}, numbered(i * 1000, 600).payloads);
  const auto plan = index->next_merge();
  ASSERT_NE(plan, nullptr);
  EXPECT_GE(plan->points(), 4800U);
  StopToken stop;
  stop.cancel();
  EXPECT_EQ(plan->run(&stop).error().code, ErrorCode::cancelled);

  // One point dies, and one changes, between the plan and its end.
  const auto outcome = *plan->run();
  const SlotId dead[] = {SlotId{1000}};
  const std::string text = R"({"n":-5})";
  const SlotPayload changed[] = {{SlotId{1001}, text}};
  const auto later = (*index->with_changes(dead, changed))->with_merge(*outcome);
  EXPECT_EQ(later->points(), 900U + 4800U - 1U);
  const auto first = *later->in_order(true, std::nullopt, nullptr, 2, nullptr);
  EXPECT_EQ(first.at(0).slot, SlotId{1001});
  EXPECT_EQ(first.at(1).slot, SlotId{0});
  EXPECT_EQ(index->points(), 900U + 4800U) << "a generation that readers hold does not change";
}

TEST(FieldIndex, MostlyDeadPartsAreRewritten) {
  auto index = *FieldIndex::empty("k", {.kind = FieldKind::keyword});
  index = *index->with_changes({}, numbered(0, 4000).payloads);
  const auto before = index->memory_bytes();
  std::vector<SlotId> dead;
  for (std::uint32_t i = 0; i < 3900; ++i) dead.push_back(SlotId{i});
  index = *index->with_changes(dead, {});
  EXPECT_EQ(index->points(), 100U);
  while (const auto plan = index->next_merge()) index = index->with_merge(**plan->run());
  EXPECT_EQ(index->points(), 100U);
  EXPECT_LT(index->memory_bytes(), before);
  dead.clear();
  for (std::uint32_t i = 3900; i < 4000; ++i) dead.push_back(SlotId{i});
  index = *index->with_changes(dead, {});
  EXPECT_EQ(index->points(), 0U);
  EXPECT_TRUE(index->blobs().empty());
}

TEST(FieldIndex, TheLastPayloadOfASlotCounts) {
  auto index = *FieldIndex::empty("k", {.kind = FieldKind::keyword});
  const SlotPayload twice[] = {
      {SlotId{5}, R"({"k":"old"})"}, {SlotId{3}, R"({"k":"x"})"}, {SlotId{5}, R"({"k":"new"})"}};
  index = *index->with_changes({}, twice);
  const auto hits = *index->facet(nullptr, 10, nullptr);
  ASSERT_EQ(hits.size(), 2U);
  EXPECT_EQ(hits[0].value, Scalar(std::string("new")));
}

// ── checkpoints and configurations ──

TEST(FieldIndex, RestoreRefusesWhatIsNotItsOwn) {
  const FieldIndexConfig keyword{.kind = FieldKind::keyword}, integer{.kind = FieldKind::integer};
  auto index = *FieldIndex::empty("k", keyword);
  index = *index->with_changes({}, numbered(0, 200).payloads);
  const SlotId dead[] = {SlotId{7}};
  index = *index->with_changes(dead, {});
  std::map<std::string, std::string, std::less<>> disk;
  for (const auto& blob : index->blobs()) disk[blob.name] = blob.serialize();
  const auto restore = [&](std::string_view key, const FieldIndexConfig& config, std::string_view header) {
    return FieldIndex::restore(
        key, config, header,
        [&](std::string_view name) -> Result<std::string_view> {
          const auto found = disk.find(name);
          if (found == disk.end()) return failure(ErrorCode::corrupt, "missing");
          return std::string_view(found->second);
        },
        nullptr);
  };
  ASSERT_TRUE(restore("k", keyword, index->header()).has_value());
  auto echoed = keyword;
  echoed.face = R"({"type":"keyword"})";
  EXPECT_TRUE(restore("k", echoed, index->header()).has_value()) << "what a face echoes changes no byte";
  EXPECT_EQ(restore("n", keyword, index->header()).error().code, ErrorCode::corrupt);
  EXPECT_EQ(restore("k", integer, index->header()).error().code, ErrorCode::corrupt);
  const auto header = index->header();
  for (std::size_t size = 0; size < header.size(); ++size)
    EXPECT_FALSE(restore("k", keyword, std::string_view(header).substr(0, size)).has_value()) << size;
  for (auto& [name, bytes] : disk) {
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
      bytes[at] = static_cast<char>(bytes[at] ^ 4);
      EXPECT_EQ(restore("k", keyword, header).error().code, ErrorCode::corrupt) << name << " " << at;
      bytes[at] = static_cast<char>(bytes[at] ^ 4);
    }
  }
}

TEST(FieldIndex, ConfigurationsWithoutSenseAreRefused) {
  EXPECT_EQ(FieldIndex::empty("a[", {}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(
      FieldIndex::empty("a", {.kind = FieldKind::integer, .lookup = false, .range = false}).error().code,
      ErrorCode::invalid_argument);
  FieldIndexConfig text{.kind = FieldKind::text};
  text.text.stemmer = "klingon";
  EXPECT_EQ(FieldIndex::empty("a", text).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace kith::fields
