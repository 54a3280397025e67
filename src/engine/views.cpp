// Which views a collection has, and how that changes while it lives.
#include <algorithm>

#include "base/try.h"
#include "engine/local_collection.h"
#include "engine/vector_names.h"

namespace kith::engine {
namespace {

// A collection with more of them would pay for all in every write.
constexpr std::size_t fields_max = 1'000;
constexpr std::size_t vectors_max = 256;
constexpr std::size_t tail_rows_ceiling = std::size_t{1} << 22;

}  // namespace

Result<LocalCollection::ViewSlot> LocalCollection::make_slot(
    std::function<Result<std::shared_ptr<View>>()> make) const {
  ViewSlot out;
  out.view = KITH_TRY(make());
  out.folder = std::make_unique<CheckpointFolder>(*options_.files, folder_ + "/" + out.view->name());
  out.make = std::move(make);
  return out;
}

Result<LocalCollection::ViewSlot> LocalCollection::field_slot(const std::string& key,
                                                              const FieldIndexConfig& config) const {
  const std::string path = KITH_TRY(canonical_path(key));
  return make_slot(
      [path, config]() -> Result<std::shared_ptr<View>> { return FieldView::create(path, config); });
}

Result<LocalCollection::ViewSlot> LocalCollection::vector_slot(const std::string& vector_name,
                                                               const VectorParams& params) const {
  const std::size_t row_bytes = std::max<std::size_t>(params.dimension, 1) * sizeof(float);
  const std::size_t tail =
      std::max(options_.tail_rows_max, std::min(options_.tail_bytes_max / row_bytes, tail_rows_ceiling));
  return make_slot([vector_name, params, tail]() -> Result<std::shared_ptr<View>> {
    switch (params.kind) {
      case VectorKind::sparse:
        return std::make_shared<SparseView>(vector_name, params);
      case VectorKind::multi:
        return std::make_shared<MultiView>(vector_name, params);
      case VectorKind::dense:
        break;
    }
    return std::make_shared<VectorView>(vector_name, params, tail);
  });
}

Status LocalCollection::make_views(const CollectionConfig& config) {
  views_.push_back(
      KITH_TRY(make_slot([]() -> Result<std::shared_ptr<View>> { return std::make_shared<SlotView>(); })));
  for (const auto& [vector_name, params] : config.vectors) {
    views_.push_back(KITH_TRY(vector_slot(vector_name, params)));
  }
  if (analyzer_) {
    views_.push_back(
        KITH_TRY(make_slot([print = analyzer_->fingerprint()]() -> Result<std::shared_ptr<View>> {
          return std::make_shared<LexicalView>(print);
        })));
  }
  for (const auto& [key, field] : config.fields) views_.push_back(KITH_TRY(field_slot(key, field)));
  return {};
}

std::shared_ptr<const ViewSet> LocalCollection::shape_of(CollectionConfig config) {
  auto out = std::make_shared<ViewSet>();
  out->config = std::move(config);
  for (const auto& slot : views_) {
    if (auto view = std::dynamic_pointer_cast<VectorView>(slot.view)) out->dense.push_back(std::move(view));
    if (auto view = std::dynamic_pointer_cast<SparseView>(slot.view)) out->sparse.push_back(std::move(view));
    if (auto view = std::dynamic_pointer_cast<MultiView>(slot.view)) out->multi.push_back(std::move(view));
    if (auto view = std::dynamic_pointer_cast<FieldView>(slot.view)) out->fields.push_back(std::move(view));
    if (auto view = std::dynamic_pointer_cast<SlotView>(slot.view)) slots_ = std::move(view);
    if (auto view = std::dynamic_pointer_cast<LexicalView>(slot.view)) lexical_ = std::move(view);
  }
  return out;
}

Result<WriteOutcome> LocalCollection::change_shape(CollectionConfig config, std::optional<ViewSlot> add,
                                                   const View* drop) {
  if (closed_.load()) return gone();
  WriteGroup group = new_group();
  group.add_config(name_, config);
  KITH_TRY(store_.commit(group.finish()));
  written_ = group.state();
  std::string forgotten;
  if (drop != nullptr) {
    const auto found =
        std::ranges::find_if(views_, [&](const ViewSlot& slot) { return slot.view.get() == drop; });
    forgotten = folder_ + "/" + found->view->name();
    views_.erase(found);
  }
  if (add) {
    if (forgotten == folder_ + "/" + add->view->name())
      forgotten.clear();  // its place is taken at the next save
    views_.push_back(std::move(*add));
  }
  shape_ = shape_of(std::move(config));
  note_changes(1);
  KITH_TRY(publish());
  // What cannot be removed now is found to be nobody's at the next open.
  if (!forgotten.empty()) static_cast<void>(options_.files->remove_all(forgotten));
  wake_();
  return WriteOutcome{written_.change_seq, store_.options().durability};
}

namespace {

const View* field_view(const ViewSet& shape, std::string_view path) {
  for (const auto& view : shape.fields) {
    if (view->generation()->key() == path) return view.get();
  }
  return nullptr;
}

/// The path may be written in several ways; the index is one.
void erase_path(CollectionConfig& config, std::string_view path) {
  std::erase_if(config.fields, [&](const auto& field) {
    const auto other = canonical_path(field.first);
    return other && *other == path;
  });
}

}  // namespace

// Built from a snapshot beside writes and reads; only what was written meanwhile is caught up with under the locks.
Result<WriteOutcome> LocalCollection::create_field_index(std::string_view key, FieldIndexConfig config) {
  const std::string path = KITH_TRY(canonical_path(key));
  std::vector<ViewSlot> fresh;
  fresh.push_back(KITH_TRY(field_slot(std::string(key), config)));
  fresh[0].folder->distrust();
  fresh[0].rebuild = true;
  // The feed is kept from here on, whatever is checkpointed meanwhile.
  std::multiset<std::uint64_t>::iterator pin;
  std::shared_ptr<const ReadState> base;
  {
    const std::scoped_lock linker(linker_mutex_);
    base = state();
    if (base->shape->config.fields.size() >= fields_max && field_view(*base->shape, path) == nullptr) {
      return failure(ErrorCode::too_large, "collection '" + name_ + "' has " + std::to_string(fields_max) +
                                               " field indexes, and more are not allowed; drop one");
    }
    pin = feed_pins_.insert(base->seq.value);
  }
  const auto built = rebuild(fresh, base->view.get());
  fresh[0].applied = base->seq;
  base.reset();
  const std::scoped_lock linker(linker_mutex_);
  const std::scoped_lock writer(writer_mutex_);
  feed_pins_.erase(pin);
  KITH_TRY(built);
  KITH_TRY(catch_up(fresh, fresh[0].applied));
  if (fresh[0].failed) return failure(ErrorCode::internal, "the index could not be built; the log says why");
  CollectionConfig changed = shape_->config;
  erase_path(changed, path);
  changed.fields[std::string(key)] = std::move(config);
  advisor_.forget(path);
  return change_shape(std::move(changed), std::move(fresh[0]), field_view(*shape_, path));
}

Result<WriteOutcome> LocalCollection::drop_field_index(std::string_view key) {
  const std::string path = KITH_TRY(canonical_path(key));
  const std::scoped_lock linker(linker_mutex_);
  const std::scoped_lock writer(writer_mutex_);
  const View* view = field_view(*shape_, path);
  if (view == nullptr) return WriteOutcome{written_.change_seq, store_.options().durability};
  CollectionConfig changed = shape_->config;
  erase_path(changed, path);
  return change_shape(std::move(changed), std::nullopt, view);
}

Result<WriteOutcome> LocalCollection::add_vector(std::string_view name, VectorParams params) {
  const std::scoped_lock linker(linker_mutex_);
  const std::scoped_lock writer(writer_mutex_);
  CollectionConfig changed = shape_->config;
  if (const auto found = changed.vectors.find(name); found != changed.vectors.end()) {
    params.added_at = found->second.added_at;
    if (params == found->second) return WriteOutcome{written_.change_seq, store_.options().durability};
    return failure(ErrorCode::already_exists,
                   "vector '" + std::string(name) +
                       "' exists with other parameters; remove it first, or choose "
                       "another name");
  }
  if (changed.vectors.size() >= vectors_max) {
    return failure(ErrorCode::too_large, "collection '" + name_ + "' has " + std::to_string(vectors_max) +
                                             " vectors, and more are not allowed; remove one");
  }
  params.added_at = written_.change_seq.value + 1;
  KITH_TRY(check_vector_config(name, params));
  changed.vectors.emplace(name, params);
  auto fresh = KITH_TRY(vector_slot(std::string(name), params));
  fresh.folder->distrust();
  KITH_TRY(fresh.view->reserve_slots(written_.next_slot));
  if (auto* dense = dynamic_cast<VectorView*>(fresh.view.get())) {
    static_cast<void>(KITH_TRY(dense->settle(slots_->lifetimes(), options_.executor->background())));
  }
  return change_shape(std::move(changed), std::move(fresh), nullptr);
}

Result<WriteOutcome> LocalCollection::remove_vector(std::string_view name) {
  const std::scoped_lock linker(linker_mutex_);
  const std::scoped_lock writer(writer_mutex_);
  CollectionConfig changed = shape_->config;
  const auto found = changed.vectors.find(name);
  if (found == changed.vectors.end()) {
    return failure(ErrorCode::invalid_argument, "Not existing vector name error: " + std::string(name));
  }
  changed.vectors.erase(found);
  const View* view = nullptr;
  const auto look = [&](const auto& views) {
    for (const auto& candidate : views) {
      if (candidate->vector_name() == name) view = candidate.get();
    }
  };
  look(shape_->dense);
  look(shape_->sparse);
  look(shape_->multi);
  return change_shape(std::move(changed), std::nullopt, view);
}

Result<WriteOutcome> LocalCollection::set_face(std::string face) {
  const std::scoped_lock linker(linker_mutex_);
  const std::scoped_lock writer(writer_mutex_);
  CollectionConfig changed = shape_->config;
  changed.face = std::move(face);
  return change_shape(std::move(changed), std::nullopt, nullptr);
}

}  // namespace kith::engine
