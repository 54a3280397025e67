// Texts in, vectors out. Implemented by local models (src/model); remote providers will implement the same.
// Thread safety: every method may be called from any thread.
#pragma once

#include <kith/result.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kith {

class StopToken;  // src/base/stop_token.h

/// Some models put another prompt in front of queries than in front of documents.
enum class InputType : std::uint8_t { document, query };

struct Embeddings {
  std::size_t dimension = 0;
  std::vector<float> values;          ///< one row per text, in the order given
  std::vector<std::uint32_t> tokens;  ///< per text: tokens the model read, special ones included
  std::vector<bool> truncated;        ///< per text: whether it was longer than the model reads
  std::span<const float> row(std::size_t index) const {
    return {values.data() + index * dimension, dimension};
  }
};

class Embedder {
 public:
  virtual ~Embedder() = default;

  virtual const std::string& name() const = 0;
  virtual std::size_t dimension() const = 0;
  /// Most tokens of one text that the model reads, special ones included.
  virtual std::size_t tokens_max() const = 0;
  /// Identity of the vector space: hash over weights, tokenizer, pooling, prompts and normalisation. Two embedders
  /// with equal fingerprints give comparable vectors; precision (f32, bf16) is not part of it.
  virtual const std::string& fingerprint() const = 0;

  /// Number of tokens of `text` without special ones and without truncation.
  virtual std::size_t count_tokens(std::string_view text) const = 0;

  /// Longer texts are cut at tokens_max() and flagged. An empty text is embedded as such.
  /// invalid_argument: not UTF-8. cancelled/deadline_exceeded by `stop` (may be null).
  virtual Result<Embeddings> embed(std::span<const std::string_view> texts, InputType type,
                                   const StopToken* stop) const = 0;

  /// The same for texts that are token ids already (without special tokens).
  virtual Result<Embeddings> embed_tokens(std::span<const std::vector<std::uint32_t>> texts, InputType type,
                                          const StopToken* stop) const = 0;
};

}  // namespace kith
