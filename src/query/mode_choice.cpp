#include "query/mode_choice.h"

#include <cmath>
#include <optional>
#include <utility>

#include "base/try.h"

namespace kith::query {
namespace {

constexpr std::size_t text_bytes_max = std::size_t{64} << 10;

std::unexpected<Error> invalid(std::string message) {
  return failure(ErrorCode::invalid_argument, std::move(message));
}

Status check_numbers(const SearchRequest& request) {
  if (request.limit < 1 || request.limit > request.limit_max) {
    return invalid("limit " + std::to_string(request.limit) + " is out of range; it goes from 1 to " +
                   std::to_string(request.limit_max) + " (search.limit_max)");
  }
  if (request.text.size() > text_bytes_max) {
    return failure(ErrorCode::too_large, "the query has " + std::to_string(request.text.size()) +
                                             " bytes; at most " + std::to_string(text_bytes_max) +
                                             " are allowed");
  }
  if (!std::isfinite(request.rrf_k) || request.rrf_k < 0) return invalid("rrf_k must be a number ≥ 0");
  if (request.weights) {
    const auto [dense, lexical] = *request.weights;
    const bool good =
        std::isfinite(dense) && std::isfinite(lexical) && dense >= 0 && lexical >= 0 && dense + lexical > 0;
    if (!good) return invalid("weights must be numbers ≥ 0, and not both 0");
  }
  return {};
}

Status check_vector(const VectorParams& params, const SearchRequest& request) {
  if (request.vector.size() != params.dimension) {
    return invalid("the query vector has " + std::to_string(request.vector.size()) +
                   " values, the collection's have " + std::to_string(params.dimension));
  }
  for (const float value : request.vector) {
    if (!std::isfinite(value)) return invalid("the query vector holds NaN or an infinity");
  }
  return {};
}

/// What stands in the way of a leg; none: it can be used.
using Obstacle = std::optional<Error>;

Obstacle obstacle(ErrorCode code, std::string message) { return Error{code, std::move(message)}; }

Obstacle against_dense(const CollectionConfig& config, const Embedder* embedder,
                       const SearchRequest& request) {
  const auto found = config.vectors.find(request.vector_name);
  if (found == config.vectors.end()) {
    return obstacle(ErrorCode::failed_precondition,
                    "the collection has no dense vector" +
                        (request.vector_name.empty() ? "" : " \"" + std::string(request.vector_name) + "\""));
  }
  if (!request.vector.empty()) return std::nullopt;
  if (!request.vector_name.empty() || config.embedder_fingerprint.empty()) {
    return obstacle(
        ErrorCode::failed_precondition,
        "the collection's vectors were brought by its owner, so a text cannot be compared with them; send "
        "a query vector");
  }
  if (embedder == nullptr) {
    return obstacle(ErrorCode::unavailable,
                    "the embedding model " + (config.embedder.empty() ? "" : "\"" + config.embedder + "\" ") +
                        "is not loaded; fetch it with `kith models pull`, or search with mode lexical");
  }
  if (embedder->dimension() != found->second.dimension) {
    return obstacle(ErrorCode::failed_precondition,
                    "the embedding model \"" + embedder->name() + "\" makes vectors of " +
                        std::to_string(embedder->dimension()) + " values, the collection's have " +
                        std::to_string(found->second.dimension));
  }
  return std::nullopt;
}

Obstacle against_lexical(const CollectionConfig& config, std::string_view text) {
  if (!config.lexical) return obstacle(ErrorCode::failed_precondition, "the collection has no word index");
  if (text.empty())
    return obstacle(ErrorCode::invalid_argument, "there is no query text to look up words of");
  return std::nullopt;
}

Result<ModeChoice> automatic(Obstacle dense, Obstacle lexical) {
  ModeChoice choice;
  choice.dense = !dense;
  choice.lexical = !lexical;
  if (!dense && !lexical) {
    choice.mode = Mode::hybrid;
    choice.reason = "auto: both legs are there";
    return choice;
  }
  if (dense && lexical) {
    return failure(dense->code,
                   "this query cannot be searched: " + dense->message + "; and " + lexical->message);
  }
  choice.mode = dense ? Mode::lexical : Mode::dense;
  choice.reason = dense ? "auto: only the lexical leg can be used" : "auto: only the dense leg can be used";
  choice.notes.push_back(dense ? "no dense leg: " + dense->message : "no lexical leg: " + lexical->message);
  return choice;
}

Result<ModeChoice> asked_for(Mode mode, Obstacle dense, Obstacle lexical) {
  ModeChoice choice;
  choice.mode = mode;
  choice.dense = mode != Mode::lexical;
  choice.lexical = mode != Mode::dense;
  choice.reason = "asked for";
  const auto refuse = [&](Error error) {
    error.message += "; mode auto uses what is there";
    return std::unexpected(
        std::move(error).with_context(std::string("mode ") + mode_name(mode) + " is not possible"));
  };
  if (choice.dense && dense) return refuse(std::move(*dense));
  if (choice.lexical && lexical) return refuse(std::move(*lexical));
  return choice;
}

/// A model other than the one that made the vectors would give answers that look like any other and mean nothing, so
/// this is an error in mode auto too.
Status check_fingerprint(const CollectionConfig& config, const Embedder* embedder,
                         const SearchRequest& request) {
  const bool by_text = request.vector.empty() && request.vector_name.empty() && request.mode != Mode::lexical;
  if (!by_text || embedder == nullptr || config.embedder_fingerprint.empty() || !config.vectors.contains(""))
    return {};
  if (config.embedder_fingerprint == embedder->fingerprint()) return {};
  return failure(ErrorCode::failed_precondition,
                 "the collection's vectors were made by the model \"" + config.embedder + "\" (" +
                     config.embedder_fingerprint.substr(0, 12) + "), not by \"" + embedder->name() + "\" (" +
                     embedder->fingerprint().substr(0, 12) +
                     "); load that model, or search with mode lexical");
}

}  // namespace

const char* mode_name(Mode mode) {
  switch (mode) {
    case Mode::automatic:
      return "auto";
    case Mode::dense:
      return "dense";
    case Mode::lexical:
      return "lexical";
    case Mode::hybrid:
      return "hybrid";
  }
  return "auto";
}

std::optional<Mode> mode_from_name(std::string_view name) {
  for (const Mode mode : {Mode::automatic, Mode::dense, Mode::lexical, Mode::hybrid}) {
    if (name == mode_name(mode)) return mode;
  }
  return std::nullopt;
}

std::string_view trimmed_query(std::string_view text) {
  constexpr std::string_view white = " \t\r\n\f\v";
  const auto start = text.find_first_not_of(white);
  if (start == std::string_view::npos) return {};
  return text.substr(start, text.find_last_not_of(white) - start + 1);
}

Result<ModeChoice> choose_mode(const CollectionConfig& config, const Embedder* embedder,
                               const SearchRequest& request) {
  KITH_TRY(check_numbers(request));
  const auto text = trimmed_query(request.text);
  if (text.empty() && request.vector.empty())
    return invalid("the search has neither a query text nor a vector");
  if (!request.vector.empty()) {
    const auto found = config.vectors.find(request.vector_name);
    if (found != config.vectors.end()) KITH_TRY(check_vector(found->second, request));
  }
  KITH_TRY(check_fingerprint(config, embedder, request));
  auto dense = against_dense(config, embedder, request);
  auto lexical = against_lexical(config, text);
  return request.mode == Mode::automatic ? automatic(std::move(dense), std::move(lexical))
                                         : asked_for(request.mode, std::move(dense), std::move(lexical));
}

}  // namespace kith::query
