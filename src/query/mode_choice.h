// Which legs a search uses, and why; also the checks of the request that need no search. Internal to src/query.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "query/search.h"

namespace kith::query {

struct ModeChoice {
  Mode mode = Mode::lexical;  ///< never automatic
  bool dense = false, lexical = false;
  std::string reason;
  std::vector<std::string> notes;
};

Result<ModeChoice> choose_mode(const CollectionConfig& config, const Embedder* embedder,
                               const SearchRequest& request);

/// Without white space at its ends; nothing else is changed, as case and punctuation mean something to a model.
std::string_view trimmed_query(std::string_view text);

}  // namespace kith::query
