// Place: where in a body something stands ("points[3].vector"), as a chain of links on the stack, so that naming a
// place costs nothing until there is something to say about it. A Place must not outlive the one it hangs from.
//
// Thread safety: immutable.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kith::server::qdrant {

class Place {
 public:
  /// The body itself.
  Place() = default;
  /// A field, or an element of a list.
  Place(const Place& parent, std::string_view name) : parent_(&parent), name_(name) {}
  Place(const Place& parent, std::size_t index) : parent_(&parent), index_(index), kind_(Kind::element) {}
  /// A field that validation errors call otherwise: Qdrant shows "?" for names that the caller chose.
  Place(const Place& parent, std::string_view name, std::string_view validation_name)
      : parent_(&parent), name_(name), validation_name_(validation_name) {}
  /// A level that stands in the names of validation errors only: Qdrant validates structures that its JSON does not
  /// show ("internal.limit").
  static Place hidden(const Place& parent, std::string_view name) {
    Place out(parent, name);
    out.kind_ = Kind::hidden;
    return out;
  }

  /// As the caller wrote it.
  std::string text() const { return text(false); }
  /// With the hidden levels.
  std::string validation_text() const { return text(true); }
  /// text() of a field of this place.
  std::string text_of(std::string_view field) const { return Place(*this, field).text(); }

 private:
  enum class Kind : std::uint8_t { field, element, hidden };

  std::string text(bool with_hidden) const {
    if (parent_ == nullptr) return {};
    std::string out = parent_->text(with_hidden);
    if (kind_ == Kind::element) return out + "[" + std::to_string(index_) + "]";
    if (kind_ == Kind::hidden && !with_hidden) return out;
    const std::string_view shown = with_hidden && !validation_name_.empty() ? validation_name_ : name_;
    if (!out.empty() && !shown.empty()) out += '.';
    return out.append(shown);
  }

  const Place* parent_ = nullptr;
  std::string_view name_;
  std::string_view validation_name_;
  std::size_t index_ = 0;
  Kind kind_ = Kind::field;
};

}  // namespace kith::server::qdrant
