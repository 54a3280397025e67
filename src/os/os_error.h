// errno → Error, in one place.
#pragma once

#include <kith/result.h>

#include <filesystem>
#include <string_view>

namespace kith::os {

/// "cannot <action> <path>: <why>; <what to do>". ENOSPC and EDQUOT are disk_full, EACCES, EPERM and EROFS
/// permission_denied, ENOENT not_found, EEXIST already_exists, ENOTEMPTY failed_precondition, EMFILE and ENFILE
/// overloaded, the rest io.
Error os_error(int error_number, std::string_view action, const std::filesystem::path& path);

}  // namespace kith::os
