#include "base/profiles.h"

#include <array>

namespace kith {
namespace {

constexpr std::array<ProfileValue, 1> dev = {{{"log.level", "debug"}}};
constexpr std::array<ProfileValue, 2> prod = {{{"log.level", "error"}, {"memory.limit", "16GiB"}}};
constexpr std::array<ProfileValue, 2> server = {{{"log.format", "json"}, {"memory.limit", "16GiB"}}};
// 500,000 vectors of 1024 dimensions in 4-bit codes, 256 MiB of caches, originals on disk.
constexpr std::array<ProfileValue, 3> edge = {
    {{"memory.limit", "600MiB"}, {"threads.search", "2"}, {"threads.background", "1"}}};
constexpr std::array<ProfileValue, 1> low_memory = {{{"memory.limit", "4GiB"}}};

constexpr std::array<Profile, 5> all = {{
    {"dev", "a developer's machine: everything is logged", dev},
    {"prod", "production beside other services: errors only, 16 GiB", prod},
    {"server", "a machine for Kith alone: JSON log", server},
    {"edge", "a small computer: 600 MiB, two threads", edge},
    {"low-memory", "4 GiB", low_memory},
}};

}  // namespace

std::span<const Profile> built_in_profiles() { return all; }

}  // namespace kith
