// The envelope of every binary record in the store: format byte in front, XXH3 over all of it behind.
// Internal to src/store. Thread safety: pure functions.
#pragma once

#include "base/bytes.h"

#include <kith/result.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace kith::store {

/// Begins a record with its format byte.
ByteWriter begin_record(std::uint8_t format);
/// Appends the checksum.
std::string seal_record(ByteWriter writer);

/// Checks the checksum, then the format byte, and returns a reader of what lies between. corrupt; or
/// failed_precondition when the record is whole but of another format (a newer Kith wrote it).
Result<ByteReader> open_record(std::string_view bytes, std::uint8_t format, std::string_view what);

/// corrupt unless the reader has come to its end.
Status expect_end(const ByteReader& reader, std::string_view what);

/// A count of things that take at least `bytes_each` bytes: never more than the record can hold, so that it may
/// be allocated.
Result<std::size_t> get_count(ByteReader& reader, std::size_t bytes_each);

}  // namespace kith::store
