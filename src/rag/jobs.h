// JobQueue: long work with an id that can be watched, cancelled and found again after a restart.
//
// Jobs run one after the other on a thread of the queue, in the order they came; at most queued_max wait. The record of a
// job is kept in the data folder (Database::put_record, kind "job"): written when its state changes and about
// once a second while it runs. A job that was queued or running when the process died is `failed` after the next
// open(), with a message that says so and how to go on. The newest finished_max finished jobs are kept.
//
// Thread safety: every method may be called from any thread. The Database must outlive the queue.
#pragma once

#include <kith/database.h>
#include <kith/result.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/stop_token.h"

namespace kith::rag {

struct IngestProgress;
struct IngestSummary;

enum class JobState : std::uint8_t { queued, running, done, failed, cancelled };
std::string_view job_state_name(JobState state);

struct JobError {
  std::string item;  ///< document, file or line
  std::string message;
};

struct JobInfo {
  std::string id;
  std::string kind;  ///< "ingest", "embed", …
  std::string collection;
  JobState state = JobState::queued;
  std::uint64_t done = 0;
  std::optional<std::uint64_t> total;
  double rate = 0;  ///< per second
  std::optional<double> eta_seconds;
  std::vector<JobError> errors;   ///< the first errors_max
  std::uint64_t error_count = 0;  ///< all of them
  std::string message;            ///< of a failed or cancelled job: what happened and what to do
  std::string detail = "{}";      ///< JSON object: counts
  std::int64_t created_unix_ms = 0, started_unix_ms = 0, finished_unix_ms = 0;

  bool finished() const { return state != JobState::queued && state != JobState::running; }
};

/// The body of GET /v1/jobs/{id}.
std::string job_json(const JobInfo& job);

/// What the work reports through; lives as long as the work runs. Thread-safe.
class JobContext {
 public:
  virtual ~JobContext() = default;
  virtual const StopToken& stop() const = 0;
  virtual void progress(std::uint64_t done, std::optional<std::uint64_t> total) = 0;
  virtual void error(std::string_view item, std::string_view message) = 0;
  virtual void detail(std::string json_object) = 0;
};

struct JobQueueOptions {
  std::size_t queued_max = 64;
  std::size_t errors_max = 100;
  std::size_t finished_max = 200;
  std::chrono::milliseconds persist_pause{1000};
};

class JobQueue {
 public:
  using Work = std::function<Status(JobContext&)>;

  static Result<std::unique_ptr<JobQueue>> open(Database& database, JobQueueOptions options = {});
  /// Cancels the running job, waits for it, and leaves those that wait as cancelled.
  virtual ~JobQueue() = default;

  /// The new job's id. overloaded when queued_max jobs wait; the work has not been kept then.
  virtual Result<std::string> submit(std::string_view kind, std::string_view collection, Work work) = 0;
  virtual Result<JobInfo> get(std::string_view id) const = 0;  ///< not_found
  virtual std::vector<JobInfo> list() const = 0;               ///< newest first
  /// The state after it; a running job is `running` until it has noticed. not_found; finished jobs stay as they are.
  virtual Result<JobInfo> cancel(std::string_view id) = 0;
  /// Until the job has finished, or deadline_exceeded.
  virtual Result<JobInfo> wait(std::string_view id, std::chrono::milliseconds time_max) const = 0;
};

/// Hands progress and failures of an ingest on to a job: set as IngestOptions::on_progress / on_document.
void report_progress(JobContext& job, const IngestProgress& progress);
/// The final counts; the status is the job's: cancelled, what stopped it, or ok (failed documents are in errors).
Status finish_ingest_job(JobContext& job, const IngestSummary& summary);

}  // namespace kith::rag
