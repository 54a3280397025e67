#include "fields/payload_writer.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/json_writer.h"
#include "base/try.h"
#include "fields/payload_edit.h"

namespace kith::fields {
namespace {

namespace ondemand = simdjson::ondemand;

std::unexpected<Error> not_json(simdjson::error_code error) {
  if (error == simdjson::INCORRECT_TYPE) {
    return failure(ErrorCode::invalid_argument,
                   "the payload must be a JSON object, such as {\"city\": \"Oslo\"}");
  }
  return failure(ErrorCode::invalid_argument,
                 std::string("the payload is not valid JSON: ") + simdjson::error_message(error));
}

std::unexpected<Error> bad_value(std::string_view token) {
  return failure(ErrorCode::invalid_argument,
                 "the payload is not valid JSON: \"" + std::string(token.substr(0, 40)) + "\" is no value");
}

std::string_view trimmed(std::string_view token) {
  while (!token.empty() &&
         (token.back() == ' ' || token.back() == '\n' || token.back() == '\r' || token.back() == '\t')) {
    token.remove_suffix(1);
  }
  return token;
}

}  // namespace

// ── CopyScope ────────────────────────────────────────────────────────────────────────────────────────

CopyScope::CopyScope(Kind kind, std::span<const PayloadPath> paths) : kind_(kind) {
  open_.reserve(paths.size());
  for (const auto& path : paths) open_.emplace_back(path.steps());
}

std::optional<CopyScope> CopyScope::enter(PathStep::Kind step, std::string_view key) const {
  if (kind_ == Kind::everything) return everything();
  CopyScope inner(kind_);
  for (const auto& path : open_) {
    const auto& first = path.front();
    if (first.kind != step || first.key != key) continue;
    if (path.size() == 1) {
      return kind_ == Kind::include ? std::optional(everything()) : std::nullopt;
    }
    inner.open_.push_back(path.subspan(1));
  }
  if (!inner.open_.empty()) return inner;
  return kind_ == Kind::include ? std::nullopt : std::optional(everything());
}

// ── PayloadReader ────────────────────────────────────────────────────────────────────────────────────

Result<ondemand::object> PayloadReader::open(std::string_view json) {
  text_ = simdjson::padded_string(json);
  if (text_.size() != json.size())
    return failure(ErrorCode::overloaded, "no memory to read a payload; try again");
  if (const auto error = parser_.iterate(text_).get(document_); error != simdjson::SUCCESS)
    return not_json(error);
  ondemand::object object;
  if (const auto error = document_.get_object().get(object); error != simdjson::SUCCESS)
    return not_json(error);
  return object;
}

Status PayloadReader::close() {
  if (document_.current_location().error() == simdjson::OUT_OF_BOUNDS) return {};
  return failure(ErrorCode::invalid_argument, "the payload is not valid JSON: something follows the object");
}

// ── PayloadWriter ────────────────────────────────────────────────────────────────────────────────────

Status PayloadWriter::members(ondemand::object object, const CopyScope& scope) {
  return members_of(object, scope, 1, top_);
}

void PayloadWriter::end() {
  if (!top_.empty()) drop_repeated(top_.front().start, top_);
  top_.clear();
  out_ += '}';
}

Status PayloadWriter::members_of(ondemand::object object, const CopyScope& scope, std::size_t depth,
                                 std::vector<Member>& members) {
  for (auto result : object) {
    ondemand::field field;
    std::string_view key;
    if (const auto error = std::move(result).get(field); error != simdjson::SUCCESS) return not_json(error);
    if (const auto error = field.unescaped_key().get(key); error != simdjson::SUCCESS) return not_json(error);
    const auto inner = scope.member(key);
    if (!inner) continue;
    if (!members.empty()) out_ += ',';
    const auto start = out_.size();
    append_json_string(out_, key);
    out_ += ':';
    KITH_TRY(value(field.value(), *inner, depth));
    members.push_back({key, start, out_.size()});
  }
  return {};
}

Status PayloadWriter::value(ondemand::value value, const CopyScope& scope, std::size_t depth) {
  ondemand::json_type type;
  if (const auto error = value.type().get(type); error != simdjson::SUCCESS) return not_json(error);
  const auto token = trimmed(value.raw_json_token());
  switch (type) {
    case ondemand::json_type::object: {
      ondemand::object object;
      if (const auto error = value.get_object().get(object); error != simdjson::SUCCESS)
        return not_json(error);
      if (depth == payload_depth_max) break;
      std::vector<Member> members;
      out_ += '{';
      const auto start = out_.size();
      KITH_TRY(members_of(object, scope, depth + 1, members));
      drop_repeated(start, members);
      out_ += '}';
      return {};
    }
    case ondemand::json_type::array: {
      ondemand::array items;
      if (const auto error = value.get_array().get(items); error != simdjson::SUCCESS) return not_json(error);
      if (depth == payload_depth_max) break;
      return array(items, scope, depth + 1);
    }
    case ondemand::json_type::string: {
      std::string_view text;
      if (const auto error = value.get_string().get(text); error != simdjson::SUCCESS) return not_json(error);
      append_json_string(out_, text);
      return {};
    }
    case ondemand::json_type::number:
      return number(value);
    case ondemand::json_type::boolean: {
      bool flag = false;
      if (value.get_bool().get(flag) != simdjson::SUCCESS) return bad_value(token);
      out_ += flag ? "true" : "false";
      return {};
    }
    case ondemand::json_type::null: {
      bool null = false;
      if (value.is_null().get(null) != simdjson::SUCCESS || !null) return bad_value(token);
      out_ += "null";
      return {};
    }
  }
  return failure(ErrorCode::invalid_argument,
                 "the payload is nested over " + std::to_string(payload_depth_max) + " deep; flatten it");
}

Status PayloadWriter::array(ondemand::array items, const CopyScope& scope, std::size_t depth) {
  out_ += '[';
  const auto inner = scope.element();
  bool first = true;
  for (auto result : items) {
    ondemand::value item;
    if (const auto error = std::move(result).get(item); error != simdjson::SUCCESS) return not_json(error);
    if (!inner) continue;
    if (!std::exchange(first, false)) out_ += ',';
    KITH_TRY(value(item, *inner, depth));
  }
  out_ += ']';
  return {};
}

Status PayloadWriter::number(ondemand::value value) {
  const auto token = trimmed(value.raw_json_token());
  std::int64_t as_signed = 0;
  std::uint64_t as_unsigned = 0;
  double as_double = 0;
  const bool whole = token.find_first_of(".eE") == std::string_view::npos;
  if (whole && (value.get_int64().get(as_signed) == simdjson::SUCCESS ||
                value.get_uint64().get(as_unsigned) == simdjson::SUCCESS)) {
    out_ += token;
    return {};
  }
  if (value.get_double().get(as_double) != simdjson::SUCCESS) {
    return failure(ErrorCode::invalid_argument, "the payload is not valid JSON: \"" +
                                                    std::string(token.substr(0, 40)) +
                                                    "\" is not a number that 64 bits can hold");
  }
  if (whole) {
    JsonWriter(out_).value(as_double);
  } else {
    out_ += token;
  }
  return {};
}

void PayloadWriter::drop_repeated(std::size_t start, std::vector<Member>& members) {
  std::unordered_map<std::string_view, std::size_t> place;
  std::vector<Member> kept;
  kept.reserve(members.size());
  for (const auto& member : members) {
    const auto [at, is_new] = place.try_emplace(member.key, kept.size());
    if (is_new) {
      kept.push_back(member);
    } else {
      kept[at->second] = member;
    }
  }
  if (kept.size() == members.size()) return;
  std::string text;
  for (const auto& member : kept) {
    if (!text.empty()) text += ',';
    text.append(out_, member.start, member.end - member.start);
  }
  out_.replace(start, std::string::npos, text);
}

}  // namespace kith::fields
