#include <simdjson.h>

#include <utility>

#include "base/try.h"
#include "fields/payload_edit.h"
#include "fields/payload_writer.h"

namespace kith::fields {
namespace {

Result<std::vector<PayloadPath>> parse_paths(const std::vector<std::string>& texts) {
  std::vector<PayloadPath> paths;
  paths.reserve(texts.size());
  for (const auto& text : texts) paths.push_back(KITH_TRY(PayloadPath::parse(text)));
  return paths;
}

std::unexpected<Error> wrong_shape() {
  return failure(
      ErrorCode::invalid_argument,
      "with_payload must be true, false, a list of keys, {\"include\": [keys]} or {\"exclude\": [keys]}");
}

Result<std::vector<std::string>> strings(simdjson::dom::element value) {
  if (!value.is_array()) return wrong_shape();
  std::vector<std::string> out;
  for (const auto item : simdjson::dom::array(value)) {
    if (!item.is_string()) return wrong_shape();
    out.emplace_back(std::string_view(item));
  }
  return out;
}

}  // namespace

Result<PayloadSelection> PayloadSelection::include(const std::vector<std::string>& paths) {
  return PayloadSelection(Kind::include, KITH_TRY(parse_paths(paths)));
}

Result<PayloadSelection> PayloadSelection::exclude(const std::vector<std::string>& paths) {
  return PayloadSelection(Kind::exclude, KITH_TRY(parse_paths(paths)));
}

Result<PayloadSelection> PayloadSelection::parse(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::element root;
  if (parser.parse(json.data(), json.size(), true).get(root) != simdjson::SUCCESS) return wrong_shape();
  if (root.is_bool()) return bool(root) ? all() : none();
  if (root.is_array()) return include(KITH_TRY(strings(root)));
  if (!root.is_object()) return wrong_shape();
  const simdjson::dom::object object(root);
  if (object.size() != 1) return wrong_shape();
  const auto field = *object.begin();
  if (field.key == "include") return include(KITH_TRY(strings(field.value)));
  if (field.key == "exclude") return exclude(KITH_TRY(strings(field.value)));
  return wrong_shape();
}

Result<std::string> PayloadSelection::apply(std::string_view payload) const {
  std::string out;
  if (kind_ == Kind::none) return std::string("{}");
  const auto scope = kind_ == Kind::all       ? CopyScope::everything()
                     : kind_ == Kind::include ? CopyScope::include(paths_)
                                              : CopyScope::exclude(paths_);
  out.reserve(payload.size());
  PayloadReader reader;
  PayloadWriter writer(out);
  writer.begin();
  const auto object = KITH_TRY(reader.open(payload));
  KITH_TRY(writer.members(object, scope));
  KITH_TRY(reader.close());
  writer.end();
  return out;
}

}  // namespace kith::fields
