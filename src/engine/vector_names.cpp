#include "engine/vector_names.h"

namespace kith::engine {

std::string stored_vector_name(std::string_view name, const VectorParams& params) {
  std::string out(name);
  if (params.added_at != 0) {
    out.push_back('\0');
    out += std::to_string(params.added_at);
  }
  return out;
}

std::optional<std::string_view> shown_vector_name(std::string_view stored, const VectorConfigs& vectors) {
  const std::string_view name = stored.substr(0, stored.find('\0'));
  const auto found = vectors.find(name);
  if (found == vectors.end() || stored_vector_name(name, found->second) != stored) return std::nullopt;
  return name;
}

std::vector<std::string_view> shown_vector_names(const VectorMap& stored, const VectorConfigs& vectors) {
  std::vector<std::string_view> out;
  out.reserve(stored.size());
  for (const auto& [name, value] : stored) {
    if (const auto shown = shown_vector_name(name, vectors)) out.push_back(*shown);
  }
  return out;
}

VectorMap shown_vectors(VectorMap stored, const VectorConfigs& vectors) {
  VectorMap out;
  while (!stored.empty()) {
    auto node = stored.extract(stored.begin());
    const auto shown = shown_vector_name(node.key(), vectors);
    if (!shown) continue;
    if (shown->size() != node.key().size()) node.key() = std::string(*shown);
    out.insert(std::move(node));
  }
  return out;
}

}  // namespace kith::engine
