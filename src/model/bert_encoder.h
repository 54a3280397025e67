// BertEncoder: token ids in, last hidden states out, for several texts at once without padding ("pack").
//
// The rows (tokens) of a pack stand below one another. Everything but attention works on tiles of ≤ 128 rows; attention
// works on one head of one text. A forward pass is a fixed sequence of phases, each a number of chunks that are
// independent of one another, so that one thread can do them all, or several can share them with a wait between
// phases (encoder_pool.h does):
//
//   rows: embed, layer 0's queries, keys, values · heads · rows: rest of layer 0, layer 1's q k v · heads · … · rows
//
// The residual stream is f32 always. With bf16, weights and inputs of the linear layers and the attention's
// operands are bf16 and all sums are f32.
//
// Paper: Devlin et al., BERT, NAACL 2019; the reference implementation's order of operations (post-norm).
// Costs: per token and layer 2·(4h² + 2hi) + 4·h·tokens floating point operations (h hidden, i intermediate).
// Memory: pack buffers 20·h bytes a row, thread scratch about 128·(i + h)·4 bytes and attention's.
// Thread safety: the encoder is immutable; a BertPass is run as described at its methods.
#pragma once

#include <kith/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "model/aligned_buffer.h"
#include "model/bert_config.h"
#include "model/linear.h"
#include "model/safetensors.h"

namespace kith::model {

struct Kernels;

/// What one executing thread needs for itself.
struct EncoderScratch {
  std::unique_ptr<LinearRunner> runner;
  AlignedBuffer<float> intermediate;     // one tile, f32 or bf16
  AlignedBuffer<std::uint16_t> rounded;  // one tile of the residual stream in bf16
  AlignedBuffer<float> attention;
};

/// Texts to encode together; `ids` (and `types`, which may be empty: all 0) of all of them, one after another.
struct EncoderPack {
  std::span<const std::uint32_t> ids;
  std::span<const std::uint8_t> types;
  std::span<const std::uint32_t> lengths;
};

class BertEncoder;

/// Buffers and progress of one pack.
class BertPass {
 public:
  /// Rows of 0 … rows_max fit.
  BertPass(const BertEncoder& encoder, std::size_t rows_max);

  /// `shares` is how many threads may help: tiles get smaller so that there is work for all. Ids must be below
  /// the vocabulary, lengths ≥ 1 and ≤ positions, their sum ≤ rows_max. The pack's spans must stay valid.
  void start(const EncoderPack& pack, std::size_t shares);
  std::size_t phase_count() const;
  std::size_t chunk_count(std::size_t phase) const;
  /// Chunks of one phase may run in any order and at once (each thread with its own scratch); a phase starts when
  /// the one before has ended.
  void run_chunk(std::size_t phase, std::size_t chunk, EncoderScratch& scratch);
  /// Last hidden states, row by row, after the last phase.
  std::span<const float> hidden() const;
  /// False when oneDNN refused something: the result is worthless.
  bool sound() const;

  /// Everything on one thread.
  void run_all(EncoderScratch& scratch);
  std::size_t memory_bytes() const;

 private:
  void embed_rows(std::size_t begin, std::size_t end);
  void project(std::size_t layer, std::size_t begin, std::size_t rows, EncoderScratch& scratch);
  void finish_layer(std::size_t layer, std::size_t begin, std::size_t rows, EncoderScratch& scratch);
  void attend(std::size_t chunk, EncoderScratch& scratch);
  const void* linear_input(std::size_t begin, EncoderScratch& scratch) const;
  void check(bool ok);

  const BertEncoder& encoder_;
  std::size_t rows_max_;
  AlignedBuffer<float> stream_;             // residual stream
  AlignedBuffer<float> projected_;          // queries, keys, values side by side; f32 or bf16
  AlignedBuffer<float> context_;            // attention's output; f32 or bf16
  std::vector<std::uint32_t> text_begins_;  // first row of each text, and the end
  std::vector<std::uint32_t> positions_;    // of each row in its text
  EncoderPack pack_;
  std::size_t rows_ = 0;
  std::size_t tile_rows_ = LinearPlan::rows_max;
  bool failed_ = false;  // written through atomic_ref
};

class BertEncoder {
 public:
  /// Weights may carry the prefix "bert.". failed_precondition: bf16 asked for on a CPU (or a head size) without.
  static Result<std::unique_ptr<BertEncoder>> create(const BertConfig& config, const SafeTensors& weights,
                                                     bool bf16);
  ~BertEncoder();

  const BertConfig& config() const { return config_; }
  bool bf16() const { return bf16_; }
  std::size_t memory_bytes() const;
  Result<EncoderScratch> make_scratch() const;

 private:
  friend class BertPass;
  enum Plan : std::size_t { project_plan, attention_out_plan, intermediate_plan, output_plan, plan_count };
  struct Norm {
    std::vector<float> gamma, beta;
  };
  struct Layer {
    std::unique_ptr<LinearWeights> project, attention_out, intermediate, output;
    Norm attention_norm, output_norm;
  };

  BertEncoder(const BertConfig& config, bool bf16);
  Status make_plans();
  Status read_tables(const SafeTensors& weights, const std::string& prefix);
  Status read_layer(const SafeTensors& weights, const std::string& prefix);
  Result<Norm> read_norm(const SafeTensors& weights, const std::string& name) const;

  BertConfig config_;
  bool bf16_;
  const Kernels& kernels_;
  std::vector<float> words_;
  std::vector<float> positions_;
  std::vector<float> types_;
  Norm embedding_norm_;
  std::vector<std::unique_ptr<LinearPlan>> plans_;  // by Plan
  std::vector<Layer> layers_;
};

}  // namespace kith::model
