// Every variant of the kernels that this CPU runs, against plain double arithmetic.
#include "model/kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "model/aligned_buffer.h"
#include "model/bf16.h"

namespace kith::model {
namespace {

struct Shape {
  std::size_t tokens, heads, head_dimension;
};
const std::vector<Shape> shapes = {{1, 1, 32},   {2, 2, 32},   {7, 1, 12},   {12, 3, 16},
                                   {13, 2, 64},  {16, 12, 32}, {63, 2, 24},  {64, 1, 32},
                                   {65, 2, 128}, {130, 1, 80}, {256, 2, 32}, {511, 1, 64}};

/// Reference over the same rows: softmax(Q Kᵀ · scale) V of one head.
std::vector<double> reference(const std::vector<float>& rows, const Shape& shape, std::size_t head) {
  const std::size_t hidden = shape.heads * shape.head_dimension;
  const double scale = 1 / std::sqrt(static_cast<double>(shape.head_dimension));
  const auto at = [&](std::size_t part, std::size_t token, std::size_t d) {
    return static_cast<double>(rows[token * 3 * hidden + part * hidden + head * shape.head_dimension + d]);
  };
  std::vector<double> out(shape.tokens * shape.head_dimension);
  for (std::size_t i = 0; i < shape.tokens; ++i) {
    std::vector<double> weights(shape.tokens);
    double most = -1e300;
    for (std::size_t j = 0; j < shape.tokens; ++j) {
      for (std::size_t d = 0; d < shape.head_dimension; ++d) weights[j] += at(0, i, d) * at(1, j, d) * scale;
      most = std::max(most, weights[j]);
    }
    double sum = 0;
    for (double& weight : weights) sum += weight = std::exp(weight - most);
    for (std::size_t j = 0; j < shape.tokens; ++j) {
      for (std::size_t d = 0; d < shape.head_dimension; ++d) {
        out[i * shape.head_dimension + d] += weights[j] / sum * at(2, j, d);
      }
    }
  }
  return out;
}

class KernelsTest : public ::testing::TestWithParam<const Kernels*> {
 protected:
  KernelsTest() : seed_(std::random_device{}()), random_(seed_) {}
  float next(float spread) { return std::normal_distribution<float>(0, spread)(random_); }
  std::uint32_t seed_;
  std::mt19937 random_;
};

template <class Element>
void check_attention(void (*attention)(const AttentionTask&), const std::vector<float>& rows,
                     const Shape& shape, double tolerance, Element (*narrow)(float),
                     float (*widen)(Element)) {
  const std::size_t hidden = shape.heads * shape.head_dimension;
  AlignedBuffer<Element> in(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) in.data()[i] = narrow(rows[i]);
  AlignedBuffer<Element> out(shape.tokens * hidden);
  AlignedBuffer<float> scratch(attention_scratch_floats(shape.tokens, shape.head_dimension));
  for (std::size_t head = 0; head < shape.heads; ++head) {
    AttentionTask task;
    task.query = in.data() + head * shape.head_dimension;
    task.key_offset = hidden;
    task.value_offset = 2 * hidden;
    task.row_stride = 3 * hidden;
    task.tokens = shape.tokens;
    task.head_dimension = shape.head_dimension;
    task.scale = 1 / std::sqrt(static_cast<float>(shape.head_dimension));
    task.out = out.data() + head * shape.head_dimension;
    task.out_stride = hidden;
    task.scratch = scratch.data();
    attention(task);
    const std::vector<double> expected = reference(rows, shape, head);
    double worst = 0;
    for (std::size_t i = 0; i < shape.tokens; ++i) {
      for (std::size_t d = 0; d < shape.head_dimension; ++d) {
        const double got = widen(out.data()[i * hidden + head * shape.head_dimension + d]);
        worst = std::max(worst, std::abs(got - expected[i * shape.head_dimension + d]));
      }
    }
    EXPECT_LE(worst, tolerance) << shape.tokens << " tokens, head " << head << " of " << shape.head_dimension;
  }
}

TEST_P(KernelsTest, attention_f32) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  for (const Shape& shape : shapes) {
    std::vector<float> rows(shape.tokens * 3 * shape.heads * shape.head_dimension);
    for (float& value : rows) value = next(1.5f);
    check_attention<float>(
        GetParam()->attention_f32, rows, shape, 2e-5, [](float v) { return v; }, [](float v) { return v; });
  }
}

TEST_P(KernelsTest, attention_with_huge_scores_stays_finite) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  const Shape shape{40, 1, 32};
  std::vector<float> rows(shape.tokens * 3 * shape.head_dimension);
  for (float& value : rows) value = next(60.0f);
  check_attention<float>(
      GetParam()->attention_f32, rows, shape, 0.5, [](float v) { return v; }, [](float v) { return v; });
}

TEST_P(KernelsTest, attention_bf16) {
  if (GetParam()->attention_bf16 == nullptr) GTEST_SKIP() << "no bf16 products in this variant";
  SCOPED_TRACE("seed " + std::to_string(seed_));
  for (const Shape& shape : shapes) {
    std::vector<float> rows(shape.tokens * 3 * shape.heads * shape.head_dimension);
    for (float& value : rows) value = from_bf16(to_bf16(next(1.0f)));
    check_attention<std::uint16_t>(GetParam()->attention_bf16, rows, shape, 0.03, &to_bf16, &from_bf16);
  }
}

TEST_P(KernelsTest, layer_norm) {
  SCOPED_TRACE("seed " + std::to_string(seed_));
  for (const std::size_t width : {1u, 3u, 16u, 48u, 50u, 384u, 1000u}) {
    constexpr std::size_t rows = 5;
    std::vector<float> values(rows * width);
    std::vector<float> gamma(width);
    std::vector<float> beta(width);
    for (float& value : values) value = 3 + next(2);
    for (std::size_t i = 0; i < width; ++i) {
      gamma[i] = 1 + next(0.3f);
      beta[i] = next(0.3f);
    }
    const std::vector<float> before = values;
    std::vector<std::uint16_t> rounded(rows * width);
    constexpr float epsilon = 1e-5f;
    GetParam()->layer_norm(values.data(), rows, width, gamma.data(), beta.data(), epsilon, rounded.data());
    for (std::size_t row = 0; row < rows; ++row) {
      double mean = 0;
      double variance = 0;
      for (std::size_t i = 0; i < width; ++i) mean += before[row * width + i] / static_cast<double>(width);
      for (std::size_t i = 0; i < width; ++i) {
        variance += std::pow(before[row * width + i] - mean, 2) / static_cast<double>(width);
      }
      for (std::size_t i = 0; i < width; ++i) {
        const double expected =
            (before[row * width + i] - mean) / std::sqrt(variance + epsilon) * gamma[i] + beta[i];
        EXPECT_NEAR(values[row * width + i], expected, 1e-4) << width;
        EXPECT_EQ(rounded[row * width + i], to_bf16(values[row * width + i])) << width;
      }
    }
  }
}

std::vector<const Kernels*> variants() {
  const auto all = kernels_this_cpu_can_run();
  return {all.begin(), all.end()};
}
INSTANTIATE_TEST_SUITE_P(Variants, KernelsTest, ::testing::ValuesIn(variants()),
                         [](const auto& variant) { return std::string(variant.param->name); });

}  // namespace
}  // namespace kith::model
