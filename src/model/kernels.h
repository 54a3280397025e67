// The encoder's own inner loops: attention of one head over one text, and layer normalisation. The linear layers are
// oneDNN's (linear.h).
//
// One source (kernels_impl.inc) is compiled for several instruction sets; kernels_for_cpu() chooses once, when a
// model is loaded. All variants give the same values up to rounding.
// Thread safety: plain functions on memory of the caller.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace kith::model {

/// One head over one text. Queries, keys and values stand side by side in rows of `row_stride` elements (f32 or
/// bf16): this head's query at `query`, its key and value `key_offset` and `value_offset` elements behind.
struct AttentionTask {
  const void* query = nullptr;  ///< first token's
  std::size_t key_offset = 0;
  std::size_t value_offset = 0;
  std::size_t row_stride = 0;
  std::size_t tokens = 0;
  std::size_t head_dimension = 0;
  float scale = 1;      ///< 1 / √head_dimension
  void* out = nullptr;  ///< first token's row, this head's columns; same element type
  std::size_t out_stride = 0;
  float* scratch = nullptr;  ///< attention_scratch_floats() of them, 64-byte aligned
};

/// Enough for every variant.
std::size_t attention_scratch_floats(std::size_t tokens_max, std::size_t head_dimension);

struct Kernels {
  const char* name;
  void (*attention_f32)(const AttentionTask& task);
  /// head_dimension must be even. Null where the CPU has no bf16 products.
  void (*attention_bf16)(const AttentionTask& task);
  /// rows × width: (x − mean) / √(variance + epsilon) × gamma + beta, in place; `bf16` (may be null) gets a rounded copy.
  void (*layer_norm)(float* values, std::size_t rows, std::size_t width, const float* gamma,
                     const float* beta, float epsilon, std::uint16_t* bf16);
};

/// The fastest variant that this CPU can run.
const Kernels& kernels_for_cpu();
/// Every variant that this CPU can run; the portable one first.
std::span<const Kernels* const> kernels_this_cpu_can_run();

}  // namespace kith::model
