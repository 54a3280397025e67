// SentenceModel: a Hugging Face sentence-transformers folder as an Embedder on the CPU.
//
// Reads modules.json (Transformer, Pooling, Normalize in this order), config.json, sentence_bert_config.json,
// config_sentence_transformers.json (prompts), the pooling module's config.json, tokenizer.json and
// model.safetensors; whatever it cannot do exactly as the reference is an error that names it, never a silent
// difference.
//
// Costs: loading 20…100 ms for all-MiniLM-L6-v2; memory = weights (f32 or bf16) + the f32 word table + about 4 MB of
// scratch per thread. Nothing of ours is allocated inside the encoder after start; a call allocates its tokens and
// its result.
// Thread safety: as Embedder. Calls share `threads` workers fairly: a short query waits for at most one pack of a
// long call.
#pragma once

#include <kith/embedder.h>
#include <kith/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace kith::model {

class Tokenizer;

/// Arithmetic of the linear layers and the attention.
enum class Precision : std::uint8_t {
  automatic,  ///< whichever this CPU runs faster, measured once while loading (some run bf16 at half the speed of f32)
  f32,
  bf16,  ///< failed_precondition where the CPU has no bf16 instructions
};
const char* precision_name(Precision precision);

struct SentenceModelOptions {
  std::string name;  ///< empty: the folder's last component
  Precision precision = Precision::automatic;
  std::size_t threads = 0;        ///< 0: as many as this process may run on
  std::size_t pack_tokens = 256;  ///< texts are computed together up to this many tokens
};

class SentenceModel : public Embedder {
 public:
  /// not_found (no such folder, a part missing), corrupt (damaged, truncated, parts that do not fit together),
  /// unsupported (an architecture or option we do not do), io.
  static Result<std::unique_ptr<SentenceModel>> load(const std::string& folder,
                                                     SentenceModelOptions options = {});

  virtual const Tokenizer& tokenizer() const = 0;
  virtual Precision precision() const = 0;  ///< f32 or bf16
  virtual std::size_t threads() const = 0;
  /// Weights, tables and scratch held in memory.
  virtual std::size_t memory_bytes() const = 0;
};

}  // namespace kith::model
