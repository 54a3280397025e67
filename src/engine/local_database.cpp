#include "engine/local_database.h"

#include "base/try.h"
#include "base/utf8.h"

namespace kith::engine {
namespace {

constexpr std::size_t name_bytes_max = 255;
constexpr std::uint32_t dimension_max = 65'536;
constexpr std::string_view alias_kind = "alias";
constexpr std::size_t aliases_max = 10'000;
constexpr auto idle_round = std::chrono::milliseconds(500);

Status check_name(std::string_view name) {
  const auto bad = [&](std::string_view why) {
    return failure(ErrorCode::invalid_argument,
                   "collection name '" + std::string(name.substr(0, 64)) + "' " + std::string(why));
  };
  if (name.empty()) return bad("must not be empty");
  if (name.size() > name_bytes_max) return bad("is longer than 255 bytes");
  if (name == "." || name == "..") return bad("is reserved");
  if (!is_valid_utf8(name))
    return failure(ErrorCode::invalid_argument, "a collection name must be valid UTF-8");
  for (const char c : name) {
    if (c == '/' || c == '\\' || static_cast<unsigned char>(c) < 32 || c == 127) {
      return bad("must not contain a slash, backslash or control character");
    }
  }
  return {};
}

Status check_config(const CollectionConfig& config) {
  for (const auto& [name, params] : config.vectors) KITH_TRY(check_vector_config(name, params));
  for (const auto& [key, field] : config.fields)
    static_cast<void>(KITH_TRY(fields::FieldIndex::empty(key, field)));
  if (config.lexical) static_cast<void>(KITH_TRY(text::Analyzer::create({.language = config.language})));
  return {};
}

}  // namespace

Status check_vector_config(std::string_view name, const VectorParams& params) {
  const bool sparse = params.kind == VectorKind::sparse;
  if (sparse ? params.dimension != 0 : params.dimension < 1 || params.dimension > dimension_max) {
    return failure(ErrorCode::unprocessable, "vectors.size: value " + std::to_string(params.dimension) +
                                                 " invalid, must be from 1 to 65536");
  }
  if (name.size() > name_bytes_max)
    return failure(ErrorCode::invalid_argument, "a vector name is longer than 255 bytes");
  if (name.find('\0') != std::string_view::npos || !is_valid_utf8(name))
    return failure(ErrorCode::invalid_argument, "a vector name must be valid UTF-8 without NUL characters");
  vector::GraphParameters graph;
  if (params.graph_degree) graph.degree = *params.graph_degree;
  if (params.construction_width) graph.construction_width = *params.construction_width;
  return graph.check();
}

LocalDatabase::LocalDatabase(std::string folder, EngineOptions options)
    : folder_(std::move(folder)),
      options_(std::move(options)),
      complaint_(std::chrono::seconds(10), *options_.clock) {}

Result<std::unique_ptr<LocalDatabase>> LocalDatabase::open(const std::string& folder, EngineOptions options) {
  std::unique_ptr<LocalDatabase> out(new LocalDatabase(folder, std::move(options)));
  KITH_TRY(out->options_.files->create_directories(folder));
  out->lock_ = KITH_TRY(out->options_.files->lock_folder(folder));
  out->store_ = KITH_TRY(store::Store::open(folder + "/store", out->options_.store));
  KITH_TRY(out->open_collections());
  KITH_TRY(out->open_aliases());
  out->remove_orphan_views();
  if (out->options_.background) {
    out->maintenance_ =
        std::jthread([database = out.get()](const std::stop_token& stop) { database->run(stop); });
  }
  return out;
}

LocalDatabase::~LocalDatabase() {
  if (maintenance_.joinable()) {
    maintenance_.request_stop();
    wake();
    maintenance_.join();
  }
  for (const auto& collection : all()) {
    if (const auto saved = collection->checkpoint(); !saved) {
      options_.log.warning("no checkpoint at shutdown; the next start takes longer",
                           {{"collection", collection->name()}, {"reason", saved.error().message}});
    }
    collection->close();
  }
  const std::scoped_lock lock(mutex_);
  collections_.clear();
}

std::string LocalDatabase::view_folder(CollectionId id) const {
  return folder_ + "/views/" + std::to_string(id.value);
}

Result<std::shared_ptr<LocalCollection>> LocalDatabase::open_collection(const store::CatalogEntry& entry) {
  return LocalCollection::open(*store_, entry, view_folder(entry.id), options_, [this] { wake(); });
}

Status LocalDatabase::open_collections() {
  for (const auto& entry : KITH_TRY(store_->collections())) {
    auto collection = KITH_TRY(open_collection(entry));
    const std::scoped_lock lock(mutex_);
    collections_[entry.name] = std::move(collection);
  }
  return {};
}

// A crash between dropping a collection and removing its checkpoints leaves these behind.
void LocalDatabase::remove_orphan_views() {
  const auto entries = options_.files->list(folder_ + "/views");
  if (!entries) return;
  for (const auto& entry : *entries) {
    bool known = false;
    for (const auto& collection : all())
      known = known || std::to_string(collection->id().value) == entry.name;
    if (!known) static_cast<void>(options_.files->remove_all(folder_ + "/views/" + entry.name));
  }
}

std::vector<std::shared_ptr<LocalCollection>> LocalDatabase::all() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::shared_ptr<LocalCollection>> out;
  out.reserve(collections_.size());
  for (const auto& [name, collection] : collections_) out.push_back(collection);
  return out;
}

Result<std::shared_ptr<Collection>> LocalDatabase::create_collection(std::string_view name,
                                                                     CollectionConfig config) {
  KITH_TRY(check_name(name));
  KITH_TRY(check_config(config));
  const std::scoped_lock catalog(catalog_mutex_);
  {
    const std::scoped_lock lock(mutex_);
    if (collections_.contains(name)) {
      return failure(ErrorCode::already_exists, "Collection `" + std::string(name) + "` already exists!");
    }
    if (aliases_.contains(name)) {
      return failure(ErrorCode::invalid_argument, "Can't create collection with name " + std::string(name) +
                                                      ". Alias with the same name already exists");
    }
  }
  store::CatalogEntry entry;
  entry.id = KITH_TRY(store_->next_collection_id());
  entry.name = name;
  entry.config = std::move(config);
  store::Batch batch;
  batch.put_collection(entry.id, entry.name, entry.config);
  batch.put_state(entry.id, entry.state);
  KITH_TRY(store_->commit(std::move(batch)));
  auto collection = KITH_TRY(open_collection(entry));
  const std::scoped_lock lock(mutex_);
  collections_[entry.name] = collection;
  return collection;
}

Result<std::shared_ptr<Collection>> LocalDatabase::collection(std::string_view name) const {
  const std::scoped_lock lock(mutex_);
  const auto alias = aliases_.find(name);
  const auto found = collections_.find(alias == aliases_.end() ? name : std::string_view(alias->second));
  if (found == collections_.end()) {
    return failure(ErrorCode::not_found, "Collection `" + std::string(name) + "` doesn't exist!");
  }
  return found->second;
}

std::vector<std::string> LocalDatabase::collection_names() const {
  const std::scoped_lock lock(mutex_);
  std::vector<std::string> out;
  for (const auto& [name, collection] : collections_) out.push_back(name);
  return out;
}

Result<bool> LocalDatabase::drop_collection(std::string_view name) {
  const std::scoped_lock catalog(catalog_mutex_);
  std::shared_ptr<LocalCollection> dropped;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = collections_.find(name);
    if (found == collections_.end()) return false;
    dropped = found->second;
  }
  dropped->close();
  store::Batch batch;
  batch.delete_collection(dropped->id());
  for (const auto& [alias, target] : aliases()) {
    if (target == name) batch.delete_record(alias_kind, alias);
  }
  if (auto committed = store_->commit(std::move(batch)); !committed) {
    dropped->reopen();
    return std::unexpected(std::move(committed).error());
  }
  {
    const std::scoped_lock lock(mutex_);
    collections_.erase(dropped->name());
    std::erase_if(aliases_, [&](const auto& alias) { return alias.second == name; });
  }
  KITH_TRY(options_.files->remove_all(view_folder(dropped->id())));
  return true;
}

// ── aliases: records of the folder, alias → collection ──

Status LocalDatabase::open_aliases() {
  for (auto& [alias, target] : KITH_TRY(store_->records(nullptr, alias_kind))) {
    const std::scoped_lock lock(mutex_);
    if (collections_.contains(target)) aliases_[alias] = target;
  }
  return {};
}

Status LocalDatabase::apply_alias(const AliasAction& action, Aliases& aliases) const {
  using Kind = AliasAction::Kind;
  const auto missing = [&] {
    return failure(ErrorCode::not_found, "Alias " + action.alias + " does not exists!");
  };
  const auto is_collection = [&](const std::string& name) {
    const std::scoped_lock lock(mutex_);
    return collections_.contains(name);
  };
  if (action.kind == Kind::remove) {
    aliases.erase(action.alias);
    return {};
  }
  const std::string& fresh = action.kind == Kind::create ? action.alias : action.target;
  KITH_TRY(check_name(fresh));
  if (is_collection(fresh)) {
    return failure(ErrorCode::already_exists, "Collection `" + fresh + "` already exists!");
  }
  if (action.kind == Kind::create) {
    if (!is_collection(action.target)) {
      return failure(ErrorCode::not_found, "Collection `" + action.target + "` doesn't exist!");
    }
    aliases[fresh] = action.target;
    return {};
  }
  const auto found = aliases.find(action.alias);
  if (found == aliases.end()) return missing();
  const std::string target = found->second;
  aliases.erase(found);
  aliases[fresh] = target;
  return {};
}

Status LocalDatabase::change_aliases(const std::vector<AliasAction>& actions) {
  const std::scoped_lock catalog(catalog_mutex_);
  const Aliases before = [&] {
    const std::scoped_lock lock(mutex_);
    return aliases_;
  }();
  Aliases after = before;
  for (const auto& action : actions) KITH_TRY(apply_alias(action, after));
  if (after.size() > aliases_max) {
    return failure(ErrorCode::too_large,
                   "there would be more than " + std::to_string(aliases_max) + " aliases; delete some first");
  }
  store::Batch batch;
  for (const auto& [alias, target] : before) {
    if (!after.contains(alias)) batch.delete_record(alias_kind, alias);
  }
  for (const auto& [alias, target] : after) {
    const auto old = before.find(alias);
    if (old == before.end() || old->second != target) batch.put_record(alias_kind, alias, target);
  }
  KITH_TRY(store_->commit(std::move(batch)));
  const std::scoped_lock lock(mutex_);
  aliases_ = std::move(after);
  return {};
}

std::vector<std::pair<std::string, std::string>> LocalDatabase::aliases() const {
  const std::scoped_lock lock(mutex_);
  return {aliases_.begin(), aliases_.end()};
}

Status LocalDatabase::put_record(std::string_view kind, std::string_view key, std::string_view value) {
  store::Batch batch;
  batch.put_record(kind, key, value);
  return store_->commit(std::move(batch));
}

Status LocalDatabase::delete_record(std::string_view kind, std::string_view key) {
  store::Batch batch;
  batch.delete_record(kind, key);
  return store_->commit(std::move(batch));
}

Result<std::optional<std::string>> LocalDatabase::record(std::string_view kind, std::string_view key) const {
  return store_->record(nullptr, kind, key);
}

Result<std::vector<std::pair<std::string, std::string>>> LocalDatabase::records(std::string_view kind) const {
  return store_->records(nullptr, kind);
}

Status LocalDatabase::flush() {
  for (const auto& collection : all()) KITH_TRY(collection->flush());
  return store_->sync();
}

Status LocalDatabase::maintain() {
  for (const auto& collection : all()) {
    while (KITH_TRY(collection->maintain())) {
    }
  }
  return {};
}

void LocalDatabase::wake() {
  const std::scoped_lock lock(wake_mutex_);
  work_ = true;
  woken_.notify_one();
}

bool LocalDatabase::maintain_all() {
  bool more = false;
  for (const auto& collection : all()) {
    const auto step = collection->maintain();
    if (step) {
      more = more || *step;
    } else if (const auto held_back = complaint_.admit()) {
      options_.log.error(
          "background work failed; it is tried again",
          {{"collection", collection->name()}, {"reason", step.error().message}, {"repeated", *held_back}});
    }
  }
  return more;
}

void LocalDatabase::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    if (maintain_all()) continue;
    std::unique_lock lock(wake_mutex_);
    woken_.wait_for(lock, stop, idle_round, [&] { return work_; });
    work_ = false;
  }
}

}  // namespace kith::engine
