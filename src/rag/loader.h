// Loaders turn the bytes of a source into text with structure: one Loader per media type, chosen by a registry
// from the declared media type, the file name, or the bytes themselves.
//
// Promises: no input crashes, hangs or outgrows LoadLimits; what cannot be read comes back as an Error that names
// the source and says what to do. Text is valid UTF-8 with '\n' line ends, and every block lies inside it on
// character boundaries. The same bytes give the same text as long as Loader::version() stays the same.
//
// Costs: linear in the input; memory a small multiple of it. Thread safety: loaders and the registry are
// immutable once made; any number of threads may use one.
#pragma once

#include <kith/result.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "text/structured_text.h"

namespace kith::rag {

struct LoadLimits {
  std::size_t source_bytes_max = std::size_t{64} << 20;  ///< one file or one JSONL line
  std::size_t text_bytes_max = std::size_t{32} << 20;    ///< extracted text of one document
  std::size_t html_bytes_max = std::size_t{32} << 20;
  std::size_t html_depth_max = 256;           ///< deeper elements are flattened into their ancestors
  std::size_t html_elements_max = 2'000'000;  ///< more is an error
  std::size_t blocks_max = 2'000'000;
};

struct LoadInput {
  std::string_view bytes;
  std::string_view name;        ///< for messages and as the last resort for a title; may be empty
  std::string_view media_type;  ///< parameters (charset) allowed; may be empty
};

struct LoadedDocument {
  text::StructuredText content;
  std::string media_type;
  std::string id;               ///< what the source itself says (JSONL); empty otherwise
  std::string uri;              ///< likewise
  std::string metadata = "{}";  ///< likewise; a JSON object
  std::vector<std::string> warnings;
};

class Loader {
 public:
  virtual ~Loader() = default;
  /// The media type it is registered for, "text/html".
  virtual std::string_view media_type() const = 0;
  /// Grows whenever the same bytes would give another text; part of a document's content hash.
  virtual std::uint32_t version() const = 0;
  virtual Result<LoadedDocument> load(const LoadInput& input) const = 0;
};

/// Which keys of a JSONL object mean what; the first name that is there counts.
struct JsonlFields {
  std::vector<std::string> id{"id", "_id"};
  std::vector<std::string> title{"title"};
  std::vector<std::string> text{"text"};
  std::vector<std::string> uri{"uri", "url"};
  std::vector<std::string> metadata{"metadata"};
};

std::unique_ptr<Loader> make_html_loader(const LoadLimits& limits);
std::unique_ptr<Loader> make_markdown_loader(const LoadLimits& limits);
std::unique_ptr<Loader> make_plain_text_loader(const LoadLimits& limits);

/// What the name of a file says about it, before its bytes are read.
enum class FileKind : std::uint8_t {
  document,     ///< a loader will take it, or its bytes decide
  unsupported,  ///< people would expect it to be read (PDF, DOCX), but this version does not: an error
  other,        ///< images, style sheets, archives: passed over in a folder, an error when named
};

class LoaderRegistry {
 public:
  /// HTML, Markdown, plain text; JSON Lines are one document per line (see document_source.h).
  static std::shared_ptr<const LoaderRegistry> standard(const LoadLimits& limits = {},
                                                        JsonlFields fields = {});

  ~LoaderRegistry();
  LoaderRegistry(const LoaderRegistry&) = delete;
  LoaderRegistry& operator=(const LoaderRegistry&) = delete;

  static FileKind kind_of_name(std::string_view name);
  /// By extension; empty when the name says nothing.
  static std::string_view media_type_of_name(std::string_view name);
  static bool is_json_lines(std::string_view media_type);

  const LoadLimits& limits() const { return limits_; }

  /// Declared media type, else extension, else sniffing of the bytes. unsupported: a type that nobody reads,
  /// naming it; invalid_argument: "looks binary".
  Result<const Loader*> choose(const LoadInput& input) const;
  /// What shapes the text that `loader` extracts: its version and those of the loaders it calls.
  std::string version_of(const Loader& loader) const;
  /// choose(), then load(). too_large beyond the limits.
  Result<LoadedDocument> load(const LoadInput& input) const;

 protected:
  LoaderRegistry(const LoadLimits& limits, JsonlFields fields);

 private:
  LoadLimits limits_;
  std::vector<std::unique_ptr<Loader>> loaders_;
};

/// One line of a JSON Lines file. `inner` loads the text field when the line names a media_type of its own.
std::unique_ptr<Loader> make_jsonl_loader(const LoadLimits& limits, JsonlFields fields,
                                          const LoaderRegistry& inner);

}  // namespace kith::rag
