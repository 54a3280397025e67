// Vectors as Qdrant writes them: [1, 2] dense, [[1, 2], [3, 4]] multi, {"indices":[…],"values":[…]} sparse; of a
// point either one of these alone (the unnamed vector) or an object of names.
//
// Components go from the parsed body into f32 without a stop. Sparse vectors are sorted by index here, as the engine
// wants them. Pure functions.
#pragma once

#include <kith/point.h>

#include "base/json_writer.h"
#include "server/qdrant_body.h"

namespace kith::server::qdrant {

/// What an empty list is: of a point it is a dense vector without values, which cannot be; in a query the collection
/// says what it would have to be.
enum class EmptyVector : std::uint8_t { refused, kept };

Result<VectorValue> parse_vector(const net::JsonValue& value, const Place& at, EmptyVector empty,
                                 Checks& checks);
/// The vectors of a point. {} is a point without vectors.
Result<VectorMap> parse_vectors(const net::JsonValue& value, const Place& at, Checks& checks);
/// {"text": …, "model": …} and its like: something for a model.
bool is_inference_object(const net::JsonValue& value);

void append_vector(JsonWriter& json, const VectorValue& value);
/// Bare when the unnamed vector is all there is, else an object.
void append_vectors(JsonWriter& json, const VectorMap& vectors, const VectorSelection& selection);

}  // namespace kith::server::qdrant
