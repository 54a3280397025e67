// Vectors as callers send them, brought to the form in which they are stored and compared: checked against their
// parameters, cosine ones of length 1, rounded to their datatype, sparse ones sorted by index.
//
// Cosine with u8 is the exception: rounding a vector of length 1 to integers would leave nothing of it, so it is stored
// as it is, and of length 1 only where it is compared (compared_form).
//
// Thread safety: pure functions.
#pragma once

#include <kith/options.h>
#include <kith/point.h>
#include <kith/result.h>

#include <span>
#include <string_view>

namespace kith::engine {

/// invalid_argument: "Vector dimension error: expected dim: D, got N", a value that is not finite, indices of a sparse
/// vector that are not unique or not as many as its values, a kind that the vector is not.
/// A dense vector is taken as a multivector of one row.
Result<VectorValue> stored_form(VectorValue value, const VectorParams& params, std::string_view name);

/// What scorers get of a stored or queried vector.
void to_compared_form(std::span<float> row, const VectorParams& params);

/// Rows of a query, dense or multi, in compared form. Errors as stored_form().
Result<MultiVector> query_rows(const VectorValue& query, const VectorParams& params, std::string_view name);

/// Dimension and finite values.
Status check_vector(std::span<const float> values, const VectorParams& params, std::string_view name);
/// To length 1; a zero vector stays as it is.
void normalise(std::span<float> values);

}  // namespace kith::engine
