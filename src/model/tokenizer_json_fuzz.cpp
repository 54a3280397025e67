// Any tokenizer.json; when it loads, it must be able to encode.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "model/tokenizer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 1 << 16) return 0;
  const auto tokenizer = kith::model::parse_tokenizer({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!tokenizer) return 0;
  for (const char* text : {"", "Kith and kin", "Cr\u00e8me \u4e2d\u6587 [SEP] don't"}) {
    const auto whole = (*tokenizer)->encode(text);
    if (!whole || whole->ids.size() != whole->offsets.size() || whole->ids.size() != whole->type_ids.size())
      std::abort();
    (void)(*tokenizer)->encode(text, 3);
    (void)(*tokenizer)->encode_pair(text, "kin", 7);
  }
  return 0;
}
