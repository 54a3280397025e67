// `kith ingest PATH…`: into the folder itself through the pipeline, or to a live server in batches.
#include <fmt/format.h>
#include <optional>

#include "base/base64.h"
#include "base/json_writer.h"
#include "base/progress.h"
#include "base/try.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/target.h"
#include "cli/text_style.h"
#include "net/json.h"
#include "net/request_target.h"
#include "rag/document_source.h"
#include "rag/ingest_pipeline.h"

namespace kith::cli {
namespace {

// Small enough to be embedded well within server.request_timeout.
constexpr std::size_t remote_batch_documents = 8;
constexpr std::size_t remote_batch_bytes = 512 << 10;

Result<std::unique_ptr<rag::DocumentSource>> open_source(const IngestArguments& arguments,
                                                         std::shared_ptr<const rag::LoaderRegistry> registry,
                                                         const StopToken* stop) {
  rag::PathSourceOptions options;
  options.uri_base = arguments.uri_base;
  options.media_type = arguments.media_type;
  options.metadata = arguments.metadata;
  return rag::open_paths(arguments.paths, std::move(registry), options, stop);
}

std::string summary_json(const rag::IngestSummary& summary) {
  const auto& counts = summary.counts;
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  json.field("added", counts.added).field("changed", counts.changed).field("unchanged", counts.unchanged);
  json.field("failed", counts.failed).field("skipped", counts.skipped).field("deleted", counts.deleted);
  json.field("chunks_written", counts.chunks_written).field("chunks_deleted", counts.chunks_deleted);
  json.field("chunks_embedded", counts.chunks_embedded).field("tokens_embedded", counts.tokens_embedded);
  json.field("payloads_updated", counts.payloads_updated).field("bytes_read", counts.bytes_read);
  json.key("seconds")
      .begin_object()
      .field("load", summary.seconds.load)
      .field("chunk", summary.seconds.chunk);
  json.field("embed", summary.seconds.embed)
      .field("write", summary.seconds.write)
      .field("total", summary.seconds.total);
  json.end_object().field("cancelled", summary.cancelled).key("failures").begin_array();
  for (const auto& failed : summary.failures) {
    json.begin_object()
        .field("name", failed.name)
        .field("error", failed.error ? failed.error->message : "")
        .end_object();
  }
  json.end_array().end_object();
  return out;
}

void say_summary(const Context& context, const rag::IngestSummary& summary) {
  const auto& counts = summary.counts;
  const double seconds = std::max(summary.seconds.total, 1e-3);
  context.say(
      fmt::format("{} documents: {} added, {} changed, {} unchanged, {} failed, {} skipped, {} deleted",
                  count_text(counts.done()), counts.added, counts.changed, counts.unchanged, counts.failed,
                  counts.skipped, counts.deleted));
  context.say(fmt::format(
      "{} chunks written, {} embedded ({} tokens) from {} in {:.1f} s: {} documents/h, {} chunks/h",
      count_text(counts.chunks_written), count_text(counts.chunks_embedded),
      count_text(counts.tokens_embedded), format_bytes_short(counts.bytes_read), seconds,
      count_text(static_cast<std::uint64_t>(static_cast<double>(counts.done()) / seconds * 3600)),
      count_text(static_cast<std::uint64_t>(static_cast<double>(counts.chunks_written) / seconds * 3600))));
  context.say(fmt::format(
      "time by stage, summed over threads: load {:.1f} s, chunk {:.1f} s, embed {:.1f} s, write {:.1f} s",
      summary.seconds.load, summary.seconds.chunk, summary.seconds.embed, summary.seconds.write));
  for (const auto& warning : summary.warnings) context.say("warning: " + warning);
}

ExitCode finish(Context& context, const rag::IngestSummary& summary) {
  if (context.options().json) context.print(summary_json(summary));
  say_summary(context, summary);
  if (summary.stopped_by) return context.fail(*summary.stopped_by);
  if (summary.cancelled) {
    context.say("interrupted: what was written stays; run the same command again to go on");
    return ExitCode::interrupted;
  }
  return summary.counts.failed != 0 ? ExitCode::partial : ExitCode::ok;
}

// An interrupt may come before the first document is read: that is an interrupted ingest of nothing yet.
ExitCode finish(Context& context, const Error& error) {
  if (error.code != ErrorCode::cancelled) return context.fail(error);
  rag::IngestSummary nothing;
  nothing.cancelled = true;
  return finish(context, nothing);
}

ExitCode ingest_here(Context& context, Signals& signals, const IngestArguments& arguments,
                     server::Node& node) {
  const std::string& name = context.options().collection;
  if (auto made = node.documents_collection(name); !made) return context.fail(made.error());
  auto pipeline = node.pipeline(name);
  if (!pipeline) return context.fail(pipeline.error());
  auto options = node.ingest_options();
  if (!options) return context.fail(options.error());
  StopToken stop;
  signals.on_first([&] {
    stop.cancel();
    context.say("\nfinishing what is under way; interrupt again to end at once");
  });
  auto source = open_source(
      arguments, std::shared_ptr<const rag::LoaderRegistry>(*pipeline, &(*pipeline)->registry()), &stop);
  if (!source) {
    signals.on_first(nullptr);
    return finish(context, source.error());
  }
  auto progress_options = progress_options_for_stderr("Ingesting", "documents");
  progress_options.quiet = context.options().quiet;
  Progress progress(std::move(progress_options), context.clock());
  options->delete_vanished = arguments.delete_vanished;
  options->again = arguments.again;
  options->embed = arguments.embed == "later" ? rag::EmbedMode::later : rag::EmbedMode::now;
  options->on_progress = [&](const rag::IngestProgress& now) {
    progress.set_total(now.total);
    progress.set_done(now.counts.done());
    if (now.counts.failed != 0) progress.set_note(fmt::format("{} failed", now.counts.failed));
  };
  options->on_document = [&](const rag::DocumentResult& result) {
    if (result.error)
      progress.message(fmt::format("{} {}: {}", rag::document_status_name(result.status), result.name,
                                   result.error->message));
  };
  auto summary = (*pipeline)->run(**source, *options, &stop);
  progress.finish();
  signals.on_first(nullptr);
  if (!summary) return finish(context, summary.error());
  // The next start then has nothing to catch up.
  if (auto flushed = node.database().flush(); !flushed) return context.fail(flushed.error());
  return finish(context, *summary);
}

// Sends documents of a source in batches and counts what came of them.
class RemoteIngest {
 public:
  RemoteIngest(const Context& context, Target& target, StopToken& stop, Progress& progress)
      : context_(context), target_(target), stop_(stop), progress_(progress) {}

  Status add(rag::SourceItem item, std::size_t bytes_max) {
    auto body = rag::read_body(item, bytes_max);
    if (!body) {
      fail(item.name, body.error().message);
      return {};
    }
    summary_.counts.bytes_read += body->size();
    if (batch_.empty())
      batch_ = R"({"documents":[)";
    else
      batch_ += ",";
    JsonWriter json(batch_);
    append(json, item, *body);
    if (++documents_ >= remote_batch_documents || batch_.size() >= remote_batch_bytes) return flush();
    return {};
  }

  void fail(const std::string& name, const std::string& message) {
    ++summary_.counts.failed;
    rag::DocumentResult failed;
    failed.name = name;
    failed.error = Error{ErrorCode::io, message};
    summary_.failures.push_back(std::move(failed));
    progress_.message(fmt::format("failed {}: {}", name, message));
  }

  Status flush() {
    if (documents_ == 0) return {};
    const std::string route =
        "/v1/collections/" + net::percent_encode(context_.options().collection) + "/documents?wait=true";
    const auto reply = KITH_TRY(target_.send("POST", route, batch_ + "]}", &stop_));
    batch_.clear();
    documents_ = 0;
    const auto json = KITH_TRY(net::JsonDocument::parse(reply.body));
    const auto results = json.root().find_not_null("results");
    if (!results) return failure(ErrorCode::internal, "the server's answer has no results");
    for (const auto result : results->elements()) count(result);
    progress_.set_done(summary_.counts.done());
    return {};
  }

  rag::IngestSummary& summary() { return summary_; }

 private:
  static void append(JsonWriter& json, const rag::SourceItem& item, const std::string& body) {
    json.begin_object();
    if (!item.id.empty()) json.field("id", item.id);
    json.field("uri", item.uri);
    if (!item.title.empty()) json.field("title", item.title);
    // Otherwise the server goes by name and content, as a local ingest does: the same file is the same document.
    if (!item.media_type.empty()) json.field("media_type", item.media_type);
    json.raw_field("metadata", item.metadata).field("content", base64_encode(body)).end_object();
  }

  void count(const net::JsonValue& result) {
    const auto text = [&](std::string_view key) {
      const auto value = result.find_not_null(key);
      return value && value->string() ? std::string(*value->string()) : std::string();
    };
    const std::string status = text("status");
    auto& counts = summary_.counts;
    if (status == "added")
      ++counts.added;
    else if (status == "changed")
      ++counts.changed;
    else if (status == "unchanged")
      ++counts.unchanged;
    else
      fail(text("id"), text("error"));
    const auto chunks = result.find_not_null("chunks");
    if (chunks && status != "unchanged") counts.chunks_written += chunks->unsigned_integer().value_or(0);
  }

  const Context& context_;
  Target& target_;
  StopToken& stop_;
  Progress& progress_;
  std::string batch_;
  std::size_t documents_ = 0;
  rag::IngestSummary summary_;
};

ExitCode ingest_there(Context& context, Signals& signals, const IngestArguments& arguments, Target& target) {
  if (arguments.delete_vanished || arguments.again || arguments.embed == "later") {
    return context.fail(Error{ErrorCode::unsupported,
                              "--delete, --again and --embed later work on the folder itself; stop the "
                              "server and run it with --data"});
  }
  const auto registry = rag::LoaderRegistry::standard();
  StopToken stop;
  signals.on_first([&] { stop.cancel(); });
  auto source = open_source(arguments, registry, &stop);
  if (!source) return context.fail(source.error());
  auto progress_options = progress_options_for_stderr("Sending", "documents");
  progress_options.quiet = context.options().quiet;
  Progress progress(std::move(progress_options), context.clock());
  progress.set_total((*source)->total());
  const auto started = context.clock().steady_now();
  RemoteIngest remote(context, target, stop, progress);
  Status status;
  while (status && !stop.cancelled()) {
    auto event = (*source)->next();
    if (!event) break;
    if (auto* problem = std::get_if<rag::SourceProblem>(&*event)) {
      if (problem->skipped)
        ++remote.summary().counts.skipped;
      else
        remote.fail(problem->name, problem->error.message);
      continue;
    }
    status = remote.add(std::move(std::get<rag::SourceItem>(*event)), registry->limits().source_bytes_max);
  }
  if (status && !stop.cancelled()) status = remote.flush();
  progress.finish();
  signals.on_first(nullptr);
  auto& summary = remote.summary();
  summary.cancelled = stop.cancelled();
  summary.seconds.total = std::chrono::duration<double>(context.clock().steady_now() - started).count();
  if (!status && !summary.cancelled) summary.stopped_by = status.error();
  return finish(context, summary);
}

}  // namespace

ExitCode ingest(Context& context, Signals& signals, const IngestArguments& arguments) {
  if (const auto metadata = net::JsonDocument::parse(arguments.metadata);
      !metadata || !metadata->root().is_object()) {
    return context.fail(Error{ErrorCode::invalid_argument, "--metadata must be a JSON object"});
  }
  if (arguments.embed != "now" && arguments.embed != "later") {
    return context.fail(
        Error{ErrorCode::invalid_argument, "--embed is now or later, not '" + arguments.embed + "'"});
  }
  auto target = Target::open(context);
  if (!target) return context.fail(target.error());
  if ((*target)->node() == nullptr) return ingest_there(context, signals, arguments, **target);
  return ingest_here(context, signals, arguments, *(*target)->node());
}

}  // namespace kith::cli
