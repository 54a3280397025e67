#include "model/safetensors.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <utility>

#include "base/try.h"

namespace kith::model {
namespace {

using simdjson::dom::element;

struct TypeRow {
  std::string_view name;
  TensorType type;
  std::size_t bytes;
};
constexpr std::array type_rows = {
    TypeRow{"BOOL", TensorType::boolean, 1}, TypeRow{"U8", TensorType::u8, 1},
    TypeRow{"I8", TensorType::i8, 1},        TypeRow{"F8_E4M3", TensorType::f8, 1},
    TypeRow{"F8_E5M2", TensorType::f8, 1},   TypeRow{"U16", TensorType::u16, 2},
    TypeRow{"I16", TensorType::i16, 2},      TypeRow{"F16", TensorType::f16, 2},
    TypeRow{"BF16", TensorType::bf16, 2},    TypeRow{"U32", TensorType::u32, 4},
    TypeRow{"I32", TensorType::i32, 4},      TypeRow{"F32", TensorType::f32, 4},
    TypeRow{"U64", TensorType::u64, 8},      TypeRow{"I64", TensorType::i64, 8},
    TypeRow{"F64", TensorType::f64, 8},
};
constexpr std::size_t header_depth_max = 8;
constexpr std::size_t rank_max = 16;

std::unexpected<Error> damaged(std::string_view name, const std::string& what) {
  return failure(ErrorCode::corrupt, std::string(name) + " is damaged: " + what + "; fetch the file again");
}

float half_to_float(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000) << 16;
  const std::uint32_t exponent = half >> 10 & 31;
  const std::uint32_t fraction = half & 0x3ff;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000 | fraction << 13);
  if (exponent == 0) {
    const float value = static_cast<float>(fraction) * 0x1p-24f;
    return sign != 0 ? -value : value;
  }
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | fraction << 13);
}

Result<TensorView> read_entry(const element& entry, std::string_view data, std::string_view file,
                              std::string_view tensor) {
  const std::string label = "tensor " + std::string(tensor);
  TensorView view;
  std::string_view type_name;
  if (entry["dtype"].get(type_name) != simdjson::SUCCESS) return damaged(file, label + " has no dtype");
  const auto* row = std::ranges::find(type_rows, type_name, &TypeRow::name);
  if (row == type_rows.end()) {
    return failure(ErrorCode::unsupported, std::string(file) + ": " + label + " has the unknown dtype \"" +
                                               std::string(type_name) +
                                               "\"; save the model as F32, F16 or BF16");
  }
  view.type = row->type;

  simdjson::dom::array shape;
  if (entry["shape"].get(shape) != simdjson::SUCCESS) return damaged(file, label + " has no shape");
  std::size_t bytes = row->bytes;
  for (const element dimension : shape) {
    std::uint64_t size = 0;
    if (dimension.get(size) != simdjson::SUCCESS)
      return damaged(file, label + " has a shape that is no list of sizes");
    if (__builtin_mul_overflow(bytes, size, &bytes))
      return damaged(file, label + " has a shape too large to count");
    view.shape.push_back(size);
    if (view.shape.size() > rank_max) return damaged(file, label + " has too many dimensions");
  }

  simdjson::dom::array offsets;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  if (entry["data_offsets"].get(offsets) != simdjson::SUCCESS || offsets.size() != 2 ||
      offsets.at(0).get(begin) != simdjson::SUCCESS || offsets.at(1).get(end) != simdjson::SUCCESS) {
    return damaged(file, label + " has no pair of data_offsets");
  }
  if (begin > end || end > data.size()) {
    return damaged(file, label + " lies outside the file (offsets " + std::to_string(begin) + "…" +
                             std::to_string(end) + " of " + std::to_string(data.size()) +
                             " data bytes; the file may be truncated)");
  }
  if (end - begin != bytes) return damaged(file, label + "'s shape and dtype do not fit its bytes");
  view.bytes = data.substr(begin, end - begin);
  return view;
}

/// The specification wants the data covered without overlap or hole.
Status check_cover(const std::map<std::string, TensorView, std::less<>>& tensors, std::string_view data,
                   std::string_view file) {
  std::vector<std::pair<std::size_t, std::size_t>> ranges;
  for (const auto& [name, view] : tensors) {
    const auto begin = static_cast<std::size_t>(view.bytes.data() - data.data());
    ranges.emplace_back(begin, begin + view.bytes.size());
  }
  std::ranges::sort(ranges);
  std::size_t at = 0;
  for (const auto& [begin, end] : ranges) {
    if (begin < at) return damaged(file, "two tensors overlap");
    if (begin > at) return damaged(file, "bytes between two tensors belong to none");
    at = end;
  }
  if (at != data.size()) return damaged(file, "bytes after the last tensor belong to none");
  return {};
}

}  // namespace

std::string_view tensor_type_name(TensorType type) {
  const auto* row = std::ranges::find(type_rows, type, &TypeRow::type);
  return row == type_rows.end() ? "?" : row->name;
}

std::size_t tensor_type_bytes(TensorType type) {
  const auto* row = std::ranges::find(type_rows, type, &TypeRow::type);
  return row == type_rows.end() ? 0 : row->bytes;
}

bool looks_like_pickle(std::string_view bytes) {
  return bytes.starts_with(std::string_view("PK\x03\x04", 4)) ||
         (bytes.size() >= 2 && bytes[0] == '\x80' && bytes[1] >= 2 && bytes[1] <= 5);
}

std::size_t TensorView::value_count() const {
  return bytes.size() / std::max<std::size_t>(1, tensor_type_bytes(type));
}

Status TensorView::copy_f32(std::span<float> out) const {
  if (out.size() != value_count())
    return failure(ErrorCode::internal, "copy_f32: the target has another size");
  if (type == TensorType::f32) {
    if (!out.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
    return {};
  }
  if (type != TensorType::f16 && type != TensorType::bf16) {
    return failure(ErrorCode::unsupported, "weights of type " + std::string(tensor_type_name(type)) +
                                               " are not supported; save the model as F32, F16 or BF16");
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    std::uint16_t raw = 0;
    std::memcpy(&raw, bytes.data() + 2 * i, sizeof raw);
    out[i] = type == TensorType::bf16 ? std::bit_cast<float>(static_cast<std::uint32_t>(raw) << 16)
                                      : half_to_float(raw);
  }
  return {};
}

Result<SafeTensors> SafeTensors::open(const std::string& path) {
  MappedFile file = KITH_TRY(MappedFile::open(path, file_bytes_max));
  SafeTensors tensors = KITH_TRY(parse(file.bytes(), path));
  tensors.file_ = std::move(file);
  return tensors;
}

Result<SafeTensors> SafeTensors::parse(std::string_view bytes, std::string_view name) {
  if (looks_like_pickle(bytes)) {
    return failure(
        ErrorCode::unsupported,
        std::string(name) +
            " is a Python pickle, which can run code when it is read, so it is refused; convert it to "
            "model.safetensors (Python: safetensors.torch.save_file)");
  }
  if (bytes.size() < 8) return damaged(name, "it is shorter than its header");
  std::uint64_t header_size = 0;
  std::memcpy(&header_size, bytes.data(), sizeof header_size);
  if (header_size > header_bytes_max) return damaged(name, "its header claims more than 100 MB");
  if (header_size > bytes.size() - 8) return damaged(name, "it ends inside its header");
  const std::string_view header = bytes.substr(8, header_size);
  const std::string_view data = bytes.substr(8 + header_size);
  if (!header.starts_with('{')) return damaged(name, "its header is not a JSON object");

  simdjson::dom::parser parser(header_bytes_max);
  if (parser.allocate(header.size(), header_depth_max) != simdjson::SUCCESS) {
    return failure(ErrorCode::overloaded, "no memory to parse the header of " + std::string(name));
  }
  simdjson::dom::object root;
  if (parser.parse(header.data(), header.size()).get(root) != simdjson::SUCCESS) {
    return damaged(name, "its header is not valid JSON");
  }
  SafeTensors out;
  out.bytes_ = bytes;
  for (const auto& [key, entry] : root) {
    if (key == "__metadata__") continue;
    TensorView view = KITH_TRY(read_entry(entry, data, name, key));
    if (!out.tensors_.emplace(std::string(key), std::move(view)).second) {
      return damaged(name, "tensor " + std::string(key) + " is named twice");
    }
  }
  KITH_TRY(check_cover(out.tensors_, data, name));
  return out;
}

Result<const TensorView*> SafeTensors::tensor(std::string_view name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end())
    return failure(ErrorCode::not_found, "the weights have no tensor " + std::string(name));
  return &found->second;
}

Result<std::vector<float>> SafeTensors::read_f32(std::string_view name,
                                                 std::span<const std::size_t> shape) const {
  const TensorView* view = KITH_TRY(tensor(name));
  if (!std::ranges::equal(view->shape, shape)) {
    const auto text = [](std::span<const std::size_t> sizes) {
      std::string out = "[";
      for (const std::size_t size : sizes) out += (out.size() > 1 ? ", " : "") + std::to_string(size);
      return out + "]";
    };
    return failure(ErrorCode::corrupt, "tensor " + std::string(name) + " has the shape " + text(view->shape) +
                                           ", but config.json says " + text(shape) +
                                           "; the files do not belong together");
  }
  std::vector<float> out(view->value_count());
  KITH_TRY(view->copy_f32(out));
  return out;
}

}  // namespace kith::model
