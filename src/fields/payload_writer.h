// PayloadWriter: copies JSON values in canonical form from simdjson's on-demand parser, all of a value or only what
// a scope lets through. Internal to src/fields.
#pragma once

#include <kith/result.h>
#include <simdjson.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fields/payload_path.h"

namespace kith::fields {

/// Which part of a value to copy: a set of paths that start at the value, to include or to leave out.
class CopyScope {
 public:
  static CopyScope everything() { return CopyScope(Kind::everything); }
  static CopyScope include(std::span<const PayloadPath> paths) { return CopyScope(Kind::include, paths); }
  static CopyScope exclude(std::span<const PayloadPath> paths) { return CopyScope(Kind::exclude, paths); }

  /// The scope of a member of an object, or of the elements of an array; none: leave it out.
  std::optional<CopyScope> member(std::string_view key) const { return enter(PathStep::Kind::key, key); }
  std::optional<CopyScope> element() const { return enter(PathStep::Kind::every, {}); }

 private:
  enum class Kind : std::uint8_t { everything, include, exclude };
  explicit CopyScope(Kind kind) : kind_(kind) {}
  CopyScope(Kind kind, std::span<const PayloadPath> paths);
  std::optional<CopyScope> enter(PathStep::Kind step, std::string_view key) const;

  Kind kind_;
  std::vector<std::span<const PathStep>>
      open_;  // what remains of the paths that lead here; none of them is empty
};

/// One JSON object being read. Keys and strings that the writer saw point into it.
class PayloadReader {
 public:
  /// invalid_argument when `json` is certainly no object; the rest of the text is judged by reading it.
  Result<simdjson::ondemand::object> open(std::string_view json);
  /// Call after the object was read: nothing may follow it.
  Status close();

 private:
  simdjson::padded_string text_;
  simdjson::ondemand::parser parser_;
  simdjson::ondemand::document document_;
};

/// Appends to a string. Members of one top-level object may come from several readers.
class PayloadWriter {
 public:
  explicit PayloadWriter(std::string& out) : out_(out) {}

  void begin() { out_ += '{'; }
  Status members(simdjson::ondemand::object object, const CopyScope& scope);
  void end();

 private:
  struct Member {
    std::string_view key;
    std::size_t start, end;  // of "key":value in out_
  };

  Status members_of(simdjson::ondemand::object object, const CopyScope& scope, std::size_t depth,
                    std::vector<Member>& members);
  Status value(simdjson::ondemand::value value, const CopyScope& scope, std::size_t depth);
  Status array(simdjson::ondemand::array array, const CopyScope& scope, std::size_t depth);
  Status number(simdjson::ondemand::value value);
  void drop_repeated(std::size_t start, std::vector<Member>& members);

  std::string& out_;
  std::vector<Member> top_;
};

}  // namespace kith::fields
