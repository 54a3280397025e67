#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/try.h"
#include "cli/commands.h"
#include "cli/json_text.h"
#include "cli/target.h"
#include "cli/text_style.h"
#include "net/json.h"

namespace kith::cli {
namespace {

double number_of(const net::JsonValue& object, std::string_view key) {
  const auto value = object.find_not_null(key);
  return value ? value->number().value_or(0) : 0;
}

std::string heading_of(const net::JsonValue& object) {
  std::string out;
  if (const auto path = object.find_not_null("heading_path")) {
    for (const auto heading : path->elements()) {
      if (const auto text = heading.string()) out.append(out.empty() ? "" : " > ").append(*text);
    }
  }
  return out;
}

std::string place_of(const net::JsonValue& source) {
  return fmt::format("{} [{}…{}]", text_of(source, "uri", ""),
                     static_cast<std::uint64_t>(number_of(source, "start")),
                     static_cast<std::uint64_t>(number_of(source, "end")));
}

std::string request_body(const Context& context, const SearchArguments& arguments,
                         std::string_view text_key) {
  std::string body;
  JsonWriter json(body);
  json.begin_object().field("collection", context.options().collection).field(text_key, arguments.text);
  json.field("limit", arguments.limit).field("mode", arguments.mode);
  if (arguments.explain) json.field("explain", true);
  if (arguments.group_by_document) json.field("group_by_document", true);
  if (!arguments.document.empty()) {
    json.key("filter").begin_object().key("must").begin_array().begin_object().field("key", "document_id");
    json.key("match")
        .begin_object()
        .field("value", arguments.document)
        .end_object()
        .end_object()
        .end_array()
        .end_object();
  } else if (!arguments.filter.empty()) {
    json.raw_field("filter", arguments.filter);
  }
  json.end_object();
  return body;
}

std::string timings_line(const net::JsonValue& timings) {
  std::string out;
  for (const auto& [stage, value] : timings.members()) {
    if (value.number().value_or(0) > 0)
      out += fmt::format("{}{} {:.1f}", out.empty() ? "" : "  ", stage, *value.number());
  }
  return out + " ms";
}

void print_hits(const Context& context, const net::JsonValue& root, bool explain) {
  const bool colour = stdout_has_colour();
  std::size_t n = 0;
  const auto results = root.find("results");
  for (const auto hit : results->elements()) {
    const std::string heading = heading_of(hit);
    context.print(fmt::format("{:>2}. {}{}", ++n, bold(text_of(hit, "title", ""), colour),
                              heading.empty() ? "" : "  " + dim(heading, colour)));
    context.print(fmt::format("    {}", excerpt(text_of(hit, "text", ""), 300)));
    context.print(dim(fmt::format("    {:.3f}  {}", number_of(hit, "score"), place_of(hit)), colour));
  }
  if (n == 0) context.print("Nothing found.");
  if (const auto timings = root.find_not_null("timings_ms")) {
    context.say(fmt::format("{} results, {}: {}", n, text_of(root, "mode", ""), timings_line(*timings)));
  }
  if (const auto plan = root.find_not_null("plan"); plan && explain)
    context.print(fmt::format("plan: {}", plan->raw()));
}

void print_answer(const Context& context, const net::JsonValue& root) {
  const bool colour = stdout_has_colour();
  const auto sources = root.find("sources");
  const auto best = root.find_not_null("best");
  const auto best_source = best ? static_cast<std::uint64_t>(number_of(*best, "source")) : 0;
  if (sources->size() == 0) {
    context.print("No passage of this collection answers that.");
  } else if (best) {
    context.print(fmt::format("{} [{}]\n", bold(text_of(*best, "text", ""), colour), best_source));
  }
  for (const auto source : sources->elements()) {
    const auto n = static_cast<std::uint64_t>(number_of(source, "n"));
    const std::string heading = heading_of(source);
    const auto verified = source.find("verified");
    const bool proven = verified && verified->boolean().value_or(false);
    context.print(fmt::format("[{}] {}{}", n, bold(text_of(source, "title", ""), colour),
                              heading.empty() ? "" : " — " + heading));
    context.print(fmt::format("    {}", excerpt(text_of(source, "text", ""), 400)));
    context.print(dim(fmt::format("    {:.3f}  {}  {}", number_of(source, "score"), place_of(source),
                                  proven ? "verified" : "not verified"),
                      colour));
  }
  if (const auto notes = root.find_not_null("notes")) {
    for (const auto note : notes->elements()) context.say("note: " + std::string(note.string().value_or("")));
  }
  if (const auto timings = root.find_not_null("search_timings_ms")) {
    context.say(fmt::format("{}: {}", text_of(root, "mode", ""), timings_line(*timings)));
  }
}

ExitCode run(Context& context, const SearchArguments& arguments, std::string_view route,
             std::string_view text_key, const std::function<void(const net::JsonValue&)>& show) {
  auto target = Target::open(context);
  if (!target) return context.fail(target.error());
  const auto reply = (*target)->send("POST", route, request_body(context, arguments, text_key));
  if (!reply) {
    Error error = reply.error();
    if (error.code == ErrorCode::not_found && error.message.find("ollection") != std::string::npos) {
      error.message +=
          " Fill it with `kith ingest PATH…`, or name another one with --collection (see `kith "
          "collections`).";
    }
    return context.fail(error);
  }
  if (context.options().json) {
    context.print(reply->body);
    return ExitCode::ok;
  }
  const auto json = net::JsonDocument::parse(reply->body);
  if (!json) return context.fail(json.error());
  show(json->root());
  return ExitCode::ok;
}

}  // namespace

ExitCode search(Context& context, const SearchArguments& arguments) {
  return run(context, arguments, "/v1/search", "query",
             [&](const net::JsonValue& root) { print_hits(context, root, arguments.explain); });
}

ExitCode ask(Context& context, const SearchArguments& arguments) {
  return run(context, arguments, "/v1/answer", "question", [&](const net::JsonValue& root) {
    print_answer(context, root);
    if (const auto plan = root.find_not_null("plan"); plan && arguments.explain) {
      context.print(fmt::format("plan: {}", plan->raw()));
    }
  });
}

}  // namespace kith::cli
