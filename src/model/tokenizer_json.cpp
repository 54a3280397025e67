// Reads tokenizer.json. What is not understood is refused by name: a normaliser skipped in silence would give other
// token ids than the reference.
#include <simdjson.h>

#include <algorithm>
#include <optional>

#include "base/try.h"
#include "model/mapped_file.h"
#include "model/tokenizer.h"
#include "model/wordpiece.h"

namespace kith::model {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using simdjson::dom::object;

constexpr std::size_t file_bytes_max = std::size_t{256} << 20;
constexpr std::size_t json_depth_max = 64;
constexpr std::uint64_t id_max = 10'000'000;

std::unexpected<Error> damaged(const std::string& what) { return failure(ErrorCode::corrupt, what); }
std::unexpected<Error> refused(const std::string& what) { return failure(ErrorCode::unsupported, what); }

/// Whether the key is there and not null.
bool present(const element& parent, std::string_view key) {
  element value;
  return parent.at_key(key).get(value) == simdjson::SUCCESS && !value.is_null();
}

Result<std::string_view> type_of(const element& part, std::string_view name) {
  std::string_view type;
  if (part["type"].get(type) != simdjson::SUCCESS)
    return damaged("\"" + std::string(name) + "\" has no type");
  return type;
}

Result<bool> flag(const element& parent, std::string_view key, bool fallback) {
  if (!present(parent, key)) return fallback;
  bool value = false;
  if (parent[key].get(value) != simdjson::SUCCESS)
    return damaged("\"" + std::string(key) + "\" is not true or false");
  return value;
}

Result<std::uint32_t> read_id(simdjson::simdjson_result<std::uint64_t> value, std::string_view what) {
  std::uint64_t id = 0;
  if (std::move(value).get(id) != simdjson::SUCCESS || id > id_max)
    return damaged(std::string(what) + " has no usable id");
  return static_cast<std::uint32_t>(id);
}

Result<std::vector<AddedToken>> read_added_tokens(const element& root) {
  std::vector<AddedToken> out;
  if (!present(root, "added_tokens")) return out;
  array tokens;
  if (root["added_tokens"].get(tokens) != simdjson::SUCCESS) return damaged("\"added_tokens\" is not a list");
  for (const element token : tokens) {
    AddedToken added;
    std::string_view content;
    if (token["content"].get(content) != simdjson::SUCCESS) return damaged("an added token has no content");
    added.content = content;
    added.id = KITH_TRY(read_id(token["id"].get_uint64(), "added token " + added.content));
    added.single_word = KITH_TRY(flag(token, "single_word", false));
    added.lstrip = KITH_TRY(flag(token, "lstrip", false));
    added.rstrip = KITH_TRY(flag(token, "rstrip", false));
    const bool special = KITH_TRY(flag(token, "special", false));
    added.normalized = KITH_TRY(flag(token, "normalized", !special));
    out.push_back(std::move(added));
  }
  return out;
}

Result<BertNormalizerOptions> read_normalizer(const element& root) {
  BertNormalizerOptions options;
  if (!present(root, "normalizer")) return BertNormalizerOptions{false, false, false, false};
  const element part = root["normalizer"].value_unsafe();
  const std::string_view type = KITH_TRY(type_of(part, "normalizer"));
  if (type != "BertNormalizer") {
    return refused("the normalizer \"" + std::string(type) +
                   "\" is not supported with WordPiece (BertNormalizer is)");
  }
  options.clean_text = KITH_TRY(flag(part, "clean_text", true));
  options.handle_chinese_chars = KITH_TRY(flag(part, "handle_chinese_chars", true));
  options.lowercase = KITH_TRY(flag(part, "lowercase", true));
  options.strip_accents = KITH_TRY(flag(part, "strip_accents", options.lowercase));
  return options;
}

Status check_pre_tokenizer(const element& root) {
  if (!present(root, "pre_tokenizer")) return refused("WordPiece without a pre_tokenizer is not supported");
  const std::string_view type = KITH_TRY(type_of(root["pre_tokenizer"].value_unsafe(), "pre_tokenizer"));
  if (type == "BertPreTokenizer") return {};
  return refused("the pre_tokenizer \"" + std::string(type) +
                 "\" is not supported with WordPiece (BertPreTokenizer is)");
}

/// TemplateProcessing: the ids of each special token are listed beside the template.
Result<std::vector<SpecialLayout::Piece>> read_template(const element& processor, std::string_view key) {
  std::vector<SpecialLayout::Piece> out;
  array pieces;
  if (processor[key].get(pieces) != simdjson::SUCCESS)
    return damaged("the post_processor has no list \"" + std::string(key) + "\"");
  for (const element piece : pieces) {
    const bool is_sequence = present(piece, "Sequence");
    element body;
    std::string_view name;
    std::uint64_t type_id = 0;
    if (piece[is_sequence ? "Sequence" : "SpecialToken"].get(body) != simdjson::SUCCESS ||
        body["id"].get(name) != simdjson::SUCCESS || body["type_id"].get(type_id) != simdjson::SUCCESS ||
        type_id > 255) {
      return damaged("a piece of the post_processor's template is neither a Sequence nor a SpecialToken");
    }
    SpecialLayout::Piece laid;
    laid.type_id = static_cast<std::uint8_t>(type_id);
    if (is_sequence) {
      if (name != "A" && name != "B")
        return damaged("a template names the sequence \"" + std::string(name) + "\"");
      laid.kind = name == "A" ? SpecialLayout::Piece::Kind::first : SpecialLayout::Piece::Kind::second;
      out.push_back(laid);
      continue;
    }
    array ids;
    if (processor["special_tokens"][name]["ids"].get(ids) != simdjson::SUCCESS) {
      return damaged("the template's special token \"" + std::string(name) + "\" has no ids");
    }
    for (const element id : ids) {
      laid.id = KITH_TRY(read_id(id.get_uint64(), "special token " + std::string(name)));
      out.push_back(laid);
    }
  }
  return out;
}

/// BertProcessing names the two tokens directly: [CLS] A [SEP] and [CLS] A [SEP] B [SEP].
Result<SpecialLayout> read_bert_processing(const element& processor) {
  using Kind = SpecialLayout::Piece::Kind;
  array sep;
  array cls;
  if (processor["sep"].get(sep) != simdjson::SUCCESS || processor["cls"].get(cls) != simdjson::SUCCESS ||
      sep.size() != 2 || cls.size() != 2) {
    return damaged("the BertProcessing post_processor does not name sep and cls");
  }
  const std::uint32_t sep_id = KITH_TRY(read_id(sep.at(1).get_uint64(), "sep"));
  const std::uint32_t cls_id = KITH_TRY(read_id(cls.at(1).get_uint64(), "cls"));
  SpecialLayout layout;
  layout.single = {{Kind::special, cls_id, 0}, {Kind::first, 0, 0}, {Kind::special, sep_id, 0}};
  layout.pair = layout.single;
  layout.pair.push_back({Kind::second, 0, 1});
  layout.pair.push_back({Kind::special, sep_id, 1});
  return layout;
}

Status check_layout(const SpecialLayout& layout) {
  using Piece = SpecialLayout::Piece;
  const auto times = [](const std::vector<Piece>& pieces, Piece::Kind kind) {
    return std::ranges::count(pieces, kind, &Piece::kind);
  };
  if (times(layout.single, Piece::Kind::first) != 1 || times(layout.single, Piece::Kind::second) != 0) {
    return damaged("the template for one text must have sequence A once");
  }
  const bool pair_is_sound = layout.pair.empty() || (times(layout.pair, Piece::Kind::first) == 1 &&
                                                     times(layout.pair, Piece::Kind::second) == 1);
  if (!pair_is_sound) return damaged("the template for pairs must have the sequences A and B once");
  if (layout.specials_of_single() > 64 || layout.specials_of_pair() > 64) {
    return damaged("the template has too many special tokens");
  }
  return {};
}

Result<SpecialLayout> read_layout(const element& root) {
  SpecialLayout layout;
  if (!present(root, "post_processor")) {
    layout.single = {{SpecialLayout::Piece::Kind::first, 0, 0}};
    return layout;
  }
  const element processor = root["post_processor"].value_unsafe();
  const std::string_view type = KITH_TRY(type_of(processor, "post_processor"));
  if (type == "BertProcessing") {
    layout = KITH_TRY(read_bert_processing(processor));
  } else if (type == "TemplateProcessing") {
    layout.single = KITH_TRY(read_template(processor, "single"));
    if (present(processor, "pair")) layout.pair = KITH_TRY(read_template(processor, "pair"));
  } else {
    return refused("the post_processor \"" + std::string(type) +
                   "\" is not supported with WordPiece (TemplateProcessing and BertProcessing are)");
  }
  KITH_TRY(check_layout(layout));
  return layout;
}

Status read_wordpiece_model(const element& model, WordPieceParts& parts) {
  object vocabulary;
  if (model["vocab"].get(vocabulary) != simdjson::SUCCESS)
    return damaged("the WordPiece model has no vocabulary");
  parts.vocabulary.reserve(vocabulary.size());
  for (const auto& [text, value] : vocabulary) {
    parts.vocabulary.emplace_back(
        text, KITH_TRY(read_id(value.get_uint64(), "vocabulary entry " + std::string(text))));
  }
  const auto read_text = [&model](std::string_view key, std::string& out) -> Status {
    if (!present(model, key)) return {};
    std::string_view text;
    if (model[key].get(text) != simdjson::SUCCESS)
      return damaged("\"" + std::string(key) + "\" is not a text");
    out = text;
    return {};
  };
  KITH_TRY(read_text("unk_token", parts.unknown_token));
  KITH_TRY(read_text("continuing_subword_prefix", parts.continuing_prefix));
  if (present(model, "max_input_chars_per_word")) {
    std::uint64_t chars = 0;
    if (model["max_input_chars_per_word"].get(chars) != simdjson::SUCCESS || chars > 100'000) {
      return damaged("\"max_input_chars_per_word\" is not a number up to 100,000");
    }
    parts.word_chars_max = chars;
  }
  return {};
}

/// Older files leave the model's type out; a WordPiece model is then known by its prefix.
std::string model_type(const element& model) {
  std::string_view type;
  if (model["type"].get(type) == simdjson::SUCCESS) return std::string(type);
  return present(model, "continuing_subword_prefix") && present(model, "max_input_chars_per_word")
             ? "WordPiece"
             : "";
}

Result<std::unique_ptr<Tokenizer>> read_tokenizer(const element& root) {
  element model;
  if (root.at_key("model").get(model) != simdjson::SUCCESS) return damaged("it has no \"model\"");
  const std::string type = model_type(model);
  if (type != "WordPiece") {
    return refused("the tokenizer type \"" + type +
                   "\" is not supported; WordPiece is (models of the BERT family)");
  }
  WordPieceParts parts;
  KITH_TRY(read_wordpiece_model(model, parts));
  parts.normalizer = KITH_TRY(read_normalizer(root));
  KITH_TRY(check_pre_tokenizer(root));
  parts.added = KITH_TRY(read_added_tokens(root));
  parts.layout = KITH_TRY(read_layout(root));
  return KITH_TRY(WordPieceTokenizer::create(std::move(parts)));
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> parse_tokenizer(std::string_view json, std::string_view name) {
  simdjson::dom::parser parser(file_bytes_max);
  element root;
  if (json.size() > file_bytes_max)
    return failure(ErrorCode::too_large, std::string(name) + " is over 256 MB");
  if (parser.allocate(json.size(), json_depth_max) != simdjson::SUCCESS) {
    return failure(ErrorCode::overloaded, "no memory to parse " + std::string(name));
  }
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS || !root.is_object()) {
    return failure(ErrorCode::corrupt, std::string(name) + " is not valid JSON; fetch the file again");
  }
  auto tokenizer = read_tokenizer(root);
  if (!tokenizer) return std::unexpected(std::move(tokenizer).error().with_context(name));
  return tokenizer;
}

Result<std::unique_ptr<Tokenizer>> load_tokenizer(const std::string& path) {
  const MappedFile file = KITH_TRY(MappedFile::open(path, file_bytes_max));
  return parse_tokenizer(file.bytes(), path);
}

}  // namespace kith::model
