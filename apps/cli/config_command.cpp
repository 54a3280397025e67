#include <fmt/format.h>

#include "base/json_writer.h"
#include "cli/commands.h"

namespace kith::cli {
namespace {

std::string origin_text(const ParameterOrigin& origin) {
  std::string out(parameter_layer_name(origin.layer));
  if (!origin.who.empty()) out += " " + origin.who;
  return out;
}

ExitCode show(Context& context, const ConfigArguments& arguments) {
  const auto all = context.table().effective();
  if (context.options().json) {
    std::string out;
    JsonWriter json(out);
    json.begin_object().key("parameters").begin_array();
    for (const auto& state : all) append_json(json, state);
    json.end_array().end_object();
    context.print(out);
    return ExitCode::ok;
  }
  for (const auto& state : all) {
    context.print(arguments.origin
                      ? fmt::format("{} = {}  # {}", state.spec.name, state.value, origin_text(state.origin))
                      : fmt::format("{} = {}", state.spec.name, state.value));
  }
  return ExitCode::ok;
}

}  // namespace

// The table was loaded before this: whatever is wrong in file, environment or flags has ended the program already.
ExitCode config(Context& context, const ConfigArguments& arguments) {
  if (arguments.action == "check") {
    context.say("the configuration is sound");
    return ExitCode::ok;
  }
  if (arguments.action == "schema") {
    context.print(context.table().json_schema());
    return ExitCode::ok;
  }
  if (arguments.action == "explain") {
    const auto text = context.table().explain(arguments.name);
    if (!text) return context.fail(text.error());
    context.print(*text);
    return ExitCode::ok;
  }
  return show(context, arguments);
}

}  // namespace kith::cli
