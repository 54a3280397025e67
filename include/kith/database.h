// A data folder: the collections in it, and small records that belong to the folder as a whole.
// Thread safety: as collection.h.
#pragma once

#include <kith/collection.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kith {

/// One step of a change of aliases.
struct AliasAction {
  enum class Kind : std::uint8_t { create, remove, rename };
  Kind kind = Kind::create;
  std::string alias;
  std::string target;  ///< create: the collection; rename: the new alias
};

class Database {
 public:
  virtual ~Database() = default;

  /// already_exists (also when an alias has that name: invalid_argument); invalid_argument for a bad name (1…255 bytes, no '/', no control characters) or config.
  virtual Result<std::shared_ptr<Collection>> create_collection(std::string_view name,
                                                                CollectionConfig config) = 0;
  /// By name or alias. not_found with a message that says how to create one.
  virtual Result<std::shared_ptr<Collection>> collection(std::string_view name) const = 0;
  virtual std::vector<std::string> collection_names() const = 0;
  /// false when there was none. Readers that hold a snapshot finish undisturbed.
  virtual Result<bool> drop_collection(std::string_view name) = 0;

  /// All of them or none. create replaces an alias of that name, remove passes over one that
  /// is not there; not_found: no such collection, no alias to rename;
  /// already_exists: a collection has that name.
  virtual Status change_aliases(const std::vector<AliasAction>& actions) = 0;
  /// (alias, collection), ascending by alias.
  virtual std::vector<std::pair<std::string, std::string>> aliases() const = 0;

  /// Small durable records of the folder, by kind ("job", "setting") and key; values up to 1 MiB.
  virtual Status put_record(std::string_view kind, std::string_view key, std::string_view value) = 0;
  virtual Status delete_record(std::string_view kind, std::string_view key) = 0;
  virtual Result<std::optional<std::string>> record(std::string_view kind, std::string_view key) const = 0;
  virtual Result<std::vector<std::pair<std::string, std::string>>> records(std::string_view kind) const = 0;

  virtual Status flush() = 0;
};

}  // namespace kith
