#include "server/node.h"

#include "base/try.h"
#include "model/model_catalog.h"
#include "model/sentence_model.h"

namespace kith::server {

Node::Node(std::string data_folder, const NodeParameters& parameters, ParameterTable& table,
           const Clock& clock, Logger log)
    : data_folder_(std::move(data_folder)),
      parameters_(parameters),
      table_(table),
      clock_(clock),
      log_(std::move(log)),
      search_seconds_(metrics_.histograms("kith_search_duration_seconds", "Time of a search by stage.",
                                          {"collection", "stage"})) {}

Node::~Node() {
  callbacks_.clear();
  jobs_.reset();
  {
    const std::scoped_lock lock(pipelines_mutex_);
    pipelines_.clear();
  }
  database_.reset();
}

Result<std::unique_ptr<Node>> Node::open(const std::string& data_folder, const NodeParameters& parameters,
                                         ParameterTable& table, const Clock& clock, Logger log) {
  std::unique_ptr<Node> out(new Node(data_folder, parameters, table, clock, std::move(log)));
  out->executor_ = KITH_TRY(Executor::start(parameters.process.executor_options()));
  engine::EngineOptions options = parameters.engine_options();
  options.executor = out->executor_.get();
  options.clock = &clock;
  options.log = out->log_;
  options.store.warn = [node = out.get()](std::string_view message) { node->log_.warning(message); };
  out->database_ = KITH_TRY(engine::LocalDatabase::open(data_folder, std::move(options)));
  KITH_TRY(out->load_saved_parameters());
  out->jobs_ = KITH_TRY(rag::JobQueue::open(*out->database_));
  out->add_metrics();
  return out;
}

// Changes made at run time are kept in the folder. One that no longer fits is left out, with a warning.
Status Node::load_saved_parameters() {
  for (const auto& [name, bytes] : KITH_TRY(database_->records("parameter"))) {
    const auto saved = SavedChange::decode(bytes);
    const auto applied = saved ? table_.set(saved->name, saved->value, saved->author, saved->reason)
                               : Result<SavedChange>(std::unexpected(saved.error()));
    if (!applied)
      log_.warning("a saved parameter is left out", {{"name", name}, {"reason", applied.error().message}});
  }
  return {};
}

std::string Node::models_folder() const {
  const std::string folder = parameters_.models_folder.get();
  return folder.empty() ? data_folder_ + "/models" : folder;
}

Result<std::shared_ptr<const Embedder>> Node::embedder(const std::string& name) {
  const std::string folder = KITH_TRY(model::find_model(models_folder(), name));
  const std::scoped_lock lock(embedders_mutex_);
  if (const auto found = embedders_.find(folder); found != embedders_.end()) return found->second;
  auto loading = model::SentenceModel::load(folder, parameters_.model_options());
  if (!loading) {
    Error error = std::move(loading).error();
    // The folder is there: a file that it lacks is a broken model, not an absent one, and nobody may go on without it.
    if (error.code == ErrorCode::not_found) error.code = ErrorCode::failed_precondition;
    return std::unexpected(std::move(error).with_context("embedding model '" + name + "'"));
  }
  auto loaded = *std::move(loading);
  log_.info("model loaded", {{"model", loaded->name()},
                             {"precision", model::precision_name(loaded->precision())},
                             {"threads", loaded->threads()},
                             {"dimension", loaded->dimension()}});
  std::shared_ptr<const Embedder> shared = std::move(loaded);
  embedders_[folder] = shared;
  return shared;
}

Result<std::shared_ptr<const Embedder>> Node::embedder_of(const CollectionConfig& config,
                                                          std::string* why_not) {
  if (config.embedder.empty()) {
    if (why_not != nullptr) *why_not = "the collection has no embedding model";
    return nullptr;
  }
  auto found = embedder(config.embedder);
  if (!found) {
    if (found.error().code != ErrorCode::not_found) return found;
    if (why_not != nullptr) *why_not = found.error().message;
    return nullptr;
  }
  if ((*found)->fingerprint() != config.embedder_fingerprint) {
    return failure(ErrorCode::failed_precondition,
                   "the model '" + config.embedder +
                       "' is not the one that made this collection's vectors; put the "
                       "former one back, or ingest into a new collection");
  }
  return found;
}

Result<CollectionConfig> Node::documents_config(const std::string& embedder_name,
                                                const std::string& language) {
  CollectionConfig config;
  config.lexical = true;
  config.language = language;
  const std::string wanted = embedder_name.empty() ? parameters_.embedding_model.get() : embedder_name;
  if (wanted.empty() || wanted == "none") return config;
  auto model = embedder(wanted);
  if (!model) {
    // A model that was asked for must be there; the default one may be missing: then words alone are searched.
    if (!embedder_name.empty() || model.error().code != ErrorCode::not_found)
      return std::unexpected(model.error());
    log_.warning("no embedding model: the new collection is searched by words only",
                 {{"reason", model.error().message}});
    return config;
  }
  config.embedder = wanted;
  config.embedder_fingerprint = (*model)->fingerprint();
  config.vectors[""] = VectorParams{.dimension = static_cast<std::uint32_t>((*model)->dimension()),
                                    .distance = Distance::cosine};
  return config;
}

Result<std::shared_ptr<Collection>> Node::documents_collection(const std::string& name) {
  auto found = database_->collection(name);
  if (found || found.error().code != ErrorCode::not_found) return found;
  auto created = database_->create_collection(name, KITH_TRY(documents_config("", "en")));
  // Somebody else was faster: fine.
  if (!created && created.error().code == ErrorCode::already_exists) return database_->collection(name);
  return created;
}

Result<std::shared_ptr<rag::IngestPipeline>> Node::pipeline(const std::string& collection_name) {
  auto collection = KITH_TRY(database_->collection(collection_name));
  const CollectionConfig config = collection->config();
  if (!config.lexical) {
    return failure(
        ErrorCode::failed_precondition,
        "collection '" + collection_name + "' holds plain points, not documents; ingest into another one");
  }
  std::string why_not;
  auto model = KITH_TRY(embedder_of(config, &why_not));
  if (model == nullptr && !config.embedder.empty()) return failure(ErrorCode::unavailable, why_not);
  const std::scoped_lock lock(pipelines_mutex_);
  Pipeline& kept = pipelines_[collection->name()];  // not the alias by which it was called
  if (kept.collection != collection) {
    kept = {collection, std::make_shared<rag::IngestPipeline>(collection, std::move(model))};
  }
  return kept.pipeline;
}

void Node::forget(const std::string& collection_name) {
  const std::scoped_lock lock(pipelines_mutex_);
  pipelines_.erase(collection_name);
}

Result<std::shared_ptr<void>> Node::take_ingest_place() {
  const std::size_t places = std::max<std::size_t>(1, parameters_.worker_threads() / 2);
  if (ingests_waiting_.fetch_add(1) >= places) {
    ingests_waiting_.fetch_sub(1);
    return failure(ErrorCode::overloaded, std::to_string(places) +
                                              " requests wait for an ingest already; try again, or "
                                              "leave ?wait=true out to get a job");
  }
  return std::shared_ptr<void>(this,
                               [](void* node) { static_cast<Node*>(node)->ingests_waiting_.fetch_sub(1); });
}

Result<rag::IngestOptions> Node::ingest_options() const {
  rag::IngestOptions out;
  out.chunker = KITH_TRY(text::parse_chunk_policy(parameters_.ingest_chunk_policy.get()));
  out.workers = static_cast<std::size_t>(parameters_.ingest_workers.get());
  return out;
}

void Node::add_metrics() {
  callbacks_ = add_process_metrics(metrics_);
  metrics_.gauges("kith_build_info", "Version of this program.", {"version"}).with({KITH_VERSION}).set(1);
  for (Pool* pool : {&executor_->search(), &executor_->background()}) {
    for (auto& callback : add_pool_metrics(metrics_, *pool)) callbacks_.push_back(std::move(callback));
  }
  const auto per_collection = [this](std::string_view name, std::string_view help,
                                     std::function<double(const CollectionInfo&)> read) {
    callbacks_.push_back(
        metrics_.add_callback(name, help, MetricType::gauge, {"collection"},
                              [this, read = std::move(read)](const MetricsRegistry::Emit& emit) {
                                for (const auto& collection_name : database_->collection_names()) {
                                  if (const auto collection = database_->collection(collection_name)) {
                                    emit({collection_name}, read((*collection)->info()));
                                  }
                                }
                              }));
  };
  const auto sum = [](std::uint64_t VectorViewInfo::* member) {
    return [member](const CollectionInfo& info) {
      std::uint64_t total = 0;
      for (const auto& view : info.vectors) total += view.*member;
      return static_cast<double>(total);
    };
  };
  per_collection("kith_points", "Points in a collection.",
                 [](const auto& info) { return static_cast<double>(info.points); });
  per_collection("kith_documents", "Documents in a collection.",
                 [](const auto& info) { return static_cast<double>(info.documents); });
  per_collection("kith_index_vectors", "Vectors that can be searched.", sum(&VectorViewInfo::vectors));
  per_collection("kith_index_tail", "Vectors that wait to be linked; every search scans them.",
                 sum(&VectorViewInfo::tail));
  per_collection("kith_index_deleted", "Dead rows that are not reclaimed yet.",
                 sum(&VectorViewInfo::deleted));
  per_collection("kith_collection_memory_bytes", "Memory of a collection's views, mapped files left out.",
                 [](const auto& info) { return static_cast<double>(info.memory_bytes); });
  const auto store_figure = [this](std::string_view name, std::string_view help, MetricType type,
                                   std::uint64_t store::StoreFigures::* member) {
    callbacks_.push_back(
        metrics_.add_callback(name, help, type, {}, [this, member](const MetricsRegistry::Emit& emit) {
          emit({}, static_cast<double>(database_->store_figures().*member));
        }));
  };
  using Figures = store::StoreFigures;
  store_figure("kith_store_written_bytes_total", "Bytes committed to the store.", MetricType::counter,
               &Figures::written_bytes);
  store_figure("kith_store_log_bytes_total", "Bytes appended to the write-ahead log.", MetricType::counter,
               &Figures::log_bytes);
  store_figure("kith_store_log_syncs_total", "Syncs of the write-ahead log.", MetricType::counter,
               &Figures::log_syncs);
  store_figure("kith_store_table_bytes", "Table files on disk.", MetricType::gauge, &Figures::table_bytes);
  store_figure("kith_store_memory_bytes", "Caches and buffers of the store.", MetricType::gauge,
               &Figures::memory_bytes);
  store_figure("kith_store_cache_hits_total", "Blocks found in the store's cache.", MetricType::counter,
               &Figures::cache_hits);
  store_figure("kith_store_cache_misses_total", "Blocks read from files.", MetricType::counter,
               &Figures::cache_misses);
  store_figure("kith_store_free_bytes", "Free space on the data folder's disk.", MetricType::gauge,
               &Figures::free_bytes);
}

}  // namespace kith::server
