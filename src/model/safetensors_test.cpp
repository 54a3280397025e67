#include "model/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "model/golden_files.h"

namespace kith::model {
namespace {

std::string file_of(const std::string& header, const std::string& data) {
  std::string out(8, '\0');
  const std::uint64_t size = header.size();
  std::memcpy(out.data(), &size, sizeof size);
  return out + header + data;
}

void expect_refused(const std::string& bytes, ErrorCode code, const std::string& word) {
  const auto parsed = SafeTensors::parse(bytes, "x.safetensors");
  ASSERT_FALSE(parsed.has_value()) << word;
  EXPECT_EQ(parsed.error().code, code) << parsed.error().message;
  EXPECT_THAT(parsed.error().message, ::testing::HasSubstr(word));
}

TEST(SafeTensors, widens_every_float_type) {
  // 1, −2, 0.5, smallest subnormal, infinity as f16; 1, −2 as bf16; 1.5 as f32.
  const std::string data("\x00\x3c\x00\xc0\x00\x38\x01\x00\x00\x7c\x80\x3f\x00\xc0\x00\x00\xc0\x3f", 18);
  const std::string bytes = file_of(
      R"({"__metadata__":{"format":"pt"},"h":{"dtype":"F16","shape":[5],"data_offsets":[0,10]},)"
      R"("b":{"dtype":"BF16","shape":[2],"data_offsets":[10,14]},"f":{"dtype":"F32","shape":[1,1],"data_offsets":[14,18]}})",
      data);
  const auto parsed = SafeTensors::parse(bytes, "x");
  ASSERT_TRUE(parsed.has_value()) << parsed.error().message;
  const std::size_t five[] = {5};
  const std::size_t two[] = {2};
  const std::size_t one[] = {1, 1};
  EXPECT_THAT(*parsed->read_f32("h", five), ::testing::ElementsAre(1.0f, -2.0f, 0.5f, 0x1p-24f, INFINITY));
  EXPECT_THAT(*parsed->read_f32("b", two), ::testing::ElementsAre(1.0f, -2.0f));
  EXPECT_THAT(*parsed->read_f32("f", one), ::testing::ElementsAre(1.5f));
  EXPECT_EQ(parsed->read_f32("f", five).error().code, ErrorCode::corrupt);
  EXPECT_EQ(parsed->read_f32("nowhere", five).error().code, ErrorCode::not_found);
}

TEST(SafeTensors, refuses_what_the_specification_forbids) {
  const auto one = [](const std::string& entry, std::size_t data_bytes) {
    return file_of("{\"t\":" + entry + "}", std::string(data_bytes, '\0'));
  };
  expect_refused("", ErrorCode::corrupt, "shorter");
  expect_refused(std::string(8, '\xff'), ErrorCode::corrupt, "100 MB");
  expect_refused(std::string("\x40\0\0\0\0\0\0\0{}", 10), ErrorCode::corrupt, "header");
  expect_refused(file_of("[]", ""), ErrorCode::corrupt, "object");
  expect_refused(file_of("{\"t\":", ""), ErrorCode::corrupt, "JSON");
  expect_refused(file_of("{" + std::string(50'000, '['), ""), ErrorCode::corrupt, "JSON");
  expect_refused(one(R"({"shape":[1],"data_offsets":[0,4]})", 4), ErrorCode::corrupt, "dtype");
  expect_refused(one(R"({"dtype":"Q4","shape":[1],"data_offsets":[0,4]})", 4), ErrorCode::unsupported, "Q4");
  expect_refused(one(R"({"dtype":"F32","data_offsets":[0,4]})", 4), ErrorCode::corrupt, "shape");
  expect_refused(one(R"({"dtype":"F32","shape":[-1],"data_offsets":[0,4]})", 4), ErrorCode::corrupt, "sizes");
  expect_refused(one(R"({"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]})", 4),
                 ErrorCode::corrupt, "large");
  expect_refused(one(R"({"dtype":"F32","shape":[2],"data_offsets":[0,4]})", 4), ErrorCode::corrupt, "fit");
  expect_refused(one(R"({"dtype":"F32","shape":[1],"data_offsets":[0,8]})", 4), ErrorCode::corrupt,
                 "outside");
  expect_refused(one(R"({"dtype":"F32","shape":[1],"data_offsets":[4,0]})", 4), ErrorCode::corrupt,
                 "outside");
  expect_refused(one(R"({"dtype":"F32","shape":[1],"data_offsets":[0]})", 4), ErrorCode::corrupt,
                 "data_offsets");
  expect_refused(one(R"({"dtype":"F32","shape":[1],"data_offsets":[0,4]})", 5), ErrorCode::corrupt,
                 "last tensor");
  expect_refused(one(R"({"dtype":"F32","shape":[1],"data_offsets":[1,5]})", 5), ErrorCode::corrupt,
                 "between");
  expect_refused(
      file_of(
          R"({"a":{"dtype":"U8","shape":[3],"data_offsets":[0,3]},"b":{"dtype":"U8","shape":[3],"data_offsets":[2,5]}})",
          "12345"),
      ErrorCode::corrupt, "overlap");
  expect_refused(
      file_of(
          R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
          "12"),
      ErrorCode::corrupt, "twice");
  expect_refused(std::string("\x80\x02}q\x00.", 6), ErrorCode::unsupported, "pickle");
}

TEST(SafeTensors, every_byte_of_the_header_may_be_wrong) {
  const std::string whole = testing::read_file(testing::testdata("tiny_bert/model.safetensors"));
  std::uint64_t header = 0;
  std::memcpy(&header, whole.data(), sizeof header);
  ASSERT_TRUE(SafeTensors::parse(whole, "x").has_value());
  std::string bytes = whole;
  for (std::size_t i = 0; i < 8 + header; i += 3) {
    for (const char flip : {'\x01', '\x80'}) {
      bytes[i] = static_cast<char>(bytes[i] ^ flip);
      const auto parsed = SafeTensors::parse(bytes, "x");
      if (parsed) {
        for (const auto& [name, view] : parsed->tensors()) {
          ASSERT_GE(view.bytes.data(), bytes.data());
          ASSERT_LE(view.bytes.data() + view.bytes.size(), bytes.data() + bytes.size());
        }
      }
      bytes[i] = whole[i];
    }
  }
}

}  // namespace
}  // namespace kith::model
