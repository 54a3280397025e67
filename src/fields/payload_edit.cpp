#include "fields/payload_edit.h"

#include "base/try.h"
#include "fields/payload_writer.h"

namespace kith::fields {

Result<std::string> canonical_payload(std::string_view json) { return PayloadSelection::all().apply(json); }

Result<std::string> merge_payload(std::string_view base, std::string_view update) {
  std::string out;
  out.reserve(base.size() + update.size());
  PayloadWriter writer(out);
  PayloadReader base_reader, update_reader;
  writer.begin();
  const auto base_object = KITH_TRY(base_reader.open(base));
  KITH_TRY(writer.members(base_object, CopyScope::everything()));
  KITH_TRY(base_reader.close());
  const auto update_object = KITH_TRY(update_reader.open(update));
  KITH_TRY(writer.members(update_object, CopyScope::everything()));
  KITH_TRY(update_reader.close());
  writer.end();
  return out;
}

}  // namespace kith::fields
