// Any bytes are a filter or an error; a filter that was read is written, read again to an equal one, and judges a
// payload without harm.
#include <cstdlib>

#include "fields/filter_evaluator.h"
#include "fields/filter_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kith;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto filter = fields::parse_filter(input);
  if (!filter) return 0;
  const auto json = fields::filter_to_json(*filter);
  const auto again = fields::parse_filter(json);
  if (!again || fields::filter_to_json(*again) != json) std::abort();
  auto evaluator = fields::FilterEvaluator::compile(*filter);
  auto second = fields::FilterEvaluator::compile(*again);
  if (!evaluator || !second) std::abort();
  const PointId id(1);
  for (const std::string_view payload :
       {input, std::string_view(R"({"a":[{"b":1},null],"key":"a","b":[1.5,"x"]})")}) {
    if (evaluator->matches({id, payload, {}}) != second->matches({id, payload, {}})) std::abort();
  }
  return 0;
}
