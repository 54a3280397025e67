#include "model/sentence_model.h"

#include <sched.h>

#include <algorithm>
#include <filesystem>
#include <thread>
#include <utility>

#include "base/checksum.h"
#include "base/try.h"
#include "base/utf8.h"
#include "model/encoder_pool.h"
#include "model/safetensors.h"
#include "model/sentence_folder.h"
#include "model/tokenizer.h"

namespace kith::model {
namespace {

constexpr std::size_t threads_max = 1024;
constexpr std::size_t pack_tokens_max = 4096;

std::size_t allowed_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (::sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1u, std::thread::hardware_concurrency());
}

std::string replace_invalid(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const Utf8Step step = utf8_step(text);
    out += step.valid ? text.substr(0, step.bytes) : utf8_replacement;
    text.remove_prefix(step.bytes);
  }
  return out;
}

/// Token ids of a call's texts, special tokens and prompt included.
struct Batch {
  std::vector<std::uint32_t> ids;
  std::vector<std::uint8_t> types;  // empty while all are 0
  std::vector<std::uint32_t> lengths;
  std::vector<std::size_t> rows;  // of the result, for each text here (texts of no token at all are left out)
};

class PoolingSink : public EncodeSink {
 public:
  PoolingSink(const SentenceFolder& folder, const Batch& batch, std::size_t skip, Embeddings& out)
      : folder_(folder), batch_(batch), skip_(skip), out_(out) {}

  void finished(std::size_t text, std::span<const float> hidden) override {
    const std::span<float> row(out_.values.data() + batch_.rows[text] * out_.dimension, out_.dimension);
    pool(folder_.pooling, hidden, folder_.bert.hidden, skip_, row);
    if (folder_.normalize) normalize(row);
  }

 private:
  const SentenceFolder& folder_;
  const Batch& batch_;
  std::size_t skip_;
  Embeddings& out_;
};

class LoadedSentenceModel final : public SentenceModel {
 public:
  LoadedSentenceModel(std::string name, SentenceFolder folder, std::unique_ptr<Tokenizer> tokenizer,
                      std::unique_ptr<BertEncoder> encoder, std::unique_ptr<EncoderPool> pool,
                      std::string fingerprint)
      : name_(std::move(name)),
        folder_(std::move(folder)),
        fingerprint_(std::move(fingerprint)),
        tokenizer_(std::move(tokenizer)),
        encoder_(std::move(encoder)),
        pool_(std::move(pool)) {}

  const std::string& name() const override { return name_; }
  std::size_t dimension() const override { return folder_.dimension(); }
  std::size_t tokens_max() const override { return folder_.tokens_max; }
  const std::string& fingerprint() const override { return fingerprint_; }
  const Tokenizer& tokenizer() const override { return *tokenizer_; }
  Precision precision() const override { return encoder_->bf16() ? Precision::bf16 : Precision::f32; }
  std::size_t threads() const override { return pool_->threads(); }
  std::size_t memory_bytes() const override { return encoder_->memory_bytes() + pool_->memory_bytes(); }

  std::size_t count_tokens(std::string_view text) const override;
  Result<Embeddings> embed(std::span<const std::string_view> texts, InputType type,
                           const StopToken* stop) const override;
  Result<Embeddings> embed_tokens(std::span<const std::vector<std::uint32_t>> texts, InputType type,
                                  const StopToken* stop) const override;

 private:
  const std::string& prompt(InputType type) const {
    return type == InputType::query ? folder_.query_prompt : folder_.document_prompt;
  }
  Result<std::vector<std::uint32_t>> prompt_tokens(InputType type) const;
  std::size_t room() const { return folder_.tokens_max - tokenizer_->layout().specials_of_single(); }
  void add(std::span<const std::uint32_t> tokens, bool truncated, Batch& batch, Embeddings& out) const;
  Result<std::size_t> tokens_to_skip(InputType type) const;
  Result<Embeddings> run(const Batch& batch, Embeddings out, InputType type, const StopToken* stop) const;

  std::string name_;
  SentenceFolder folder_;
  std::string fingerprint_;
  std::unique_ptr<Tokenizer> tokenizer_;
  std::unique_ptr<BertEncoder> encoder_;
  std::unique_ptr<EncoderPool> pool_;
};

std::size_t LoadedSentenceModel::count_tokens(std::string_view text) const {
  std::vector<std::uint32_t> ids;
  auto counted = tokenizer_->tokenize(text, Tokenizer::no_limit, ids, nullptr);
  if (counted) return ids.size();
  ids.clear();
  counted = tokenizer_->tokenize(replace_invalid(text), Tokenizer::no_limit, ids, nullptr);
  return ids.size();
}

Result<std::vector<std::uint32_t>> LoadedSentenceModel::prompt_tokens(InputType type) const {
  std::vector<std::uint32_t> ids;
  if (!prompt(type).empty()) KITH_TRY(tokenizer_->tokenize(prompt(type), room(), ids, nullptr));
  return ids;
}

/// Puts the special tokens around one text and joins it to the batch.
void LoadedSentenceModel::add(std::span<const std::uint32_t> tokens, bool truncated, Batch& batch,
                              Embeddings& out) const {
  const std::size_t begin = batch.ids.size();
  for (const SpecialLayout::Piece& piece : tokenizer_->layout().single) {
    const std::size_t piece_begin = batch.ids.size();
    if (piece.kind == SpecialLayout::Piece::Kind::special) {
      batch.ids.push_back(piece.id);
    } else {
      batch.ids.insert(batch.ids.end(), tokens.begin(), tokens.end());
    }
    if (piece.type_id == 0 && batch.types.empty()) continue;
    batch.types.resize(piece_begin, 0);
    batch.types.resize(batch.ids.size(), piece.type_id);
  }
  const std::size_t length = batch.ids.size() - begin;
  if (length > 0) {
    batch.rows.push_back(out.tokens.size());
    batch.lengths.push_back(static_cast<std::uint32_t>(length));
  }
  out.tokens.push_back(static_cast<std::uint32_t>(length));
  out.truncated.push_back(truncated);
}

/// How many tokens in front the pooling leaves out.
Result<std::size_t> LoadedSentenceModel::tokens_to_skip(InputType type) const {
  if (folder_.pooling.include_prompt || prompt(type).empty()) return std::size_t{0};
  const auto& pieces = tokenizer_->layout().single;
  const auto first =
      std::ranges::find(pieces, SpecialLayout::Piece::Kind::first, &SpecialLayout::Piece::kind);
  return static_cast<std::size_t>(first - pieces.begin()) + KITH_TRY(prompt_tokens(type)).size();
}

Result<Embeddings> LoadedSentenceModel::run(const Batch& batch, Embeddings out, InputType type,
                                            const StopToken* stop) const {
  out.dimension = dimension();
  out.values.resize(out.tokens.size() * out.dimension);
  PoolingSink sink(folder_, batch, KITH_TRY(tokens_to_skip(type)), out);
  KITH_TRY(pool_->encode({batch.ids, batch.types, batch.lengths}, sink, stop));
  return out;
}

Result<Embeddings> LoadedSentenceModel::embed(std::span<const std::string_view> texts, InputType type,
                                              const StopToken* stop) const {
  Batch batch;
  Embeddings out;
  std::vector<std::uint32_t> tokens;
  std::string prompted;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (stop != nullptr) KITH_TRY(stop->check());
    std::string_view text = texts[i];
    if (!prompt(type).empty()) {
      prompted.assign(prompt(type)).append(text);
      text = prompted;
    }
    tokens.clear();
    auto truncated = tokenizer_->tokenize(text, room(), tokens, nullptr);
    if (!truncated)
      return std::unexpected(std::move(truncated).error().with_context("text " + std::to_string(i)));
    add(tokens, *truncated, batch, out);
  }
  return run(batch, std::move(out), type, stop);
}

Result<Embeddings> LoadedSentenceModel::embed_tokens(std::span<const std::vector<std::uint32_t>> texts,
                                                     InputType type, const StopToken* stop) const {
  Batch batch;
  Embeddings out;
  const std::vector<std::uint32_t> prefix = KITH_TRY(prompt_tokens(type));
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto bad =
        std::ranges::find_if(texts[i], [&](std::uint32_t id) { return id >= folder_.bert.vocabulary; });
    if (bad != texts[i].end()) {
      return failure(ErrorCode::invalid_argument,
                     "text " + std::to_string(i) + " has the token id " + std::to_string(*bad) + ", but " +
                         name_ + " knows the ids 0…" + std::to_string(folder_.bert.vocabulary - 1));
    }
    std::vector<std::uint32_t> tokens = prefix;
    const std::size_t fits = std::min(texts[i].size(), room() - std::min(room(), prefix.size()));
    tokens.insert(tokens.end(), texts[i].begin(), texts[i].begin() + static_cast<std::ptrdiff_t>(fits));
    add(tokens, fits < texts[i].size(), batch, out);
  }
  return run(batch, std::move(out), type, stop);
}

Status check_together(const SentenceFolder& folder, const Tokenizer& tokenizer) {
  if (tokenizer.id_bound() > folder.bert.vocabulary) {
    return failure(ErrorCode::corrupt,
                   folder.tokenizer_path + " has token ids up to " +
                       std::to_string(tokenizer.id_bound() - 1) + ", but config.json's vocab_size is " +
                       std::to_string(folder.bert.vocabulary) + "; the files do not belong together");
  }
  const std::size_t specials = tokenizer.layout().specials_of_single();
  for (const SpecialLayout::Piece& piece : tokenizer.layout().single) {
    if (piece.id >= folder.bert.vocabulary || piece.type_id >= folder.bert.token_types) {
      return failure(
          ErrorCode::corrupt,
          folder.tokenizer_path + ": a special token of the template is outside the model's tables");
    }
  }
  if (folder.tokens_max <= specials) {
    return failure(ErrorCode::corrupt, "the model reads at most " + std::to_string(folder.tokens_max) +
                                           " tokens, which leaves none for text; check max_seq_length");
  }
  if (folder.lowercase_first && !tokenizer.lowercases()) {
    return failure(
        ErrorCode::unsupported,
        "do_lower_case in sentence_bert_config.json with a tokenizer that keeps case is not supported");
  }
  return {};
}

Result<bool> choose_bf16(Precision wanted, const BertConfig& config) {
  if (wanted != Precision::automatic) return wanted == Precision::bf16;
  return config.head_dimension() % 2 == 0 && bf16_is_faster();
}

Result<std::string> fingerprint_of(const SentenceFolder& folder, std::string_view weights) {
  const MappedFile tokenizer = KITH_TRY(MappedFile::open(folder.tokenizer_path, std::size_t{256} << 20));
  return hash128(hash128(weights).to_hex() + "\n" + hash128(tokenizer.bytes()).to_hex() + "\n" +
                 folder.description())
      .to_hex();
}

}  // namespace

const char* precision_name(Precision precision) {
  switch (precision) {
    case Precision::automatic:
      return "automatic";
    case Precision::f32:
      return "f32";
    case Precision::bf16:
      return "bf16";
  }
  return "?";
}

Result<std::unique_ptr<SentenceModel>> SentenceModel::load(const std::string& folder_path,
                                                           SentenceModelOptions options) {
  SentenceFolder folder = KITH_TRY(read_sentence_folder(folder_path));
  auto tokenizer = KITH_TRY(load_tokenizer(folder.tokenizer_path));
  KITH_TRY(check_together(folder, *tokenizer));
  const SafeTensors weights = KITH_TRY(SafeTensors::open(folder.weights_path));
  const bool bf16 = KITH_TRY(choose_bf16(options.precision, folder.bert));
  auto encoder = BertEncoder::create(folder.bert, weights, bf16);
  if (!encoder) return std::unexpected(std::move(encoder).error().with_context(folder.weights_path));
  std::string fingerprint = KITH_TRY(fingerprint_of(folder, weights.bytes()));

  const std::size_t threads =
      std::clamp<std::size_t>(options.threads == 0 ? allowed_cpus() : options.threads, 1, threads_max);
  const std::size_t pack_tokens = std::clamp<std::size_t>(options.pack_tokens, 1, pack_tokens_max);
  auto pool = KITH_TRY(EncoderPool::create(**encoder, threads, pack_tokens));
  if (options.name.empty()) {
    options.name = std::filesystem::path(folder_path).lexically_normal().filename().string();
    if (options.name.empty()) {
      options.name = std::filesystem::path(folder_path).lexically_normal().parent_path().filename().string();
    }
  }
  return std::make_unique<LoadedSentenceModel>(std::move(options.name), std::move(folder),
                                               std::move(tokenizer), *std::move(encoder), std::move(pool),
                                               std::move(fingerprint));
}

}  // namespace kith::model
