#include "fields/value_segment_builder.h"

#include <algorithm>
#include <numeric>

#include "fields/datetime.h"

namespace kith::fields {
namespace {

template <class T>
std::vector<T> sorted_unique(std::vector<T> values) {
  std::ranges::sort(values);
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

void push_unique(std::vector<std::uint32_t>& list, std::uint32_t value) {
  if (list.empty() || list.back() != value) list.push_back(value);
}

/// The 16 bytes of a string that is a UUID in canonical notation.
std::optional<std::string> canonical_uuid(std::string_view text) {
  if (text.size() != 36) return std::nullopt;
  const auto uuid = Uuid::parse(text);
  if (!uuid || uuid->to_string() != text) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(uuid->bytes.data()), uuid->bytes.size());
}

}  // namespace

void ValueSegmentBuilder::Terms::add(std::string_view term, std::uint32_t ordinal) {
  auto found = numbers_.find(term);
  if (found == numbers_.end()) {
    texts_.emplace_back(term);
    points_.emplace_back();
    found = numbers_.emplace(texts_.back(), static_cast<std::uint32_t>(texts_.size() - 1)).first;
  }
  push_unique(points_[found->second], ordinal);
}

template <class Write>
void ValueSegmentBuilder::Terms::in_order(const Write& write) const {
  std::vector<std::uint32_t> order(texts_.size());
  std::iota(order.begin(), order.end(), 0U);
  std::ranges::sort(order, {}, [&](std::uint32_t number) -> std::string_view { return texts_[number]; });
  for (const auto number : order) write(texts_[number], points_[number]);
}

void ValueSegmentBuilder::note(Property which, std::uint32_t ordinal) {
  push_unique(properties_[static_cast<std::size_t>(which)], ordinal);
}

void ValueSegmentBuilder::note_distinct(std::size_t count, std::uint32_t ordinal) {
  if (count > 1) distinct_[static_cast<std::uint32_t>(count)].push_back(ordinal);
}

void ValueSegmentBuilder::add(SlotId slot, const PathValues& values) {
  if (values.empty()) return;
  const auto ordinal = static_cast<std::uint32_t>(slots_.size());
  slots_.push_back(slot.value);
  for (const auto count : values.counts) push_unique(counts_[count], ordinal);
  add_properties(values, ordinal);
  switch (kind_) {
    case FieldKind::keyword:
    case FieldKind::uuid:
      return add_strings(values, ordinal);
    case FieldKind::text:
      return add_tokens(values, ordinal);
    case FieldKind::datetime:
      return add_dates(values, ordinal);
    case FieldKind::integer:
    case FieldKind::floating:
      return add_numbers(values, ordinal);
    case FieldKind::geo:
      for (const auto& point : values.points) points_.push_back({point, ordinal});
      if (!values.points.empty()) note(Property::of_kind, ordinal);
      return;
    case FieldKind::boolean:
      if (values.yes || values.no) note(Property::of_kind, ordinal);
      return;
  }
}

void ValueSegmentBuilder::add_properties(const PathValues& values, std::uint32_t ordinal) {
  if (values.filled) note(Property::filled, ordinal);
  if (values.null) note(Property::null, ordinal);
  if (!values.strings.empty()) note(Property::strings, ordinal);
  if (!values.integers.empty()) note(Property::integers, ordinal);
  if (!values.wide.empty()) note(Property::wide, ordinal);
  if (values.yes) note(Property::yes, ordinal);
  if (values.no) note(Property::no, ordinal);
  if (values.compound) note(Property::compound, ordinal);
}

void ValueSegmentBuilder::add_strings(const PathValues& values, std::uint32_t ordinal) {
  const auto strings = sorted_unique(values.strings);
  note_distinct(strings.size(), ordinal);
  for (const auto text : strings) {
    const auto uuid = kind_ == FieldKind::uuid ? canonical_uuid(text) : std::nullopt;
    if (uuid) {
      uuids_.add(*uuid, ordinal);
    } else {
      terms_.add(text, ordinal);
    }
    if (kind_ == FieldKind::keyword || uuid || Uuid::parse(text)) note(Property::of_kind, ordinal);
  }
}

void ValueSegmentBuilder::add_tokens(const PathValues& values, std::uint32_t ordinal) {
  for (const auto text : values.strings) {
    tokens_->visit_document(text, [&](std::string_view token, std::uint32_t) {
      terms_.add(token, ordinal);
      return true;
    });
  }
  if (!values.strings.empty()) note(Property::of_kind, ordinal);
  if (values.strings.size() > 1) note(Property::several_strings, ordinal);
}

void ValueSegmentBuilder::add_dates(const PathValues& values, std::uint32_t ordinal) {
  for (const auto text : values.strings) {
    const auto time = read_datetime(text);
    note(time ? Property::of_kind : Property::other_strings, ordinal);
    if (time) integers_.push_back({*time, ordinal});
  }
}

void ValueSegmentBuilder::add_numbers(const PathValues& values, std::uint32_t ordinal) {
  const auto integers = sorted_unique(values.integers);
  if (kind_ == FieldKind::integer) {
    note_distinct(integers.size(), ordinal);
    for (const auto value : integers) integers_.push_back({value, ordinal});
    if (!integers.empty()) note(Property::of_kind, ordinal);
  } else {
    for (const auto value : integers) reals_.push_back({ordered_key(static_cast<double>(value)), ordinal});
    if (!integers.empty() || !values.wide.empty()) note(Property::of_kind, ordinal);
  }
  for (const auto value : values.wide) reals_.push_back({ordered_key(value), ordinal});
}

std::shared_ptr<const ValueSegment> ValueSegmentBuilder::finish() {
  ValueSegmentWriter writer(kind_, slots_);
  const auto& map = writer.slots();
  // Until now points went by their place in slots_, which in a dense map is not their local.
  const auto local = [&](std::uint32_t ordinal) {
    return map.dense() ? slots_[ordinal] - map.shape().first : ordinal;
  };
  Ordinals buffer;
  const auto locals = [&](const Ordinals& ordinals) -> const Ordinals& {
    buffer.clear();
    for (const auto ordinal : ordinals) buffer.push_back(local(ordinal));
    return buffer;
  };
  for (std::size_t i = 0; i < property_count; ++i)
    writer.add_property(static_cast<Property>(i), locals(properties_[i]));
  for (const auto& [count, ordinals] : counts_) writer.add_count(count, locals(ordinals));
  for (const auto& [count, ordinals] : distinct_) writer.add_distinct(count, locals(ordinals));
  terms_.in_order(
      [&](const std::string& term, const Ordinals& ordinals) { writer.add_term(term, locals(ordinals)); });
  uuids_.in_order(
      [&](const std::string& uuid, const Ordinals& ordinals) { writer.add_uuid(uuid, locals(ordinals)); });
  for (auto* entries : {&integers_, &reals_}) {
    for (auto& entry : *entries) entry.local = local(entry.local);
    *entries = sorted_unique(std::move(*entries));
  }
  writer.set_integers(integers_);
  writer.set_reals(reals_);
  for (auto& entry : points_) entry.local = local(entry.local);
  std::ranges::sort(points_, z_before);
  writer.set_points(points_);
  return writer.finish();
}

}  // namespace kith::fields
