// Tells a torn log from a damaged one. Internal to src/store.
//
// RocksDB reads a write-ahead log until it meets something that is no record. In the last block of the file it takes
// that for a write cut short by a crash and ends there silently; when a flipped length is the cause, acknowledged
// records behind it would be gone without a word. A torn write is the last thing in its file; so a whole record (its
// checksum right) behind something broken proves damage.
//
// A flip of the length of the very last record cannot be told from a torn write.
// Log format: RocksDB's wiki, "Write Ahead Log File Format" (blocks of 32 KiB; CRC32C masked, length, type, payload).
// Cost: at most 32 KiB read per log, about a millisecond when whole. Thread safety: pure functions.
#pragma once

#include <kith/result.h>

#include <filesystem>
#include <string_view>

namespace kith::os {
class FileSystem;
}

namespace kith::store {

/// corrupt when a log (*.log) in the folder is damaged before its end.
Status check_logs(os::FileSystem& files, const std::filesystem::path& folder);

/// The same for the last, not full block of one log.
bool is_torn_or_whole(std::string_view block);

}  // namespace kith::store
