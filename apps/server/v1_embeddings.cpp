// POST /v1/embeddings as OpenAI has it, floats and base64.

#include "base/base64.h"
#include "base/bytes.h"
#include "base/try.h"
#include "model/model_catalog.h"
#include "server/v1_endpoints.h"
#include "server/v1_json.h"

namespace kith::server::v1 {
namespace {

constexpr std::size_t inputs_max = 2'048;
constexpr std::uint64_t request_tokens_max = 300'000;

struct Inputs {
  std::vector<std::string> texts;
  std::vector<std::vector<std::uint32_t>> tokens;  // instead of texts
};

Result<std::vector<std::uint32_t>> parse_tokens(const net::JsonValue& list) {
  std::vector<std::uint32_t> out;
  for (const auto value : list.elements()) {
    const auto id = value.unsigned_integer();
    if (!id || *id > 0xFFFF'FFFFU)
      return failure(ErrorCode::invalid_argument, "'input': token ids must be integers of 0 or more");
    out.push_back(static_cast<std::uint32_t>(*id));
  }
  if (out.empty())
    return failure(ErrorCode::invalid_argument, "'input' must not hold an empty array of tokens");
  return out;
}

Result<Inputs> parse_inputs(const net::JsonValue& body) {
  const auto input = body.find_not_null("input");
  if (!input)
    return failure(ErrorCode::invalid_argument,
                   "'input' is missing: a string, strings, token ids or arrays of them");
  Inputs out;
  if (const auto text = input->string()) {
    out.texts.emplace_back(*text);
  } else if (input->is_array()) {
    if (input->size() == 0) return failure(ErrorCode::invalid_argument, "'input' must not be an empty array");
    const auto first = *input->elements().begin();
    if (first.unsigned_integer()) {
      out.tokens.push_back(KITH_TRY(parse_tokens(*input)));
      return out;
    }
    if (input->size() > inputs_max) {
      return failure(ErrorCode::invalid_argument,
                     "'input' has " + std::to_string(input->size()) +
                         " items; at most 2048 are allowed: send several requests");
    }
    for (const auto item : input->elements()) {
      if (first.is_array() && item.is_array()) {
        out.tokens.push_back(KITH_TRY(parse_tokens(item)));
      } else if (const auto text_item = item.string(); text_item && first.is_string()) {
        out.texts.emplace_back(*text_item);
      } else {
        return failure(ErrorCode::invalid_argument,
                       "'input' must hold strings only, or arrays of token ids only");
      }
    }
  } else {
    return failure(ErrorCode::invalid_argument, "'input' must be a string or an array, not " +
                                                    std::string(net::json_type_name(input->type())));
  }
  for (const auto& text : out.texts) {
    if (text.empty()) return failure(ErrorCode::invalid_argument, "'input' must not hold an empty string");
  }
  return out;
}

Result<InputType> parse_input_type(const net::JsonValue& body) {
  auto name = KITH_TRY(text_field(body, "input_type"));
  if (!name) name = KITH_TRY(text_field(body, "prompt_name"));
  if (!name || *name == "document" || *name == "passage" || *name == "search_document")
    return InputType::document;
  if (*name == "query" || *name == "search_query") return InputType::query;
  return failure(ErrorCode::invalid_argument, "input_type '" + *name + "' is unknown; use query or document");
}

Result<Embeddings> embed(const Embedder& model, const Inputs& inputs, InputType type, const StopToken* stop) {
  if (!inputs.tokens.empty()) return model.embed_tokens(inputs.tokens, type, stop);
  std::uint64_t tokens = 0;
  for (const auto& text : inputs.texts) {
    tokens += model.count_tokens(text);
    if (tokens > request_tokens_max) {
      return failure(ErrorCode::invalid_argument,
                     "the request has more than 300000 tokens; send several requests");
    }
  }
  const std::vector<std::string_view> views(inputs.texts.begin(), inputs.texts.end());
  return model.embed(views, type, stop);
}

}  // namespace

Outcome embeddings(Node& node, const net::Request& request) {
  const auto document = KITH_TRY(parse_body(request));
  const auto body = document.root();
  const auto inputs = KITH_TRY(parse_inputs(body));
  const std::string format = KITH_TRY(text_field(body, "encoding_format")).value_or("float");
  if (format != "float" && format != "base64") {
    return failure(ErrorCode::invalid_argument,
                   "encoding_format '" + format + "' is unknown; use float or base64");
  }
  const InputType type = KITH_TRY(parse_input_type(body));
  std::string name = KITH_TRY(text_field(body, "model")).value_or("");
  if (name.empty()) name = node.parameters().embedding_model.get();
  if (name.find('/') != std::string::npos || name.find("..") != std::string::npos) {
    // A request may name a model below models.folder, never a folder of its choice.
    if (name != node.parameters().embedding_model.get())
      return failure(ErrorCode::not_found,
                     "model '" + name + "' does not exist; GET /v1/models lists those there are");
  }
  const auto model = KITH_TRY(node.embedder(name));
  if (const auto dimensions = KITH_TRY(unsigned_field(body, "dimensions"));
      dimensions && *dimensions != model->dimension()) {
    return failure(ErrorCode::invalid_argument, "'dimensions': model '" + name + "' gives " +
                                                    std::to_string(model->dimension()) +
                                                    " and cannot be shortened; leave the field out");
  }
  const auto result = KITH_TRY(embed(*model, inputs, type, request.stop));
  std::uint64_t tokens = 0;
  for (const auto count : result.tokens) tokens += count;

  std::string out;
  JsonWriter json(out);
  json.begin_object().field("object", "list").key("data").begin_array();
  for (std::size_t i = 0; i < result.tokens.size(); ++i) {
    json.begin_object().field("object", "embedding").field("index", i).key("embedding");
    if (format == "base64") {
      json.value(base64_encode(as_string_view(std::as_bytes(result.row(i)))));
    } else {
      json.value(result.row(i));
    }
    json.end_object();
  }
  json.end_array().field("model", name);
  json.key("usage")
      .begin_object()
      .field("prompt_tokens", tokens)
      .field("total_tokens", tokens)
      .end_object()
      .end_object();
  return Answer{out};
}

Outcome list_models(Node& node, const net::Request&) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("object", "list").key("data").begin_array();
  for (const auto& model : KITH_TRY(model::list_models(node.models_folder()))) {
    json.begin_object().field("id", model.name).field("object", "model").field("owned_by", model.source);
    json.field("dimension", model.dimension)
        .field("tokens_max", model.tokens_max)
        .field("bytes", model.bytes);
    if (!model.problem.empty()) json.field("problem", model.problem);
    json.end_object();
  }
  json.end_array().end_object();
  return Answer{out};
}

}  // namespace kith::server::v1
