#include <simdjson.h>

#include <optional>

#include "base/try.h"
#include "base/utf8.h"
#include "rag/encoding.h"
#include "rag/loader.h"
#include "rag/structured_text_builder.h"

namespace kith::rag {
namespace {

namespace dom = simdjson::dom;

std::optional<dom::element> first_of(const dom::object& object, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    dom::element value;
    if (object.at_key(name).get(value) == simdjson::SUCCESS && !value.is_null()) return value;
  }
  return std::nullopt;
}

std::string names_of(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out.append(out.empty() ? "" : " or ").append("\"" + name + "\"");
  return out;
}

/// A string; numbers are taken as they are written, since ids often are numbers.
Result<std::string> text_of(const dom::object& object, const std::vector<std::string>& names) {
  const auto value = first_of(object, names);
  if (!value) return std::string();
  std::string_view text;
  if (value->get(text) == simdjson::SUCCESS) return std::string(text);
  if (value->is_int64() || value->is_uint64()) return simdjson::minify(*value);
  return failure(ErrorCode::invalid_argument, "the field " + names_of(names) + " must be a string");
}

class JsonlLoader final : public Loader {
 public:
  JsonlLoader(const LoadLimits& limits, JsonlFields fields, const LoaderRegistry& inner)
      : limits_(limits), fields_(std::move(fields)), inner_(inner) {}
  std::string_view media_type() const override { return "application/jsonl"; }
  std::uint32_t version() const override { return 1; }

  Result<LoadedDocument> load(const LoadInput& input) const override {
    dom::parser parser;
    dom::element root;
    const simdjson::padded_string padded(input.bytes);
    if (const auto error = parser.parse(padded).get(root)) {
      return failure(
          ErrorCode::invalid_argument,
          std::string("not valid JSON: ") + simdjson::error_message(error) + "; each line holds one object");
    }
    dom::object object;
    if (root.get(object) != simdjson::SUCCESS) {
      return failure(ErrorCode::invalid_argument,
                     "a line must hold a JSON object such as {\"id\": …, \"text\": …}");
    }
    return from_object(object);
  }

 private:
  Result<LoadedDocument> from_object(const dom::object& object) const {
    const auto text_field = first_of(object, fields_.text);
    std::string_view text;
    if (!text_field || text_field->get(text) != simdjson::SUCCESS) {
      return failure(ErrorCode::invalid_argument,
                     "the field " + names_of(fields_.text) + " with the text is missing");
    }
    std::string_view type = "text/plain";
    dom::element type_field;
    if (object.at_key("media_type").get(type_field) == simdjson::SUCCESS &&
        type_field.get(type) != simdjson::SUCCESS) {
      return failure(ErrorCode::invalid_argument, "the field \"media_type\" must be a string");
    }
    if (LoaderRegistry::is_json_lines(type)) {
      return failure(ErrorCode::invalid_argument,
                     "a JSON line cannot hold JSON lines; media_type must be another");
    }
    auto document = KITH_TRY(inner_.load({.bytes = text, .name = {}, .media_type = type}));
    document.id = KITH_TRY(text_of(object, fields_.id));
    document.uri = KITH_TRY(text_of(object, fields_.uri));
    const std::string title = KITH_TRY(text_of(object, fields_.title));
    if (!title.empty()) document.content.title = collapse_white_space(title);
    if (const auto metadata = first_of(object, fields_.metadata)) {
      if (!metadata->is_object()) {
        return failure(ErrorCode::invalid_argument,
                       "the field " + names_of(fields_.metadata) + " must be an object");
      }
      document.metadata = simdjson::minify(*metadata);
    }
    return document;
  }

  LoadLimits limits_;
  JsonlFields fields_;
  const LoaderRegistry& inner_;
};

}  // namespace

std::unique_ptr<Loader> make_jsonl_loader(const LoadLimits& limits, JsonlFields fields,
                                          const LoaderRegistry& inner) {
  return std::make_unique<JsonlLoader>(limits, std::move(fields), inner);
}

}  // namespace kith::rag
