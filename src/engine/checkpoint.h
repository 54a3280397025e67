// Checkpoints: how a view saves itself, at a cost set by what changed and not by its size.
//
// One folder per view holds a data file, which is only ever appended to, and a manifest, which is replaced
// atomically (temporary file, fsync, rename, fsync of the folder). Changed blocks go to the end of the data file;
// the manifest says where each block's newest copy lies and what its checksum is. When more than half of the data
// file is out of date, the next save copies the live part into a new file. Bytes: docs/FORMAT.md, "Checkpoints".
//
// Loading maps the data file and verifies every checksum; anything wrong is `corrupt` with a name, and the
// caller rebuilds the view from the store.
//
// Thread safety: one thread at a time per CheckpointFolder.
#pragma once

#include <kith/ids.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/block_array.h"
#include "os/file_system.h"

namespace kith::engine {

/// What a view hands over, taken while nothing changes it. Holds copies, so that writing happens outside locks.
struct CheckpointImage {
  struct Block {
    std::uint32_t index = 0;
    std::vector<std::byte> bytes;
  };
  struct Array {
    std::string name;
    std::uint64_t row_bytes = 0, rows = 0, block_bytes = 0, block_count = 0;
    std::vector<Block> changed;
  };
  /// Bytes that never change under one name. Empty pointer: saved before, keep it.
  struct Blob {
    std::string name;
    std::shared_ptr<const std::string> bytes;
  };

  ChangeSeq applied;
  std::string header;  ///< the view's own small state
  std::vector<Array> arrays;
  std::vector<Blob> blobs;  ///< all that live; others are forgotten
};

/// Copies the dirty blocks of `array` (all blocks when `everything`), and marks them clean.
CheckpointImage::Array take_blocks(const std::string& name, BlockArray& array, bool everything);

/// A verified checkpoint, mapped. Blocks stay valid as long as `mapping` lives.
struct LoadedCheckpoint {
  struct Array {
    std::uint64_t row_bytes = 0, rows = 0, block_bytes = 0;
    std::vector<const std::byte*> blocks;
  };
  ChangeSeq applied;
  std::string header;
  std::map<std::string, Array> arrays;
  std::map<std::string, std::span<const std::byte>> blobs;
  std::shared_ptr<const void> mapping;

  /// corrupt when the array is missing or of another shape.
  Status adopt_into(const std::string& name, BlockArray& array) const;
};

class CheckpointFolder {
 public:
  CheckpointFolder(os::FileSystem& files, std::string path);

  /// not_found: there is none. corrupt: what is wrong, where.
  Result<LoadedCheckpoint> load();

  /// After an error the next image must be complete (needs_everything()).
  Status save(const CheckpointImage& image);

  bool needs_everything() const { return needs_everything_; }
  /// What was handed over last may not have arrived: the next image must be complete.
  void distrust() { needs_everything_ = true; }
  std::uint64_t bytes_written() const { return bytes_written_; }
  std::uint64_t data_file_bytes() const { return data_bytes_; }

 private:
  struct Place {
    std::uint64_t offset = 0, bytes = 0, checksum = 0;
  };
  struct ArrayPlaces {
    std::uint64_t row_bytes = 0, rows = 0, block_bytes = 0;
    std::vector<Place> blocks;
  };
  struct Manifest {
    ChangeSeq applied;
    std::uint64_t data_file = 1;
    std::uint64_t data_bytes = 0;
    std::string header;
    std::map<std::string, ArrayPlaces> arrays;
    std::map<std::string, Place> blobs;
    std::uint64_t live_bytes() const;
  };

  std::string data_path(std::uint64_t number) const;
  Status open_data_file(bool fresh);
  Result<Place> append(std::span<const std::byte> bytes);
  Status append_changes(const CheckpointImage& image, Manifest& next);
  Status move_to_new_file(Manifest& next);
  Status write_manifest(const Manifest& manifest);
  void remove_old_data_files(std::uint64_t keep);
  static std::string encode(const Manifest& manifest);
  static Result<Manifest> decode(std::string_view bytes);

  os::FileSystem& files_;
  std::string path_;
  Manifest manifest_;
  std::unique_ptr<os::WritableFile> data_;
  std::uint64_t data_bytes_ = 0;
  std::uint64_t bytes_written_ = 0;
  bool needs_everything_ = true;
};

}  // namespace kith::engine
