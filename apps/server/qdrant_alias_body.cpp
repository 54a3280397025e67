#include "server/qdrant_alias_body.h"

#include "base/try.h"

namespace kith::server::qdrant {
namespace {

constexpr std::size_t name_bytes_max = 255;

Result<AliasAction> parse_action(const net::JsonValue& value, const Place& at, Checks& checks) {
  AliasAction out;
  if (const auto create = value.find_not_null("create_alias")) {
    const Place here(at, "create_alias");
    out.kind = AliasAction::Kind::create;
    out.alias = KITH_TRY(required_text(*create, "alias_name", here));
    out.target = KITH_TRY(required_text(*create, "collection_name", here));
  } else if (const auto remove = value.find_not_null("delete_alias")) {
    out.kind = AliasAction::Kind::remove;
    out.alias = KITH_TRY(required_text(*remove, "alias_name", Place(at, "delete_alias")));
  } else if (const auto rename = value.find_not_null("rename_alias")) {
    const Place here(at, "rename_alias");
    out.kind = AliasAction::Kind::rename;
    out.alias = KITH_TRY(required_text(*rename, "old_alias_name", here));
    out.target = KITH_TRY(required_text(*rename, "new_alias_name", here));
  } else {
    return format_error(at, "expected an object with create_alias, delete_alias or rename_alias");
  }
  if (out.alias.empty() || out.alias.size() > name_bytes_max) {
    checks.add(at, "alias_name must have from 1 to 255 characters");
  }
  return out;
}

}  // namespace

Result<std::vector<AliasAction>> parse_alias_actions(const net::JsonValue& body) {
  const Place at;
  const auto actions = KITH_TRY(required_list(body, "actions", at));
  const Place list_place(at, "actions");
  Checks checks;
  std::vector<AliasAction> out;
  for (const auto action : actions.elements()) {
    out.push_back(KITH_TRY(parse_action(action, Place(list_place, out.size()), checks)));
  }
  KITH_TRY(checks.status());
  return out;
}

}  // namespace kith::server::qdrant
