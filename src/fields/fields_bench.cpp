// What field indexes cost and save: building, inserting, memory, and filters of known selectivity beside a scan of the
// payloads. Every count is checked against the scan's.
//
//   fields_bench [--points N] [--repeats N]      (default: a tiny run that only proves it works)
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/random.h"
#include "fields/datetime.h"
#include "fields/filter_evaluator.h"
#include "fields/indexed_filter.h"

namespace {

using namespace kith;
using namespace kith::fields;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Field {
  std::string key;
  FieldKind kind;
  FieldIndex::Generation index;
  double build_seconds = 0, merge_seconds = 0;
};

class Collection final : public FilterContext {
 public:
  explicit Collection(std::size_t points) : random_(7), all_(points) {
    for (std::size_t i = 0; i < points; ++i) {
      payloads_.push_back(payload(i));
      all_.set(i);
    }
    for (const auto& [key, kind] :
         std::vector<std::pair<std::string, FieldKind>>{{"category", FieldKind::keyword},
                                                        {"tenant", FieldKind::keyword},
                                                        {"rank", FieldKind::integer},
                                                        {"price", FieldKind::floating},
                                                        {"created", FieldKind::datetime},
                                                        {"place", FieldKind::geo}}) {
      FieldIndexConfig config;
      config.kind = kind;
      fields_.push_back({key, kind, *FieldIndex::empty(key, config)});
    }
  }

  const std::vector<std::string>& payloads() const { return payloads_; }
  std::vector<Field>& fields() { return fields_; }

  /// In groups, with the merges that are due after each.
  void build(Field& field, std::size_t group) const {
    for (std::size_t start = 0; start < payloads_.size(); start += group) {
      std::vector<SlotPayload> added;
      for (auto i = start; i < std::min(start + group, payloads_.size()); ++i)
        added.push_back({SlotId{static_cast<std::uint32_t>(i)}, payloads_[i]});
      auto from = Clock::now();
      field.index = *field.index->with_changes({}, added);
      field.build_seconds += seconds_since(from);
      from = Clock::now();
      while (const auto plan = field.index->next_merge())
        field.index = field.index->with_merge(**plan->run());
      field.merge_seconds += seconds_since(from);
    }
  }

  /// Microseconds per point of writing `count` points in groups: new ones, or others in place of those there are.
  double write(const Field& field, std::size_t group, std::size_t count, bool replace) {
    auto index = field.index;
    auto next = static_cast<std::uint32_t>(payloads_.size());
    const auto from = Clock::now();
    for (std::size_t done = 0; done < count; done += group) {
      std::vector<SlotPayload> added;
      for (std::size_t i = 0; i < group; ++i) {
        const auto at = static_cast<std::size_t>(random_.below(payloads_.size()));
        added.push_back({SlotId{replace ? static_cast<std::uint32_t>(at) : next++}, payloads_[at]});
      }
      index = *index->with_changes({}, added);
    }
    return seconds_since(from) * 1e6 / static_cast<double>(count);
  }

  // ── FilterContext ──
  const FieldIndex* index(std::string_view key) const override {
    const auto found = std::ranges::find(fields_, key, &Field::key);
    return found == fields_.end() ? nullptr : found->index.get();
  }
  std::size_t slot_count() const override { return payloads_.size(); }
  std::uint64_t point_count() const override { return payloads_.size(); }
  const BitSet& all_slots() const override { return all_; }
  Result<std::vector<SlotId>> slots_of(std::span<const PointId>) const override {
    return std::vector<SlotId>();
  }
  std::optional<BitSet> slots_with_vector(std::string_view) const override { return std::nullopt; }

 private:
  /// rank is a permutation of 0…points - 1, so that its ranges have known sizes; the others are random.
  std::string payload(std::size_t i) {
    const auto points = static_cast<double>(all_.size());
    const auto rank = (i * 7'368'787U + 12'345U) % all_.size();
    const auto tenant =
        static_cast<std::uint64_t>(std::exp(random_.uniform() * std::log(10'000.0)));  // Zipf-like
    const auto when =
        datetime_text(1'700'000'000'000'000 + static_cast<std::int64_t>(random_.uniform() * 31e12));
    return fmt::format(
        R"({{"title":"Item number {} of the catalogue","category":"category-{:03}","tenant":"tenant-{}","rank":{},)"
        R"("price":{:.2f},"created":"{}","place":{{"lon":{:.6f},"lat":{:.6f}}},"share":{:.6f}}})",
        i, random_.below(1000), tenant, rank, random_.uniform() * 1000, when, random_.uniform() * 360 - 180,
        random_.uniform() * 180 - 90, static_cast<double>(rank) / points);
  }

  Random random_;
  std::vector<std::string> payloads_;
  std::vector<Field> fields_;
  BitSet all_;
};

struct Query {
  std::string name;
  Filter filter;
};

Condition keyword(const std::string& key, std::vector<std::string> any) {
  MatchAny out{key, {}};
  for (auto& text : any) out.any.emplace_back(std::move(text));
  return out;
}
Condition categories(std::size_t count) {
  std::vector<std::string> any;
  for (std::size_t i = 0; i < count; ++i) any.push_back(fmt::format("category-{:03}", i * 1000 / count));
  return keyword("category", std::move(any));
}
Condition below(const std::string& key, double bound) {
  Range out{key};
  out.lt = bound;
  return out;
}
Condition before(double share) {
  DatetimeRange out{"created"};
  out.lt = 1'700'000'000'000'000 + static_cast<std::int64_t>(share * 31e12);
  return out;
}
Condition box(double share) {
  const double side = std::sqrt(share);
  return GeoBox{"place", {-180 * side, 90 * side}, {180 * side, -90 * side}};
}
Filter must(std::vector<Condition> conditions) { return {std::move(conditions), {}, {}, std::nullopt}; }

std::vector<Query> queries(double points) {
  std::vector<Query> out;
  for (const double share : {0.00001, 0.0001, 0.001, 0.01, 0.1, 0.5, 0.9}) {
    const auto percent = fmt::format("{:g} %", share * 100);
    out.push_back({"integer range " + percent, must({below("rank", share * points)})});
    out.push_back({"float range " + percent, must({below("price", share * 1000)})});
    out.push_back({"datetime range " + percent, must({before(share)})});
    out.push_back({"geo box " + percent, must({box(share)})});
  }
  out.push_back({"integer equal (1 point)", must({MatchAny{"rank", {std::int64_t{17}}}})});
  for (const std::size_t count : {1U, 10U, 100U, 500U})
    out.push_back({fmt::format("keyword any of {} of 1000", count), must({categories(count)})});
  out.push_back({"keyword except 100 of 1000",
                 must({MatchExcept{"category", std::get<MatchAny>(categories(100)).any}})});
  out.push_back({"keyword prefix of 100", must({MatchPrefix{"category", "category-1"}})});
  out.push_back({"keyword contains", must({MatchText{"category", "-77", TextMatch::substring}})});
  out.push_back({"largest tenant", must({keyword("tenant", {"tenant-1"})})});
  out.push_back({"small tenant", must({keyword("tenant", {"tenant-7000"})})});
  out.push_back({"geo radius 500 km", must({GeoRadius{"place", {10, 50}, 500'000}})});
  out.push_back({"is_empty", must({IsEmpty{"price"}})});
  const auto tenant = keyword("tenant", {"tenant-1"}), small = keyword("tenant", {"tenant-7000"});
  out.push_back({"largest tenant and category", must({tenant, categories(1)})});
  out.push_back({"small tenant and integer 50 %", must({small, below("rank", points / 2)})});
  out.push_back({"small tenant and category 10 %", must({small, categories(100)})});
  out.push_back(
      {"category, float 10 %, datetime 50 %", must({categories(1), below("price", 100), before(0.5)})});
  out.push_back({"tenant, integer 50 %, geo 50 %", must({tenant, below("rank", points / 2), box(0.5)})});
  out.push_back({"tenant or category 10 %", Filter{{}, {tenant, categories(100)}, {}, std::nullopt}});
  out.push_back(
      {"integer 10 % and not tenant", Filter{{below("rank", points / 10)}, {}, {tenant}, std::nullopt}});
  out.push_back({"2 of tenant, float 50 %, datetime 50 %",
                 Filter{{}, {}, {}, Filter::MinShould{{tenant, below("price", 500), before(0.5)}, 2}}});
  return out;
}

struct Times {
  double p50 = 0, p99 = 0;
};
template <class Run>
Times measure(std::size_t repeats, const Run& run) {
  std::vector<double> micros;
  for (std::size_t i = 0; i < repeats; ++i) {
    const auto from = Clock::now();
    run();
    micros.push_back(seconds_since(from) * 1e6);
  }
  std::ranges::sort(micros);
  return {micros[micros.size() / 2], micros[micros.size() * 99 / 100]};
}

BitSet scan(const Collection& collection, const Filter& filter) {
  auto evaluator = *FilterEvaluator::compile(filter);
  BitSet out(collection.slot_count());
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (evaluator.matches({PointId(i), collection.payloads()[i], {}})) out.set(i);
  }
  return out;
}

void print_fields(Collection& collection, bool tiny) {
  const auto points = static_cast<double>(collection.slot_count());
  fmt::print("{:<10} {:<9} {:>8} {:>8} {:>8} {:>8}   us per new point, in groups of    per replaced point\n",
             "field", "kind", "build s", "merge s", "MB", "B/point");
  fmt::print("{:<47} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}\n", "", 1, 100, 1000, 1, 100, 1000);
  for (auto& field : collection.fields()) {
    collection.build(field, 1000);
    const auto bytes = static_cast<double>(field.index->memory_bytes());
    fmt::print("{:<10} {:<9} {:>8.2f} {:>8.2f} {:>8.2f} {:>8.2f}", field.key, field_kind_name(field.kind),
               field.build_seconds, field.merge_seconds, bytes / 1e6, bytes / points);
    for (const bool replace : {false, true}) {
      for (const std::size_t group : {1U, 100U, 1000U})
        fmt::print(" {:>10.2f}", collection.write(field, group, tiny ? 1000 : 20'000, replace));
    }
    fmt::print("\n");
  }
}

int run(std::size_t points, std::size_t repeats, bool tiny) {
  const auto from = Clock::now();
  Collection collection(points);
  std::size_t payload_bytes = 0;
  for (const auto& payload : collection.payloads()) payload_bytes += payload.size();
  fmt::print("{} points, {:.0f} B per payload, made in {:.1f} s\n\n", points,
             static_cast<double>(payload_bytes) / static_cast<double>(points), seconds_since(from));
  print_fields(collection, tiny);

  fmt::print("\n{:<40} {:>9} {:>6} {:>9} {:>9} {:>9} {:>9} {:>9}   us\n", "filter", "matches", "",
             "match p50", "p99", "count p50", "estimate", "scan");
  for (const auto& [name, filter] : queries(static_cast<double>(points))) {
    auto found = *match_by_index(filter, collection, nullptr);
    const auto match = measure(repeats, [&] { found = *match_by_index(filter, collection, nullptr); });
    const auto count = measure(repeats, [&] {
      if (match_by_index(filter, collection, nullptr)->slots.count() > points) std::abort();
    });
    const auto estimate = measure(repeats, [&] { estimate_by_index(filter, collection); });
    const auto start = Clock::now();
    const auto truth = scan(collection, filter);
    const double scan_micros = seconds_since(start) * 1e6;
    auto missed = truth;
    missed.and_not_with(found.slots);
    const auto bounds = estimate_by_index(filter, collection);
    if (!found.narrowed || missed.any() || (found.exact && found.slots.count() != truth.count()) ||
        bounds.least > truth.count() || bounds.most < truth.count()) {
      fmt::print(stderr, "{}: the index and the scan do not agree\n", name);
      return 1;
    }
    fmt::print("{:<40} {:>9} {:>6} {:>9.1f} {:>9.1f} {:>9.1f} {:>9.1f} {:>9.0f}\n", name, truth.count(),
               found.exact ? "exact" : "super", match.p50, match.p99, count.p50, estimate.p50, scan_micros);
  }

  fmt::print("\n");
  for (const auto* key : {"rank", "price", "created"}) {
    const auto page = measure(repeats, [&] {
      if (collection.index(key)->in_order(false, std::nullopt, nullptr, 10, nullptr)->size() !=
          std::min<std::size_t>(10, points))
        std::abort();
    });
    fmt::print("order by {:<10} first 10: p50 {:.1f} us\n", key, page.p50);
  }
  const auto half =
      match_by_index(must({below("rank", static_cast<double>(points) / 2)}), collection, nullptr)->slots;
  for (const auto* key : {"category", "tenant", "rank"}) {
    const auto all = measure(5, [&] { (void)collection.index(key)->facet(nullptr, 10, nullptr); });
    const auto some = measure(5, [&] { (void)collection.index(key)->facet(&half, 10, nullptr); });
    fmt::print("facet {:<10} of all {:.0f} us, of half {:.0f} us\n", key, all.p50, some.p50);
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t points = 2'000, repeats = 5;
  for (int i = 1; i + 1 < argc; i += 2) {
    const auto value = std::strtoull(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--points") == 0) points = std::max<std::size_t>(value, 100);
    if (std::strcmp(argv[i], "--repeats") == 0) repeats = std::max<std::size_t>(value, 1);
  }
  return run(points, repeats, points < 100'000);
}
