// A good field index with any patches to its header, segment and deletions, or any bytes as its segment: restored or
// refused with an error; what is restored can be read, filtered, ordered, merged and saved again. Checksums are put
// right first, so that the checks behind them are reached.
#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>

#include "base/checksum.h"
#include "fields/field_generation.h"
#include "fields/field_merge.h"
#include "fields/indexed_filter.h"
#include "fields/value_segment.h"

namespace {

using namespace kith;
using namespace kith::fields;

constexpr std::array kinds{FieldKind::keyword, FieldKind::integer,  FieldKind::floating, FieldKind::boolean,
                           FieldKind::geo,     FieldKind::datetime, FieldKind::uuid,     FieldKind::text};

FieldIndex::Generation good_index(FieldKind kind) {
  static constexpr std::string_view payloads[] = {
      R"({"a":["red","blue",1,2.5,true,null,[]]})",
      R"({"a":[3,18446744073709551615,"2024-02-29","no date"]})",
      R"({"a":["67e55044-10b1-426f-9247-bb680e5fe0c8","reddish fox"]})",
      R"({"a":[{"lon":1,"lat":2},{"lon":-120.5,"lat":33}]})",
      R"({"a":null})",
      R"({"a":false})"};
  std::vector<SlotPayload> added;
  for (std::uint32_t i = 0; i < 60; ++i) added.push_back({SlotId{i * (i < 30 ? 1 : 3)}, payloads[i % 6]});
  const SlotId deleted[] = {SlotId{3}, SlotId{30}};
  return *(*(*FieldIndex::empty("a", {.kind = kind}))->with_changes({}, added))->with_changes(deleted, {});
}

void put_checksum_right(std::string& bytes) {
  if (bytes.size() < 8) return;
  const auto checksum = checksum64(std::string_view(bytes).substr(0, bytes.size() - 8));
  std::memcpy(bytes.data() + bytes.size() - 8, &checksum, 8);
}

/// Three bytes of `data` each: offset and value.
void patch(std::string& bytes, std::string_view data) {
  for (; data.size() >= 3 && !bytes.empty(); data.remove_prefix(3)) {
    std::uint16_t offset;
    std::memcpy(&offset, data.data(), sizeof offset);
    bytes[offset % bytes.size()] = data[2];
  }
}

struct Context final : FilterContext {
  explicit Context(const FieldIndex* only) : index_(only), all(200) {
    for (std::size_t i = 0; i < all.size(); ++i) all.set(i);
  }
  const FieldIndex* index(std::string_view key) const override { return key == "a" ? index_ : nullptr; }
  std::size_t slot_count() const override { return all.size(); }
  std::uint64_t point_count() const override { return 100; }
  const BitSet& all_slots() const override { return all; }
  Result<std::vector<SlotId>> slots_of(std::span<const PointId>) const override {
    return std::vector<SlotId>();
  }
  std::optional<BitSet> slots_with_vector(std::string_view) const override { return std::nullopt; }
  const FieldIndex* index_;
  BitSet all;
};

void use(const FieldIndex::Generation& index) {
  const Context context(index.get());
  const Condition conditions[] = {MatchAny{"a", {std::string("red"), std::int64_t{3}, true}},
                                  MatchExcept{"a", {std::string("red"), std::int64_t{1}, false}},
                                  MatchText{"a", "red fox", TextMatch::all},
                                  MatchText{"a", "e", TextMatch::substring},
                                  MatchPrefix{"a", "re"},
                                  Range{"a", {}, 100, {}, 0.5},
                                  DatetimeRange{"a", {}, {}, {}, 0},
                                  GeoRadius{"a", {0, 0}, 1e6},
                                  GeoBox{"a", {-130, 40}, {10, -10}},
                                  ValuesCount{"a", {}, {}, {}, 2},
                                  ValuesCount{"a", 2, {}, {}, {}},
                                  IsEmpty{"a"},
                                  IsNull{"a"}};
  for (const auto& condition : conditions) {
    for (const auto& filter : {Filter{{condition}, {}, {}, {}}, Filter{{}, {}, {condition}, {}}}) {
      const auto found = match_by_index(filter, context, nullptr);
      if (!found || (found->narrowed && found->slots.size() != context.all.size())) std::abort();
      estimate_by_index(filter, context);
    }
  }
  (void)index->in_order(true, OrderValue(std::int64_t{1}), &context.all, 5, nullptr);
  (void)index->in_order(false, std::nullopt, nullptr, 100, nullptr);
  (void)index->facet(&context.all, 5, nullptr);
  const SlotPayload added[] = {{SlotId{1}, R"({"a":"new"})"}};
  const auto changed = index->with_changes({}, added);
  if (!changed) std::abort();
  const auto merged = merge_parts(index->config().kind, (*changed)->parts().parts, nullptr);
  if (!merged) std::abort();
  if (*merged && !ValueSegment::open((*merged)->bytes(), index->config().kind, nullptr)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3 || size > 16384) return 0;
  static std::map<FieldKind, FieldIndex::Generation> good;
  const auto kind = kinds[data[0] % kinds.size()];
  auto& index = good[kind];
  if (!index) index = good_index(kind);
  std::string_view rest(reinterpret_cast<const char*>(data) + 2, size - 2);
  std::map<std::string, std::string, std::less<>> disk;
  for (const auto& blob : index->blobs()) {
    auto bytes = blob.serialize();
    const bool deletions = blob.name.starts_with("deleted.");
    if (data[1] % 4 == 3 && !deletions) {
      bytes = rest;
    } else if (deletions ? data[1] % 4 == 1 : data[1] % 4 == 0) {
      patch(bytes, rest);
    }
    put_checksum_right(bytes);
    disk[blob.name] = std::move(bytes);
  }
  if (data[1] % 4 == 0) {
    // Its deletions name it by content: go without them, or they would be refused.
    const auto segment =
        std::ranges::find_if(disk, [](const auto& entry) { return entry.first.starts_with("values."); });
    const auto opened = ValueSegment::open(segment->second, kind, nullptr);
    if (!opened) return 0;
    auto parts = index->parts();
    parts.parts = {{*opened, nullptr, 0, 0}};
    use(std::make_shared<const FieldGeneration>("a", std::move(parts)));
    return 0;
  }
  std::string header = index->header();
  if (data[1] % 4 == 2) patch(header, rest);
  const auto restored = FieldIndex::restore(
      "a", index->config(), header,
      [&](std::string_view name) -> Result<std::string_view> {
        const auto found = disk.find(name);
        if (found == disk.end()) return failure(ErrorCode::corrupt, "missing");
        return std::string_view(found->second);
      },
      nullptr);
  if (restored) use(*restored);
  return 0;
}
