#include "engine/lexical_view.h"

#include <fmt/format.h>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/try.h"

namespace kith::engine {
namespace {

constexpr std::uint64_t merge_points_inline = 1'000;
constexpr std::uint8_t header_version = 1;

std::string segment_blob(const sparse::Segment& segment) {
  return fmt::format("segment.{:016x}", segment.id());
}

// Named by content, as segments are: the same texts written again make a segment of the same id, of which other points
// may be deleted, though as many.
std::string deletions_blob(std::string_view serialized) { return "deleted." + hash128(serialized).to_hex(); }

}  // namespace

void LexicalView::apply(const AppliedChange& change) {
  if (change.old_slot) {
    pending_.erase(change.old_slot->value);
    pending_deleted_.push_back(*change.old_slot);
  }
  if (change.new_slot && change.terms != nullptr) pending_[change.new_slot->value] = change.terms;
}

Status LexicalView::finish_group() {
  if (pending_.empty() && pending_deleted_.empty()) return {};
  sparse::SegmentBuilder builder;
  std::vector<sparse::TermFrequency> frequencies;
  for (const auto& [slot, terms] : pending_) {
    frequencies.clear();
    for (const auto& term : terms->terms) frequencies.push_back({term.term, term.count});
    builder.add(SlotId{slot}, frequencies, terms->length);
  }
  std::shared_ptr<const sparse::Segment> segment;
  // What is pending points into the group, which is gone after this, come what may.
  const auto deleted = std::exchange(pending_deleted_, {});
  pending_.clear();
  if (!builder.empty()) segment = KITH_TRY(builder.build());
  generation_ = generation_->with_changes(deleted, std::move(segment));
  while (auto plan = generation_->next_merge()) {
    if (plan->points > merge_points_inline) break;
    generation_ = generation_->with_merge(KITH_TRY(plan->run()));
  }
  return {};
}

View::Merge LexicalView::plan_merge() {
  auto plan = generation_->next_merge();
  if (!plan) return {};
  return [this, plan = std::move(*plan)]() -> Result<Install> {
    return [this, outcome = KITH_TRY(plan.run())] { generation_ = generation_->with_merge(outcome); };
  };
}

CheckpointImage LexicalView::image(bool everything) {
  if (everything) saved_blobs_.clear();
  CheckpointImage out;
  std::set<std::string> alive;
  const auto add_blob = [&](const std::string& blob, auto bytes) {
    if (!alive.insert(blob).second) return;
    out.blobs.push_back(
        {blob, saved_blobs_.contains(blob) ? nullptr : std::make_shared<const std::string>(bytes())});
  };
  ByteWriter header;
  header.put(header_version);
  header.put_string(fingerprint_);
  header.put_varint(generation_->parts().size());
  for (const auto& part : generation_->parts()) {
    header.put_string(segment_blob(*part.segment));
    add_blob(segment_blob(*part.segment), [&] { return part.segment->serialize(); });
    if (part.deleted_count == 0) {
      header.put_string("");
      continue;
    }
    std::string deletions = sparse::LexicalIndex::serialize_deletions(part);
    const std::string blob = deletions_blob(deletions);
    header.put_string(blob);
    add_blob(blob, [&] { return std::move(deletions); });
  }
  out.header = header.take();
  saved_blobs_ = std::move(alive);
  return out;
}

Status LexicalView::restore(const LoadedCheckpoint& checkpoint) {
  ByteReader header(checkpoint.header);
  if (KITH_TRY(header.get<std::uint8_t>()) != header_version) {
    return failure(ErrorCode::corrupt, "postings of an unknown format version");
  }
  if (KITH_TRY(header.get_string()) != fingerprint_) {
    return failure(ErrorCode::corrupt, "the postings were made by another text analysis");
  }
  const auto blob = [&](std::string_view wanted) -> Result<std::string_view> {
    const auto found = checkpoint.blobs.find(std::string(wanted));
    if (found == checkpoint.blobs.end())
      return failure(ErrorCode::corrupt, "blob " + std::string(wanted) + " is missing");
    return as_string_view(found->second);
  };
  const auto count = KITH_TRY(header.get_varint());
  std::vector<sparse::IndexPart> parts;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto segment_name = KITH_TRY(header.get_string());
    const auto deletions_name = KITH_TRY(header.get_string());
    auto segment = KITH_TRY(sparse::Segment::parse(KITH_TRY(blob(segment_name)), checkpoint.mapping));
    if (deletions_name.empty()) {
      parts.push_back({std::move(segment), nullptr, 0, 0});
    } else {
      parts.push_back(
          KITH_TRY(sparse::LexicalIndex::parse_part(std::move(segment), KITH_TRY(blob(deletions_name)))));
    }
  }
  generation_ = sparse::LexicalIndex::from_parts(std::move(parts));
  for (const auto& [name, bytes] : checkpoint.blobs) saved_blobs_.insert(name);
  return {};
}

}  // namespace kith::engine
