#include "base/process_figures.h"
#include "base/try.h"
#include "os/memory_figures.h"
#include "server/v1_endpoints.h"
#include "server/v1_json.h"

namespace kith::server::v1 {

Outcome stats(Node& node, const net::Request&) {
  const auto store = node.database().store_figures();
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("collections").begin_array();
  for (const auto& name : node.database().collection_names()) {
    const auto collection = node.database().collection(name);
    if (!collection) continue;
    const auto info = (*collection)->info();
    std::uint64_t tail = 0;
    for (const auto& view : info.vectors) tail += view.tail;
    json.begin_object().field("name", name).field("points", info.points).field("documents", info.documents);
    json.field("tail", tail).field("memory_bytes", info.memory_bytes).end_object();
  }
  json.end_array().key("store").begin_object();
  json.field("written_bytes", store.written_bytes)
      .field("log_bytes", store.log_bytes)
      .field("log_syncs", store.log_syncs);
  json.field("table_bytes", store.table_bytes).field("memory_bytes", store.memory_bytes);
  json.field("cache_hits", store.cache_hits).field("cache_misses", store.cache_misses);
  json.field("free_bytes", store.free_bytes).field("accepts_writes", store.accepts_writes).end_object();
  json.key("process").begin_object();
  if (const auto memory = os::memory_figures()) {
    json.field("resident_bytes", memory->resident_bytes);
  }
  json.end_object();
  std::uint64_t running = 0;
  for (const auto& job : node.jobs().list()) running += job.finished() ? 0 : 1;
  json.field("jobs_unfinished", running).end_object();
  return Answer{out};
}

Outcome list_parameters(Node& node, const net::Request&) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("parameters").begin_array();
  for (const auto& state : node.table().effective()) append_json(json, state);
  json.end_array().end_object();
  return Answer{out};
}

// {value, reason?}; value null takes a saved change back.
Outcome set_parameter(Node& node, const net::Request& request) {
  const std::string& name = request.path_parameter("name");
  const auto document = KITH_TRY(parse_body(request));
  KITH_TRY(check_fields(document.root(), {"value", "reason", "author"}));
  const auto value = document.root().find("value");
  if (!value) return failure(ErrorCode::invalid_argument, "'value' is missing; null takes a change back");
  if (value->is_null()) {
    KITH_TRY(node.table().clear(name));
    KITH_TRY(node.database().delete_record("parameter", name));
  } else {
    const std::string text(value->is_string() ? *value->string() : value->raw());
    const auto author = KITH_TRY(text_field(document.root(), "author")).value_or("api");
    const auto reason = KITH_TRY(text_field(document.root(), "reason")).value_or("");
    const auto saved = KITH_TRY(node.table().set(name, text, author, reason));
    KITH_TRY(node.database().put_record("parameter", name, saved.encode()));
  }
  std::string out;
  JsonWriter json(out);
  append_json(json, KITH_TRY(node.table().find(name)));
  return Answer{out};
}

}  // namespace kith::server::v1
