#include "rag/document_source.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <unordered_map>

#include "base/checksum.h"
#include "base/try.h"
#include "rag/encoding.h"
#include "rag/folder_walk.h"
#include "rag/line_reader.h"
#include "rag/structured_text_builder.h"

namespace kith::rag {
namespace {

namespace fs = std::filesystem;

Error open_error(const fs::path& path, int number) {
  if (number == ENOENT) {
    return {ErrorCode::not_found, "was deleted while being read; it is left out until it is back"};
  }
  if (number == EACCES)
    return {ErrorCode::permission_denied, "permission denied; make it readable for this user"};
  return {ErrorCode::io, "cannot read " + path.string() + ": " + std::strerror(number)};
}

/// Reads standard input whole, up to a limit.
Result<std::string> read_stream(std::FILE* file, std::size_t bytes_max) {
  std::string out;
  std::string buffer(std::size_t{64} << 10, '\0');
  while (true) {
    const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), file);
    out.append(buffer.data(), got);
    if (out.size() > bytes_max) {
      return failure(ErrorCode::too_large,
                     "has more than " + std::to_string(bytes_max) + " bytes; split it, or raise the limit");
    }
    if (got == 0) break;
  }
  if (std::ferror(file) != 0)
    return failure(ErrorCode::io, std::string("reading failed: ") + std::strerror(errno));
  return out;
}

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

struct PlannedFile {
  fs::path path;
  std::string uri, name;
  bool named = false;  ///< given on the command line, not found in a folder
};

class PathSource final : public DocumentSource {
 public:
  PathSource(std::shared_ptr<const LoaderRegistry> registry, PathSourceOptions options,
             std::FILE* standard_input)
      : registry_(std::move(registry)), options_(std::move(options)), standard_input_(standard_input) {}

  Status add(const std::string& path, const StopToken* stop) {
    if (path == "-") {
      if (!reads_stdin_) planned_.push_back({"-", options_.stdin_uri, "standard input", true});
      reads_stdin_ = true;
      return {};
    }
    const FolderWalk walk = KITH_TRY(walk_folder(path, options_.hidden, options_.files_max, stop));
    const std::string root_uri = options_.uri_base.empty() ? file_uri(path) : options_.uri_base;
    if (walk.is_folder) scopes_.push_back(root_uri);
    for (const auto& file : walk.files) {
      std::string uri = options_.uri_base.empty() ? file_uri(file.path) : based_uri(file.relative);
      if (!walk.is_folder) scopes_.push_back(uri);
      const auto [before, is_new] = uris_.emplace(uri, file.path);
      if (!is_new) {
        report_same_uri(uri, before->second, file.path);
        continue;
      }
      planned_.push_back({file.path, std::move(uri), file.path.string(), !walk.is_folder});
    }
    for (const auto& problem : walk.problems) {
      events_.push_back(SourceProblem{problem.path.string(), file_uri(problem.path), problem.error});
      complete_ = false;
    }
    return {};
  }

  void planned() {
    uris_.clear();
    total_ = planned_.size() + events_.size();
    for (const auto& file : planned_) {
      if (file.path == "-" || is_json_lines(file)) total_.reset();
    }
  }

  std::optional<SourceEvent> next() override {
    while (true) {
      if (!events_.empty()) {
        SourceEvent event = std::move(events_.front());
        events_.pop_front();
        return event;
      }
      if (lines_) {
        if (auto event = next_line()) return event;
        continue;
      }
      if (planned_.empty()) return std::nullopt;
      const PlannedFile file = std::move(planned_.front());
      planned_.pop_front();
      if (auto event = begin(file)) return event;
    }
  }

  std::optional<std::size_t> total() const override { return total_; }
  std::vector<std::string> uri_scopes() const override { return scopes_; }
  bool complete() const override { return complete_; }

 private:
  /// The same file through two PATHs is no problem; two files that --uri-base gives one uri are.
  void report_same_uri(const std::string& uri, const fs::path& first, const fs::path& second) {
    std::error_code error;
    if (fs::equivalent(first, second, error)) return;
    events_.push_back(
        SourceProblem{second.string(),
                      uri,
                      {ErrorCode::invalid_argument, "has the same uri as " + first.string() +
                                                        "; ingest the two folders in two calls, each "
                                                        "with a uri base of its own"}});
  }

  std::string based_uri(const std::string& relative) const {
    const bool slash = options_.uri_base.ends_with('/');
    return options_.uri_base + (slash ? "" : "/") + percent_encode(relative);
  }

  bool is_json_lines(const PlannedFile& file) const {
    return LoaderRegistry::is_json_lines(options_.media_type.empty()
                                             ? LoaderRegistry::media_type_of_name(file.path.string())
                                             : std::string_view(options_.media_type));
  }

  std::optional<SourceEvent> begin(const PlannedFile& file) {
    const bool from_stdin = file.path == "-";
    if (!from_stdin && options_.media_type.empty()) {
      const FileKind kind = LoaderRegistry::kind_of_name(file.path.string());
      if (kind == FileKind::other && !file.named) {
        return SourceProblem{file.name, file.uri, {ErrorCode::unsupported, "not a document"}, true};
      }
    }
    if (is_json_lines(file)) return begin_lines(file);
    SourceItem item = make_item(file.uri, file.name);
    item.media_type = options_.media_type;
    if (!from_stdin) {
      item.body = file.path;
      return item;
    }
    auto bytes = read_stream(standard_input_, registry_->limits().source_bytes_max);
    if (!bytes) return SourceProblem{file.name, file.uri, std::move(bytes).error()};
    item.body = *std::move(bytes);
    return item;
  }

  SourceItem make_item(const std::string& uri, const std::string& name) const {
    SourceItem item;
    item.uri = uri;
    item.name = name;
    item.metadata = options_.metadata;
    return item;
  }

  std::optional<SourceEvent> begin_lines(const PlannedFile& file) {
    const bool from_stdin = file.path == "-";
    std::FILE* stream = from_stdin ? standard_input_ : std::fopen(file.path.c_str(), "rbe");
    if (stream == nullptr) {
      const Error error = open_error(file.path, errno);
      if (error.code != ErrorCode::not_found) complete_ = false;
      return SourceProblem{file.name, file.uri, error};
    }
    lines_ = std::make_unique<LineReader>(stream, !from_stdin, registry_->limits().source_bytes_max);
    lines_file_ = file;
    return std::nullopt;
  }

  /// nullopt: a blank line, or the end of the file (then lines_ is gone).
  std::optional<SourceEvent> next_line() {
    auto read = lines_->next();
    if (!read) {
      lines_.reset();
      complete_ = false;
      return SourceProblem{lines_file_.name, lines_file_.uri, std::move(read).error()};
    }
    if (!*read) {
      lines_.reset();
      return std::nullopt;
    }
    LineReader::Line& line = **read;
    const std::string name = lines_file_.name + ":" + std::to_string(line.number);
    if (line.too_long) {
      return SourceProblem{
          name,
          lines_file_.uri,
          {ErrorCode::too_large,
           "the line has more than " + std::to_string(registry_->limits().source_bytes_max) + " bytes"}};
    }
    if (line.number == 1 && line.text.starts_with("\xEF\xBB\xBF")) line.text.erase(0, 3);
    if (trim(line.text).empty()) return std::nullopt;
    SourceItem item = make_item(lines_file_.uri, name);
    item.media_type = "application/jsonl";
    item.uri_completes = true;
    item.body = std::move(line.text);
    return item;
  }

  std::shared_ptr<const LoaderRegistry> registry_;
  PathSourceOptions options_;
  std::FILE* standard_input_;
  bool reads_stdin_ = false;
  bool complete_ = true;
  std::deque<PlannedFile> planned_;
  std::unordered_map<std::string, fs::path> uris_;  // while planning
  std::vector<std::string> scopes_;
  std::deque<SourceEvent> events_;
  std::optional<std::size_t> total_;
  std::unique_ptr<LineReader> lines_;
  PlannedFile lines_file_;
};

class ItemsSource final : public DocumentSource {
 public:
  explicit ItemsSource(std::vector<SourceItem> items) : items_(std::move(items)) {}
  std::optional<SourceEvent> next() override {
    if (at_ == items_.size()) return std::nullopt;
    return std::move(items_[at_++]);
  }
  std::optional<std::size_t> total() const override { return items_.size(); }

 private:
  std::vector<SourceItem> items_;
  std::size_t at_ = 0;
};

}  // namespace

Result<std::unique_ptr<DocumentSource>> open_paths(const std::vector<std::string>& paths,
                                                   std::shared_ptr<const LoaderRegistry> registry,
                                                   const PathSourceOptions& options, const StopToken* stop,
                                                   std::FILE* standard_input) {
  auto source = std::make_unique<PathSource>(std::move(registry), options, standard_input);
  for (const auto& path : paths) KITH_TRY(source->add(path, stop));
  source->planned();
  return source;
}

std::unique_ptr<DocumentSource> items_source(std::vector<SourceItem> items) {
  return std::make_unique<ItemsSource>(std::move(items));
}

Result<std::string> read_body(SourceItem& item, std::size_t bytes_max) {
  if (auto* bytes = std::get_if<std::string>(&item.body)) return std::move(*bytes);
  const auto& path = std::get<fs::path>(item.body);
  const std::unique_ptr<std::FILE, FileCloser> file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) return std::unexpected(open_error(path, errno));
  struct stat state{};
  if (fstat(fileno(file.get()), &state) == 0 && state.st_size > 0 &&
      static_cast<std::uint64_t>(state.st_size) > bytes_max) {
    return failure(ErrorCode::too_large, "has " + std::to_string(state.st_size) + " bytes; at most " +
                                             std::to_string(bytes_max) +
                                             " are read: split it or raise the limit");
  }
  return read_stream(file.get(), bytes_max);
}

}  // namespace kith::rag
