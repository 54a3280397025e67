// A job as it is kept in the data folder: JSON, written and read here only. Thread safety: plain functions.
#pragma once

#include <kith/result.h>

#include <string>
#include <string_view>

#include "rag/jobs.h"

namespace kith::rag {

std::string encode_job(const JobInfo& job);
/// corrupt for anything that encode_job() did not write.
Result<JobInfo> decode_job(std::string_view record);
/// UUIDv7: ids in the order of their making.
std::string new_job_id(std::int64_t unix_ms);

}  // namespace kith::rag
