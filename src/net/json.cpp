#include "net/json.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>

#include "net/json_syntax.h"

namespace kith::net {
namespace {

// Plain comparisons: a look-up for each byte of a long vector costs more than parsing it did.
bool is_number_byte(char c) {
  return (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '+' || c == 'e' || c == 'E';
}
bool is_separator(char c) { return c == ' ' || c == ',' || c == ':' || c == '\n' || c == '\t' || c == '\r'; }

using simdjson::internal::tape_ref;
using simdjson::internal::tape_type;

constexpr std::size_t root_index = 1;  // 0 is the tape's own frame

/// Where in the text the token of a tape entry begins, separators in front of it possibly included.
struct TextCursor {
  std::size_t index = root_index;
  std::size_t offset = 0;
};

}  // namespace

struct JsonValue::State {
  std::string text;
  simdjson::dom::parser parser;
  // Where raw() was last: at the value's begin and behind its end.
  mutable TextCursor last_begin;
  mutable TextCursor last_end;

  tape_ref at(std::size_t index) const { return {&parser.doc, index}; }
  void skip_separators(TextCursor& cursor) const;
  void advance(TextCursor& cursor) const;
  TextCursor seek(std::size_t index) const;
};

void JsonValue::State::skip_separators(TextCursor& cursor) const {
  while (cursor.offset < text.size() && is_separator(text[cursor.offset])) ++cursor.offset;
}

/// Over one token. The text is known to be valid, so its shape follows from its first byte.
void JsonValue::State::advance(TextCursor& cursor) const {
  skip_separators(cursor);
  std::size_t& offset = cursor.offset;
  switch (text[offset]) {
    case '"':
      for (++offset; text[offset] != '"'; ++offset) {
        if (text[offset] == '\\') ++offset;
      }
      ++offset;
      ++cursor.index;
      return;
    case '{':
    case '[':
    case '}':
    case ']':
      ++offset;
      ++cursor.index;
      return;
    case 't':
    case 'n':
      offset += 4;
      ++cursor.index;
      return;
    case 'f':
      offset += 5;
      ++cursor.index;
      return;
    default:
      while (offset < text.size() && is_number_byte(text[offset])) ++offset;
      cursor.index += 2;  // numbers have their value in a second word
  }
}

TextCursor JsonValue::State::seek(std::size_t index) const {
  TextCursor cursor;
  for (const TextCursor& known : {last_begin, last_end}) {
    if (known.index <= index && known.index > cursor.index) cursor = known;
  }
  while (cursor.index < index) advance(cursor);
  skip_separators(cursor);
  return cursor;
}

std::string_view json_type_name(JsonType type) {
  constexpr std::array<std::string_view, 7> names{"null",   "boolean", "integer", "number",
                                                  "string", "array",   "object"};
  return names[static_cast<std::size_t>(type)];
}

JsonType JsonValue::type() const {
  switch (state_->at(index_).tape_ref_type()) {
    case tape_type::START_ARRAY:
      return JsonType::array;
    case tape_type::START_OBJECT:
      return JsonType::object;
    case tape_type::STRING:
      return JsonType::string;
    case tape_type::INT64:
    case tape_type::UINT64:
      return JsonType::integer;
    case tape_type::DOUBLE:
      return JsonType::number;
    case tape_type::TRUE_VALUE:
    case tape_type::FALSE_VALUE:
      return JsonType::boolean;
    default:
      return JsonType::null;
  }
}

std::size_t JsonValue::after() const { return state_->at(index_).after_element(); }

std::optional<bool> JsonValue::boolean() const {
  const auto ref = state_->at(index_);
  if (ref.is_true()) return true;
  if (ref.is_false()) return false;
  return std::nullopt;
}

std::optional<std::int64_t> JsonValue::integer() const {
  const auto ref = state_->at(index_);
  // The tape says UINT64 only for what does not fit into INT64.
  if (ref.is_int64()) return ref.next_tape_value<std::int64_t>();
  return std::nullopt;
}

std::optional<std::uint64_t> JsonValue::unsigned_integer() const {
  const auto ref = state_->at(index_);
  if (ref.is_uint64()) return ref.next_tape_value<std::uint64_t>();
  if (!ref.is_int64()) return std::nullopt;
  const auto value = ref.next_tape_value<std::int64_t>();
  if (value < 0) return std::nullopt;
  return static_cast<std::uint64_t>(value);
}

std::optional<double> JsonValue::number() const {
  const auto ref = state_->at(index_);
  if (ref.is_double()) return ref.next_tape_value<double>();
  if (ref.is_int64()) return static_cast<double>(ref.next_tape_value<std::int64_t>());
  if (ref.is_uint64()) return static_cast<double>(ref.next_tape_value<std::uint64_t>());
  return std::nullopt;
}

std::optional<std::string_view> JsonValue::string() const {
  const auto ref = state_->at(index_);
  if (ref.tape_ref_type() != tape_type::STRING) return std::nullopt;
  return ref.get_string_view();
}

std::optional<JsonValue> JsonValue::find(std::string_view key) const {
  std::optional<JsonValue> found;
  for (const auto& [name, value] : members()) {
    if (name == key) found = value;
  }
  return found;
}

std::optional<JsonValue> JsonValue::find_not_null(std::string_view key) const {
  auto found = find(key);
  if (found && found->is_null()) found.reset();
  return found;
}

std::size_t JsonValue::size() const {
  std::size_t count = 0;
  const auto all = elements();
  for (auto i = all.begin(); i != all.end(); ++i) ++count;
  const auto pairs = members();
  for (auto i = pairs.begin(); i != pairs.end(); ++i) ++count;
  return count;
}

JsonValue::Elements JsonValue::elements() const {
  using Iterator = Elements::Iterator;
  if (!is_array()) return {Iterator(state_, index_), Iterator(state_, index_)};
  return {Iterator(state_, index_ + 1), Iterator(state_, after() - 1)};
}

JsonValue::Members JsonValue::members() const {
  using Iterator = Members::Iterator;
  if (!is_object()) return {Iterator(state_, index_), Iterator(state_, index_)};
  return {Iterator(state_, index_ + 1), Iterator(state_, after() - 1)};
}

JsonValue::Elements::Iterator& JsonValue::Elements::Iterator::operator++() {
  index_ = state_->at(index_).after_element();
  return *this;
}

JsonValue::Member JsonValue::Members::Iterator::operator*() const {
  return {state_->at(index_).get_string_view(), JsonValue(state_, index_ + 1)};
}

JsonValue::Members::Iterator& JsonValue::Members::Iterator::operator++() {
  index_ = state_->at(index_ + 1).after_element();
  return *this;
}

bool JsonValue::append_floats(std::vector<float>& out) const {
  if (!is_array()) return false;
  const std::size_t size_before = out.size();
  const std::uint64_t* const tape = state_->parser.doc.tape.get();
  const std::size_t end = after() - 1;
  for (std::size_t i = index_ + 1; i < end; i += 2) {
    const std::uint64_t bits = tape[i + 1];
    switch (static_cast<tape_type>(tape[i] >> 56)) {
      case tape_type::DOUBLE:
        out.push_back(static_cast<float>(std::bit_cast<double>(bits)));
        break;
      case tape_type::INT64:
        out.push_back(static_cast<float>(static_cast<std::int64_t>(bits)));
        break;
      case tape_type::UINT64:
        out.push_back(static_cast<float>(bits));
        break;
      default:
        out.resize(size_before);
        return false;
    }
  }
  return true;
}

std::string_view JsonValue::raw() const {
  const TextCursor begin = state_->seek(index_);
  TextCursor end = begin;
  const std::size_t after_value = after();
  while (end.index < after_value) state_->advance(end);
  state_->last_begin = begin;
  state_->last_end = end;
  return std::string_view(state_->text).substr(begin.offset, end.offset - begin.offset);
}

JsonDocument::JsonDocument(std::unique_ptr<JsonValue::State> state) : state_(std::move(state)) {}
JsonDocument::JsonDocument(JsonDocument&&) noexcept = default;
JsonDocument& JsonDocument::operator=(JsonDocument&&) noexcept = default;
JsonDocument::~JsonDocument() = default;

Result<JsonDocument> JsonDocument::parse(std::string text, std::size_t depth_max) {
  auto state = std::make_unique<JsonValue::State>();
  state->text = std::move(text);
  state->text.reserve(state->text.size() + simdjson::SIMDJSON_PADDING);
  simdjson::error_code error = simdjson::EMPTY;
  if (!state->text.empty()) {
    // simdjson counts one level more than there are brackets.
    error = state->parser.allocate(state->text.size(), depth_max + 1);
    if (error == simdjson::SUCCESS) {
      error = state->parser.parse(state->text.data(), state->text.size(), false).error();
    }
  }
  if (error == simdjson::SUCCESS) return JsonDocument(std::move(state));
  if (error == simdjson::MEMALLOC)
    return failure(ErrorCode::overloaded, "not enough memory to parse the JSON text");
  if (error == simdjson::CAPACITY) return failure(ErrorCode::too_large, "the JSON text is larger than 4 GiB");
  if (const auto problem = find_json_problem(state->text, depth_max)) {
    return failure(ErrorCode::invalid_argument, problem->to_string());
  }
  return failure(ErrorCode::invalid_argument, simdjson::error_message(error));
}

JsonValue JsonDocument::root() const { return {state_.get(), root_index}; }
const std::string& JsonDocument::text() const { return state_->text; }

}  // namespace kith::net
