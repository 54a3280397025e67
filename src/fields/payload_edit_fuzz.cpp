// Any bytes are a payload or an error. What is accepted is what a second, complete parser accepts; the canonical form
// is a fixed point and says the same to a reader; selecting, merging and editing it succeed and stay canonical.
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
  for (const char* path : {"a", "a.b[0].c", "a[].c", "b[][1].a", "\"\""}) {
    const auto set = set_at_path(*canonical, path, R"({"a":{"b":[1,{"c":2}]},"b":null})");
    if (!set) continue;  // it would become too deep or too large
    check(canonical_payload(*set).value() == *set);
    check(set_at_path(*set, path, "{}").value() == *set);
    const std::vector<std::string> paths{path, "a[].b", "b.a", "a.b[0].c"};
    const auto removed = remove_paths(*set, paths).value();
    check(canonical_payload(removed).value() == removed);
    check(remove_paths(removed, paths).value() == removed);
  }
  return 0;
}
