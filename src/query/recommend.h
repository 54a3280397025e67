// The vector in the middle of examples: mean(positive), or 2 mean(positive) - mean(negative). The mean of sparse
// vectors counts missing components as 0; "mean" of multivectors is all their rows together, those of negatives with
// their sign changed. f32, in the order given, as Qdrant does.
//
// Pure; thread-safe.
#pragma once

#include <kith/point.h>
#include <kith/result.h>

#include <vector>

namespace kith::query {

/// invalid_argument: no positive, vectors of different kinds or dimensions.
Result<VectorValue> average_example(const std::vector<VectorValue>& positive,
                                    const std::vector<VectorValue>& negative);

}  // namespace kith::query
