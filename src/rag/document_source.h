// Where documents come from: files and folders, standard input, JSON Lines, or a request's body.
//
// A source yields one SourceItem per document, in a fixed order, without reading more than it must: the bytes of
// a file are read later, by whoever parses it; JSON Lines are read line by line, so a 10 GB file costs one line.
//
// Identity: a document's id is the caller's, else its uri. A file's uri is file:// + absolute path, percent-
// encoded, or uri_base + path relative to the PATH given. A JSON line without a uri has its file's uri + "#" + id;
// without an id, the first 16 digits of its SHA-256 stand for one, so that inserting a line moves no other.
//
// Thread safety: one thread calls next(); total() may be called at any time, the rest once next() has ended.
#pragma once

#include <kith/result.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/stop_token.h"
#include "rag/loader.h"

namespace kith::rag {

struct SourceItem {
  std::string id;  ///< empty: what the loader finds, else uri
  std::string uri;
  std::string title;            ///< empty: what the loader finds, else the name of the file
  std::string media_type;       ///< empty: the registry decides
  std::string metadata = "{}";  ///< JSON object of the caller
  std::string name;             ///< for messages: "manual/index.html", "data.jsonl:12"
  bool uri_completes = false;   ///< uri is a file's; the loader's uri replaces it, else "#" + id is appended
  /// The bytes, or the file that holds them.
  std::variant<std::string, std::filesystem::path> body;
};

struct SourceProblem {
  std::string name, uri;
  Error error;
  bool skipped = false;  ///< not a document at all (an image in a folder); not counted as a failure
};

using SourceEvent = std::variant<SourceItem, SourceProblem>;

class DocumentSource {
 public:
  virtual ~DocumentSource() = default;
  /// nullopt: nothing is left. Never blocks on anything but its own input.
  virtual std::optional<SourceEvent> next() = 0;
  /// How many events there will be, when that is known.
  virtual std::optional<std::size_t> total() const { return std::nullopt; }
  /// A document whose uri is one of these, or goes on after one of these with '/' or '#', belongs to this source:
  /// when it was not seen it has vanished. Empty: the source does not say.
  virtual std::vector<std::string> uri_scopes() const { return {}; }
  /// Whether everything in the scopes could be listed; nothing counts as vanished otherwise.
  virtual bool complete() const { return true; }
};

struct PathSourceOptions {
  std::string uri_base;    ///< empty: file:// + absolute path
  std::string media_type;  ///< for all of them; empty: by name and content
  std::string metadata = "{}";
  std::string stdin_uri = "stdin:";  ///< uri of "-"
  bool hidden = false;               ///< also files and folders whose name starts with a dot
  std::size_t files_max = 10'000'000;
};

/// Files, folders (recursively, sorted by bytes of the path, hidden ones left out, symbolic links followed but no
/// folder entered twice) and "-" for standard input. Walks the folders at once: not_found or permission_denied when
/// a PATH cannot be read, naming it. A folder further down that cannot be read is reported by next() and makes
/// complete() false.
Result<std::unique_ptr<DocumentSource>> open_paths(const std::vector<std::string>& paths,
                                                   std::shared_ptr<const LoaderRegistry> registry,
                                                   const PathSourceOptions& options = {},
                                                   const StopToken* stop = nullptr,
                                                   std::FILE* standard_input = stdin);

/// Documents that are in memory already (a request's body).
std::unique_ptr<DocumentSource> items_source(std::vector<SourceItem> items);

/// The bytes of an item; a file is read here. not_found: "was deleted while being read"; too_large beyond bytes_max.
Result<std::string> read_body(SourceItem& item, std::size_t bytes_max);

/// file:// + percent-encoded absolute path.
std::string file_uri(const std::filesystem::path& path);
/// Everything but unreserved characters and "/" becomes %XX.
std::string percent_encode(std::string_view text);
/// Whether `uri` is `scope` or goes on after it with '/' or '#' (or `scope` ends in '/').
bool uri_within(std::string_view uri, std::string_view scope);

}  // namespace kith::rag
