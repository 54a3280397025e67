// Any bytes as application/jsonl: no crash, no hang, and what comes out keeps StructuredText's promises.
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "rag/loader.h"
#include "rag/testing/text_checks.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size > 64 << 10) return 0;
  static const auto registry = kith::rag::LoaderRegistry::standard();
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto loaded = registry->load({.bytes = bytes, .name = "fuzz", .media_type = "application/jsonl"});
  if (loaded) {
    const std::string broken = kith::testing::broken_promise(loaded->content);
    if (!broken.empty()) {
      std::fprintf(stderr, "%s\n", broken.c_str());
      std::abort();
    }
  }
  return 0;
}
