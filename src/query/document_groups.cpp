#include "query/document_groups.h"

#include <simdjson.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <unordered_set>
#include <utility>

#include "base/stop_token.h"
#include "base/try.h"

namespace kith::query {
namespace {

/// The string at the top-level key document_id; empty when there is none.
std::string document_of(std::string_view payload, simdjson::dom::parser& parser) {
  simdjson::dom::element root;
  if (parser.parse(payload.data(), payload.size(), true).get(root) != simdjson::SUCCESS) return {};
  std::string_view id;
  return root["document_id"].get(id) == simdjson::SUCCESS ? std::string(id) : std::string();
}

}  // namespace

Status read_payloads(const Snapshot& snapshot, std::vector<SearchHit>& hits) {
  std::vector<PointId> ids;
  ids.reserve(hits.size());
  for (const auto& hit : hits) ids.push_back(hit.id);
  auto points = KITH_TRY(snapshot.points(ids, {.payload = true, .vectors = false}));
  std::vector<SearchHit> kept;
  kept.reserve(hits.size());
  for (std::size_t i = 0; i < hits.size() && i < points.size(); ++i) {
    if (!points[i]) continue;
    hits[i].payload = std::move(points[i]->payload);
    kept.push_back(std::move(hits[i]));
  }
  hits = std::move(kept);
  return {};
}

Result<std::vector<SearchHit>> best_of_documents(const Snapshot& snapshot, std::vector<SearchHit> hits,
                                                 std::size_t limit, const StopToken* stop) {
  std::vector<SearchHit> best;
  std::unordered_set<std::string> seen;
  simdjson::dom::parser parser;
  const std::size_t batch_size = std::max<std::size_t>(2 * limit, 16);
  for (std::size_t start = 0; start < hits.size() && best.size() < limit; start += batch_size) {
    if (stop != nullptr) KITH_TRY(stop->check());
    const auto first = hits.begin() + static_cast<std::ptrdiff_t>(start);
    const auto last = hits.begin() + static_cast<std::ptrdiff_t>(std::min(hits.size(), start + batch_size));
    std::vector<SearchHit> batch(std::make_move_iterator(first), std::make_move_iterator(last));
    KITH_TRY(read_payloads(snapshot, batch));
    for (auto& hit : batch) {
      if (best.size() == limit) break;
      const auto document = document_of(hit.payload, parser);
      if (document.empty() || seen.insert(document).second) best.push_back(std::move(hit));
    }
  }
  return best;
}

}  // namespace kith::query
