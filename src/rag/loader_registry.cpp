#include <algorithm>
#include <array>

#include "base/try.h"
#include "rag/encoding.h"
#include "rag/loader.h"
#include "rag/structured_text_builder.h"

namespace kith::rag {
namespace {

struct Extension {
  std::string_view name, media_type;
};

constexpr auto read_extensions = std::to_array<Extension>({
    {"html", "text/html"},           {"htm", "text/html"},          {"xhtml", "text/html"},
    {"md", "text/markdown"},         {"markdown", "text/markdown"}, {"mdown", "text/markdown"},
    {"mkd", "text/markdown"},        {"mdx", "text/markdown"},      {"jsonl", "application/jsonl"},
    {"ndjson", "application/jsonl"}, {"txt", "text/plain"},         {"text", "text/plain"},
    {"rst", "text/plain"},           {"adoc", "text/plain"},        {"org", "text/plain"},
    {"log", "text/plain"},           {"tex", "text/plain"},         {"csv", "text/plain"},
    {"tsv", "text/plain"},
});

constexpr auto unread_documents = std::to_array<std::string_view>(
    {"pdf",  "doc",  "docx", "ppt",  "pptx", "xls", "xlsx", "odt",   "ods", "odp",    "rtf",
     "epub", "mobi", "chm",  "djvu", "eml",  "msg", "mbox", "pages", "key", "numbers"});

constexpr auto other_files = std::to_array<std::string_view>(
    {"css",  "js",     "mjs",  "map",  "png",   "jpg", "jpeg", "gif",  "svg",     "svgz",     "ico",
     "webp", "bmp",    "tiff", "woff", "woff2", "ttf", "eot",  "otf",  "mp3",     "mp4",      "webm",
     "ogg",  "wav",    "avi",  "mov",  "zip",   "gz",  "bz2",  "xz",   "zst",     "tar",      "7z",
     "rar",  "jar",    "o",    "a",    "so",    "exe", "dll",  "bin",  "class",   "pyc",      "inv",
     "db",   "sqlite", "dat",  "iso",  "deb",   "rpm", "whl",  "lock", "devhelp", "devhelp2", "pickle"});

std::string lower_extension(std::string_view name) {
  const std::size_t slash = name.find_last_of('/');
  if (slash != std::string_view::npos) name.remove_prefix(slash + 1);
  const std::size_t dot = name.find_last_of('.');
  if (dot == std::string_view::npos || dot == 0) return {};
  std::string extension(name.substr(dot + 1));
  for (char& c : extension) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return extension;
}

template <class List>
bool contains(const List& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return out;
}

/// Media types that mean one of ours under another name.
std::string_view canonical_media_type(std::string_view bare) {
  if (bare == "application/xhtml+xml") return "text/html";
  if (bare == "text/x-markdown" || bare == "text/x-gfm") return "text/markdown";
  if (bare == "application/x-ndjson" || bare == "application/ndjson" || bare == "application/x-jsonlines" ||
      bare == "application/json-lines" || bare == "application/jsonlines") {
    return "application/jsonl";
  }
  return bare;
}

std::string_view sniff(std::string_view bytes) {
  const std::string head = lower(trim(bytes.substr(0, 1024)));
  if (head.starts_with("<!doctype html") || head.starts_with("<html") ||
      head.find("<html") != std::string::npos || head.find("<body") != std::string::npos ||
      head.find("<head>") != std::string::npos) {
    return "text/html";
  }
  return "text/plain";
}

}  // namespace

LoaderRegistry::LoaderRegistry(const LoadLimits& limits, JsonlFields fields) : limits_(limits) {
  loaders_.push_back(make_html_loader(limits));
  loaders_.push_back(make_markdown_loader(limits));
  loaders_.push_back(make_plain_text_loader(limits));
  loaders_.push_back(make_jsonl_loader(limits, std::move(fields), *this));
}

LoaderRegistry::~LoaderRegistry() = default;

std::shared_ptr<const LoaderRegistry> LoaderRegistry::standard(const LoadLimits& limits, JsonlFields fields) {
  struct Made : LoaderRegistry {
    Made(const LoadLimits& l, JsonlFields f) : LoaderRegistry(l, std::move(f)) {}
  };
  return std::make_shared<const Made>(limits, std::move(fields));
}

FileKind LoaderRegistry::kind_of_name(std::string_view name) {
  const std::string extension = lower_extension(name);
  if (contains(unread_documents, extension)) return FileKind::unsupported;
  if (contains(other_files, extension)) return FileKind::other;
  return FileKind::document;
}

std::string_view LoaderRegistry::media_type_of_name(std::string_view name) {
  const std::string extension = lower_extension(name);
  for (const auto& known : read_extensions) {
    if (known.name == extension) return known.media_type;
  }
  return {};
}

bool LoaderRegistry::is_json_lines(std::string_view media_type) {
  return canonical_media_type(lower(bare_media_type(media_type))) == "application/jsonl";
}

Result<const Loader*> LoaderRegistry::choose(const LoadInput& input) const {
  const std::string declared = lower(bare_media_type(input.media_type));
  std::string_view type = canonical_media_type(declared);
  if (type.empty() || type == "application/octet-stream") {
    if (kind_of_name(input.name) != FileKind::document) {
      return failure(ErrorCode::unsupported,
                     "Kith does not read ." + lower_extension(input.name) +
                         " files; it reads HTML, Markdown, plain text and JSON Lines: "
                         "convert it to one of them");
    }
    type = media_type_of_name(input.name);
    if (type.empty() && looks_binary(input.bytes)) {
      return failure(
          ErrorCode::invalid_argument,
          "looks binary; Kith reads HTML, Markdown, plain text and JSON Lines: convert it to one of them");
    }
    if (type.empty()) type = sniff(input.bytes);
  }
  for (const auto& loader : loaders_) {
    if (loader->media_type() == type) return loader.get();
  }
  return failure(ErrorCode::unsupported,
                 "no loader for media type \"" + std::string(type) +
                     "\"; known are text/html, text/markdown, text/plain, application/jsonl");
}

std::string LoaderRegistry::version_of(const Loader& loader) const {
  const auto name = [](const Loader& one) {
    return std::string(one.media_type()) + ":" + std::to_string(one.version()) + ";";
  };
  // Markdown hands raw HTML on, JSON lines anything.
  if (loader.media_type() != "text/markdown" && loader.media_type() != "application/jsonl")
    return name(loader);
  std::string all = name(loader);
  for (const auto& other : loaders_) all += name(*other);
  return all;
}

Result<LoadedDocument> LoaderRegistry::load(const LoadInput& input) const {
  if (input.bytes.size() > limits_.source_bytes_max) {
    return failure(ErrorCode::too_large, "has " + std::to_string(input.bytes.size()) + " bytes; at most " +
                                             std::to_string(limits_.source_bytes_max) +
                                             " are read: split it or raise the limit");
  }
  const Loader* loader = KITH_TRY(choose(input));
  return loader->load(input);
}

}  // namespace kith::rag
