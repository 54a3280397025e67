#include "fields/field_index.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <utility>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/try.h"
#include "fields/field_generation.h"
#include "fields/field_merge.h"
#include "fields/payload_values.h"
#include "fields/value_segment_builder.h"

namespace kith::fields {
namespace {

constexpr std::uint64_t merge_points_inline = 1'000;
constexpr std::uint8_t header_version = 1;

class MergePlan final : public FieldMergePlan {
 public:
  MergePlan(FieldKind kind, std::vector<FieldPart> parts) : kind_(kind), parts_(std::move(parts)) {}
  std::uint64_t points() const override {
    return std::accumulate(parts_.begin(), parts_.end(), std::uint64_t{0},
                           [](std::uint64_t sum, const FieldPart& part) { return sum + part.live_count(); });
  }
  Result<std::shared_ptr<const FieldMergeOutcome>> run(const StopToken* stop) const override {
    return std::make_shared<const FieldMergeOutcome>(parts_, KITH_TRY(merge_parts(kind_, parts_, stop)));
  }

 private:
  FieldKind kind_;
  std::vector<FieldPart> parts_;
};

Result<FieldParts> prepare(std::string_view key, const FieldIndexConfig& config) {
  if (config.kind == FieldKind::integer && !config.lookup && !config.range) {
    return failure(ErrorCode::invalid_argument,
                   "an integer index with neither lookup nor range answers nothing; switch on one of them");
  }
  FieldParts parts{config, KITH_TRY(PayloadPath::parse(key)), nullptr, {}};
  if (config.kind == FieldKind::text) parts.tokens = KITH_TRY(TextTokens::create(config.text));
  return parts;
}

/// All that decides what the bytes are.
std::string fingerprint(const FieldParts& parts) {
  ByteWriter out;
  out.put_string(parts.path.to_string());
  const auto& config = parts.config;
  out.put(static_cast<std::uint8_t>(config.kind));
  out.put(static_cast<std::uint8_t>((config.lookup ? 1 : 0) | (config.range ? 2 : 0)));
  if (config.kind == FieldKind::text) {
    const auto& text = config.text;
    out.put(static_cast<std::uint8_t>(text.tokenizer));
    out.put_varint(text.min_token_length);
    out.put_varint(text.max_token_length);
    out.put(static_cast<std::uint8_t>((text.lowercase ? 1 : 0) | (text.ascii_folding ? 2 : 0) |
                                      (text.phrase_matching ? 4 : 0)));
    for (const auto* list : {&text.stop_word_languages, &text.stop_words}) {
      out.put_varint(list->size());
      for (const auto& word : *list) out.put_string(word);
    }
    out.put_string(text.stemmer);
  }
  return hash128(out.bytes()).to_hex();
}

std::string deletions_name(std::string_view serialized) { return "deleted." + hash128(serialized).to_hex(); }

/// The last payload of every slot, by slot.
std::vector<SlotPayload> in_slot_order(std::span<const SlotPayload> added) {
  std::vector<std::size_t> order(added.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::sort(order, {}, [&](std::size_t i) { return std::pair(added[i].slot, i); });
  std::vector<SlotPayload> out;
  out.reserve(added.size());
  for (const auto i : order) {
    if (!out.empty() && out.back().slot == added[i].slot) out.pop_back();
    out.push_back(added[i]);
  }
  return out;
}

}  // namespace

FieldGeneration::FieldGeneration(std::string key, FieldParts parts)
    : key_(std::move(key)), parts_(std::move(parts)) {
  for (const auto& part : parts_.parts) points_ += part.live_of_kind();
}

Result<FieldIndex::Generation> FieldIndex::empty(std::string_view key, const FieldIndexConfig& config) {
  return std::make_shared<const FieldGeneration>(std::string(key), KITH_TRY(prepare(key, config)));
}

FieldIndex::Generation FieldGeneration::with_parts(std::vector<FieldPart> parts) const {
  return std::make_shared<const FieldGeneration>(
      key_, FieldParts{parts_.config, parts_.path, parts_.tokens, std::move(parts)});
}

Result<FieldIndex::Generation> FieldGeneration::with_changes(std::span<const SlotId> deleted,
                                                             std::span<const SlotPayload> added) const {
  auto parts = parts_.parts;
  FieldDeaths deaths(parts);
  for (const auto slot : deleted) deaths.kill(slot.value);
  PayloadValues reader(parts_.path);
  ValueSegmentBuilder builder(parts_.config.kind, parts_.tokens);
  for (const auto& [slot, payload] : in_slot_order(added)) {
    deaths.kill(slot.value);
    builder.add(slot, reader.read(payload));
  }
  deaths.finish();
  if (!builder.empty()) parts.push_back({builder.finish(), nullptr, 0, 0});
  while (true) {
    auto sources = choose_merge(parts, merge_points_inline);
    if (sources.empty()) break;
    auto merged = KITH_TRY(merge_parts(parts_.config.kind, sources, nullptr));
    parts = replace_merged(parts, {std::move(sources), std::move(merged)});
  }
  return with_parts(std::move(parts));
}

std::shared_ptr<const FieldMergePlan> FieldGeneration::next_merge() const {
  auto sources = choose_merge(parts_.parts, UINT64_MAX);
  if (sources.empty()) return nullptr;
  return std::make_shared<const MergePlan>(parts_.config.kind, std::move(sources));
}

FieldIndex::Generation FieldGeneration::with_merge(const FieldMergeOutcome& outcome) const {
  return with_parts(replace_merged(parts_.parts, outcome));
}

std::size_t FieldGeneration::memory_bytes() const {
  std::size_t total = sizeof *this;
  for (const auto& part : parts_.parts) {
    total += sizeof part + part.segment->memory_bytes() + (part.deleted ? part.deleted->size() / 8 : 0);
  }
  return total;
}

std::string FieldGeneration::header() const {
  ByteWriter out;
  out.put(header_version);
  out.put_string(fingerprint(parts_));
  out.put_varint(parts_.parts.size());
  for (const auto& part : parts_.parts) {
    out.put_string(part.segment->name());
    out.put_string(part.deleted_count == 0 ? "" : deletions_name(serialize_deletions(part)));
  }
  return out.take();
}

std::vector<FieldIndex::Blob> FieldGeneration::blobs() const {
  std::vector<Blob> blobs;
  std::set<std::string> seen;
  const auto add = [&](std::string name, std::function<std::string()> serialize) {
    if (seen.insert(name).second) blobs.push_back({std::move(name), std::move(serialize)});
  };
  for (const auto& part : parts_.parts) {
    add(part.segment->name(), [segment = part.segment] { return std::string(segment->bytes()); });
    if (part.deleted_count == 0) continue;
    auto deletions = serialize_deletions(part);
    auto name = deletions_name(deletions);
    add(std::move(name), [bytes = std::move(deletions)] { return bytes; });
  }
  return blobs;
}

Result<FieldIndex::Generation> FieldIndex::restore(std::string_view key, const FieldIndexConfig& config,
                                                   std::string_view header, const BlobLookup& blob,
                                                   std::shared_ptr<const void> owner) {
  auto parts = KITH_TRY(prepare(key, config));
  ByteReader in(header);
  if (KITH_TRY(in.get<std::uint8_t>()) != header_version)
    return failure(ErrorCode::corrupt, "field index of an unknown format version; it has to be rebuilt");
  if (KITH_TRY(in.get_string()) != fingerprint(parts)) {
    return failure(ErrorCode::corrupt,
                   "the saved field index was made for another key or configuration; it has to be rebuilt");
  }
  const auto count = KITH_TRY(in.get_varint());
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto segment_name = KITH_TRY(in.get_string());
    const auto deletions = KITH_TRY(in.get_string());
    auto segment = KITH_TRY(ValueSegment::open(KITH_TRY(blob(segment_name)), config.kind, owner));
    if (deletions.empty()) {
      parts.parts.push_back({std::move(segment), nullptr, 0, 0});
    } else {
      parts.parts.push_back(KITH_TRY(parse_deletions(std::move(segment), KITH_TRY(blob(deletions)))));
    }
  }
  if (!in.at_end()) return failure(ErrorCode::corrupt, "header of a field index has bytes left over");
  return std::make_shared<const FieldGeneration>(std::string(key), std::move(parts));
}

Result<std::vector<FieldIndex::OrderedSlot>> FieldGeneration::in_order(
    bool ascending, const std::optional<OrderValue>& start_from, const BitSet* allowed, std::size_t limit,
    const StopToken* stop) const {
  return slots_in_order(parts_, ascending, start_from, allowed, limit, stop);
}

Result<std::vector<FacetHit>> FieldGeneration::facet(const BitSet* allowed, std::size_t limit,
                                                     const StopToken* stop) const {
  return count_values(parts_, allowed, limit, stop);
}

}  // namespace kith::fields
