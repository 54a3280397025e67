// Points as answers show them: records and scored points, with as much of payload and vectors as was asked for.
//
// Points are read in pieces, so that a long answer does not hold all of them beside its text. Pure functions of the
// snapshot.
#pragma once

#include <kith/collection.h>

#include <optional>
#include <span>

#include "base/json_writer.h"
#include "query/universal_query.h"
#include "server/qdrant_body.h"

namespace kith::server::qdrant {

void append_id(JsonWriter& json, const PointId& id);

/// {"id":…,"payload":…,"vector":…}
Status append_record(JsonWriter& json, const StoredPoint& point, const Selection& selection);
/// An array; ids that are not there are left out.
Status append_records(JsonWriter& json, const Snapshot& snapshot, std::span<const PointId> ids,
                      const Selection& selection);
/// The same with "order_value".
Status append_records(JsonWriter& json, const Snapshot& snapshot, std::span<const OrderedPoint> points,
                      const Selection& selection);
/// An array of {"id":…,"version":…,"score":…,…}.
Status append_scored(JsonWriter& json, const Snapshot& snapshot, std::span<const query::QueriedPoint> points,
                     const Selection& selection);
/// An array of {"hits":[…],"id":…}; with `lookup` also "lookup": the record of that snapshot with the group's id.
Status append_groups(JsonWriter& json, const Snapshot& snapshot, std::span<const query::Group> groups,
                     const Selection& selection, const Snapshot* lookup, const Selection& lookup_selection);

}  // namespace kith::server::qdrant
