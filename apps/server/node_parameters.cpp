#include "server/node_parameters.h"

#include <algorithm>
#include <sstream>

#include "os/memory_figures.h"

namespace kith::server {
namespace {

using std::chrono::milliseconds;

void declare_storage(ParameterTable& table, NodeParameters& out) {
  out.store_fsync = table.declare(choice_parameter("store.fsync", {"always", "interval", "os"}, "always")
                                      .describe("when a write is acknowledged: after fsync, after the log "
                                                "was handed to the system with an fsync "
                                                "every store.fsync_interval, or without any fsync"));
  out.store_fsync_interval =
      table.declare(duration_parameter("store.fsync_interval", milliseconds(200))
                        .range(milliseconds(1), milliseconds(60'000))
                        .describe("how often the log is synced with store.fsync = interval"));
  out.store_block_cache = table.declare(bytes_parameter("store.block_cache", Bytes{64U << 20})
                                            .range(Bytes{1U << 20}, Bytes{std::uint64_t{1} << 40})
                                            .describe("cache of the store's file blocks"));
  out.store_write_buffer = table.declare(bytes_parameter("store.write_buffer", Bytes{64U << 20})
                                             .range(Bytes{1U << 20}, Bytes{std::uint64_t{16} << 30})
                                             .describe("memory tables of the store, all together"));
  out.store_free_bytes_min =
      table.declare(bytes_parameter("store.free_bytes_min", Bytes{256U << 20})
                        .describe("below so much free disk space writes are refused with 507; reads go on"));
  out.index_tail_rows_max =
      table.declare(integer_parameter("index.tail_rows_max", 50'000)
                        .range(1'000, 10'000'000)
                        .unit("rows")
                        .describe("written vectors that may wait to be linked, more if they are small "
                                  "(index.tail_bytes_max); beyond it writers slow down"));
  out.index_tail_bytes_max =
      table.declare(bytes_parameter("index.tail_bytes_max", Bytes{512U << 20})
                        .range(Bytes{0}, Bytes{std::uint64_t{64} << 30})
                        .describe("so many bytes of vectors may wait to be linked in any case; every search "
                                  "scans them, at some 10 GB/s"));
  out.index_exact_rows_max = table.declare(integer_parameter("index.exact_rows_max", 1'000)
                                               .range(0, 10'000'000)
                                               .unit("rows")
                                               .describe("collections up to this size are searched exactly"));
  out.index_checkpoint_changes = table.declare(integer_parameter("index.checkpoint_changes", 20'000)
                                                   .range(1, 100'000'000)
                                                   .unit("changes")
                                                   .describe("a checkpoint is due after so many changes"));
  out.index_checkpoint_age = table.declare(duration_parameter("index.checkpoint_age", milliseconds(60'000))
                                               .range(milliseconds(100), milliseconds(86'400'000))
                                               .describe("… or when the oldest change is so old"));
}

void declare_documents(ParameterTable& table, NodeParameters& out) {
  out.models_folder =
      table.declare(text_parameter("models.folder", "")
                        .describe("where models lie; empty: models beside the data folder's store"));
  out.embedding_model = table.declare(
      text_parameter("embedding.model", "all-MiniLM-L6-v2")
          .describe(
              "model of new document collections: a name below models.folder or a folder; empty: none"));
  out.embedding_precision =
      table.declare(choice_parameter("embedding.precision", {"auto", "f32", "bf16"}, "auto")
                        .describe("arithmetic of the model"));
  out.embedding_threads =
      table.declare(integer_parameter("embedding.threads", 0)
                        .range(0, 1024)
                        .unit("threads")
                        .describe("threads of the model; 0: as many as this process may use"));
  out.ingest_chunk_policy =
      table.declare(text_parameter("ingest.chunk_policy", "structure")
                        .describe("how documents are cut: structure, structure-TOKENS or "
                                  "characters-SIZE-OVERLAP"));
  out.ingest_workers =
      table.declare(integer_parameter("ingest.workers", 0)
                        .range(0, 1024)
                        .unit("threads")
                        .describe("threads that load and parse; 0: as many as there are cores"));
  out.search_limit_max =
      table.declare(integer_parameter("search.limit_max", 100)
                        .range(1, 100'000)
                        .runtime()
                        .unit("results")
                        .describe("largest limit of a /v1 search; more is answered with 400"));
}

void declare_server(ParameterTable& table, NodeParameters& out) {
  out.server_bind =
      table.declare(text_parameter("server.bind", "127.0.0.1")
                        .describe("numeric address to listen on; another than loopback needs a key"));
  out.server_port = table.declare(
      integer_parameter("server.port", 6333).range(0, 65'535).describe("port to listen on; 0: any free one"));
  out.server_api_key = table.declare(
      text_parameter("server.api_key", "").secret().describe("clients must show it; empty: no key"));
  out.server_read_only_api_key =
      table.declare(text_parameter("server.read_only_api_key", "")
                        .secret()
                        .describe("a second key, for clients that may only read; needs server.api_key"));
  out.server_insecure = table.declare(boolean_parameter("server.insecure", false)
                                          .describe("listen on other addresses than loopback without a key"));
  out.server_tls_certificate =
      table.declare(text_parameter("server.tls_certificate", "").describe("PEM file; empty: no TLS"));
  out.server_tls_key =
      table.declare(text_parameter("server.tls_key", "").describe("PEM file of the private key"));
  out.server_cors_origins = table.declare(
      text_parameter("server.cors_origins", "*").describe("allowed origins, with commas; * = all"));
  out.server_connections_max =
      table.declare(integer_parameter("server.connections_max", 1024)
                        .range(1, 1'000'000)
                        .unit("connections")
                        .describe("open connections; beyond it new ones wait to be accepted"));
  out.server_queued_requests_max =
      table.declare(integer_parameter("server.queued_requests_max", 256)
                        .range(1, 1'000'000)
                        .unit("requests")
                        .describe("requests that wait for a thread; beyond it 503"));
  out.server_worker_threads =
      table.declare(integer_parameter("server.worker_threads", 0)
                        .range(0, 4096)
                        .unit("threads")
                        .describe("threads that handle requests; 0: four for each core, at "
                                  "least eight. Half of them may wait for an ingest"));
  out.server_body_bytes_max = table.declare(bytes_parameter("server.body_bytes_max", Bytes{32U << 20})
                                                .range(Bytes{1024}, Bytes{std::uint64_t{4} << 30})
                                                .describe("largest request body; beyond it 413"));
  out.server_request_timeout =
      table.declare(duration_parameter("server.request_timeout", milliseconds(60'000))
                        .range(milliseconds(100), milliseconds(86'400'000))
                        .describe("time that one request may take"));
  out.server_drain_timeout = table.declare(duration_parameter("server.drain_timeout", milliseconds(10'000))
                                               .describe("time that running requests get at shutdown"));
  out.server_access_log = table.declare(
      boolean_parameter("server.access_log", true).runtime().describe("one log line per request"));
}

}  // namespace

NodeParameters declare_node_parameters(ParameterTable& table) {
  NodeParameters out;
  out.process = declare_process_parameters(table);
  declare_storage(table, out);
  declare_documents(table, out);
  declare_server(table, out);
  return out;
}

engine::EngineOptions NodeParameters::engine_options() const {
  engine::EngineOptions out;
  out.store.durability = static_cast<Durability>(store_fsync.get().index);
  out.store.fsync_interval = store_fsync_interval.get();
  out.store.block_cache_bytes = store_block_cache.get().value;
  out.store.write_buffer_bytes = store_write_buffer.get().value;
  out.store.free_bytes_min = store_free_bytes_min.get().value;
  out.tail_rows_max = static_cast<std::size_t>(index_tail_rows_max.get());
  out.tail_bytes_max = index_tail_bytes_max.get().value;
  out.write_points_max = out.tail_rows_max;
  out.exact_rows_max = static_cast<std::size_t>(index_exact_rows_max.get());
  out.checkpoint_changes = static_cast<std::size_t>(index_checkpoint_changes.get());
  out.checkpoint_age = index_checkpoint_age.get();
  return out;
}

model::SentenceModelOptions NodeParameters::model_options() const {
  model::SentenceModelOptions out;
  out.precision = static_cast<model::Precision>(embedding_precision.get().index);
  out.threads = static_cast<std::size_t>(embedding_threads.get());
  return out;
}

std::size_t NodeParameters::worker_threads() const {
  const auto given = static_cast<std::size_t>(server_worker_threads.get());
  return given != 0 ? given : std::max<std::size_t>(8, 4 * os::cpu_count_allowed());
}

net::HttpServerOptions NodeParameters::http_options() const {
  net::HttpServerOptions out;
  out.bind_address = server_bind.get();
  out.port = static_cast<std::uint16_t>(server_port.get());
  out.connections_max = static_cast<std::size_t>(server_connections_max.get());
  out.worker_threads = worker_threads();
  out.queued_requests_max = static_cast<std::size_t>(server_queued_requests_max.get());
  out.body_bytes_max = server_body_bytes_max.get().value;
  out.request_timeout = server_request_timeout.get();
  out.drain_timeout = server_drain_timeout.get();
  std::istringstream origins(server_cors_origins.get());
  for (std::string origin; std::getline(origins, origin, ',');) {
    if (!origin.empty()) out.cors_origins.push_back(origin);
  }
  if (!server_tls_certificate.get().empty()) {
    out.tls = net::TlsOptions{server_tls_certificate.get(), server_tls_key.get()};
  }
  return out;
}

}  // namespace kith::server
