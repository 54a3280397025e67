#include "rag/jobs.h"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <utility>

#include "base/json_writer.h"
#include "base/try.h"
#include "rag/ingest_pipeline.h"
#include "rag/job_record.h"

namespace kith::rag {
namespace {

constexpr std::string_view record_kind = "job";
constexpr std::size_t message_bytes_max = 2000;

std::int64_t unix_ms_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

struct Job {
  JobInfo info;
  JobQueue::Work work;
  StopToken stop;
};

class Queue final : public JobQueue {
 public:
  Queue(Database& database, JobQueueOptions options) : database_(database), options_(options) {}

  ~Queue() override {
    {
      const std::scoped_lock lock(mutex_);
      closing_ = true;
      for (const auto& job : waiting_)
        end(*job, JobState::cancelled, "the server was shut down before it began");
      waiting_.clear();
      if (running_) running_->stop.cancel();
    }
    changed_.notify_all();
    worker_ = {};  // joins
  }

  Status start() {
    for (auto& [key, value] : KITH_TRY(database_.records(record_kind))) {
      auto info = decode_job(value);
      if (!info) {
        // A record that cannot be read must not keep the folder from opening.
        KITH_TRY(database_.delete_record(record_kind, key));
        continue;
      }
      auto job = std::make_shared<Job>();
      job->info = *std::move(info);
      if (!job->info.finished()) {
        job->info.state = JobState::failed;
        job->info.message =
            "interrupted: the process ended before the job did. Start the same ingest again; documents "
            "that are in already are not read twice";
        job->info.finished_unix_ms = unix_ms_now();
        job->info.eta_seconds.reset();
        KITH_TRY(database_.put_record(record_kind, job->info.id, encode_job(job->info)));
      }
      jobs_.emplace(job->info.id, std::move(job));
    }
    forget_old();
    worker_ = std::jthread([this] { work(); });
    return {};
  }

  Result<std::string> submit(std::string_view kind, std::string_view collection, Work work) override {
    const std::scoped_lock lock(mutex_);
    if (closing_)
      return failure(ErrorCode::unavailable, "the server is shutting down; try again after its restart");
    if (waiting_.size() >= options_.queued_max) {
      return failure(
          ErrorCode::overloaded,
          std::to_string(waiting_.size()) + " jobs are waiting already; try again when some have finished");
    }
    auto job = std::make_shared<Job>();
    job->info.created_unix_ms = unix_ms_now();
    job->info.id = new_job_id(job->info.created_unix_ms);
    job->info.kind = kind;
    job->info.collection = collection;
    job->work = std::move(work);
    KITH_TRY(database_.put_record(record_kind, job->info.id, encode_job(job->info)));
    jobs_.emplace(job->info.id, job);
    waiting_.push_back(job);
    changed_.notify_all();
    return job->info.id;
  }

  Result<JobInfo> get(std::string_view id) const override {
    const std::scoped_lock lock(mutex_);
    const auto it = jobs_.find(id);
    if (it == jobs_.end()) return not_found(id);
    return it->second->info;
  }

  std::vector<JobInfo> list() const override {
    const std::scoped_lock lock(mutex_);
    std::vector<JobInfo> out;
    for (auto it = jobs_.rbegin(); it != jobs_.rend(); ++it) out.push_back(it->second->info);
    std::stable_sort(out.begin(), out.end(), [](const JobInfo& a, const JobInfo& b) {
      return a.created_unix_ms > b.created_unix_ms;
    });
    return out;
  }

  Result<JobInfo> cancel(std::string_view id) override {
    const std::scoped_lock lock(mutex_);
    const auto it = jobs_.find(id);
    if (it == jobs_.end()) return not_found(id);
    const std::shared_ptr<Job> job = it->second;
    if (job->info.state == JobState::queued) {
      std::erase(waiting_, job);
      end(*job, JobState::cancelled, "cancelled before it began");
    } else if (job->info.state == JobState::running) {
      job->stop.cancel();
    }
    return job->info;
  }

  Result<JobInfo> wait(std::string_view id, std::chrono::milliseconds time_max) const override {
    std::unique_lock lock(mutex_);
    const auto it = jobs_.find(id);
    if (it == jobs_.end()) return not_found(id);
    const std::shared_ptr<Job> job = it->second;
    if (!changed_.wait_for(lock, time_max, [&] { return job->info.finished(); })) {
      return failure(ErrorCode::deadline_exceeded,
                     "job " + std::string(id) + " has not finished yet; it goes on");
    }
    return job->info;
  }

 private:
  /// What the running work sees.
  class Context final : public JobContext {
   public:
    Context(Queue& queue, Job& job) : queue_(queue), job_(job), started_(StopToken::Clock::now()) {}
    const StopToken& stop() const override { return job_.stop; }

    void progress(std::uint64_t done, std::optional<std::uint64_t> total) override {
      const std::scoped_lock lock(queue_.mutex_);
      const double seconds = std::chrono::duration<double>(StopToken::Clock::now() - started_).count();
      job_.info.done = done;
      job_.info.total = total;
      job_.info.rate = seconds > 0 ? static_cast<double>(done) / seconds : 0;
      job_.info.eta_seconds.reset();
      if (total && job_.info.rate > 0 && *total >= done) {
        job_.info.eta_seconds = static_cast<double>(*total - done) / job_.info.rate;
      }
      queue_.persist_now_and_then(job_);
    }

    void error(std::string_view item, std::string_view message) override {
      const std::scoped_lock lock(queue_.mutex_);
      ++job_.info.error_count;
      if (job_.info.errors.size() < queue_.options_.errors_max) {
        job_.info.errors.push_back({std::string(item.substr(0, message_bytes_max)),
                                    std::string(message.substr(0, message_bytes_max))});
      }
      queue_.persist_now_and_then(job_);
    }

    void detail(std::string json_object) override {
      const std::scoped_lock lock(queue_.mutex_);
      job_.info.detail = std::move(json_object);
    }

   private:
    Queue& queue_;
    Job& job_;
    StopToken::Clock::time_point started_;
  };

  static std::unexpected<Error> not_found(std::string_view id) {
    return failure(ErrorCode::not_found,
                   "there is no job " + std::string(id) +
                       "; finished jobs are kept for a while only: list the jobs to see which");
  }

  void work() {
    std::unique_lock lock(mutex_);
    while (true) {
      changed_.wait(lock, [&] { return closing_ || !waiting_.empty(); });
      if (closing_) return;
      running_ = waiting_.front();
      waiting_.pop_front();
      running_->info.state = JobState::running;
      running_->info.started_unix_ms = unix_ms_now();
      persist(*running_);
      const std::shared_ptr<Job> job = running_;
      lock.unlock();
      Context context(*this, *job);
      const Status status = job->work(context);
      lock.lock();
      running_.reset();
      job->work = nullptr;
      if (status) {
        end(*job, JobState::done, "");
      } else {
        const ErrorCode code = status.error().code;
        end(*job, code == ErrorCode::cancelled ? JobState::cancelled : JobState::failed,
            status.error().message);
      }
      forget_old();
    }
  }

  void end(Job& job, JobState state, std::string message) {
    job.info.state = state;
    job.info.message = std::move(message);
    job.info.finished_unix_ms = unix_ms_now();
    job.info.eta_seconds.reset();
    persist(job);
    changed_.notify_all();
  }

  /// A job goes on when its record cannot be written (disk full); the next state change tries again.
  void persist(const Job& job) {
    last_persist_ = StopToken::Clock::now();
    (void)database_.put_record(record_kind, job.info.id, encode_job(job.info)).has_value();
  }

  void persist_now_and_then(const Job& job) {
    if (StopToken::Clock::now() - last_persist_ >= options_.persist_pause) persist(job);
  }

  void forget_old() {
    std::vector<std::pair<std::int64_t, std::string>> finished;
    for (const auto& [id, job] : jobs_) {
      if (job->info.finished()) finished.emplace_back(job->info.finished_unix_ms, id);
    }
    if (finished.size() <= options_.finished_max) return;
    std::sort(finished.begin(), finished.end());
    finished.resize(finished.size() - options_.finished_max);
    for (const auto& [time, id] : finished) {
      if (!database_.delete_record(record_kind, id)) return;  // tried again after the next job
      jobs_.erase(id);
    }
  }

  Database& database_;
  const JobQueueOptions options_;
  mutable std::mutex mutex_;  // guards everything below and every JobInfo
  mutable std::condition_variable changed_;
  std::map<std::string, std::shared_ptr<Job>, std::less<>> jobs_;
  std::deque<std::shared_ptr<Job>> waiting_;
  std::shared_ptr<Job> running_;
  StopToken::Clock::time_point last_persist_{};
  bool closing_ = false;
  std::jthread worker_;
};

}  // namespace

Result<std::unique_ptr<JobQueue>> JobQueue::open(Database& database, JobQueueOptions options) {
  auto queue = std::make_unique<Queue>(database, options);
  KITH_TRY(queue->start());
  return queue;
}

namespace {

std::string counts_json(const IngestCounts& counts) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().field("added", counts.added).field("changed", counts.changed);
  json.field("unchanged", counts.unchanged).field("failed", counts.failed).field("skipped", counts.skipped);
  json.field("deleted", counts.deleted).field("chunks_written", counts.chunks_written);
  json.field("chunks_deleted", counts.chunks_deleted).field("payloads_updated", counts.payloads_updated);
  json.field("chunks_embedded", counts.chunks_embedded).field("tokens_embedded", counts.tokens_embedded);
  json.field("bytes_read", counts.bytes_read).end_object();
  return out;
}

}  // namespace

void report_progress(JobContext& job, const IngestProgress& progress) {
  job.detail(counts_json(progress.counts));
  job.progress(progress.counts.done(), progress.total);
}

Status finish_ingest_job(JobContext& job, const IngestSummary& summary) {
  job.detail(counts_json(summary.counts));
  job.progress(summary.counts.done(),
               summary.cancelled || summary.stopped_by ? std::nullopt : std::optional(summary.counts.done()));
  if (summary.stopped_by) return std::unexpected(*summary.stopped_by);
  if (summary.cancelled) {
    return failure(ErrorCode::cancelled,
                   "cancelled; the documents written stay, and the same ingest goes on from there");
  }
  return {};
}

}  // namespace kith::rag
