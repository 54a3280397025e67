// HashEmbedder: deterministic vectors from words, for tests: each word adds a fixed random direction, so texts that
// share words have a high cosine. Counts what it embeds; can be told to fail. Thread safety: as the interface.
#pragma once

#include <kith/embedder.h>

#include <atomic>
#include <cctype>
#include <cmath>
#include <functional>
#include <mutex>

#include "base/checksum.h"
#include "base/stop_token.h"

namespace kith::testing {

class HashEmbedder final : public Embedder {
 public:
  explicit HashEmbedder(std::size_t dimension = 32, std::string print = "hash-1")
      : dimension_(dimension), fingerprint_(std::move(print)) {}

  const std::string& name() const override { return name_; }
  std::size_t dimension() const override { return dimension_; }
  std::size_t tokens_max() const override { return 256; }
  const std::string& fingerprint() const override { return fingerprint_; }

  std::size_t count_tokens(std::string_view text) const override {
    std::size_t words = 0;
    for_each_word(text, [&](std::string_view) { ++words; });
    return words;
  }

  Result<Embeddings> embed(std::span<const std::string_view> texts, InputType,
                           const StopToken* stop) const override {
    if (should_stop(stop)) return failure(ErrorCode::cancelled, "stopped");
    calls.fetch_add(1);
    if (before_embed) {
      if (auto allowed = before_embed(texts); !allowed) return std::unexpected(allowed.error());
    }
    Embeddings out;
    out.dimension = dimension_;
    for (const std::string_view text : texts) {
      embedded.fetch_add(1);
      const auto row = vector_of(text);
      out.values.insert(out.values.end(), row.begin(), row.end());
      out.tokens.push_back(static_cast<std::uint32_t>(count_tokens(text)));
      out.truncated.push_back(false);
    }
    return out;
  }

  Result<Embeddings> embed_tokens(std::span<const std::vector<std::uint32_t>>, InputType,
                                  const StopToken*) const override {
    return failure(ErrorCode::unsupported, "this embedder takes text only");
  }

  std::vector<float> vector_of(std::string_view text) const {
    std::vector<float> sum(dimension_, 0.0F);
    for_each_word(text, [&](std::string_view word) {
      for (std::size_t i = 0; i < dimension_; ++i) {
        const std::uint64_t hash = checksum64(std::string(word) + "#" + std::to_string(i));
        sum[i] += static_cast<float>(hash % 2001) / 1000.0F - 1.0F;
      }
    });
    float norm = 0;
    for (const float value : sum) norm += value * value;
    norm = std::sqrt(norm);
    for (float& value : sum) value = norm > 0 ? value / norm : 0;
    return sum;
  }

  mutable std::atomic<std::size_t> embedded{0}, calls{0};
  /// Asked before each batch; an error is what embed() returns.
  std::function<Status(std::span<const std::string_view>)> before_embed;

 private:
  template <class Visit>
  static void for_each_word(std::string_view text, Visit visit) {
    std::string word;
    for (std::size_t i = 0; i <= text.size(); ++i) {
      const auto c = static_cast<unsigned char>(i < text.size() ? text[i] : ' ');
      if (std::isalnum(c) != 0 || c >= 0x80) {
        word.push_back(static_cast<char>(std::tolower(c)));
      } else if (!word.empty()) {
        visit(word);
        word.clear();
      }
    }
  }

  std::string name_ = "hash";
  std::size_t dimension_;
  std::string fingerprint_;
};

}  // namespace kith::testing
