#include "model/bert_config.h"

#include "model/json_config.h"

namespace kith::model {
namespace {

Result<std::size_t> bounded(const Json& json, std::string_view key, std::size_t most,
                            const std::string& path) {
  const auto value = KITH_TRY(optional_size(json, key, path));
  if (!value) return failure(ErrorCode::corrupt, path + " has no \"" + std::string(key) + "\"");
  if (*value == 0 || *value > most) {
    return failure(ErrorCode::corrupt, path + ": \"" + std::string(key) + "\" is " + std::to_string(*value) +
                                           ", expected 1…" + std::to_string(most));
  }
  return static_cast<std::size_t>(*value);
}

Result<Activation> read_activation(const Json& json, const std::string& path) {
  const std::string name = KITH_TRY(text_or(json, "hidden_act", "gelu", path));
  if (name == "gelu") return Activation::gelu_erf;
  if (name == "gelu_new" || name == "gelu_fast" || name == "gelu_pytorch_tanh") return Activation::gelu_tanh;
  if (name == "relu") return Activation::relu;
  return failure(ErrorCode::unsupported,
                 path + ": the activation \"" + name +
                     "\" is not supported (gelu, gelu_new, gelu_fast, gelu_pytorch_tanh and "
                     "relu are)");
}

Status check_kind(const Json& json, const std::string& path) {
  const std::string type = KITH_TRY(text_or(json, "model_type", "", path));
  if (type != "bert") {
    return failure(ErrorCode::unsupported, path + ": the architecture \"" + type +
                                               "\" is not supported; models of type \"bert\" are");
  }
  const std::string position = KITH_TRY(text_or(json, "position_embedding_type", "absolute", path));
  if (position != "absolute") {
    return failure(ErrorCode::unsupported,
                   path + ": position_embedding_type \"" + position + "\" is not supported");
  }
  if (KITH_TRY(flag_or(json, "is_decoder", false, path)) ||
      KITH_TRY(flag_or(json, "add_cross_attention", false, path))) {
    return failure(ErrorCode::unsupported, path + ": decoders are not supported as embedding models");
  }
  return {};
}

}  // namespace

Result<BertConfig> load_bert_config(const std::string& path) {
  const Json json = KITH_TRY(load_json_object(path));
  KITH_TRY(check_kind(json, path));
  BertConfig config;
  config.hidden = KITH_TRY(bounded(json, "hidden_size", 16384, path));
  config.layers = KITH_TRY(bounded(json, "num_hidden_layers", 256, path));
  config.heads = KITH_TRY(bounded(json, "num_attention_heads", 1024, path));
  config.intermediate = KITH_TRY(bounded(json, "intermediate_size", 131072, path));
  config.vocabulary = KITH_TRY(bounded(json, "vocab_size", 10'000'000, path));
  config.positions = KITH_TRY(bounded(json, "max_position_embeddings", 65536, path));
  config.token_types = KITH_TRY(bounded(json, "type_vocab_size", 256, path));
  config.activation = KITH_TRY(read_activation(json, path));
  if (const Json* epsilon = find_value(json, "layer_norm_eps")) {
    const double value = epsilon->is_number() ? epsilon->get<double>() : -1;
    if (!(value >= 0 && value <= 1)) {
      return failure(ErrorCode::corrupt, path + ": \"layer_norm_eps\" is not a number from 0 to 1");
    }
    config.layer_norm_epsilon = static_cast<float>(value);
  }
  if (config.hidden % config.heads != 0) {
    return failure(ErrorCode::corrupt, path + ": hidden_size " + std::to_string(config.hidden) +
                                           " is not a multiple of num_attention_heads " +
                                           std::to_string(config.heads));
  }
  return config;
}

}  // namespace kith::model
