// rocksdb::Status → Error, in one place. Internal to src/store.
#pragma once

#include <kith/result.h>

#include <rocksdb/status.h>

#include <string_view>

namespace kith::store {

/// "cannot <action>: <RocksDB's words>; <what to do>". The status must not be ok.
Error rocks_error(const rocksdb::Status& status, std::string_view action);
/// ok or the error.
Status from_rocks(const rocksdb::Status& status, std::string_view action);

/// ENOSPC or a quota.
bool is_out_of_space(const rocksdb::Status& status);

}  // namespace kith::store
