// Safetensors: named tensors in one file (8-byte little-endian header length, JSON header, data), as specified at
// https://huggingface.co/docs/safetensors.
// Promises: everything the header says is checked before a tensor is handed out: length (≤ 100 MB as the
// specification asks), JSON, dtype, shape × dtype = bytes, offsets inside the file, no overlap, no hole. A file of
// another kind (a pickle above all) is refused with a message that says so; nothing is ever executed.
// Costs: opening reads the header only; tensors are views into the mapping.
// Thread safety: immutable after open().
#pragma once

#include <kith/result.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/mapped_file.h"

namespace kith::model {

enum class TensorType : std::uint8_t {
  boolean,
  u8,
  i8,
  f8,
  u16,
  i16,
  f16,
  bf16,
  u32,
  i32,
  f32,
  u64,
  i64,
  f64
};

std::string_view tensor_type_name(TensorType type);
std::size_t tensor_type_bytes(TensorType type);

struct TensorView {
  TensorType type = TensorType::f32;
  std::vector<std::size_t> shape;
  std::string_view bytes;  ///< not necessarily aligned

  std::size_t value_count() const;
  /// f32, f16 and bf16 widened to f32; `unsupported` for another type, `internal` when `out` has another size.
  Status copy_f32(std::span<float> out) const;
};

class SafeTensors {
 public:
  static constexpr std::size_t header_bytes_max = 100'000'000;
  static constexpr std::size_t file_bytes_max = std::size_t{64} << 30;

  /// not_found, io, corrupt; unsupported for pickle files.
  static Result<SafeTensors> open(const std::string& path);
  /// The same for bytes in memory, which must outlive the object. `name` is for messages.
  static Result<SafeTensors> parse(std::string_view bytes, std::string_view name);

  std::string_view bytes() const { return bytes_; }
  const std::map<std::string, TensorView, std::less<>>& tensors() const { return tensors_; }
  /// not_found names the tensor.
  Result<const TensorView*> tensor(std::string_view name) const;
  /// All values of a tensor as f32; `corrupt` when its shape is not `shape`.
  Result<std::vector<float>> read_f32(std::string_view name, std::span<const std::size_t> shape) const;

 private:
  MappedFile file_;
  std::string_view bytes_;
  std::map<std::string, TensorView, std::less<>> tensors_;
};

/// Whether the bytes look like a Python pickle or a PyTorch zip archive.
bool looks_like_pickle(std::string_view bytes);

}  // namespace kith::model
