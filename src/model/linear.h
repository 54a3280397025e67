// Linear layers on oneDNN: out = f(in · weights + bias [+ out]), for at most `rows_max` rows at a time.
//
// A LinearPlan holds oneDNN's generated code for one shape, one primitive per bucket of 8 rows, made once; the
// layers of a model share it. LinearWeights are one layer's weights in the layout that the plan wants.
// A LinearRunner is what one thread needs to execute: stream, argument objects, scratch. Executing allocates nothing
// of ours (oneDNN builds a small argument map inside).
//
// oneDNN is told to use one thread: parallelism is over tiles and texts, with our own workers.
// Thread safety: plans and weights are immutable; a runner belongs to one thread at a time.
#pragma once

#include <kith/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace kith::model {

enum class Activation : std::uint8_t { none, gelu_erf, gelu_tanh, relu };

struct LinearShape {
  std::size_t inputs = 0;
  std::size_t outputs = 0;
  bool bf16_in = false;  ///< inputs and weights
  bool bf16_out = false;
  bool add_to_out = false;  ///< out += …, for residual connections (f32 out)
  Activation activation = Activation::none;
};

class LinearPlan {
 public:
  static constexpr std::size_t rows_max = 128;
  static constexpr std::size_t bucket_rows = 8;

  static Result<std::unique_ptr<LinearPlan>> create(const LinearShape& shape);
  ~LinearPlan();
  const LinearShape& shape() const;

 private:
  friend class LinearWeights;
  friend class LinearRunner;
  struct Impl;
  explicit LinearPlan(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class LinearWeights {
 public:
  /// `weights` row by row per output (outputs × inputs), as PyTorch stores them.
  static Result<std::unique_ptr<LinearWeights>> create(const LinearPlan& plan, std::span<const float> weights,
                                                       std::span<const float> bias);
  ~LinearWeights();
  std::size_t memory_bytes() const;

 private:
  friend class LinearRunner;
  struct Impl;
  explicit LinearWeights(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

class LinearRunner {
 public:
  static Result<std::unique_ptr<LinearRunner>> create(std::span<const LinearPlan* const> plans);
  ~LinearRunner();
  /// `plan` is the index of the plan in create(); 1 ≤ rows ≤ rows_max. Both buffers must have room for rows rounded up
  /// to bucket_rows; what the extra rows hold is computed with and meaningless. False when oneDNN refuses (which it
  /// does not after a successful create, short of a bug).
  bool run(std::size_t plan, const LinearWeights& weights, const void* in, void* out, std::size_t rows);

 private:
  struct Impl;
  explicit LinearRunner(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// While it lives, OpenMP regions started by this thread run on this thread alone.
class SingleOpenMpThread {
 public:
  SingleOpenMpThread();
  ~SingleOpenMpThread();
  SingleOpenMpThread(const SingleOpenMpThread&) = delete;
  SingleOpenMpThread& operator=(const SingleOpenMpThread&) = delete;

 private:
  int before_;
};

/// Whether oneDNN and the kernels have bf16 products on this CPU.
bool cpu_has_bf16();
/// Times one layer both ways (a few milliseconds): on some CPUs bf16 products are emulated or run at half rate.
bool bf16_is_faster();

}  // namespace kith::model
