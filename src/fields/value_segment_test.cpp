// The pieces of a segment, each against the plain container it stands for.
#include "fields/value_segment.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "base/checksum.h"
#include "base/random.h"
#include "fields/value_segment_builder.h"

namespace kith::fields {
namespace {

class Segments : public testing::Test {
 protected:
  Segments() : seed_(random_seed()), random_(seed_) {
    std::printf("seed %llu\n", static_cast<unsigned long long>(seed_));
  }

  std::vector<std::uint32_t> ascending(std::size_t count, std::uint64_t below) {
    std::set<std::uint32_t> out;
    while (out.size() < count) out.insert(static_cast<std::uint32_t>(random_.below(below)));
    return {out.begin(), out.end()};
  }

  std::uint64_t seed_;
  Random random_;
};

TEST_F(Segments, SlotMapsKnowTheirSlots) {
  for (int round = 0; round < 200; ++round) {
    const auto count = 1 + static_cast<std::size_t>(random_.below(100));
    const auto slots = ascending(count, count * (1 + random_.below(20)));
    std::string table;
    const auto shape = SlotMap::encode(slots, table);
    const SlotMap map(shape, table);
    ASSERT_TRUE(SlotMap::valid(shape, table));
    ASSERT_EQ(map.count(), slots.size());
    ASSERT_EQ(map.slot_end(), slots.back() + 1U);
    std::vector<std::uint32_t> back;
    map.for_each_local([&](std::uint32_t local) { back.push_back(map.slot(local)); });
    ASSERT_EQ(back, slots);
    for (std::uint32_t slot = 0; slot < slots.back() + 70; ++slot) {
      const auto local = map.local(slot);
      ASSERT_EQ(local.has_value(), std::ranges::binary_search(slots, slot)) << slot;
      ASSERT_EQ(local ? map.slot(*local) : slot, slot);
    }
  }
}

TEST_F(Segments, PostingListsOfEveryForm) {
  std::set<PostingKind> forms;
  for (int round = 0; round < 600; ++round) {
    const auto count = 1 + static_cast<std::size_t>(random_.below(600));
    std::string table;
    const auto members = ascending(count, count * (1 + random_.below(12)));
    const auto shape = SlotMap::encode(members, table);
    const SlotMap map(shape, table);
    std::vector<std::uint32_t> all, locals;
    map.for_each_local([&](std::uint32_t local) { all.push_back(local); });
    const double share = random_.chance(0.3) ? 0.01 : random_.chance(0.3) ? 0.99 : random_.uniform();
    for (const auto local : all) {
      if (random_.chance(0.02) || random_.chance(share)) locals.push_back(local);
    }
    for (const bool tested : {false, true}) {
      std::string bytes;
      auto list = tested ? encode_tested(locals, map, bytes) : encode_walked(locals, map, bytes);
      list.bytes = bytes;
      forms.insert(list.kind);
      ASSERT_TRUE(valid(list, map));
      ASSERT_EQ(list.count, locals.size());
      std::vector<std::uint32_t> back;
      for_each_local(list, map, [&](std::uint32_t local) { back.push_back(local); });
      ASSERT_EQ(back, locals);
      for (std::uint32_t local = 0; local < map.domain() + 5; ++local)
        ASSERT_EQ(contains(list, map, local), std::ranges::binary_search(locals, local)) << local;
    }
  }
  EXPECT_EQ(forms.size(), 7U) << "some form was never made";
}

TEST_F(Segments, DictionariesFindTerms) {
  std::string table;
  const auto members = ascending(500, 900);
  const auto shape = SlotMap::encode(members, table);
  const SlotMap map(shape, table);
  std::vector<std::uint32_t> all;
  map.for_each_local([&](std::uint32_t local) { all.push_back(local); });
  for (int round = 0; round < 40; ++round) {
    std::map<std::string, std::vector<std::uint32_t>> truth;
    for (auto n = random_.below(200); n > 0; --n) {
      std::string term;
      for (auto i = random_.below(12); i > 0; --i) term += static_cast<char>('a' + random_.below(3));
      if (random_.chance(0.1)) term += std::string(300, '\xFF');
      auto& locals = truth[term];
      locals.clear();
      const double share = random_.uniform() * random_.uniform();
      for (const auto local : all) {
        if (random_.chance(share)) locals.push_back(local);
      }
      if (locals.empty()) truth.erase(term);
    }
    TermDictionaryWriter writer(map);
    for (const auto& [term, locals] : truth) writer.add(term, locals);
    const auto bytes = writer.finish();
    ASSERT_TRUE(TermDictionary::valid(bytes, map));
    const TermDictionary dictionary(bytes, &map);
    ASSERT_EQ(dictionary.size(), truth.size());
    auto cursor = dictionary.begin();
    for (const auto& [term, locals] : truth) {
      ASSERT_EQ(cursor.term(), term);
      std::vector<std::uint32_t> back;
      for_each_local(cursor.postings(), map, [&](std::uint32_t local) { back.push_back(local); });
      ASSERT_EQ(back, locals);
      ASSERT_EQ(dictionary.find(term)->count, locals.size());
      ASSERT_FALSE(dictionary.find(term + '\x01'));
      const auto after = dictionary.lower_bound(term + '\x01');
      const auto expected = truth.upper_bound(term);
      ASSERT_EQ(after.done(), expected == truth.end());
      ASSERT_TRUE(after.done() || after.term() == expected->first);
      cursor.next();
    }
    ASSERT_TRUE(cursor.done());
  }
}

TEST_F(Segments, ColumnsKeepNumbersExactly) {
  std::string table;
  const auto shape = SlotMap::encode(ascending(300, 400), table);
  const SlotMap map(shape, table);
  std::vector<std::uint32_t> all;
  map.for_each_local([&](std::uint32_t local) { all.push_back(local); });
  for (int round = 0; round < 300; ++round) {
    const bool reals = random_.chance(0.6);
    const auto form = random_.below(6);
    const auto value = [&]() -> std::int64_t {
      if (!reals) {
        if (form == 0) return random_.chance(0.5) ? INT64_MIN : INT64_MAX;
        return form == 1 ? static_cast<std::int64_t>(random_.next()) : random_.between(-50, 50);
      }
      if (form == 0)
        return ordered_key(std::ldexp(random_.uniform() - 0.5, static_cast<int>(random_.below(2000)) - 1000));
      if (form == 1)
        return ordered_key(std::stod(std::to_string(random_.between(-999, 999)) + "." +
                                     std::to_string(random_.below(1000))));
      if (form == 2) return ordered_key(random_.chance(0.5) ? 1e300 : 0.1);
      if (form == 3) return ordered_key(random_.chance(0.5) ? 9007199254740993.0 : 0.25);
      return ordered_key(static_cast<double>(random_.between(-20, 20)) / 4);
    };
    std::set<NumberEntry> truth;
    for (auto n = 1 + random_.below(500); n > 0; --n) truth.insert({value(), all[random_.below(all.size())]});
    const std::vector<NumberEntry> entries(truth.begin(), truth.end());
    const auto bytes = NumberColumn::encode(entries, map, reals);
    ASSERT_TRUE(NumberColumn::valid(bytes, map, reals));
    const NumberColumn column(bytes);
    ASSERT_EQ(column.size(), entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) {
      ASSERT_EQ(column.local(i), entries[i].local);
      if (reals) {
        ASSERT_EQ(ordered_key(column.real(i)), entries[i].key) << column.real(i) << " form " << form;
      } else {
        ASSERT_EQ(column.integer(i), entries[i].key);
      }
    }
  }
}

TEST_F(Segments, DecimalsAreSmall) {
  std::string table;
  std::vector<std::uint32_t> slots(10'000);
  for (std::uint32_t i = 0; i < slots.size(); ++i) slots[i] = i;
  const auto shape = SlotMap::encode(slots, table);
  const SlotMap map(shape, table);
  std::vector<NumberEntry> prices, noise;
  for (const auto slot : slots) {
    prices.push_back({ordered_key(static_cast<double>(random_.below(100'000)) / 100), slot});
    noise.push_back({ordered_key(random_.uniform()), slot});
  }
  std::ranges::sort(prices);
  std::ranges::sort(noise);
  EXPECT_LT(NumberColumn::encode(prices, map, true).size(), 10'000U * 5);
  EXPECT_GT(NumberColumn::encode(noise, map, true).size(), 10'000U * 7);
}

TEST_F(Segments, GeoRangesHoldEveryPointOfAShape) {
  std::string table;
  std::vector<std::uint32_t> slots(3'000);
  for (std::uint32_t i = 0; i < slots.size(); ++i) slots[i] = i;
  const auto shape = SlotMap::encode(slots, table);
  const SlotMap map(shape, table);
  std::vector<GeoEntry> entries;
  for (const auto slot : slots) {
    const bool grid = random_.chance(0.2);
    const GeoPoint point = grid ? GeoPoint{static_cast<double>(random_.between(-180, 180)),
                                           static_cast<double>(random_.between(-90, 90))}
                                : GeoPoint{random_.uniform() * 360 - 180, random_.uniform() * 180 - 90};
    entries.push_back({point, slot});
  }
  std::ranges::sort(entries, z_before);
  const auto bytes = GeoColumn::encode(entries, map);
  ASSERT_TRUE(GeoColumn::valid(bytes, map));
  const GeoColumn column(bytes);
  for (int round = 0; round < 300; ++round) {
    const GeoPoint a{static_cast<double>(random_.between(-180, 180)),
                     static_cast<double>(random_.between(-90, 90))};
    const GeoPoint b{static_cast<double>(random_.between(-180, 180)),
                     static_cast<double>(random_.between(-90, 90))};
    const GeoShape area =
        random_.chance(0.5)
            ? GeoShape(GeoBox{"", {a.lon, std::max(a.lat, b.lat)}, {b.lon, std::min(a.lat, b.lat)}})
            : GeoShape(GeoRadius{"", a, random_.uniform() * 8e6});
    std::vector<bool> seen(slots.size()), inside(slots.size());
    column.ranges(area, random_.below(200), [&](std::size_t from, std::size_t to, bool all) {
      for (auto i = from; i < to; ++i) {
        ASSERT_FALSE(seen[column.local(i)]) << "twice";
        seen[column.local(i)] = true;
        ASSERT_TRUE(!all || area.contains(column.point(i)));
        inside[column.local(i)] = all || area.contains(column.point(i));
      }
    });
    for (const auto& entry : entries) ASSERT_EQ(inside[entry.local], area.contains(entry.point));
  }
}

// ── damage ──

std::string good_segment(FieldKind kind) {
  auto tokens = kind == FieldKind::text ? *TextTokens::create({}) : nullptr;
  ValueSegmentBuilder builder(kind, tokens);
  PayloadValues reader(*PayloadPath::parse("a"));
  const char* payloads[] = {R"({"a":["red","blue",1,2.5,true,null,[]]})",
                            R"({"a":[3,18446744073709551615,"2024-02-29","no date"]})",
                            R"({"a":["67e55044-10b1-426f-9247-bb680e5fe0c8","reddish fox"]})",
                            R"({"a":[{"lon":1,"lat":2},{"lon":-120.5,"lat":33}]})",
                            R"({"a":null})",
                            R"({"a":false})"};
  for (std::uint32_t i = 0; i < 60; ++i)
    builder.add(SlotId{i * (i < 30 ? 1 : 3)}, reader.read(payloads[i % 6]));
  return std::string(builder.finish()->bytes());
}

/// Everything a reader does with a segment.
std::uint64_t read_all(const ValueSegment& segment) {
  std::uint64_t sum = 0;
  const auto& map = segment.slots();
  const auto walk = [&](const PostingList& list) {
    for_each_local(list, map, [&](std::uint32_t local) { sum += map.slot(local); });
    sum += contains(list, map, map.domain() / 2) ? 1 : 0;
  };
  for (std::size_t i = 0; i < property_count; ++i) walk(segment.property(static_cast<Property>(i)));
  for (const auto* table : {&segment.counts(), &segment.distinct()}) {
    for (std::uint32_t row = 0; row < table->size(); ++row) walk(table->list(row));
  }
  for (const auto* dictionary : {&segment.terms(), &segment.uuids()}) {
    for (auto cursor = dictionary->begin(); !cursor.done(); cursor.next()) {
      walk(cursor.postings());
      sum += dictionary->find(cursor.term()).has_value() ? 1 : 0;
    }
  }
  for (std::size_t i = 0; i < segment.integers().size(); ++i)
    sum += static_cast<std::uint64_t>(segment.integers().integer(i)) + map.slot(segment.integers().local(i));
  for (std::size_t i = 0; i < segment.reals().size(); ++i)
    sum += static_cast<std::uint64_t>(segment.reals().real(i) > 0) + map.slot(segment.reals().local(i));
  for (std::size_t i = 0; i < segment.points().size(); ++i) sum += map.slot(segment.points().local(i));
  return sum;
}

TEST_F(Segments, DamageIsAnErrorOrHarmless) {
  for (const auto kind : {FieldKind::keyword, FieldKind::integer, FieldKind::floating, FieldKind::boolean,
                          FieldKind::geo, FieldKind::datetime, FieldKind::uuid, FieldKind::text}) {
    const auto good = good_segment(kind);
    ASSERT_TRUE(ValueSegment::open(good, kind, nullptr).has_value()) << field_kind_name(kind);
    ASSERT_FALSE(
        ValueSegment::open(good, kind == FieldKind::geo ? FieldKind::text : FieldKind::geo, nullptr));
    std::size_t refused = 0, tries = 0;
    for (std::size_t at = 0; at < good.size(); ++at) {
      for (const int change : {1, 0x80, 0xFF}) {
        auto bytes = good;
        bytes[at] = static_cast<char>(bytes[at] ^ change);
        ASSERT_FALSE(ValueSegment::open(bytes, kind, nullptr)) << at;
        // With the checksum put right, so that the checks behind it are reached.
        const auto checksum = checksum64(std::string_view(bytes).substr(0, bytes.size() - 8));
        std::memcpy(bytes.data() + bytes.size() - 8, &checksum, 8);
        const auto opened = ValueSegment::open(bytes, kind, nullptr);
        ++tries;
        refused += opened ? 0 : 1;
        if (opened) read_all(**opened);
      }
    }
    EXPECT_GT(refused, tries / 4);
    for (std::size_t size = 0; size < good.size(); ++size)
      ASSERT_FALSE(ValueSegment::open(std::string_view(good).substr(0, size), kind, nullptr)) << size;
  }
}

}  // namespace
}  // namespace kith::fields
