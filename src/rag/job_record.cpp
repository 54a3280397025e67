#include "rag/job_record.h"

#include <kith/ids.h>

#include <nlohmann/json.hpp>
#include <random>

#include "base/json_writer.h"

namespace kith::rag {
namespace {

constexpr int record_version = 1;

void write_optional(JsonWriter& json, std::string_view name, std::optional<double> value) {
  if (value) {
    json.field(name, *value);
  } else {
    json.null_field(name);
  }
}

void write_fields(JsonWriter& json, const JobInfo& job) {
  json.field("id", job.id).field("kind", job.kind).field("collection", job.collection);
  json.field("state", job_state_name(job.state)).field("done", job.done);
  if (job.total) {
    json.field("total", *job.total);
  } else {
    json.null_field("total");
  }
  json.field("rate", job.rate);
  write_optional(json, "eta_seconds", job.eta_seconds);
  json.key("errors").begin_array();
  for (const auto& error : job.errors) {
    json.begin_object().field("item", error.item).field("message", error.message).end_object();
  }
  json.end_array();
  json.field("error_count", job.error_count).field("message", job.message).raw_field("detail", job.detail);
  json.field("created_unix_ms", job.created_unix_ms).field("started_unix_ms", job.started_unix_ms);
  json.field("finished_unix_ms", job.finished_unix_ms);
}

std::optional<JobState> state_of(std::string_view name) {
  for (const JobState state :
       {JobState::queued, JobState::running, JobState::done, JobState::failed, JobState::cancelled}) {
    if (job_state_name(state) == name) return state;
  }
  return std::nullopt;
}

template <class T>
std::optional<T> optional_number(const nlohmann::json& object, const char* key) {
  const auto it = object.find(key);
  if (it == object.end() || !it->is_number()) return std::nullopt;
  return it->get<T>();
}

std::string text_of(const nlohmann::json& object, const char* key) {
  const auto it = object.find(key);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}

}  // namespace

std::string_view job_state_name(JobState state) {
  switch (state) {
    case JobState::queued:
      return "queued";
    case JobState::running:
      return "running";
    case JobState::done:
      return "done";
    case JobState::failed:
      return "failed";
    case JobState::cancelled:
      return "cancelled";
  }
  return "failed";
}

std::string job_json(const JobInfo& job) {
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  write_fields(json, job);
  json.end_object();
  return out;
}

std::string encode_job(const JobInfo& job) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("version", record_version);
  write_fields(json, job);
  json.end_object();
  return out;
}

Result<JobInfo> decode_job(std::string_view record) {
  const auto object = nlohmann::json::parse(record, nullptr, false);
  const auto bad = [](const char* what) {
    return failure(ErrorCode::corrupt, std::string("a job's record is damaged: ") + what);
  };
  if (!object.is_object()) return bad("not a JSON object");
  if (optional_number<int>(object, "version") != record_version) return bad("unknown version");
  const auto state = state_of(text_of(object, "state"));
  if (!state || text_of(object, "id").empty()) return bad("no id or state");
  JobInfo job;
  job.id = text_of(object, "id");
  job.kind = text_of(object, "kind");
  job.collection = text_of(object, "collection");
  job.state = *state;
  job.done = optional_number<std::uint64_t>(object, "done").value_or(0);
  job.total = optional_number<std::uint64_t>(object, "total");
  job.rate = optional_number<double>(object, "rate").value_or(0);
  job.eta_seconds = optional_number<double>(object, "eta_seconds");
  job.error_count = optional_number<std::uint64_t>(object, "error_count").value_or(0);
  job.message = text_of(object, "message");
  job.created_unix_ms = optional_number<std::int64_t>(object, "created_unix_ms").value_or(0);
  job.started_unix_ms = optional_number<std::int64_t>(object, "started_unix_ms").value_or(0);
  job.finished_unix_ms = optional_number<std::int64_t>(object, "finished_unix_ms").value_or(0);
  if (const auto it = object.find("detail"); it != object.end() && it->is_object()) job.detail = it->dump();
  if (const auto it = object.find("errors"); it != object.end() && it->is_array()) {
    for (const auto& error : *it) {
      if (error.is_object()) job.errors.push_back({text_of(error, "item"), text_of(error, "message")});
    }
  }
  return job;
}

std::string new_job_id(std::int64_t unix_ms) {
  std::random_device random;
  Uuid id;
  for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(random());
  for (std::size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<std::uint8_t>(unix_ms >> (40 - 8 * i));
  id.bytes[6] = static_cast<std::uint8_t>((id.bytes[6] & 0x0F) | 0x70);
  id.bytes[8] = static_cast<std::uint8_t>((id.bytes[8] & 0x3F) | 0x80);
  return id.to_string();
}

}  // namespace kith::rag
