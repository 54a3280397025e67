// Any bytes are a payload or an error. What is accepted is what a second, complete parser accepts; the canonical form
// is a fixed point and says the same to a reader; selecting and merging it succeed.
#include <simdjson.h>

#include <cstdlib>

#include "fields/payload_edit.h"

namespace {

void check(bool good) {
  if (!good) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kith::fields;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  simdjson::dom::parser parser;
  const auto error = parser.parse(input.data(), input.size(), true).error();
  const auto canonical = canonical_payload(input);
  if (!canonical) return 0;
  check(error == simdjson::SUCCESS || error == simdjson::NUMBER_ERROR);
  check(parser.parse(*canonical).error() == simdjson::SUCCESS);
  check(canonical_payload(*canonical).value() == *canonical);
  check(merge_payload(*canonical, *canonical).value() == *canonical);
  for (const char* with : {R"(["a.b","a[].b","b"])", R"({"exclude":["a.b","a[].b","b"]})", "[]"}) {
    const auto part = PayloadSelection::parse(with)->apply(*canonical);
    check(part.has_value() && canonical_payload(*part).value() == *part);
  }
  return 0;
}
