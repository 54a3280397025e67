// The collection interface: one writer, readers on immutable snapshots. Implemented by the local engine
// (src/engine); a remote cluster will implement the same one.
//
// Thread safety: every method of every class here may be called from any thread at any time.
#pragma once

#include <kith/filter.h>
#include <kith/ids.h>
#include <kith/options.h>
#include <kith/point.h>
#include <kith/result.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kith {

/// Gives up when the deadline has passed or somebody called cancel().
class StopToken;  // src/base/stop_token.h

// ── Writing ──────────────────────────────────────────────────────────────────────────────────────────

enum class PayloadMode : std::uint8_t {
  merge,      ///< top-level keys of `payload` replace or join those of the point
  overwrite,  ///< `payload` replaces the point's payload
};

struct PayloadUpdate {
  PointId id;
  std::string payload;  ///< JSON object
  PayloadMode mode = PayloadMode::merge;
};

/// A document: the unit that people ingest. Its chunks are points whose payload says document_id.
struct DocumentRecord {
  std::string id;
  std::string uri;
  std::string title;
  std::string media_type;
  std::string content_hash;  ///< SHA-256 of the source bytes and everything else that shapes the chunks, hex
  std::string metadata = "{}";   ///< JSON object of the caller
  std::vector<PointId> chunks;   ///< in document order
  std::uint64_t text_bytes = 0;  ///< size of the extracted text
  std::int64_t updated_unix_ms = 0;
  ChangeSeq version;  ///< set by the engine
};

struct DocumentPut {
  DocumentRecord record;
  std::string text;  ///< extracted UTF-8 text; chunk offsets are byte offsets into it
};

/// One operation: everything in it becomes visible at one change_seq, or nothing does.
/// Order inside: deletes, then upserts, then payload updates.
struct Change {
  std::vector<Point> upserts;  ///< replaces the whole point
  std::vector<PointId> deletes;
  std::optional<Filter> delete_matching;
  std::vector<PayloadUpdate> payload_updates;  ///< of points that exist; others are ignored
  std::vector<DocumentPut> document_puts;
  std::vector<std::string> document_deletes;  ///< records and texts; their chunks go by `deletes`
};

struct WriteOutcome {
  ChangeSeq change_seq;  ///< of the last operation of the call
  Durability durability = Durability::always;
};

// ── Reading ──────────────────────────────────────────────────────────────────────────────────────────

struct NearestRequest {
  std::string_view vector_name;  ///< "" = the unnamed one
  std::span<const float> query;  ///< dimension values, finite
  std::size_t limit = 10;
  const Filter* filter = nullptr;
  std::optional<float> score_threshold;  ///< "at least as good as", in the metric's sense
  std::optional<std::uint32_t> ef;       ///< search width; unset: chosen by the engine, never under 2 × limit
  bool exact = false;                    ///< scan instead of walking the graph
  const StopToken* stop = nullptr;
};

struct LexicalRequest {
  std::string_view text;
  std::size_t limit = 10;
  const Filter* filter = nullptr;
  const StopToken* stop = nullptr;
};

/// What a search did, for `explain` and metrics.
struct LegReport {
  std::string strategy;           ///< "graph+tail", "scan", "filtered scan", "postings"
  std::uint64_t scored = 0;       ///< vectors or postings scored
  std::uint64_t tail_scored = 0;  ///< rows of the not yet linked tail among them
  std::uint64_t filter_matches = 0;
  std::vector<std::string> terms;  ///< lexical: terms after analysis
};

struct LegResult {
  std::vector<ScoredPoint> points;  ///< best first; ties by ascending id
  LegReport report;
};

struct ScrollPage {
  std::vector<PointId> ids;     ///< ascending
  std::optional<PointId> next;  ///< first id of the next page
};

struct DocumentPage {
  std::vector<DocumentRecord> records;  ///< ascending by id
  std::optional<std::string> next;
};

/// Everything as it was at one change_seq: points, payloads, vectors, postings, documents. Cheap to take
/// (microseconds); hold it as long as one request lasts.
class Snapshot {
 public:
  virtual ~Snapshot() = default;
  virtual ChangeSeq change_seq() const = 0;

  virtual Result<LegResult> nearest(const NearestRequest& request) const = 0;
  /// BM25 over text, title and heading path with true statistics; scores ≥ 0, higher is better.
  virtual Result<LegResult> lexical(const LexicalRequest& request) const = 0;

  struct Want {
    bool payload = true;
    bool vectors = false;
  };
  /// In the order asked for; unknown ids give nullopt.
  virtual Result<std::vector<std::optional<StoredPoint>>> points(std::span<const PointId> ids,
                                                                 Want want) const = 0;
  virtual Result<ScrollPage> scroll(const std::optional<PointId>& from, std::size_t limit,
                                    const Filter* filter) const = 0;
  virtual Result<std::uint64_t> count(const Filter* filter) const = 0;

  virtual Result<std::optional<DocumentRecord>> document(std::string_view id) const = 0;
  virtual Result<std::optional<std::string>> document_text(std::string_view id) const = 0;
  virtual Result<DocumentPage> documents(std::string_view from, std::size_t limit) const = 0;
};

struct VectorViewInfo {
  std::string name;
  std::uint64_t vectors = 0;  ///< live
  std::uint64_t linked = 0;   ///< in the graph
  std::uint64_t tail = 0;     ///< searchable by scan, not linked yet
  std::uint64_t deleted = 0;  ///< dead rows not yet reclaimed
  std::uint64_t bytes = 0;
};

struct CollectionInfo {
  std::string name;
  CollectionConfig config;
  ChangeSeq change_seq;
  std::uint64_t points = 0;
  std::uint64_t documents = 0;
  std::vector<VectorViewInfo> vectors;
  std::uint64_t lexical_points = 0;
  std::uint64_t memory_bytes = 0;
};

class Collection {
 public:
  virtual ~Collection() = default;
  virtual const std::string& name() const = 0;
  virtual CollectionConfig config() const = 0;
  virtual CollectionInfo info() const = 0;

  /// All changes in order, atomically, each with a change_seq of its own. Committed, durable as configured, and
  /// searchable by every snapshot taken after it returns. Errors leave the collection as it was:
  /// invalid_argument (wrong dimension, NaN, unknown vector name, payload not an object), disk_full, overloaded.
  virtual Result<WriteOutcome> write(std::vector<Change> changes) = 0;

  virtual Result<std::shared_ptr<const Snapshot>> snapshot() const = 0;

  /// Returns when everything before it is on disk and checkpointed, whatever the fsync policy.
  virtual Status flush() = 0;

  /// Waits until the tail is linked into the graph or the time is over (then deadline_exceeded).
  virtual Status wait_linked(std::chrono::milliseconds time_max) = 0;
};

}  // namespace kith
