// FieldParts: what one generation of a field index is made of. Internal to src/fields.
//
// Immutable once published, so safe from any thread.
#pragma once

#include <kith/field_index.h>
#include <kith/ids.h>
#include <kith/result.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bit_set.h"
#include "fields/payload_path.h"
#include "fields/text_tokens.h"
#include "fields/value_segment.h"

namespace kith::fields {

/// A segment as one generation sees it.
struct FieldPart {
  std::shared_ptr<const ValueSegment> segment;
  std::shared_ptr<const BitSet> deleted;  ///< by local; null: nothing
  std::uint32_t deleted_count = 0;
  std::uint32_t deleted_of_kind = 0;  ///< those that have a value of the indexed kind

  std::uint32_t live_count() const { return segment->slots().count() - deleted_count; }
  std::uint32_t live_of_kind() const { return segment->property(Property::of_kind).count - deleted_of_kind; }
  bool alive(std::uint32_t local) const { return !deleted || !deleted->test(local); }

  /// Calls visit(local) for what is alive of the list, ascending.
  template <class Visit>
  void for_each_live(const PostingList& list, const Visit& visit) const {
    if (!deleted) return for_each_local(list, segment->slots(), visit);
    for_each_local(list, segment->slots(), [&](std::uint32_t local) {
      if (!deleted->test(local)) visit(local);
    });
  }
  /// How many of the list are alive, exactly; walks it if anything is deleted.
  std::uint32_t live_of(const PostingList& list) const;
};

/// Bitmaps of one change of parts: each is copied at the first death in its segment.
class FieldDeaths {
 public:
  explicit FieldDeaths(std::vector<FieldPart>& parts) : parts_(parts), changed_(parts.size()) {}
  /// Kills the point of `slot` that is alive, if there is one.
  void kill(std::uint32_t slot);
  void kill_in(std::size_t part, std::uint32_t local);
  /// Publishes the bitmaps and drops segments in which nothing lives any more.
  void finish();

 private:
  std::vector<FieldPart>& parts_;
  std::vector<std::shared_ptr<BitSet>> changed_;
};

std::string serialize_deletions(const FieldPart& part);
/// corrupt when the deletions are not those of this segment (checked by name and size).
Result<FieldPart> parse_deletions(std::shared_ptr<const ValueSegment> segment, std::string_view deletions);

struct FieldParts {
  FieldIndexConfig config;
  PayloadPath path;
  std::shared_ptr<const TextTokens> tokens;  ///< of kind text
  std::vector<FieldPart> parts;              ///< oldest first, newest last
};

}  // namespace kith::fields
