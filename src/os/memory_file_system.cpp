#include "os/memory_file_system.h"

#include "base/bytes.h"
#include "base/try.h"
#include "os/os_error.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <map>
#include <mutex>

namespace kith::os {
namespace {

/// A file or a folder, with the two states of each.
struct Node {
  explicit Node(bool folder) : is_folder(folder) {}
  bool is_folder;
  bool locked = false;
  std::string live, synced;
  std::map<std::string, std::shared_ptr<Node>> live_children, synced_children;
};

void lose_unsynced(Node& node) {
  node.locked = false;
  node.live = node.synced;
  node.live_children = node.synced_children;
  for (auto& [name, child] : node.live_children) lose_unsynced(*child);
}

std::uint64_t live_bytes(const Node& node) {
  std::uint64_t sum = node.live.size();
  for (const auto& [name, child] : node.live_children) sum += live_bytes(*child);
  return sum;
}

std::vector<std::string> parts_of(const Path& path) {
  std::vector<std::string> parts;
  for (const Path& part : path.lexically_normal()) {
    const std::string& text = part.native();
    if (!text.empty() && text != "/" && text != ".") parts.push_back(text);
  }
  return parts;
}

}  // namespace

struct InMemoryFileSystem::State {
  std::mutex mutex;
  Node root{true};
  std::uint64_t crashes = 0;
  std::optional<std::uint64_t> capacity_bytes;

  Node* find(const std::vector<std::string>& parts) {
    Node* node = &root;
    for (const std::string& part : parts) {
      const auto child = node->live_children.find(part);
      if (child == node->live_children.end()) return nullptr;
      node = child->second.get();
    }
    return node;
  }

  Result<std::shared_ptr<Node>> file(const Path& path, std::string_view action) {
    const auto parts = parts_of(path);
    Node* parent = parts.empty() ? nullptr : find({parts.begin(), parts.end() - 1});
    if (parent == nullptr) return std::unexpected(os_error(ENOENT, action, path));
    const auto child = parent->live_children.find(parts.back());
    if (child == parent->live_children.end()) return std::unexpected(os_error(ENOENT, action, path));
    if (child->second->is_folder) return std::unexpected(os_error(EISDIR, action, path));
    return child->second;
  }

  /// The folder that holds the name `path` ends with.
  Result<Node*> parent_of(const Path& path, std::string_view action) {
    const auto parts = parts_of(path);
    Node* parent = parts.empty() ? nullptr : find({parts.begin(), parts.end() - 1});
    if (parent == nullptr) return std::unexpected(os_error(ENOENT, action, path));
    if (!parent->is_folder) return std::unexpected(os_error(ENOTDIR, action, path));
    return parent;
  }

  std::uint64_t free_bytes() {
    if (!capacity_bytes) return std::uint64_t{1} << 50;
    const std::uint64_t used = live_bytes(root);
    return *capacity_bytes > used ? *capacity_bytes - used : 0;
  }
};

namespace {

using State = InMemoryFileSystem::State;

Error stale(const Path& path) {
  return Error{ErrorCode::io, fmt::format("{} was open when the machine lost its power", path.native())};
}

class MemoryReader final : public RandomAccessFile {
 public:
  MemoryReader(std::shared_ptr<State> state, std::shared_ptr<Node> node, Path path)
      : state_(std::move(state)), node_(std::move(node)), path_(std::move(path)), crashes_(state_->crashes) {}
  std::uint64_t size() const override {
    const std::lock_guard lock(state_->mutex);
    return node_->live.size();
  }
  Result<std::size_t> read(std::uint64_t offset, std::span<std::byte> out) const override {
    const std::lock_guard lock(state_->mutex);
    if (crashes_ != state_->crashes) return std::unexpected(stale(path_));
    if (offset >= node_->live.size()) return 0;
    const std::size_t bytes = std::min<std::size_t>(out.size(), node_->live.size() - offset);
    std::memcpy(out.data(), node_->live.data() + offset, bytes);
    return bytes;
  }

 private:
  std::shared_ptr<State> state_;
  std::shared_ptr<Node> node_;
  Path path_;
  std::uint64_t crashes_;
};

class MemoryMapping final : public MappedFile {
 public:
  explicit MemoryMapping(std::string_view bytes) : words_((bytes.size() + 7) / 8), size_(bytes.size()) {
    if (!bytes.empty()) std::memcpy(words_.data(), bytes.data(), bytes.size());
  }
  std::span<const std::byte> bytes() const override { return std::as_bytes(std::span(words_)).first(size_); }

 private:
  std::vector<std::uint64_t> words_;  // aligned, as a real mapping is
  std::size_t size_;
};

class MemoryWriter final : public WritableFile {
 public:
  MemoryWriter(std::shared_ptr<State> state, std::shared_ptr<Node> node, Path path)
      : state_(std::move(state)), node_(std::move(node)), path_(std::move(path)), crashes_(state_->crashes) {}

  Status append(std::string_view bytes) override {
    const std::lock_guard lock(state_->mutex);
    if (crashes_ != state_->crashes) return std::unexpected(stale(path_));
    const std::uint64_t fitting = std::min<std::uint64_t>(bytes.size(), state_->free_bytes());
    node_->live.append(bytes.substr(0, fitting));
    if (fitting < bytes.size()) return std::unexpected(os_error(ENOSPC, "write to", path_));
    return {};
  }
  Status sync() override {
    const std::lock_guard lock(state_->mutex);
    if (crashes_ != state_->crashes) return std::unexpected(stale(path_));
    node_->synced = node_->live;
    return {};
  }
  Status close() override { return {}; }
  std::uint64_t size() const override {
    const std::lock_guard lock(state_->mutex);
    return node_->live.size();
  }

 private:
  std::shared_ptr<State> state_;
  std::shared_ptr<Node> node_;
  Path path_;
  std::uint64_t crashes_;
};

class MemoryLock final : public FolderLock {
 public:
  MemoryLock(std::shared_ptr<State> state, std::shared_ptr<Node> file)
      : state_(std::move(state)), file_(std::move(file)), crashes_(state_->crashes) {}
  ~MemoryLock() override {
    const std::lock_guard lock(state_->mutex);
    if (crashes_ != state_->crashes) return;
    file_->locked = false;
    file_->live.clear();
  }
  MemoryLock(const MemoryLock&) = delete;
  MemoryLock& operator=(const MemoryLock&) = delete;
  Status write_note(std::string_view note) override {
    if (note.size() > 4096) return failure(ErrorCode::invalid_argument, "a lock note has at most 4096 bytes");
    const std::lock_guard lock(state_->mutex);
    file_->live = note;
    return {};
  }

 private:
  std::shared_ptr<State> state_;
  std::shared_ptr<Node> file_;
  std::uint64_t crashes_;
};

}  // namespace

InMemoryFileSystem::InMemoryFileSystem() : state_(std::make_shared<State>()) {}
InMemoryFileSystem::~InMemoryFileSystem() = default;

void InMemoryFileSystem::crash() {
  const std::lock_guard lock(state_->mutex);
  ++state_->crashes;
  lose_unsynced(state_->root);
}

void InMemoryFileSystem::set_capacity_bytes(std::optional<std::uint64_t> bytes) {
  const std::lock_guard lock(state_->mutex);
  state_->capacity_bytes = bytes;
}

Status InMemoryFileSystem::damage(const Path& path, std::uint64_t offset, std::uint8_t flip_mask) {
  const std::lock_guard lock(state_->mutex);
  const auto node = KITH_TRY(state_->file(path, "damage"));
  if (offset >= node->live.size()) return failure(ErrorCode::invalid_argument, "offset beyond the end");
  node->live[offset] = static_cast<char>(node->live[offset] ^ flip_mask);
  if (offset < node->synced.size())
    node->synced[offset] = static_cast<char>(node->synced[offset] ^ flip_mask);
  return {};
}

Result<std::unique_ptr<RandomAccessFile>> InMemoryFileSystem::open_for_read(const Path& path) {
  const std::lock_guard lock(state_->mutex);
  auto node = KITH_TRY(state_->file(path, "open"));
  return std::make_unique<MemoryReader>(state_, std::move(node), path);
}

Result<std::shared_ptr<const MappedFile>> InMemoryFileSystem::map_read_only(const Path& path) {
  const std::lock_guard lock(state_->mutex);
  const auto node = KITH_TRY(state_->file(path, "open"));
  return std::make_shared<const MemoryMapping>(node->live);
}

Result<std::unique_ptr<WritableFile>> InMemoryFileSystem::create(const Path& path) {
  auto file = KITH_TRY(open_for_append(path));
  const std::lock_guard lock(state_->mutex);
  KITH_TRY(state_->file(path, "create"))->live.clear();
  return file;
}

Result<std::unique_ptr<WritableFile>> InMemoryFileSystem::open_for_append(const Path& path) {
  const std::lock_guard lock(state_->mutex);
  Node* parent = KITH_TRY(state_->parent_of(path, "create"));
  auto& node = parent->live_children[parts_of(path).back()];
  if (node == nullptr) node = std::make_shared<Node>(false);
  if (node->is_folder) return std::unexpected(os_error(EISDIR, "create", path));
  return std::make_unique<MemoryWriter>(state_, node, path);
}

Status InMemoryFileSystem::rename(const Path& from, const Path& to) {
  const std::lock_guard lock(state_->mutex);
  Node* from_parent = KITH_TRY(state_->parent_of(from, "rename"));
  Node* to_parent = KITH_TRY(state_->parent_of(to, "rename"));
  const auto source = from_parent->live_children.find(parts_of(from).back());
  if (source == from_parent->live_children.end()) return std::unexpected(os_error(ENOENT, "rename", from));
  auto node = source->second;
  auto& target = to_parent->live_children[parts_of(to).back()];
  if (target == node) return {};
  if (target != nullptr && target->is_folder != node->is_folder) {
    return std::unexpected(os_error(target->is_folder ? EISDIR : ENOTDIR, "rename", from));
  }
  if (target != nullptr && !target->live_children.empty()) {
    return std::unexpected(os_error(ENOTEMPTY, "rename", from));
  }
  target = std::move(node);
  from_parent->live_children.erase(source);
  return {};
}

Status InMemoryFileSystem::remove(const Path& path) {
  const std::lock_guard lock(state_->mutex);
  Node* parent = KITH_TRY(state_->parent_of(path, "remove"));
  const auto child = parent->live_children.find(parts_of(path).back());
  if (child == parent->live_children.end()) return std::unexpected(os_error(ENOENT, "remove", path));
  if (!child->second->live_children.empty()) return std::unexpected(os_error(ENOTEMPTY, "remove", path));
  parent->live_children.erase(child);
  return {};
}

Status InMemoryFileSystem::remove_all(const Path& path) {
  const std::lock_guard lock(state_->mutex);
  const auto parent = state_->parent_of(path, "remove");
  if (parent) (*parent)->live_children.erase(parts_of(path).back());
  return {};
}

Result<std::vector<DirectoryEntry>> InMemoryFileSystem::list(const Path& folder) {
  const std::lock_guard lock(state_->mutex);
  const Node* node = state_->find(parts_of(folder));
  if (node == nullptr) return std::unexpected(os_error(ENOENT, "list", folder));
  if (!node->is_folder) return std::unexpected(os_error(ENOTDIR, "list", folder));
  std::vector<DirectoryEntry> entries;
  for (const auto& [name, child] : node->live_children) entries.push_back({name, child->is_folder});
  return entries;
}

Status InMemoryFileSystem::create_directories(const Path& folder) {
  const std::lock_guard lock(state_->mutex);
  Node* node = &state_->root;
  for (const std::string& part : parts_of(folder)) {
    auto& child = node->live_children[part];
    if (child == nullptr) {
      child = std::make_shared<Node>(true);
      node->synced_children[part] = child;
    }
    if (!child->is_folder) return std::unexpected(os_error(ENOTDIR, "create the folder", folder));
    node = child.get();
  }
  return {};
}

Status InMemoryFileSystem::sync_directory(const Path& folder) {
  const std::lock_guard lock(state_->mutex);
  Node* node = state_->find(parts_of(folder));
  if (node == nullptr) return std::unexpected(os_error(ENOENT, "sync the folder", folder));
  if (!node->is_folder) return std::unexpected(os_error(ENOTDIR, "sync the folder", folder));
  node->synced_children = node->live_children;
  return {};
}

bool InMemoryFileSystem::exists(const Path& path) {
  const std::lock_guard lock(state_->mutex);
  return state_->find(parts_of(path)) != nullptr;
}

Result<std::uint64_t> InMemoryFileSystem::file_size(const Path& path) {
  const std::lock_guard lock(state_->mutex);
  return KITH_TRY(state_->file(path, "look at"))->live.size();
}

Result<std::uint64_t> InMemoryFileSystem::free_bytes(const Path& folder) {
  const std::lock_guard lock(state_->mutex);
  if (state_->find(parts_of(folder)) == nullptr) {
    return std::unexpected(os_error(ENOENT, "ask for the free space of", folder));
  }
  return state_->free_bytes();
}

Status InMemoryFileSystem::allocate(const Path& path, std::uint64_t bytes) {
  if (exists(path)) KITH_TRY(remove(path));
  if (KITH_TRY(free_bytes("/")) < bytes) return std::unexpected(os_error(ENOSPC, "reserve space in", path));
  const auto file = KITH_TRY(create(path));
  KITH_TRY(file->append(std::string(bytes, '\0')));
  return file->sync();
}

Result<std::unique_ptr<FolderLock>> InMemoryFileSystem::lock_folder(const Path& folder) {
  const Path path = folder / lock_file_name;
  KITH_TRY(open_for_append(path));
  const std::lock_guard lock(state_->mutex);
  auto node = KITH_TRY(state_->file(path, "lock"));
  if (node->locked) {
    return failure(
        ErrorCode::failed_precondition,
        fmt::format("the folder {} is in use by another process ({}); stop it, talk to it over HTTP, or "
                    "choose another folder",
                    folder.native(), node->live.empty() ? "which left no note" : node->live));
  }
  node->locked = true;
  node->live.clear();
  return std::make_unique<MemoryLock>(state_, std::move(node));
}

}  // namespace kith::os
