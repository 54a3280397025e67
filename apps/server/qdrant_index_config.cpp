#include "server/qdrant_index_config.h"

#include <array>
#include <optional>
#include <string_view>

#include "base/try.h"
#include "server/qdrant_config_shape.h"

namespace kith::server::qdrant {
namespace {

using Type = ConfigField::Type;

struct Language {
  std::string_view name, code;
};
/// Qdrant's names of languages; the code is ISO 639-1, or the name where there is none.
constexpr std::array<Language, 32> languages{
    {{"arabic", "ar"},    {"armenian", "hy"},   {"azerbaijani", "az"}, {"basque", "eu"},
     {"bengali", "bn"},   {"catalan", "ca"},    {"chinese", "zh"},     {"danish", "da"},
     {"dutch", "nl"},     {"english", "en"},    {"finnish", "fi"},     {"french", "fr"},
     {"german", "de"},    {"greek", "el"},      {"hebrew", "he"},      {"hinglish", "hinglish"},
     {"hungarian", "hu"}, {"indonesian", "id"}, {"italian", "it"},     {"japanese", "ja"},
     {"kazakh", "kk"},    {"nepali", "ne"},     {"norwegian", "no"},   {"portuguese", "pt"},
     {"romanian", "ro"},  {"russian", "ru"},    {"slovene", "sl"},     {"spanish", "es"},
     {"swedish", "sv"},   {"tajik", "tg"},      {"tamil", "ta"},       {"turkish", "tr"}}};

Result<std::string> language_code(const net::JsonValue& value, const Place& at) {
  const auto text = value.string();
  if (!text) return format_error(at, "expected the name of a language");
  for (const auto& language : languages) {
    if (*text == language.name) return std::string(language.code);
  }
  return format_error(at, "unknown language `" + std::string(*text) + "`");
}

Result<std::vector<std::string>> language_codes(const net::JsonValue& list, const Place& at) {
  if (!list.is_array()) return format_error(at, "expected a list of languages");
  std::vector<std::string> out;
  for (const auto element : list.elements()) {
    out.push_back(KITH_TRY(language_code(element, Place(at, out.size()))));
  }
  return out;
}

Status read_stop_words(const net::JsonValue& value, const Place& at, TextIndexOptions& out) {
  if (value.is_string()) {
    out.stop_word_languages = {KITH_TRY(language_code(value, at))};
    return {};
  }
  if (!value.is_object()) return format_error(at, "expected a language or an object");
  if (const auto list = value.find_not_null("languages")) {
    out.stop_word_languages = KITH_TRY(language_codes(*list, Place(at, "languages")));
  }
  if (const auto list = value.find_not_null("custom")) {
    out.stop_words = KITH_TRY(text_list(*list, Place(at, "custom")));
  }
  return {};
}

Status read_stemmer(const net::JsonValue& value, const Place& at, TextIndexOptions& out) {
  const auto kind = KITH_TRY(optional_choice(value, "type", {"snowball", "none"}, at));
  if (!kind) return missing_field(at, "type");
  if (*kind == 1) return {};
  const auto language = value.find_not_null("language");
  if (!language) return missing_field(at, "language");
  out.stemmer = KITH_TRY(language_code(*language, Place(at, "language")));
  return {};
}

Status copy_stop_words(const net::JsonValue& value, const Place& at, Checks&, JsonWriter& out) {
  TextIndexOptions unused;
  KITH_TRY(read_stop_words(value, at, unused));
  out.raw(value.raw());
  return {};
}

Status copy_stemmer(const net::JsonValue& value, const Place& at, Checks&, JsonWriter& out) {
  TextIndexOptions unused;
  KITH_TRY(read_stemmer(value, at, unused));
  out.raw(value.raw());
  return {};
}

constexpr std::array<std::string_view, 8> kind_names{"keyword", "integer",  "float", "bool",
                                                     "geo",     "datetime", "uuid",  "text"};
constexpr std::array kinds{FieldKind::keyword, FieldKind::integer,  FieldKind::floating, FieldKind::boolean,
                           FieldKind::geo,     FieldKind::datetime, FieldKind::uuid,     FieldKind::text};
constexpr std::array<std::string_view, 3> memory_names{"cold", "cached", "pinned"};
constexpr std::array<std::string_view, 4> tokenizer_names{"word", "whitespace", "prefix", "multilingual"};
constexpr std::array tokenizers{TextTokenizer::word, TextTokenizer::whitespace, TextTokenizer::prefix,
                                TextTokenizer::multilingual};

constexpr ConfigField flag(std::string_view name) { return {.name = name, .type = Type::boolean}; }
constexpr ConfigField type_field{
    .name = "type", .type = Type::choice, .required = true, .choices = kind_names};
constexpr ConfigField memory_field{.name = "memory", .type = Type::choice, .choices = memory_names};

constexpr std::array keyword_fields{type_field,   flag("is_tenant"),   flag("on_disk"),
                                    memory_field, flag("enable_hnsw"), flag("prefix")};
constexpr std::array integer_fields{type_field,      flag("lookup"), flag("range"),      flag("is_principal"),
                                    flag("on_disk"), memory_field,   flag("enable_hnsw")};
constexpr std::array ordered_fields{type_field, flag("is_principal"), flag("on_disk"), memory_field,
                                    flag("enable_hnsw")};
constexpr std::array plain_fields{type_field, flag("on_disk"), memory_field, flag("enable_hnsw")};
constexpr std::array uuid_fields{type_field, flag("is_tenant"), flag("on_disk"), memory_field,
                                 flag("enable_hnsw")};
constexpr std::array text_fields{
    type_field,
    ConfigField{.name = "tokenizer", .type = Type::choice, .choices = tokenizer_names},
    ConfigField{.name = "min_token_len", .type = Type::whole},
    ConfigField{.name = "max_token_len", .type = Type::whole},
    flag("lowercase"),
    flag("ascii_folding"),
    flag("phrase_matching"),
    ConfigField{.name = "stopwords", .type = Type::custom, .write = copy_stop_words},
    flag("on_disk"),
    memory_field,
    ConfigField{.name = "stemmer", .type = Type::custom, .write = copy_stemmer},
    flag("enable_hnsw")};

ConfigShape shape_of(FieldKind kind) {
  switch (kind) {
    case FieldKind::keyword:
      return keyword_fields;
    case FieldKind::integer:
      return integer_fields;
    case FieldKind::floating:
    case FieldKind::datetime:
      return ordered_fields;
    case FieldKind::uuid:
      return uuid_fields;
    case FieldKind::text:
      return text_fields;
    case FieldKind::boolean:
    case FieldKind::geo:
      return plain_fields;
  }
  return plain_fields;
}

Result<FieldKind> kind_of(const net::JsonValue& value, const Place& at) {
  std::string unused;
  JsonWriter json(unused);
  KITH_TRY(copy_choice(value, kind_names, at, json));
  std::size_t index = 0;
  while (value.string() != kind_names[index]) ++index;
  return kinds[index];
}

Status read_text_options(const net::JsonValue& schema, const Place& at, TextIndexOptions& out) {
  if (const auto tokenizer = schema.find_not_null("tokenizer")) {
    for (std::size_t i = 0; i < tokenizers.size(); ++i) {
      if (tokenizer->string() == tokenizer_names[i]) out.tokenizer = tokenizers[i];
    }
  }
  out.min_token_length = KITH_TRY(optional_unsigned(schema, "min_token_len", at)).value_or(0);
  out.max_token_length = KITH_TRY(optional_unsigned(schema, "max_token_len", at)).value_or(0);
  out.lowercase = KITH_TRY(optional_bool(schema, "lowercase", at)).value_or(true);
  out.ascii_folding = KITH_TRY(optional_bool(schema, "ascii_folding", at)).value_or(false);
  out.phrase_matching = KITH_TRY(optional_bool(schema, "phrase_matching", at)).value_or(false);
  if (const auto value = schema.find_not_null("stopwords")) {
    KITH_TRY(read_stop_words(*value, Place(at, "stopwords"), out));
  }
  if (const auto value = schema.find_not_null("stemmer")) {
    KITH_TRY(read_stemmer(*value, Place(at, "stemmer"), out));
  }
  return {};
}

Result<FieldIndexConfig> parse_schema(const net::JsonValue& schema, const Place& at, Checks& checks) {
  FieldIndexConfig out;
  if (schema.is_string()) {
    out.kind = KITH_TRY(kind_of(schema, at));
    return out;
  }
  if (!schema.is_object()) return format_error(at, "expected the name of a type or an object with `type`");
  const auto type = schema.find_not_null("type");
  if (!type) return missing_field(at, "type");
  out.kind = KITH_TRY(kind_of(*type, Place(at, "type")));
  out.face.clear();
  JsonWriter echo(out.face);
  KITH_TRY(copy_config(schema, shape_of(out.kind), at, checks, echo));
  if (out.kind == FieldKind::integer) {
    out.lookup = KITH_TRY(optional_bool(schema, "lookup", at)).value_or(true);
    out.range = KITH_TRY(optional_bool(schema, "range", at)).value_or(true);
    if (!out.lookup && !out.range) {
      checks.add(at, "Validation error: the 'lookup' and 'range' capabilities can't be both disabled");
    }
  }
  if (out.kind == FieldKind::text) KITH_TRY(read_text_options(schema, at, out.text));
  return out;
}

}  // namespace

Result<FieldIndexRequest> parse_field_index(const net::JsonValue& body) {
  const Place at;
  Checks checks;
  FieldIndexRequest out;
  out.field_name = KITH_TRY(required_text(body, "field_name", at));
  auto schema = body.find_not_null("field_schema");
  if (!schema) schema = body.find_not_null("field_type");
  if (!schema) {
    return bad_request(
        "Can't auto-detect field type, please specify `field_schema` in the request (\"keyword\", "
        "\"integer\", "
        "…)");
  }
  out.config = KITH_TRY(parse_schema(*schema, Place(at, "field_schema"), checks));
  KITH_TRY(checks.status());
  return out;
}

}  // namespace kith::server::qdrant
