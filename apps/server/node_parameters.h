// The parameters of a whole node: store, index, model, ingest, search and server, beside those of the process.
// Thread safety: as base/parameters.h.
#pragma once

#include <chrono>
#include <string>

#include "base/parameters.h"
#include "base/process_parameters.h"
#include "engine/engine_options.h"
#include "model/sentence_model.h"
#include "net/http_server.h"

namespace kith::server {

struct NodeParameters {
  ProcessParameters process;

  Parameter<Choice> store_fsync;  ///< index = Durability
  Parameter<std::chrono::milliseconds> store_fsync_interval;
  Parameter<Bytes> store_block_cache, store_write_buffer, store_free_bytes_min, index_tail_bytes_max;

  Parameter<std::int64_t> index_tail_rows_max, index_exact_rows_max, index_checkpoint_changes;
  Parameter<std::chrono::milliseconds> index_checkpoint_age;

  Parameter<std::string> models_folder;  ///< empty: <data>/models
  Parameter<std::string> embedding_model;
  Parameter<Choice> embedding_precision;  ///< index = model::Precision
  Parameter<std::int64_t> embedding_threads;

  Parameter<std::string> ingest_chunk_policy;
  Parameter<std::int64_t> ingest_workers;

  Parameter<std::int64_t> search_limit_max;

  Parameter<std::string> server_bind, server_api_key, server_read_only_api_key, server_tls_certificate,
      server_tls_key, server_cors_origins;
  Parameter<std::int64_t> server_port, server_connections_max, server_queued_requests_max,
      server_worker_threads;
  Parameter<Bytes> server_body_bytes_max;
  Parameter<std::chrono::milliseconds> server_request_timeout, server_drain_timeout;
  Parameter<bool> server_insecure, server_access_log;

  engine::EngineOptions engine_options() const;
  model::SentenceModelOptions model_options() const;
  net::HttpServerOptions http_options() const;
  std::size_t worker_threads() const;
};

NodeParameters declare_node_parameters(ParameterTable& table);

}  // namespace kith::server
