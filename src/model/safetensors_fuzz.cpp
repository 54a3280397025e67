// Any bytes: parse, then read every tensor that is left.
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "model/safetensors.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 1 << 16) return 0;
  const auto parsed = kith::model::SafeTensors::parse({reinterpret_cast<const char*>(data), size}, "fuzz");
  if (!parsed) return 0;
  for (const auto& [name, view] : parsed->tensors()) {
    std::vector<float> values(view.value_count());
    (void)view.copy_f32(values);
    (void)parsed->read_f32(name, view.shape);
  }
  return 0;
}
