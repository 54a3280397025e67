#include "fields/filter_program.h"

#include <optional>
#include <utility>

#include "base/try.h"
#include "fields/id_slice.h"
#include "text/unicode.h"

namespace kith::fields::program {
namespace {

template <class T>
void sort_unique(std::vector<T>& values) {
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
}

bool needs_payload(const Check& check) {
  if (const auto* inner = std::get_if<Inner>(&check)) return inner->block->needs_payload;
  return !std::holds_alternative<Ids>(check) && !std::holds_alternative<VectorName>(check) &&
         !std::holds_alternative<Part>(check);
}

bool needs_vector_names(const Check& check) {
  if (const auto* inner = std::get_if<Inner>(&check)) return inner->block->needs_vector_names;
  return std::holds_alternative<VectorName>(check);  // inside InElements it is false whatever the names
}

/// The keys with a text index, and their tokens once somebody asks.
class TextFields {
 public:
  explicit TextFields(const FieldConfigs* fields) {
    if (fields == nullptr) return;
    for (const auto& [key, config] : *fields) {
      if (config.kind != FieldKind::text) continue;
      if (auto path = PayloadPath::parse(key)) entries_.push_back({path->field(), &config.text, nullptr});
    }
  }

  /// Null: there is no text index at this key.
  Result<std::shared_ptr<const TextTokens>> tokens(const PayloadPath& path) {
    if (entries_.empty()) return nullptr;
    const auto found = std::ranges::find(entries_, path.field(), &Entry::path);
    if (found == entries_.end()) return nullptr;
    if (!found->tokens) found->tokens = KITH_TRY(TextTokens::create(*found->options));
    return found->tokens;
  }

 private:
  struct Entry {
    PayloadPath path;
    const TextIndexOptions* options;
    std::shared_ptr<const TextTokens> tokens;
  };
  std::vector<Entry> entries_;
};

std::vector<std::string> words_of(std::string_view text) {
  std::vector<std::string> words;
  bool open = false;
  for (std::size_t at = 0; at < text.size();) {
    const auto character = text::decode_char(text, at);
    const bool space = text::is_space(character.code);
    if (!space && !open) words.emplace_back();
    if (!space) words.back() += text.substr(at, character.bytes);
    open = !space;
    at += character.bytes;
  }
  return words;
}

Result<Block> compile_block(const Filter& filter, TextFields& fields,
                            const std::optional<PayloadPath>& inside, std::size_t depth_left);

class Compiler {
 public:
  /// `inside`: the elements that the filter looks at; none outside of Nested.
  Compiler(TextFields& fields, const std::optional<PayloadPath>& inside, std::size_t depth_left)
      : fields_(fields), inside_(inside), depth_left_(depth_left) {}

  Result<Check> operator()(const MatchAny& c) const {
    return Any{KITH_TRY(PayloadPath::parse(c.key)), ScalarSet(c.any)};
  }
  Result<Check> operator()(const MatchExcept& c) const {
    return Except{KITH_TRY(PayloadPath::parse(c.key)), ScalarSet(c.except)};
  }
  Result<Check> operator()(const MatchText& c) const {
    auto path = KITH_TRY(PayloadPath::parse(c.key));
    if (c.mode == TextMatch::substring) return Contains{std::move(path), {c.text}};
    if (auto tokens = KITH_TRY(fields_.tokens(full(path)))) {
      return Tokens{std::move(path), TextQuery(std::move(tokens), c.text, c.mode)};
    }
    if (c.mode == TextMatch::any) return Contains{std::move(path), words_of(c.text)};
    if (c.mode == TextMatch::phrase && c.text.empty()) return Contains{std::move(path), {}};
    return Contains{std::move(path), {c.text}};
  }
  Result<Check> operator()(const MatchPrefix& c) const {
    return Prefix{KITH_TRY(PayloadPath::parse(c.key)), c.prefix};
  }
  Result<Check> operator()(const Range& c) const {
    return NumberRange{KITH_TRY(PayloadPath::parse(c.key)), c};
  }
  Result<Check> operator()(const DatetimeRange& c) const {
    return TimeRange{KITH_TRY(PayloadPath::parse(c.key)), c};
  }
  Result<Check> operator()(const GeoRadius& c) const {
    return Area{KITH_TRY(PayloadPath::parse(c.key)), GeoShape(c)};
  }
  Result<Check> operator()(const GeoBox& c) const {
    return Area{KITH_TRY(PayloadPath::parse(c.key)), GeoShape(c)};
  }
  Result<Check> operator()(const GeoPolygon& c) const {
    KITH_TRY(check_polygon(c));
    return Area{KITH_TRY(PayloadPath::parse(c.key)), GeoShape(c)};
  }
  Result<Check> operator()(const ValuesCount& c) const {
    return Count{KITH_TRY(PayloadPath::parse(c.key)), c};
  }
  Result<Check> operator()(const IsEmpty& c) const { return Empty{KITH_TRY(PayloadPath::parse(c.key))}; }
  Result<Check> operator()(const IsNull& c) const { return Null{KITH_TRY(PayloadPath::parse(c.key))}; }
  Result<Check> operator()(const HasId& c) const {
    Ids ids{c.ids};
    sort_unique(ids.sorted);
    return ids;
  }
  Result<Check> operator()(const HasVector& c) const { return VectorName{c.name}; }
  Result<Check> operator()(const Slice& c) const {
    KITH_TRY(check_slice(c));
    return Part{c};
  }
  Result<Check> operator()(const Nested& c) const {
    auto elements = KITH_TRY(PayloadPath::parse(c.key)).elements();
    auto block = KITH_TRY(inner(c.filter, full(elements)));
    return InElements{std::move(elements), std::move(block)};
  }
  Result<Check> operator()(const SubFilter& c) const { return Inner{KITH_TRY(inner(c.filter, inside_))}; }

 private:
  PayloadPath full(const PayloadPath& path) const { return inside_ ? inside_->join(path) : path; }

  Result<std::unique_ptr<const Block>> inner(const std::shared_ptr<const Filter>& filter,
                                             const std::optional<PayloadPath>& inside) const {
    if (depth_left_ == 0) {
      return failure(ErrorCode::invalid_argument,
                     "filters are nested too deeply in each other; flatten the filter");
    }
    if (!filter) return std::make_unique<const Block>();
    return std::make_unique<const Block>(KITH_TRY(compile_block(*filter, fields_, inside, depth_left_ - 1)));
  }

  TextFields& fields_;
  const std::optional<PayloadPath>& inside_;
  std::size_t depth_left_;
};

Status compile_list(const std::vector<Condition>& conditions, const Compiler& compiler,
                    std::vector<Check>& checks) {
  checks.reserve(conditions.size());
  for (const auto& condition : conditions) checks.push_back(KITH_TRY(std::visit(compiler, condition)));
  std::partition(checks.begin(), checks.end(), [](const Check& check) { return !needs_payload(check); });
  return {};
}

Result<Block> compile_block(const Filter& filter, TextFields& fields,
                            const std::optional<PayloadPath>& inside, std::size_t depth_left) {
  const Compiler compiler(fields, inside, depth_left);
  Block block;
  KITH_TRY(compile_list(filter.must, compiler, block.must));
  KITH_TRY(compile_list(filter.should, compiler, block.should));
  KITH_TRY(compile_list(filter.must_not, compiler, block.must_not));
  if (filter.min_should) {
    KITH_TRY(compile_list(filter.min_should->conditions, compiler, block.min_should));
    block.min_count = filter.min_should->min_count;
  }
  for (const auto* checks : {&block.must, &block.should, &block.must_not, &block.min_should}) {
    block.needs_payload = block.needs_payload || std::any_of(checks->begin(), checks->end(), needs_payload);
    block.needs_vector_names =
        block.needs_vector_names || std::any_of(checks->begin(), checks->end(), needs_vector_names);
  }
  return block;
}

}  // namespace

ScalarSet::ScalarSet(const std::vector<Scalar>& values) {
  for (const auto& value : values) {
    if (const auto* text = std::get_if<std::string>(&value)) strings.push_back(*text);
    if (const auto* number = std::get_if<std::int64_t>(&value)) integers.push_back(*number);
    if (const auto* flag = std::get_if<bool>(&value)) (*flag ? has_true : has_false) = true;
  }
  sort_unique(strings);
  sort_unique(integers);
}

Result<Block> compile(const Filter& filter, const FieldConfigs* fields, std::size_t depth_left) {
  TextFields text_fields(fields);
  return compile_block(filter, text_fields, std::nullopt, depth_left);
}

}  // namespace kith::fields::program
