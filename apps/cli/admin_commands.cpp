// collections, documents, stats, health, jobs: thin over the HTTP contract.
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>

#include "base/json_writer.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/json_text.h"
#include "cli/target.h"
#include "cli/text_style.h"
#include "net/json.h"
#include "net/request_target.h"

namespace kith::cli {
namespace {

// Sends one request; prints the body with --json, else hands the parsed body on.
ExitCode run(Context& context, std::string_view method, const std::string& route, const std::string& body,
             const std::function<void(const net::JsonValue&)>& show) {
  auto target = Target::open(context);
  if (!target) return context.fail(target.error());
  const auto reply = (*target)->send(method, route, body);
  if (!reply) return context.fail(reply.error());
  if (context.options().json) {
    context.print(reply->body);
    return ExitCode::ok;
  }
  const auto json = net::JsonDocument::parse(reply->body);
  if (!json) return context.fail(json.error());
  show(json->root());
  return ExitCode::ok;
}

// Deleting asks first, unless --yes.
bool confirmed(const Context& context, const std::string& what) {
  if (context.options().yes) return true;
  if (!context.asks()) {
    context.say("kith: not deleting " + what + " without --yes");
    return false;
  }
  context.say("Delete " + what + "? Type yes:");
  std::string line;
  return std::getline(std::cin, line) && line == "yes";
}

void show_collection(const Context& context, const net::JsonValue& info) {
  context.print(fmt::format("{}", text_of(info, "name")));
  context.print(fmt::format("  documents {}, points {}, embedder {}, language {}, memory {}",
                            text_of(info, "documents"), text_of(info, "points"), text_of(info, "embedder"),
                            text_of(info, "language"),
                            format_bytes_short(info.find("memory_bytes")->unsigned_integer().value_or(0))));
  const auto vectors = info.find("vectors");
  for (const auto view : vectors->elements()) {
    const std::string name = text_of(view, "name");
    context.print(fmt::format("  vector {}: {} x {}, {}, {} linked, {} in the tail",
                              name.empty() ? "(unnamed)" : name, text_of(view, "vectors"),
                              text_of(view, "dimension"), text_of(view, "distance"), text_of(view, "linked"),
                              text_of(view, "tail")));
  }
}

std::string collection_route(const std::string& name) {
  return "/v1/collections/" + net::percent_encode(name);
}

}  // namespace

ExitCode collections(Context& context, const CollectionsArguments& arguments) {
  const auto show = [&](const net::JsonValue& info) { show_collection(context, info); };
  if (arguments.action == "create") {
    std::string body;
    JsonWriter json(body);
    json.begin_object();
    if (!arguments.embedder.empty()) json.field("embedder", arguments.embedder);
    if (!arguments.language.empty()) json.field("language", arguments.language);
    json.end_object();
    return run(context, "PUT", collection_route(arguments.name), body, show);
  }
  if (arguments.action == "show") return run(context, "GET", collection_route(arguments.name), "", show);
  if (arguments.action == "delete") {
    if (!confirmed(context, "collection '" + arguments.name + "' with all it holds")) return ExitCode::usage;
    return run(context, "DELETE", collection_route(arguments.name), "",
               [&](const net::JsonValue&) { context.say("deleted " + arguments.name); });
  }
  return run(context, "GET", "/v1/collections", "", [&](const net::JsonValue& root) {
    const auto all = root.find("collections");
    for (const auto info : all->elements()) show(info);
    if (all->size() == 0) context.say("No collections yet. `kith ingest PATH…` makes the first one.");
  });
}

ExitCode documents(Context& context, const DocumentsArguments& arguments) {
  const std::string base = collection_route(context.options().collection) + "/documents";
  if (arguments.action == "show") {
    return run(
        context, "GET", base + "/" + net::percent_encode(arguments.id), "", [&](const net::JsonValue& root) {
          const auto record = root.find("document");
          context.print(
              fmt::format("{}\n  title {}\n  {} chunks, {} of text, {}", text_of(*record, "id"),
                          text_of(*record, "title"), text_of(*record, "chunks"),
                          format_bytes_short(record->find("text_bytes")->unsigned_integer().value_or(0)),
                          text_of(*record, "media_type")));
          if (const auto text = root.find_not_null("text"))
            context.print(std::string("\n") + std::string(text->string().value_or("")));
        });
  }
  if (arguments.action == "delete") {
    if (!confirmed(context, "document '" + arguments.id + "'")) return ExitCode::usage;
    return run(context, "DELETE", base + "/" + net::percent_encode(arguments.id), "",
               [&](const net::JsonValue&) { context.say("deleted " + arguments.id); });
  }
  return run(context, "GET", base + fmt::format("?limit={}", arguments.limit), "",
             [&](const net::JsonValue& root) {
               const auto all = root.find("documents");
               for (const auto record : all->elements()) {
                 context.print(fmt::format("{:>6} chunks  {}  {}", text_of(record, "chunks"),
                                           text_of(record, "id"), text_of(record, "title")));
               }
               if (root.find_not_null("next_cursor"))
                 context.say(fmt::format("the first {}; more with --limit", arguments.limit));
             });
}

ExitCode stats(Context& context) {
  return run(context, "GET", "/v1/stats", "", [&](const net::JsonValue& root) {
    const auto all = root.find("collections");
    for (const auto info : all->elements()) {
      context.print(
          fmt::format("{}: {} documents, {} points, {} in the tail, {}", text_of(info, "name"),
                      text_of(info, "documents"), text_of(info, "points"), text_of(info, "tail"),
                      format_bytes_short(info.find("memory_bytes")->unsigned_integer().value_or(0))));
    }
    const auto store = root.find("store");
    context.print(fmt::format("store: {} in tables, {} free on disk, {} syncs of the log",
                              format_bytes_short(store->find("table_bytes")->unsigned_integer().value_or(0)),
                              format_bytes_short(store->find("free_bytes")->unsigned_integer().value_or(0)),
                              text_of(*store, "log_syncs")));
    context.print(fmt::format(
        "process: {} resident",
        format_bytes_short(root.find("process")->find("resident_bytes")->unsigned_integer().value_or(0))));
  });
}

ExitCode health(Context& context) {
  auto target = Target::open(context);
  if (!target) return context.fail(target.error());
  const auto reply = (*target)->send("GET", "/readyz?verbose");
  if (!reply) return context.fail(reply.error());
  context.print(reply->body);
  return ExitCode::ok;
}

ExitCode jobs(Context& context) {
  return run(context, "GET", "/v1/jobs", "", [&](const net::JsonValue& root) {
    const auto all = root.find("jobs");
    for (const auto job : all->elements()) {
      context.print(fmt::format("{}  {:<9} {} {}/{}  {}", text_of(job, "id"), text_of(job, "state"),
                                text_of(job, "kind"), text_of(job, "done"), text_of(job, "total"),
                                text_of(job, "message")));
    }
  });
}

}  // namespace kith::cli
