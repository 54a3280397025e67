#include "base/base64.h"

#include <gtest/gtest.h>

namespace kith {
namespace {

TEST(Base64, EqualsTheVectorsOfRfc4648) {
  const std::pair<const char*, const char*> vectors[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
  for (const auto& [bytes, text] : vectors) {
    EXPECT_EQ(base64_encode(bytes), text);
    EXPECT_EQ(base64_decode(text).value(), bytes);
  }
  const std::string all("\0\xff\x10\x80", 4);
  EXPECT_EQ(base64_decode(base64_encode(all)).value(), all);
}

TEST(Base64, RefusesOtherTexts) {
  for (const char* text : {"Zg", "Zg=", "Z?==", "Zm9v=", "Zm-_"}) {
    EXPECT_EQ(base64_decode(text).error().code, ErrorCode::invalid_argument) << text;
  }
}

}  // namespace
}  // namespace kith
