#include "server/qdrant_json_merge.h"

#include <map>
#include <vector>

#include "base/json_writer.h"
#include "net/json.h"

namespace kith::server::qdrant {

std::string merge_objects(std::string_view base, std::string_view update, NullMeans nulls,
                          std::string_view deep) {
  std::vector<std::string> order;
  std::map<std::string, std::string, std::less<>> values;
  const auto take = [&](std::string_view text) {
    const auto document = net::JsonDocument::parse(std::string(text));
    if (!document) return;
    for (const auto& [key, value] : document->root().members()) {
      const auto found = values.find(key);
      if (value.is_null() && nulls == NullMeans::remove) {
        if (found != values.end()) values.erase(found);
        continue;
      }
      if (found == values.end()) {
        order.emplace_back(key);
        values.emplace(key, value.raw());
      } else if (key == deep && value.is_object()) {
        found->second = merge_objects(found->second, value.raw(), nulls);
      } else {
        found->second = value.raw();
      }
    }
  };
  take(base);
  take(update);
  std::string out;
  JsonWriter json(out);
  json.begin_object();
  for (const std::string& key : order) {
    // A key that was removed and came again stands in the order twice.
    auto value = values.extract(key);
    if (!value.empty()) json.raw_field(key, value.mapped());
  }
  json.end_object();
  return out;
}

}  // namespace kith::server::qdrant
