#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/target.h"
#include "server/server.h"

namespace kith::cli {

ExitCode serve(Context& context, Signals& signals) {
  auto node = open_node(context);
  if (!node) return context.fail(node.error());
  auto server = server::Server::start(**node);
  if (!server) return context.fail(server.error());
  context.log().info("listening",
                     {{"url", (*server)->url()},
                      {"data", context.data_folder()},
                      {"collections", (*node)->database().collection_names().size()},
                      {"fsync", durability_name(context.parameters().engine_options().store.durability)}});
  context.say(fmt::format("kith listens on {} (data folder {})", (*server)->url(), context.data_folder()));
  if (context.options().json) context.print(fmt::format(R"({{"url":"{}"}})", (*server)->url()));
  signals.wait();
  context.log().info("stopping: running requests are finished; a second signal ends at once");
  server->reset();
  node->reset();
  context.log().info("stopped");
  return ExitCode::ok;
}

}  // namespace kith::cli
