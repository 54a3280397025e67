// The conjunction of filters that live elsewhere. Conditions are copied only when there is more than one filter.
//
// The filters must outlive what get() returns, and so must this object. Thread safety: none.
#pragma once

#include <kith/filter.h>

#include <memory>
#include <vector>

namespace kith::query {

class FilterJoin {
 public:
  /// Null and empty filters say nothing.
  void add(const Filter* filter) {
    if (filter != nullptr && !filter->empty()) parts_.push_back(filter);
  }

  /// Null when nothing was added.
  const Filter* get() {
    if (parts_.empty()) return nullptr;
    if (parts_.size() == 1) return parts_.front();
    // The first is opened rather than nested: filters may not be nested without end.
    joined_ = *parts_.front();
    for (std::size_t i = 1; i < parts_.size(); ++i) {
      joined_.must.emplace_back(
          SubFilter{std::shared_ptr<const Filter>(std::shared_ptr<const void>(), parts_[i])});
    }
    return &joined_;
  }

 private:
  std::vector<const Filter*> parts_;
  Filter joined_;
};

}  // namespace kith::query
