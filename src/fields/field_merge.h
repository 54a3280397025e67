// Merging the parts of a field index: which, and how. Internal to src/fields.
//
// Tiers, as in src/sparse: when eight parts are of one order of magnitude (base eight), they are merged; a part that is
// mostly dead is rewritten by itself.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/stop_token.h"
#include "fields/field_index.h"
#include "fields/field_parts.h"

namespace kith::fields {

struct FieldMergeOutcome {
  std::vector<FieldPart> sources;               ///< as they were merged
  std::shared_ptr<const ValueSegment> segment;  ///< null when nothing was alive
};

/// What is alive in `parts`, as one segment; null when nothing is. Linear in the entries.
/// cancelled/deadline_exceeded by `stop`.
Result<std::shared_ptr<const ValueSegment>> merge_parts(FieldKind kind, const std::vector<FieldPart>& parts,
                                                        const StopToken* stop);

/// The parts to be merged next, of at most `points_max` live points; none: nothing to do.
std::vector<FieldPart> choose_merge(const std::vector<FieldPart>& parts, std::uint64_t points_max);

/// `parts` with the merged segment in place of its sources. What died in a source since is dead in it; a source that
/// has left `parts` meanwhile gives nothing.
std::vector<FieldPart> replace_merged(const std::vector<FieldPart>& parts, const FieldMergeOutcome& merge);

}  // namespace kith::fields
