// Node: everything a running Kith is made of, put together once: clock, log, metrics, threads, data folder, models,
// ingest pipelines, jobs. The server's endpoints and the command line's local commands both work on one.
//
// Thread safety: every method may be called from any thread.
#pragma once

#include <kith/database.h>
#include <kith/embedder.h>

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "base/log.h"
#include "base/metrics.h"
#include "base/parameters.h"
#include "engine/local_database.h"
#include "rag/ingest_pipeline.h"
#include "rag/jobs.h"
#include "server/node_parameters.h"

namespace kith::server {

class Node {
 public:
  /// Opens the data folder (made when it is not there). `table` and `clock` outlive the node.
  static Result<std::unique_ptr<Node>> open(const std::string& data_folder, const NodeParameters& parameters,
                                            ParameterTable& table, const Clock& clock, Logger log);
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  engine::LocalDatabase& database() { return *database_; }
  rag::JobQueue& jobs() { return *jobs_; }
  MetricsRegistry& metrics() { return metrics_; }
  /// By collection and stage.
  HistogramFamily& search_seconds() { return search_seconds_; }
  ParameterTable& table() { return table_; }
  const NodeParameters& parameters() const { return parameters_; }
  const Clock& clock() const { return clock_; }
  const Logger& log() const { return log_; }
  Executor& executor() { return *executor_; }
  const std::string& data_folder() const { return data_folder_; }
  std::string models_folder() const;

  /// The model of that name or folder, loaded on first use and then shared. not_found says how to get it.
  Result<std::shared_ptr<const Embedder>> embedder(const std::string& name);
  /// The model that made the collection's vectors; null (not an error) when it has none or the model is not there:
  /// `why_not` then says so, for plans and messages. failed_precondition when the model there is another one.
  Result<std::shared_ptr<const Embedder>> embedder_of(const CollectionConfig& config,
                                                      std::string* why_not = nullptr);

  /// A collection for documents: lexical, and with one dense vector if embedding.model can be loaded.
  /// `embedder_name` empty: embedding.model; "none": lexical only.
  Result<CollectionConfig> documents_config(const std::string& embedder_name, const std::string& language);
  /// Makes it with documents_config() when it does not exist.
  Result<std::shared_ptr<Collection>> documents_collection(const std::string& name);

  /// The ingest pipeline of a collection; one per collection, shared by all who ingest into it.
  Result<std::shared_ptr<rag::IngestPipeline>> pipeline(const std::string& collection_name);
  /// Forgets what is kept about a dropped collection.
  void forget(const std::string& collection_name);

  /// A place among the requests that may wait for an ingest to end; overloaded when half of the workers wait already.
  /// Given back when the pointer goes.
  Result<std::shared_ptr<void>> take_ingest_place();

  /// Chunk policy and workers as the parameters say.
  Result<rag::IngestOptions> ingest_options() const;

 private:
  Node(std::string data_folder, const NodeParameters& parameters, ParameterTable& table, const Clock& clock,
       Logger log);
  Status load_saved_parameters();
  void add_metrics();

  std::string data_folder_;
  NodeParameters parameters_;
  ParameterTable& table_;
  const Clock& clock_;
  Logger log_;
  MetricsRegistry metrics_;
  HistogramFamily& search_seconds_;
  std::unique_ptr<Executor> executor_;
  std::unique_ptr<engine::LocalDatabase> database_;
  std::unique_ptr<rag::JobQueue> jobs_;
  std::vector<MetricCallback> callbacks_;  // read what stands above; go first

  std::atomic<std::size_t> ingests_waiting_{0};
  std::mutex embedders_mutex_;
  std::map<std::string, std::shared_ptr<const Embedder>> embedders_;
  struct Pipeline {
    std::shared_ptr<Collection> collection;
    std::shared_ptr<rag::IngestPipeline> pipeline;
  };
  std::mutex pipelines_mutex_;
  std::map<std::string, Pipeline> pipelines_;
};

}  // namespace kith::server
