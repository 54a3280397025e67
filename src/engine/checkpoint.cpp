#include "engine/checkpoint.h"

#include <algorithm>
#include <cassert>
#include <cstring>

#include "base/bytes.h"
#include "base/checksum.h"
#include "base/try.h"

namespace kith::engine {
namespace {

constexpr std::string_view manifest_magic = "KITHVIEW";
constexpr std::uint32_t manifest_version = 1;
constexpr std::size_t alignment = 64;
constexpr std::uint64_t rewrite_bytes_min = std::uint64_t{16} << 20;
constexpr std::uint64_t manifest_bytes_max = std::uint64_t{1} << 30;

std::string join(std::string_view folder, std::string_view name) {
  return std::string(folder) + "/" + std::string(name);
}

}  // namespace

CheckpointImage::Array take_blocks(const std::string& name, BlockArray& array, bool everything) {
  CheckpointImage::Array out{name, array.row_bytes(), array.size(), array.block_bytes(), array.block_count(),
                             {}};
  const auto take = [&](std::uint32_t index) {
    const auto bytes = array.block(index);
    out.changed.push_back({index, {bytes.begin(), bytes.end()}});
  };
  if (everything) {
    for (std::uint32_t i = 0; i < out.block_count; ++i) take(i);
  } else {
    for (const std::uint32_t index : array.dirty_blocks()) {
      if (index < out.block_count) take(index);
    }
  }
  array.clear_dirty();
  return out;
}

Status LoadedCheckpoint::adopt_into(const std::string& name, BlockArray& array) const {
  const auto found = arrays.find(name);
  if (found == arrays.end()) return failure(ErrorCode::corrupt, "checkpoint has no array '" + name + "'");
  const Array& saved = found->second;
  if (saved.row_bytes != array.row_bytes() || saved.block_bytes != array.block_bytes()) {
    return failure(ErrorCode::corrupt, "array '" + name + "' of the checkpoint has rows of " +
                                           std::to_string(saved.row_bytes) + " bytes, expected " +
                                           std::to_string(array.row_bytes()));
  }
  const std::size_t rows_per_block = array.rows_per_block();
  if (saved.blocks.size() != (saved.rows + rows_per_block - 1) / rows_per_block) {
    return failure(ErrorCode::corrupt,
                   "array '" + name + "' of the checkpoint has the wrong number of blocks");
  }
  KITH_TRY(array.adopt_size(saved.rows));
  for (std::size_t i = 0; i < saved.blocks.size(); ++i) array.adopt(i, saved.blocks[i], mapping);
  return {};
}

CheckpointFolder::CheckpointFolder(os::FileSystem& files, std::string path)
    : files_(files), path_(std::move(path)) {}

std::uint64_t CheckpointFolder::Manifest::live_bytes() const {
  std::uint64_t total = 0;
  for (const auto& [name, array] : arrays) {
    for (const auto& place : array.blocks) total += place.bytes;
  }
  for (const auto& [name, place] : blobs) total += place.bytes;
  return total;
}

std::string CheckpointFolder::data_path(std::uint64_t number) const {
  return join(path_, "data." + std::to_string(number));
}

std::string CheckpointFolder::encode(const Manifest& manifest) {
  ByteWriter out;
  const auto put_place = [&](const Place& place) {
    out.put(place.offset);
    out.put(place.bytes);
    out.put(place.checksum);
  };
  out.put_raw(manifest_magic);
  out.put(manifest_version);
  out.put(manifest.applied.value);
  out.put(manifest.data_file);
  out.put(manifest.data_bytes);
  out.put_string(manifest.header);
  out.put_varint(manifest.arrays.size());
  for (const auto& [name, array] : manifest.arrays) {
    out.put_string(name);
    out.put(array.row_bytes);
    out.put(array.rows);
    out.put(array.block_bytes);
    out.put_varint(array.blocks.size());
    for (const auto& place : array.blocks) put_place(place);
  }
  out.put_varint(manifest.blobs.size());
  for (const auto& [name, place] : manifest.blobs) {
    out.put_string(name);
    put_place(place);
  }
  out.put(checksum64(out.bytes()));
  return out.take();
}

Result<CheckpointFolder::Manifest> CheckpointFolder::decode(std::string_view bytes) {
  if (bytes.size() < manifest_magic.size() + 4 + 8 || !bytes.starts_with(manifest_magic)) {
    return failure(ErrorCode::corrupt, "the manifest is not one of Kith's");
  }
  std::uint32_t version = 0;
  std::memcpy(&version, bytes.data() + manifest_magic.size(), sizeof version);
  if (version > manifest_version) {
    return failure(ErrorCode::failed_precondition,
                   "the manifest has format version " + std::to_string(version) +
                       "; this build reads up to " + std::to_string(manifest_version) + "; use a newer kith");
  }
  std::uint64_t checksum = 0;
  std::memcpy(&checksum, bytes.data() + bytes.size() - sizeof checksum, sizeof checksum);
  const std::string_view body = bytes.substr(0, bytes.size() - sizeof checksum);
  if (checksum64(body) != checksum)
    return failure(ErrorCode::corrupt, "the manifest's checksum does not match");

  ByteReader in(body.substr(manifest_magic.size() + 4));
  const auto get_place = [&]() -> Result<Place> {
    Place place;
    place.offset = KITH_TRY(in.get<std::uint64_t>());
    place.bytes = KITH_TRY(in.get<std::uint64_t>());
    place.checksum = KITH_TRY(in.get<std::uint64_t>());
    return place;
  };
  Manifest manifest;
  manifest.applied.value = KITH_TRY(in.get<std::uint64_t>());
  manifest.data_file = KITH_TRY(in.get<std::uint64_t>());
  manifest.data_bytes = KITH_TRY(in.get<std::uint64_t>());
  manifest.header = KITH_TRY(in.get_string());
  const auto array_count = KITH_TRY(in.get_varint());
  for (std::uint64_t i = 0; i < array_count; ++i) {
    const std::string name(KITH_TRY(in.get_string()));
    ArrayPlaces& array = manifest.arrays[name];
    array.row_bytes = KITH_TRY(in.get<std::uint64_t>());
    array.rows = KITH_TRY(in.get<std::uint64_t>());
    array.block_bytes = KITH_TRY(in.get<std::uint64_t>());
    const auto block_count = KITH_TRY(in.get_varint());
    if (block_count > in.remaining() / 24)
      return failure(ErrorCode::corrupt, "the manifest ends inside an array");
    array.blocks.reserve(block_count);
    for (std::uint64_t b = 0; b < block_count; ++b) array.blocks.push_back(KITH_TRY(get_place()));
  }
  const auto blob_count = KITH_TRY(in.get_varint());
  for (std::uint64_t i = 0; i < blob_count; ++i) {
    const std::string name(KITH_TRY(in.get_string()));
    manifest.blobs[name] = KITH_TRY(get_place());
  }
  if (!in.at_end()) return failure(ErrorCode::corrupt, "the manifest has bytes behind its end");
  return manifest;
}

Result<LoadedCheckpoint> CheckpointFolder::load() {
  const std::string manifest_path = join(path_, "manifest");
  if (!files_.exists(manifest_path)) return failure(ErrorCode::not_found, "no checkpoint at " + path_);
  const std::string bytes = KITH_TRY(files_.read_file(manifest_path, manifest_bytes_max));
  auto manifest = decode(bytes);
  if (!manifest) return std::unexpected(std::move(manifest).error().with_context(manifest_path));

  const std::string data = data_path(manifest->data_file);
  auto mapped = KITH_TRY(files_.map_read_only(data));
  const std::span<const std::byte> content = mapped->bytes();
  const auto checked = [&](const Place& place, std::string_view what) -> Result<std::span<const std::byte>> {
    if (place.offset > content.size() || place.bytes > content.size() - place.offset) {
      return failure(ErrorCode::corrupt,
                     data + ": " + std::string(what) + " lies behind the end of the file");
    }
    const auto part = content.subspan(place.offset, place.bytes);
    if (checksum64(part) != place.checksum) {
      return failure(ErrorCode::corrupt, data + ": checksum mismatch in " + std::string(what) +
                                             " at offset " + std::to_string(place.offset));
    }
    return part;
  };
  LoadedCheckpoint out;
  out.applied = manifest->applied;
  out.header = manifest->header;
  out.mapping = mapped;
  for (const auto& [name, places] : manifest->arrays) {
    LoadedCheckpoint::Array array{places.row_bytes, places.rows, places.block_bytes, {}};
    array.blocks.reserve(places.blocks.size());
    for (const auto& place : places.blocks) {
      if (place.bytes != places.block_bytes || place.offset % alignment != 0) {
        return failure(ErrorCode::corrupt, manifest_path + ": malformed block of array '" + name + "'");
      }
      array.blocks.push_back(KITH_TRY(checked(place, "array '" + name + "'")).data());
    }
    out.arrays.emplace(name, std::move(array));
  }
  for (const auto& [name, place] : manifest->blobs) {
    out.blobs.emplace(name, KITH_TRY(checked(place, "blob '" + name + "'")));
  }
  manifest_ = std::move(*manifest);
  needs_everything_ = false;
  data_bytes_ = content.size();
  return out;
}

Status CheckpointFolder::open_data_file(bool fresh) {
  if (data_ && !fresh) return {};
  KITH_TRY(files_.create_directories(path_));
  const std::string path = data_path(manifest_.data_file);
  if (fresh) {
    data_ = KITH_TRY(files_.create(path));
    data_bytes_ = 0;
  } else {
    data_ = KITH_TRY(files_.open_for_append(path));
    data_bytes_ = KITH_TRY(files_.file_size(path));
  }
  return {};
}

Result<CheckpointFolder::Place> CheckpointFolder::append(std::span<const std::byte> bytes) {
  static constexpr std::byte zeros[alignment] = {};
  const std::uint64_t padding = (alignment - data_bytes_ % alignment) % alignment;
  if (padding != 0) KITH_TRY(data_->append(std::span(zeros).first(padding)));
  Place place{data_bytes_ + padding, bytes.size(), checksum64(bytes)};
  KITH_TRY(data_->append(bytes));
  data_bytes_ = place.offset + place.bytes;
  bytes_written_ += padding + bytes.size();
  return place;
}

Status CheckpointFolder::append_changes(const CheckpointImage& image, Manifest& next) {
  std::map<std::string, ArrayPlaces> arrays;
  for (const auto& changed : image.arrays) {
    ArrayPlaces places{changed.row_bytes, changed.rows, changed.block_bytes, {}};
    if (const auto before = next.arrays.find(changed.name);
        before != next.arrays.end() && before->second.block_bytes == changed.block_bytes) {
      places.blocks = std::move(before->second.blocks);
    }
    const std::size_t known = places.blocks.size();
    places.blocks.resize(changed.block_count);
    std::size_t fresh = 0;
    for (const auto& block : changed.changed) {
      places.blocks[block.index] = KITH_TRY(append(block.bytes));
      fresh += block.index >= known ? 1 : 0;
    }
    assert(known + fresh >= changed.block_count && "a new block was not handed over");
    arrays.emplace(changed.name, std::move(places));
  }
  std::map<std::string, Place> blobs;
  for (const auto& blob : image.blobs) {
    if (blob.bytes) {
      blobs[blob.name] = KITH_TRY(append(as_byte_span(*blob.bytes)));
    } else {
      assert(next.blobs.contains(blob.name) && "a blob that was never saved has no bytes");
      blobs[blob.name] = next.blobs[blob.name];
    }
  }
  next.arrays = std::move(arrays);
  next.blobs = std::move(blobs);
  return {};
}

Status CheckpointFolder::move_to_new_file(Manifest& next) {
  KITH_TRY(data_->sync());
  auto old = KITH_TRY(files_.map_read_only(data_path(next.data_file)));
  const auto content = old->bytes();
  manifest_.data_file = next.data_file = next.data_file + 1;
  KITH_TRY(open_data_file(true));
  const auto move = [&](Place& place) -> Status {
    place = KITH_TRY(append(content.subspan(place.offset, place.bytes)));
    return {};
  };
  for (auto& [name, array] : next.arrays) {
    for (auto& place : array.blocks) KITH_TRY(move(place));
  }
  for (auto& [name, place] : next.blobs) KITH_TRY(move(place));
  return {};
}

Status CheckpointFolder::write_manifest(const Manifest& manifest) {
  return files_.write_file_atomically(join(path_, "manifest"), encode(manifest));
}

void CheckpointFolder::remove_old_data_files(std::uint64_t keep) {
  const auto names = files_.list(path_);
  if (!names) return;  // cosmetic: tried again at the next save
  for (const auto& [name, is_directory] : *names) {
    if (name.starts_with("data.") && name != "data." + std::to_string(keep)) {
      static_cast<void>(files_.remove(join(path_, name)));  // an orphan costs space only
    }
  }
}

Status CheckpointFolder::save(const CheckpointImage& image) {
  Manifest next;
  const bool fresh = needs_everything_;
  if (fresh) {
    // Whatever lies there is not trusted: a number that was never used, and nothing carried over.
    std::uint64_t number = manifest_.data_file;
    while (files_.exists(data_path(number))) ++number;
    manifest_ = Manifest{};
    manifest_.data_file = number;
  }
  needs_everything_ = true;  // until this save has succeeded
  KITH_TRY(open_data_file(fresh));
  next = manifest_;
  next.applied = image.applied;
  next.header = image.header;
  KITH_TRY(append_changes(image, next));
  const bool rewrite = data_bytes_ > rewrite_bytes_min && data_bytes_ > 2 * next.live_bytes();
  if (rewrite) KITH_TRY(move_to_new_file(next));
  next.data_bytes = data_bytes_;
  KITH_TRY(data_->sync());
  KITH_TRY(files_.sync_directory(path_));
  KITH_TRY(write_manifest(next));
  manifest_ = std::move(next);
  needs_everything_ = false;
  if (fresh || rewrite) remove_old_data_files(manifest_.data_file);
  return {};
}

}  // namespace kith::engine
