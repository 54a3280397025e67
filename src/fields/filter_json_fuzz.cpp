// Any bytes are a filter or an error; a filter that was read is written, read again to an equal one, and judges a
// payload without harm, with and without text indexes.
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
  std::map<std::string, FieldIndexConfig, std::less<>> fields;
  fields["a[].t"].kind = fields["key"].kind = FieldKind::text;
  fields["key"].text.tokenizer = TextTokenizer::prefix;
  auto indexed = fields::FilterEvaluator::compile(*filter, &fields);
  if (!indexed) std::abort();
  const PointId id(1);
  for (const std::string_view payload :
       {input,
        std::string_view(
            R"({"a":[{"b":1,"t":"Hello w\u00f6rld \u5165\u9580"},null],"key":"a 2024-02-29","b":[1.5,"x"],)"
            R"("d":"2024-02-29T12:00:00+01:00","l":{"lon":179.5,"lat":-1}})")}) {
    if (evaluator->matches({id, payload, {}}) != second->matches({id, payload, {}})) std::abort();
    indexed->matches({id, payload, {}});
  }
  return 0;
}
