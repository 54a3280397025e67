#include "model/sentence_folder.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <vector>

#include "model/json_config.h"

namespace kith::model {
namespace {

namespace fs = std::filesystem;

bool exists(const std::string& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

struct Module {
  std::string type;  // "Transformer", "Pooling", "Normalize", …
  std::string folder;
};

/// Paths in modules.json stay inside the model's folder.
bool stays_inside(const std::string& path) {
  const fs::path relative(path);
  return relative.is_relative() && std::ranges::find(relative, fs::path("..")) == relative.end();
}

Result<std::vector<Module>> read_modules(const std::string& folder) {
  const std::string path = folder + "/modules.json";
  if (!exists(path)) {
    return failure(ErrorCode::not_found,
                   folder +
                       " has no modules.json, so it is not a sentence-transformers model folder; "
                       "give the folder that holds modules.json, config.json, tokenizer.json and "
                       "model.safetensors");
  }
  const Json json = KITH_TRY(load_json(path));
  if (!json.is_array() || json.empty() || json.size() > 16) {
    return failure(ErrorCode::corrupt, path + " is not a list of modules");
  }
  std::vector<std::pair<std::pair<std::uint64_t, std::size_t>, Module>> ordered;  // by idx, then as listed
  for (const Json& entry : json) {
    if (!entry.is_object()) return failure(ErrorCode::corrupt, path + " is not a list of modules");
    const std::string type = KITH_TRY(text_or(entry, "type", "", path));
    const std::string relative = KITH_TRY(text_or(entry, "path", "", path));
    if (!stays_inside(relative)) {
      return failure(ErrorCode::corrupt, path + ": the path \"" + relative + "\" leaves the model's folder");
    }
    const std::uint64_t index = KITH_TRY(optional_size(entry, "idx", path)).value_or(ordered.size());
    ordered.emplace_back(
        std::pair(index, ordered.size()),
        Module{type.substr(type.rfind('.') + 1), relative.empty() ? folder : folder + "/" + relative});
  }
  std::ranges::sort(ordered, {}, [](const auto& entry) { return entry.first; });
  std::vector<Module> modules;
  for (auto& [index, module] : ordered) modules.push_back(std::move(module));
  return modules;
}

struct PoolingFlag {
  const char* flag;
  PoolingMode mode;
};
// In the order in which the reference puts the vectors one after another.
constexpr std::array pooling_flags = {
    PoolingFlag{"pooling_mode_cls_token", PoolingMode::cls},
    PoolingFlag{"pooling_mode_max_tokens", PoolingMode::max},
    PoolingFlag{"pooling_mode_mean_tokens", PoolingMode::mean},
    PoolingFlag{"pooling_mode_mean_sqrt_len_tokens", PoolingMode::mean_sqrt_length},
    PoolingFlag{"pooling_mode_weightedmean_tokens", PoolingMode::weighted_mean},
    PoolingFlag{"pooling_mode_lasttoken", PoolingMode::last_token},
};

Result<PoolingMode> pooling_mode(const Json& name, const std::string& path) {
  for (const PoolingFlag& row : pooling_flags) {
    if (name.is_string() && name.get_ref<const std::string&>() == pooling_mode_name(row.mode))
      return row.mode;
  }
  return failure(ErrorCode::unsupported,
                 path + ": the pooling mode " + name.dump(-1, ' ', false, Json::error_handler_t::replace) +
                     " is not supported (cls, max, mean, mean_sqrt_len_tokens, weightedmean "
                     "and lasttoken are)");
}

Result<Pooling> read_pooling(const std::string& folder, std::size_t hidden) {
  const std::string path = folder + "/config.json";
  const Json json = KITH_TRY(load_json_object(path));
  const auto dimension = KITH_TRY(optional_size(json, "word_embedding_dimension", path));
  if (dimension && *dimension != hidden) {
    return failure(ErrorCode::corrupt, path + " pools vectors of dimension " + std::to_string(*dimension) +
                                           ", but the transformer's hidden_size is " +
                                           std::to_string(hidden));
  }
  Pooling pooling;
  pooling.include_prompt = KITH_TRY(flag_or(json, "include_prompt", true, path));
  if (const Json* mode = find_value(json, "pooling_mode")) {  // newer files name the mode, or list several
    if (mode->is_array()) {
      for (const Json& name : *mode) pooling.modes.push_back(KITH_TRY(pooling_mode(name, path)));
    } else {
      pooling.modes.push_back(KITH_TRY(pooling_mode(*mode, path)));
    }
  } else {
    for (const PoolingFlag& row : pooling_flags) {
      if (KITH_TRY(flag_or(json, row.flag, false, path))) pooling.modes.push_back(row.mode);
    }
  }
  if (pooling.modes.empty() || pooling.modes.size() > pooling_flags.size()) {
    return failure(ErrorCode::unsupported, path + " switches no pooling mode on that is supported");
  }
  return pooling;
}

/// Modules must be: Transformer, Pooling, then any number of Normalize.
Status read_pipeline(const std::string& folder, SentenceFolder& out, std::string& transformer) {
  const std::vector<Module> modules = KITH_TRY(read_modules(folder));
  const std::string path = folder + "/modules.json";
  for (const Module& module : modules) {
    if (module.type != "Transformer" && module.type != "Pooling" && module.type != "Normalize") {
      return failure(ErrorCode::unsupported,
                     path + ": the module \"" + module.type +
                         "\" is not supported (Transformer, Pooling and Normalize are)");
    }
  }
  if (modules.size() < 2 || modules[0].type != "Transformer" || modules[1].type != "Pooling" ||
      std::ranges::any_of(modules.begin() + 2, modules.end(),
                          [](const Module& m) { return m.type != "Normalize"; })) {
    return failure(ErrorCode::unsupported,
                   path + " must list Transformer, Pooling and, if wanted, Normalize, in this order");
  }
  transformer = modules[0].folder;
  out.bert = KITH_TRY(load_bert_config(transformer + "/config.json"));
  out.pooling = KITH_TRY(read_pooling(modules[1].folder, out.bert.hidden));
  out.normalize = modules.size() > 2;
  return {};
}

Status read_limits(const std::string& transformer, SentenceFolder& out) {
  const std::string path = transformer + "/sentence_bert_config.json";
  std::optional<std::uint64_t> tokens;
  if (exists(path)) {
    const Json json = KITH_TRY(load_json_object(path));
    tokens = KITH_TRY(optional_size(json, "max_seq_length", path));
    out.lowercase_first = KITH_TRY(flag_or(json, "do_lower_case", false, path));
  }
  out.tokens_max = out.bert.positions;
  if (tokens) {
    out.tokens_max = std::min<std::size_t>(out.tokens_max, *tokens);
  } else if (const std::string other = transformer + "/tokenizer_config.json"; exists(other)) {
    const Json json = KITH_TRY(load_json_object(other));
    // "No limit" is written as 1e30 there, which is no integer.
    const Json* limit = find_value(json, "model_max_length");
    if (limit != nullptr && limit->is_number_unsigned()) {
      out.tokens_max = std::min<std::size_t>(out.tokens_max, limit->get<std::uint64_t>());
    }
  }
  return {};
}

Status read_prompts(const std::string& folder, SentenceFolder& out) {
  const std::string path = folder + "/config_sentence_transformers.json";
  if (!exists(path)) return {};
  const Json json = KITH_TRY(load_json_object(path));
  const Json* prompts = find_value(json, "prompts");
  if (prompts != nullptr && !prompts->is_object())
    return failure(ErrorCode::corrupt, path + ": \"prompts\" is not an object");
  const std::string fallback = KITH_TRY(text_or(json, "default_prompt_name", "", path));
  // As the reference's encode_query and encode_document: the first of these names that there is, else the default.
  const auto choose = [&](std::initializer_list<const char*> names, std::string& prompt) -> Status {
    for (const char* name : names) {
      if (prompts == nullptr || find_value(*prompts, name) == nullptr) continue;
      prompt = KITH_TRY(text_or(*prompts, name, "", path));
      return {};
    }
    if (prompts != nullptr && !fallback.empty()) prompt = KITH_TRY(text_or(*prompts, fallback, "", path));
    return {};
  };
  KITH_TRY(choose({"query"}, out.query_prompt));
  return choose({"document", "passage", "corpus"}, out.document_prompt);
}

Status find_weights(const std::string& transformer, SentenceFolder& out) {
  out.weights_path = transformer + "/model.safetensors";
  if (exists(out.weights_path)) return {};
  if (exists(transformer + "/model.safetensors.index.json")) {
    return failure(ErrorCode::unsupported,
                   transformer + " holds its weights in several files; save them as one model.safetensors");
  }
  if (exists(transformer + "/pytorch_model.bin")) {
    return failure(
        ErrorCode::unsupported,
        transformer +
            "/pytorch_model.bin is a Python pickle, which can run code when it is read, so it is refused; "
            "convert it to model.safetensors (Python: safetensors.torch.save_file)");
  }
  return failure(ErrorCode::not_found, out.weights_path + " is missing; fetch the model again");
}

}  // namespace

std::string SentenceFolder::description() const {
  std::string text = "pooling:";
  for (const PoolingMode mode : pooling.modes) text += " " + std::string(pooling_mode_name(mode));
  text += pooling.include_prompt ? "" : " without prompt";
  text += normalize ? "\nnormalized" : "\nas it is";
  text += "\ntokens: " + std::to_string(tokens_max);
  text += "\nheads: " + std::to_string(bert.heads) +
          " activation: " + std::to_string(static_cast<int>(bert.activation)) +
          " epsilon: " + std::to_string(bert.layer_norm_epsilon * 1e12);
  text += "\nquery: " + std::to_string(query_prompt.size()) + " " + query_prompt;
  text += "\ndocument: " + std::to_string(document_prompt.size()) + " " + document_prompt;
  return text;
}

Result<SentenceFolder> read_sentence_folder(const std::string& folder) {
  std::error_code ignored;
  if (!fs::is_directory(folder, ignored)) {
    return failure(ErrorCode::not_found, "there is no model folder " + folder +
                                             "; see `kith models list`, or fetch one with `kith models pull "
                                             "all-MiniLM-L6-v2`");
  }
  SentenceFolder out;
  std::string transformer;
  KITH_TRY(read_pipeline(folder, out, transformer));
  KITH_TRY(read_limits(transformer, out));
  KITH_TRY(read_prompts(folder, out));
  KITH_TRY(find_weights(transformer, out));
  out.tokenizer_path = transformer + "/tokenizer.json";
  if (!exists(out.tokenizer_path)) {
    return failure(ErrorCode::not_found,
                   out.tokenizer_path +
                       " is missing (vocab.txt alone does not say how text is split); save the "
                       "tokenizer in the fast format, or fetch the model again");
  }
  return out;
}

}  // namespace kith::model
