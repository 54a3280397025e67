#include "simd/kernels.h"

#include <gtest/gtest.h>

#include <cfloat>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <random>
#include <vector>

namespace kith::simd {
namespace {

std::vector<const Kernels*> all_levels() {
  std::vector<const Kernels*> out;
  for (const Level level : {Level::portable, Level::avx2, Level::avx512}) {
    if (const Kernels* table = kernels_of(level)) out.push_back(table);
  }
  return out;
}

struct Truth {
  double dot = 0, squared_l2 = 0, l1 = 0;
  double dot_magnitude = 0;  // Σ |aᵢ·bᵢ|: what the rounding error of a dot product is relative to
};

Truth truth_of(const float* a, const float* b, std::size_t dimension) {
  Truth truth;
  for (std::size_t i = 0; i < dimension; ++i) {
    const double x = a[i], y = b[i];
    truth.dot += x * y;
    truth.dot_magnitude += std::fabs(x * y);
    truth.squared_l2 += (x - y) * (x - y);
    truth.l1 += std::fabs(x - y);
  }
  return truth;
}

// volatile: the textbook loop, one rounding after each operation, whatever the compiler would like to do.
float textbook(char metric, const float* a, const float* b, std::size_t dimension) {
  volatile float sum = 0;
  for (std::size_t i = 0; i < dimension; ++i) {
    volatile float difference = a[i] - b[i];
    volatile float term = metric == 'd'   ? a[i] * b[i]
                          : metric == '2' ? difference * difference
                                          : std::fabs(difference);
    sum = sum + term;
  }
  return sum;
}

/// Values whose address has the given distance (in floats) from a cache line.
class Misaligned {
 public:
  Misaligned(std::size_t size, std::size_t offset) : memory_(size + 32 + offset) {
    const auto address = reinterpret_cast<std::uintptr_t>(memory_.data());
    start_ = (64 - address % 64) % 64 / sizeof(float) + offset;
  }
  float* data() { return memory_.data() + start_; }

 private:
  std::vector<float> memory_;
  std::size_t start_;
};

class EveryLevel : public testing::TestWithParam<const Kernels*> {};

TEST_P(EveryLevel, AgreesWithDoublePrecisionOnAllSizesAndMisalignments) {
  const Kernels& kernels = *GetParam();
  std::mt19937 random(20240601);
  std::normal_distribution<float> normal;
  constexpr std::size_t dimension_max = 1100;
  for (std::size_t dimension = 0; dimension <= dimension_max; ++dimension) {
    Misaligned a(dimension, dimension % 16), b(dimension, dimension / 16 % 16);
    for (std::size_t i = 0; i < dimension; ++i) {
      a.data()[i] = normal(random);
      b.data()[i] = normal(random);
    }
    const Truth truth = truth_of(a.data(), b.data(), dimension);
    const double tolerance = 4e-7 * (8 + std::sqrt(static_cast<double>(dimension)));
    EXPECT_NEAR(kernels.dot(a.data(), b.data(), dimension), truth.dot, tolerance * truth.dot_magnitude)
        << dimension;
    EXPECT_NEAR(kernels.squared_l2(a.data(), b.data(), dimension), truth.squared_l2,
                tolerance * truth.squared_l2)
        << dimension;
    EXPECT_NEAR(kernels.l1(a.data(), b.data(), dimension), truth.l1, tolerance * truth.l1) << dimension;
    EXPECT_NEAR(kernels.norm(a.data(), dimension), std::sqrt(truth_of(a.data(), a.data(), dimension).dot),
                1e-5 * std::sqrt(dimension + 1.0));
  }
}

TEST_P(EveryLevel, SmallSumsAreTheTextbookLoopBitForBit) {
  const Kernels& kernels = *GetParam();
  std::mt19937 random(7);
  std::uniform_real_distribution<float> uniform(-3, 3);
  for (std::size_t dimension = 0; dimension < sequential_below; ++dimension) {
    for (int round = 0; round < 200; ++round) {
      std::vector<float> a(dimension), b(dimension);
      for (std::size_t i = 0; i < dimension; ++i) {
        a[i] = uniform(random);
        b[i] = uniform(random);
      }
      EXPECT_EQ(kernels.dot(a.data(), b.data(), dimension), textbook('d', a.data(), b.data(), dimension));
      EXPECT_EQ(kernels.squared_l2(a.data(), b.data(), dimension),
                textbook('2', a.data(), b.data(), dimension));
      EXPECT_EQ(kernels.l1(a.data(), b.data(), dimension), textbook('1', a.data(), b.data(), dimension));
    }
  }
}

TEST_P(EveryLevel, ManyGivesTheBitsOfOneAndZerosChangeNothing) {
  const Kernels& kernels = *GetParam();
  std::mt19937 random(11);
  std::normal_distribution<float> normal;
  for (std::size_t dimension :
       {1UL, 7UL, 15UL, 16UL, 17UL, 33UL, 63UL, 64UL, 65UL, 100UL, 127UL, 384UL, 1000UL}) {
    const std::size_t padded = (dimension + 15) / 16 * 16;
    for (const std::size_t count : {0UL, 1UL, 2UL, 3UL, 9UL}) {
      std::vector<std::vector<float>> rows(count, std::vector<float>(padded));
      std::vector<float> query(padded);
      for (std::size_t i = 0; i < dimension; ++i) query[i] = normal(random);
      std::vector<const float*> pointers;
      for (auto& row : rows) {
        for (std::size_t i = 0; i < dimension; ++i) row[i] = normal(random);
        pointers.push_back(row.data());
      }
      const auto check = [&](Kernels::Many many, Kernels::One one) {
        std::vector<float> scores(count);
        many(query.data(), pointers.data(), count, dimension, scores.data());
        for (std::size_t i = 0; i < count; ++i) {
          EXPECT_EQ(scores[i], one(query.data(), rows[i].data(), dimension));
          if (dimension < sequential_below) continue;
          EXPECT_EQ(scores[i], one(query.data(), rows[i].data(), padded)) << dimension;
        }
      };
      check(kernels.dot_many, kernels.dot);
      check(kernels.squared_l2_many, kernels.squared_l2);
      check(kernels.l1_many, kernels.l1);
    }
  }
}

TEST_P(EveryLevel, ExtremeValues) {
  const Kernels& kernels = *GetParam();
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (const std::size_t dimension : {1UL, 15UL, 16UL, 31UL, 64UL, 129UL}) {
    for (const std::size_t at : {std::size_t{0}, dimension / 2, dimension - 1}) {
      std::vector<float> a(dimension, 1), b(dimension, 1);
      a[at] = FLT_MAX;
      b[at] = -FLT_MAX;
      EXPECT_EQ(kernels.dot(a.data(), b.data(), dimension), -infinity);
      EXPECT_EQ(kernels.squared_l2(a.data(), b.data(), dimension), infinity);
      EXPECT_EQ(kernels.l1(a.data(), b.data(), dimension), infinity);
      a[at] = std::numeric_limits<float>::quiet_NaN();
      EXPECT_TRUE(std::isnan(kernels.dot(a.data(), b.data(), dimension)));
      EXPECT_TRUE(std::isnan(kernels.squared_l2(a.data(), b.data(), dimension)));
      EXPECT_TRUE(std::isnan(kernels.l1(a.data(), b.data(), dimension)));
      a[at] = FLT_MAX;
      b[at] = FLT_MAX;
      EXPECT_EQ(kernels.squared_l2(a.data(), b.data(), dimension), 0);
      EXPECT_EQ(kernels.l1(a.data(), b.data(), dimension), 0);
    }
    // Denormals are numbers, not zeros.
    const std::vector<float> tiny(dimension, FLT_TRUE_MIN), zero(dimension, 0),
        negative_zero(dimension, -0.0F);
    EXPECT_FLOAT_EQ(kernels.l1(tiny.data(), zero.data(), dimension),
                    FLT_TRUE_MIN * static_cast<float>(dimension));
    EXPECT_EQ(kernels.dot(tiny.data(), tiny.data(), dimension), 0);
    EXPECT_EQ(kernels.l1(zero.data(), negative_zero.data(), dimension), 0);
  }
}

// Exactly as many floats as are promised: under AddressSanitizer a read past either end is an error.
TEST_P(EveryLevel, ReadsNothingOutside) {
  const Kernels& kernels = *GetParam();
  for (std::size_t dimension = 1; dimension < 200; ++dimension) {
    const std::vector<float> a(dimension, 2), b(dimension, 3);
    EXPECT_EQ(kernels.dot(a.data(), b.data(), dimension), 6.0F * static_cast<float>(dimension));
    EXPECT_EQ(kernels.l1(a.data(), b.data(), dimension), static_cast<float>(dimension));
    EXPECT_EQ(kernels.squared_l2(a.data(), b.data(), dimension), static_cast<float>(dimension));
  }
}

INSTANTIATE_TEST_SUITE_P(Kernels, EveryLevel, testing::ValuesIn(all_levels()),
                         [](const auto& one) { return std::string(level_name(one.param->level)); });

TEST(ChooseLevel, TakesWhatTheMachineHas) {
  for (const Kernels* table : all_levels()) {
    ASSERT_TRUE(choose_level(level_name(table->level)));
    EXPECT_EQ(&kernels(), table);
  }
  const auto wrong = choose_level("sse9");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, ErrorCode::invalid_argument);
  EXPECT_NE(wrong.error().message.find("portable"), std::string::npos);
  ASSERT_TRUE(choose_level(""));
  EXPECT_EQ(&kernels(), all_levels().back());
}

}  // namespace
}  // namespace kith::simd
