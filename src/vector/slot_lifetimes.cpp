#include "vector/slot_lifetimes.h"

#include "base/bytes.h"
#include "base/try.h"

#include <atomic>

namespace kith::vector {
namespace {

constexpr std::uint32_t format_version = 1;
constexpr std::size_t birth_at = 0, death_at = sizeof(std::uint64_t), row_bytes = 2 * sizeof(std::uint64_t);

std::uint64_t load(const std::byte* bytes) {
  auto* word = reinterpret_cast<std::uint64_t*>(const_cast<std::byte*>(bytes));
  return std::atomic_ref(*word).load(std::memory_order_acquire);
}

void store(std::byte* bytes, std::uint64_t value) {
  std::atomic_ref(*reinterpret_cast<std::uint64_t*>(bytes)).store(value, std::memory_order_release);
}

}  // namespace

SlotLifetimes::SlotLifetimes() : rows_(row_bytes) {}

bool SlotLifetimes::visible(SlotId slot, ChangeSeq at) const {
  if (slot.value >= rows_.size()) return false;
  const std::byte* row = rows_.row(slot.value);
  // Death first: bear() writes it last, so a reader that sees the new death sees the new birth.
  return at.value < load(row + death_at) && load(row + birth_at) <= at.value;
}

ChangeSeq SlotLifetimes::birth(SlotId slot) const { return {load(rows_.row(slot.value) + birth_at)}; }
ChangeSeq SlotLifetimes::death(SlotId slot) const { return {load(rows_.row(slot.value) + death_at)}; }

Status SlotLifetimes::grow(std::size_t rows) { return rows_.grow(rows); }

void SlotLifetimes::bear(SlotId slot, ChangeSeq at) {
  std::byte* row = rows_.mutable_row(slot.value);
  store(row + birth_at, at.value);
  store(row + death_at, forever);
}

void SlotLifetimes::kill(SlotId slot, ChangeSeq at) {
  store(rows_.mutable_row(slot.value) + death_at, at.value);
}

void SlotLifetimes::reset(SlotId slot) {
  std::byte* row = rows_.mutable_row(slot.value);
  store(row + death_at, never_born);
  store(row + birth_at, never_born);
}

std::string SlotLifetimes::header() const {
  ByteWriter out;
  out.put(format_version);
  out.put(std::uint64_t{rows_.size()});
  return out.take();
}

Status SlotLifetimes::restore(std::string_view header) {
  ByteReader in(header);
  if (KITH_TRY(in.get<std::uint32_t>()) != format_version) {
    return failure(ErrorCode::corrupt, "lifetimes have an unknown format version");
  }
  const auto rows = KITH_TRY(in.get<std::uint64_t>());
  if (!in.at_end()) return failure(ErrorCode::corrupt, "the header of the lifetimes is too long");
  return check_restored(rows_, rows, "lifetimes");
}

}  // namespace kith::vector
