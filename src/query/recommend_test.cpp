#include "query/recommend.h"

#include <gtest/gtest.h>

namespace kith::query {
namespace {

TEST(AverageExample, DenseIsTheMeanMovedAwayFromTheNegatives) {
  const DenseVector a{1, 2}, b{3, 6}, c{1, 1};
  EXPECT_EQ(*average_example({a, b}, {}), VectorValue(DenseVector{2, 4}));
  EXPECT_EQ(*average_example({a, b}, {c}), VectorValue(DenseVector{3, 7}));
  EXPECT_EQ(*average_example({a}, {b, c}), VectorValue(DenseVector{0, 0.5F}));
}

TEST(AverageExample, SparseCountsMissingComponentsAsZero) {
  const SparseVector a{{1, 5}, {2, 4}}, b{{3, 5}, {6, 8}}, c{{1, 9}, {1, 1}};
  EXPECT_EQ(*average_example({a, b}, {}), VectorValue(SparseVector{{1, 3, 5}, {1, 3, 6}}));
  EXPECT_EQ(*average_example({a, b}, {c}), VectorValue(SparseVector{{1, 3, 5, 9}, {1, 6, 12, -1}}));
}

TEST(AverageExample, MultiPutsAllRowsTogether) {
  const MultiVector a{2, {1, 2}}, b{2, {3, 4, 5, 6}}, c{2, {7, 8}};
  EXPECT_EQ(*average_example({a, b}, {c}), VectorValue(MultiVector{2, {1, 2, 3, 4, 5, 6, -7, -8}}));
}

TEST(AverageExample, RefusesWhatCannotBeAveraged) {
  const VectorValue dense = DenseVector{1, 2}, longer = DenseVector{1, 2, 3}, sparse = SparseVector{{1}, {1}};
  const VectorValue rows = MultiVector{2, {1, 2}}, wide = MultiVector{3, {1, 2, 3}};
  const auto message = [](const auto& positive, const auto& negative) {
    const auto out = average_example(positive, negative);
    return out ? std::string("none") : out.error().message;
  };
  using Vectors = std::vector<VectorValue>;
  EXPECT_EQ(message(Vectors{}, Vectors{dense}),
            "Positive vectors should not be empty with `average` strategy");
  EXPECT_EQ(message(Vectors{dense, sparse}, Vectors{}), "Can't average vectors with different types");
  EXPECT_EQ(message(Vectors{dense, longer}, Vectors{}), "Vector dimension error: expected dim: 2, got 3");
  EXPECT_EQ(message(Vectors{dense}, Vectors{longer}), "Vector dimension error: expected dim: 2, got 3");
  EXPECT_EQ(message(Vectors{rows, wide}, Vectors{}), "Vector dimension error: expected dim: 2, got 3");
  EXPECT_EQ(message(Vectors{rows}, Vectors{wide}), "Vector dimension error: expected dim: 2, got 3");
  EXPECT_EQ(message(Vectors{dense}, Vectors{sparse}),
            "Positive and negative vectors should be of the same type, either all dense or all sparse or all "
            "multi");
}

}  // namespace
}  // namespace kith::query
