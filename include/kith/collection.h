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
#include <variant>
#include <vector>

namespace kith {

/// Gives up when the deadline has passed or somebody called cancel().
class StopToken;  // src/base/stop_token.h

// ── Writing ──────────────────────────────────────────────────────────────────────────────────────────

/// Points by id, or by what they match, or both. Ids that do not exist are passed over unless somebody says otherwise.
struct PointSelector {
  std::vector<PointId> ids;
  std::optional<Filter> filter;
};

enum class UpsertMode : std::uint8_t {
  upsert,
  insert_only,  ///< points that exist stay as they are
  update_only,  ///< points that do not exist are not made
};

enum class PayloadMode : std::uint8_t {
  merge,        ///< top-level keys of `payload` replace or join those of the point; null is a value
  overwrite,    ///< `payload` replaces the point's payload
  patch,        ///< as merge, in every object that `key` leads to, and null removes the key
  remove_keys,  ///< what `keys` (paths) lead to is removed
  clear,        ///< {} is left
};

struct PayloadUpdate {
  PointSelector points;
  PayloadMode mode = PayloadMode::merge;
  std::string payload = "{}";     ///< JSON object; merge, overwrite, patch
  std::string key;                ///< patch: path; missing objects are made. "": the payload itself
  std::vector<std::string> keys;  ///< remove_keys
  bool must_exist = false;  ///< not_found, and nothing is written, when an id of `points` does not exist
};

/// Vectors of these names replace or join those of the point; not_found when it does not exist.
struct VectorUpdate {
  PointId id;
  VectorMap vectors;
};

struct VectorRemoval {
  PointSelector points;
  std::vector<std::string> names;
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
/// Order inside: deletes, upserts, vector updates, vector removals, payload updates.
struct Change {
  std::vector<Point> upserts;  ///< replaces the whole point
  UpsertMode upsert_mode = UpsertMode::upsert;
  std::optional<Filter> upsert_filter;  ///< points that exist are replaced only if they match it
  std::vector<PointId> deletes;
  std::optional<Filter> delete_matching;
  std::vector<VectorUpdate> vector_updates;
  std::optional<Filter> vector_update_filter;  ///< others are passed over
  std::vector<VectorRemoval> vector_removals;
  std::vector<PayloadUpdate> payload_updates;
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

struct ContextPair {
  VectorValue positive, negative;
};
/// s(x) = 0.5 (x / (1 + |x|) + 1); scores are similarities: higher is better, whatever the metric.
struct NearestQuery {
  VectorValue vector;
};
/// s(best of the positives) when that is greater than the best of the negatives, else -s(best of the negatives).
struct BestScoreQuery {
  std::vector<VectorValue> positive, negative;
};
/// Sum of the similarities to the positives less those to the negatives.
struct SumScoresQuery {
  std::vector<VectorValue> positive, negative;
};
/// +1 or -1 for every pair whose positive or negative is nearer, plus s(similarity to the target).
struct DiscoverQuery {
  VectorValue target;
  std::vector<ContextPair> context;
};
/// Sum over the pairs of fast_sigmoid(min(positive - negative - epsilon, 0)); at most 0.
struct ContextQuery {
  std::vector<ContextPair> context;
};
using VectorQuery = std::variant<NearestQuery, BestScoreQuery, SumScoresQuery, DiscoverQuery, ContextQuery>;

/// Search of a vector of any kind, by any query. A dense vector is accepted as a multivector of one row.
struct VectorSearchRequest {
  std::string_view vector_name;  ///< "" = the unnamed one
  const VectorQuery* query = nullptr;
  std::size_t limit = 10;
  const Filter* filter = nullptr;
  std::optional<float> score_threshold;  ///< as NearestRequest; of another query: the least score
  std::optional<std::uint32_t> ef;
  bool exact = false;
  const Filter* idf_corpus = nullptr;  ///< sparse with idf: statistics over these points only
  const StopToken* stop = nullptr;
};

/// An integer (also a point in time, in microseconds) or a float.
using OrderValue = std::variant<std::int64_t, double>;

struct OrderRequest {
  std::string_view key;  ///< a field with an index over integers, floats or times
  bool ascending = true;
  std::optional<OrderValue> start_from;  ///< itself included
  const Filter* filter = nullptr;
  std::size_t limit = 10;
  const StopToken* stop = nullptr;
};

/// A point stands once for every value it has at the key; a point without any does not stand at all.
struct OrderedPoint {
  PointId id;
  ChangeSeq version;
  OrderValue value;
};

struct FacetRequest {
  std::string_view key;  ///< a field with an index over keywords, integers, bools or UUIDs
  std::size_t limit = 10;
  const Filter* filter = nullptr;
  const StopToken* stop = nullptr;
};

struct FacetHit {
  Scalar value;
  std::uint64_t count = 0;  ///< points
};

/// How many points match: least, likely, most. Equal when known.
struct CountEstimate {
  std::uint64_t least = 0, likely = 0, most = 0;
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
  /// As of this snapshot.
  virtual const CollectionConfig& config() const = 0;

  /// invalid_argument: "Not existing vector name error: NAME", "Vector dimension error: expected dim: D, got N", a
  /// query of a kind that the vector is not.
  virtual Result<LegResult> nearest(const NearestRequest& request) const = 0;
  virtual Result<LegResult> search_vectors(const VectorSearchRequest& request) const = 0;
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
  /// Without looking at payloads: from indexes alone.
  virtual Result<CountEstimate> estimate(const Filter* filter) const = 0;

  /// failed_precondition without an index that can do it; the message names the kinds that can.
  virtual Result<std::vector<OrderedPoint>> order_by(const OrderRequest& request) const = 0;
  /// By count descending, then value ascending (numbers, strings; false before true). failed_precondition as order_by.
  virtual Result<std::vector<FacetHit>> facet(const FacetRequest& request) const = 0;
  /// Up to `limit` points, each set of that size as likely as any other; in random order.
  virtual Result<std::vector<PointId>> sample(std::size_t limit, const Filter* filter,
                                              std::uint64_t seed) const = 0;

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

struct FieldIndexInfo {
  std::string key;
  FieldIndexConfig config;
  std::uint64_t points = 0;  ///< with a value of the indexed kind
  std::uint64_t memory_bytes = 0;
};

/// A filter that had to read payloads, and the index that would have spared it.
struct IndexAdvice {
  std::string key;
  FieldKind kind = FieldKind::keyword;
  std::uint64_t scans = 0;      ///< filters, since the collection was opened
  double scan_seconds_max = 0;  ///< of the slowest of them
};

struct CollectionInfo {
  std::string name;
  CollectionConfig config;
  ChangeSeq change_seq;
  std::uint64_t points = 0;
  std::uint64_t documents = 0;
  std::vector<VectorViewInfo> vectors;
  std::vector<FieldIndexInfo> fields;
  std::vector<IndexAdvice> advice;
  std::uint64_t lexical_points = 0;
  std::uint64_t memory_bytes = 0;
};

class Collection {
 public:
  virtual ~Collection() = default;
  virtual const std::string& name() const = 0;
  virtual CollectionConfig config() const = 0;
  virtual CollectionInfo info() const = 0;

  /// All changes in order, each with a change_seq of its own. Committed, durable as configured, and searchable by every
  /// snapshot taken after it returns. Changes between those that select points by a filter are one atomic batch; a
  /// change that selects by a filter is carried out by itself after what stands before it, and in pieces (each atomic,
  /// with a change_seq of its own) when it selects more than 10,000 points, or fewer of large ones. So an error leaves
  /// the collection as it was unless filters are in the call; then what came before the failing change stays.
  /// Errors: invalid_argument (wrong dimension, NaN, unknown vector name, payload not an object; before anything is
  /// written), not_found, disk_full, overloaded.
  virtual Result<WriteOutcome> write(std::vector<Change> changes) = 0;

  virtual Result<std::shared_ptr<const Snapshot>> snapshot() const = 0;

  // ── Changing what a collection is. Each is one operation of the feed; points written meanwhile are kept. ──
  /// Builds the index from the points there are; replaces another one at the same key. invalid_argument: no path.
  virtual Result<WriteOutcome> create_field_index(std::string_view key, FieldIndexConfig config) = 0;
  /// Nothing happens when there is none.
  virtual Result<WriteOutcome> drop_field_index(std::string_view key) = 0;
  /// already_exists when there is one of other parameters; nothing happens when it has the same.
  virtual Result<WriteOutcome> add_vector(std::string_view name, VectorParams params) = 0;
  /// not_found: "Not existing vector name error: NAME". Its values are gone at once.
  virtual Result<WriteOutcome> remove_vector(std::string_view name) = 0;
  /// Replaces CollectionConfig::face.
  virtual Result<WriteOutcome> set_face(std::string face) = 0;

  /// Returns when everything before it is on disk and checkpointed, whatever the fsync policy.
  virtual Status flush() = 0;

  /// Waits until the tail is linked into the graph or the time is over (then deadline_exceeded).
  virtual Status wait_linked(std::chrono::milliseconds time_max) = 0;
};

}  // namespace kith
