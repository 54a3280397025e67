// Walking over JSON in canonical form (payload_edit.h) as text: no white space, no key twice, one way to write a string,
// so that values are pieces of the text and keys are compared without reading them. Internal to src/fields; the text
// must be canonical, which nothing here checks.
#pragma once

#include <string_view>

namespace kith::fields {

/// Byte length of the value or key that `text` begins with.
std::size_t canonical_value_bytes(std::string_view text);

/// Calls visit(key with its quotes, value) for each member of an object, in order.
template <class Visit>
void each_member(std::string_view object, const Visit& visit) {
  auto rest = object.substr(1);
  while (!rest.starts_with('}')) {
    const auto key = rest.substr(0, canonical_value_bytes(rest));
    rest.remove_prefix(key.size() + 1);
    const auto value = rest.substr(0, canonical_value_bytes(rest));
    rest.remove_prefix(value.size() + (rest[value.size()] == ',' ? 1 : 0));
    visit(key, value);
  }
}

/// Calls visit(value) for each element of an array, in order.
template <class Visit>
void each_element(std::string_view array, const Visit& visit) {
  auto rest = array.substr(1);
  while (!rest.starts_with(']')) {
    const auto value = rest.substr(0, canonical_value_bytes(rest));
    rest.remove_prefix(value.size() + (rest[value.size()] == ',' ? 1 : 0));
    visit(value);
  }
}

}  // namespace kith::fields
