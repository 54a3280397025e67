// Any text: the parser and the error finder agree, and raw() gives texts that mean the same again.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "net/json.h"
#include "net/json_syntax.h"

namespace {

using namespace kith::net;

void visit(const JsonValue& value, std::vector<float>& floats) {
  const std::string raw(value.raw());
  const auto again = JsonDocument::parse(raw);
  if (!again || again->root().type() != value.type() || again->root().size() != value.size()) std::abort();
  floats.clear();
  (void)value.append_floats(floats);
  for (const JsonValue element : value.elements()) visit(element, floats);
  for (const auto& [key, member] : value.members()) {
    if (!value.find(key)) std::abort();
    visit(member, floats);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t depth_max = 8;
  if (size > 2048) return 0;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto document = JsonDocument::parse(text, depth_max);
  const auto problem = find_json_problem(text, depth_max);
  if (document) {
    // The finder counts empty brackets as a level too, the parser does not.
    if (problem && problem->message.find("nested deeper") == std::string::npos) std::abort();
    std::vector<float> floats;
    visit(document->root(), floats);
  } else if (!problem || problem->offset > text.size()) {
    std::abort();
  }
  return 0;
}
