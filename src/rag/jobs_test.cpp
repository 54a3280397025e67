#include "rag/jobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <thread>

#include "rag/ingest_pipeline.h"
#include "rag/job_record.h"
#include "rag/testing/memory_database.h"

namespace kith::rag {
namespace {

using namespace std::chrono_literals;
using testing::MemoryDatabase;

std::unique_ptr<JobQueue> open(MemoryDatabase& database, JobQueueOptions options = {}) {
  auto queue = JobQueue::open(database, options);
  EXPECT_TRUE(queue.has_value());
  return *std::move(queue);
}

/// Work that runs until it is cancelled.
Status until_cancelled(JobContext& job) {
  while (!job.stop().cancelled()) std::this_thread::sleep_for(1ms);
  return failure(ErrorCode::cancelled, "cancelled");
}

void wait_running(const JobQueue& queue, const std::string& id) {
  while (queue.get(id)->state == JobState::queued) std::this_thread::sleep_for(1ms);
}

TEST(Jobs, RunsAndReports) {
  MemoryDatabase database;
  const auto queue = open(database);
  const auto id = queue->submit("ingest", "docs", [](JobContext& job) -> Status {
    job.progress(3, 4);
    job.error("a.pdf", "not read");
    job.detail(R"({"added":3})");
    return {};
  });
  ASSERT_TRUE(id.has_value());
  const auto info = queue->wait(*id, 10s);
  ASSERT_TRUE(info.has_value());
  EXPECT_EQ(info->state, JobState::done);
  EXPECT_EQ(info->done, 3U);
  EXPECT_EQ(info->total, 4U);
  EXPECT_EQ(info->errors.at(0).item, "a.pdf");
  EXPECT_GE(info->finished_unix_ms, info->started_unix_ms);
  const auto body = nlohmann::json::parse(job_json(*info));
  for (const char* key : {"id", "kind", "state", "done", "total", "rate", "eta_seconds", "errors"}) {
    EXPECT_TRUE(body.contains(key)) << key;
  }
  EXPECT_EQ(body["state"], "done");
  EXPECT_EQ(body["detail"]["added"], 3);
}

TEST(Jobs, FailureHasItsMessage) {
  MemoryDatabase database;
  const auto queue = open(database);
  const auto id = queue->submit(
      "ingest", "docs", [](JobContext&) -> Status { return failure(ErrorCode::disk_full, "no space"); });
  const auto info = queue->wait(*id, 10s);
  EXPECT_EQ(info->state, JobState::failed);
  EXPECT_EQ(info->message, "no space");
}

TEST(Jobs, CancelWhileQueuedAndWhileRunning) {
  MemoryDatabase database;
  const auto queue = open(database);
  std::atomic<bool> second_ran = false;
  const auto first = queue->submit("ingest", "docs", until_cancelled);
  const auto second = queue->submit("ingest", "docs", [&](JobContext&) -> Status {
    second_ran = true;
    return {};
  });
  wait_running(*queue, *first);
  EXPECT_EQ(queue->cancel(*second)->state, JobState::cancelled);
  EXPECT_EQ(queue->cancel(*first)->state, JobState::running);
  EXPECT_EQ(queue->wait(*first, 10s)->state, JobState::cancelled);
  EXPECT_FALSE(second_ran);
  EXPECT_EQ(queue->cancel("nothing").error().code, ErrorCode::not_found);
}

TEST(Jobs, QueueIsBoundedAndListIsNewestFirst) {
  MemoryDatabase database;
  const auto queue = open(database, {.queued_max = 2});
  const auto running = queue->submit("ingest", "docs", until_cancelled);
  wait_running(*queue, *running);
  ASSERT_TRUE(queue->submit("a", "docs", until_cancelled).has_value());
  std::this_thread::sleep_for(2ms);
  ASSERT_TRUE(queue->submit("b", "docs", until_cancelled).has_value());
  const auto refused = queue->submit("c", "docs", until_cancelled);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, ErrorCode::overloaded);
  const auto list = queue->list();
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[0].kind, "b");
  EXPECT_EQ(queue->wait(*running, 1ms).error().code, ErrorCode::deadline_exceeded);
}

TEST(Jobs, ErrorsAndFinishedJobsAreBounded) {
  MemoryDatabase database;
  const auto queue = open(database, {.errors_max = 5, .finished_max = 3});
  std::string last;
  for (int i = 0; i < 6; ++i) {
    last = *queue->submit("ingest", "docs", [](JobContext& job) -> Status {
      for (int n = 0; n < 20; ++n) job.error("item", std::string(10'000, 'x'));
      return {};
    });
    ASSERT_EQ(queue->wait(last, 10s)->state, JobState::done);
  }
  EXPECT_EQ(queue->get(last)->errors.size(), 5U);
  EXPECT_EQ(queue->get(last)->error_count, 20U);
  while (queue->list().size() > 3) std::this_thread::sleep_for(1ms);
  EXPECT_EQ(database.records("job")->size(), 3U);
}

TEST(Jobs, AfterACrashWhatRanIsFailedAndSaysHowToGoOn) {
  MemoryDatabase database;
  JobInfo running;
  running.id = new_job_id(5);
  running.kind = "ingest";
  running.collection = "docs";
  running.state = JobState::running;
  running.done = 7;
  JobInfo queued = running;
  queued.id = new_job_id(6);
  queued.state = JobState::queued;
  JobInfo done = running;
  done.id = new_job_id(7);
  done.state = JobState::done;
  for (const auto& job : {running, queued, done}) {
    ASSERT_TRUE(database.put_record("job", job.id, encode_job(job)).has_value());
  }
  ASSERT_TRUE(database.put_record("job", "damaged", "{\"version\":1,").has_value());
  const auto queue = open(database);
  for (const auto& id : {running.id, queued.id}) {
    const auto info = queue->get(id);
    ASSERT_TRUE(info.has_value());
    EXPECT_EQ(info->state, JobState::failed);
    EXPECT_EQ(info->done, 7U);
    EXPECT_THAT(info->message, ::testing::HasSubstr("interrupted"));
    EXPECT_THAT(info->message, ::testing::HasSubstr("again"));
    EXPECT_EQ(decode_job(**database.record("job", id))->state, JobState::failed);
  }
  EXPECT_EQ(queue->get(done.id)->state, JobState::done);
  EXPECT_EQ(queue->list().size(), 3U);
}

TEST(Jobs, ClosingCancelsWhatRunsAndWhatWaits) {
  MemoryDatabase database;
  auto queue = open(database);
  const auto running = *queue->submit("ingest", "docs", until_cancelled);
  const auto waiting = *queue->submit("ingest", "docs", until_cancelled);
  wait_running(*queue, running);
  queue.reset();
  EXPECT_EQ(decode_job(**database.record("job", running))->state, JobState::cancelled);
  EXPECT_EQ(decode_job(**database.record("job", waiting))->state, JobState::cancelled);
}

TEST(Jobs, RecordsRoundTripAndDamageIsCorrupt) {
  JobInfo job;
  job.id = new_job_id(1234567);
  job.kind = "ingest";
  job.collection = "a\"b\n";
  job.state = JobState::cancelled;
  job.done = 5;
  job.total = 9;
  job.rate = 1.5;
  job.eta_seconds = 2.5;
  job.errors = {{"x", "y"}};
  job.error_count = 12;
  job.detail = R"({"added":3})";
  job.message = "why";
  const std::string record = encode_job(job);
  EXPECT_EQ(encode_job(*decode_job(record)), record);
  for (std::size_t cut = 0; cut < record.size(); ++cut) {
    const auto damaged = decode_job(std::string_view(record).substr(0, cut));
    ASSERT_FALSE(damaged.has_value());
    EXPECT_EQ(damaged.error().code, ErrorCode::corrupt);
  }
}

TEST(Jobs, IngestReportsItsCounts) {
  MemoryDatabase database;
  const auto queue = open(database);
  const auto id = *queue->submit("ingest", "docs", [](JobContext& job) -> Status {
    IngestProgress progress;
    progress.counts.added = 2;
    progress.total = 10;
    report_progress(job, progress);
    IngestSummary summary;
    summary.counts.added = 4;
    summary.cancelled = true;
    return finish_ingest_job(job, summary);
  });
  const auto info = queue->wait(id, 10s);
  EXPECT_EQ(info->state, JobState::cancelled);
  EXPECT_EQ(nlohmann::json::parse(info->detail)["added"], 4);
}

}  // namespace
}  // namespace kith::rag
