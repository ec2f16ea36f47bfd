// SPDX-License-Identifier: Apache-2.0
#include "optimizer/array_registry.hpp"

#include <algorithm>
#include <iterator>

namespace gradstep::internal {
namespace {

using grad_place = array_registry::grad_entries::value_type;

bool overlap(const grad_place& a, const grad_place& b) {
  return std::max(a.first.first, b.first.first) < std::min(a.second.end, b.second.end);
}

}  // namespace

const array_registry::entry* array_registry::find_overlap(std::uintptr_t begin,
                                                          std::uintptr_t end) const noexcept {
  const auto next = entries_.upper_bound(begin);
  if (next != entries_.begin() && std::prev(next)->second.end > begin) {
    return &std::prev(next)->second;
  }
  return next != entries_.end() && next->first < end ? &next->second : nullptr;
}

const array_registry::entry* array_registry::find_grad_overlap(std::uintptr_t begin,
                                                               std::uintptr_t end) const noexcept {
  // While no gradients overlap, only the last one that begins before `end` can reach into the
  // range.
  auto at = grads_.lower_bound({end, 0});
  while (at != grads_.begin()) {
    --at;
    if (at->second.end > begin) return &at->second;
    if (overlaps_ == 0) break;
  }
  return nullptr;
}

/// How many of its two neighbours a gradient overlaps.
std::size_t array_registry::overlaps_around(grad_entries::const_iterator at) const noexcept {
  std::size_t count = 0;
  if (at != grads_.begin() && overlap(*std::prev(at), *at)) ++count;
  if (std::next(at) != grads_.end() && overlap(*at, *std::next(at))) ++count;
  return count;
}

/// How many overlaps its two neighbours would have with each other without the gradient: 0 or 1.
std::size_t array_registry::overlap_without(grad_entries::const_iterator at) const noexcept {
  if (at == grads_.begin() || std::next(at) == grads_.end()) return 0;
  return overlap(*std::prev(at), *std::next(at)) ? 1 : 0;
}

void array_registry::insert(grad_entries::node_type&& node) noexcept {
  const auto at = grads_.insert(std::move(node)).position;
  overlaps_ += overlaps_around(at);
  overlaps_ -= overlap_without(at);
}

void array_registry::add(additions&& added) noexcept {
  entries_.merge(added.arrays);
  while (!added.grads.empty()) insert(added.grads.extract(added.grads.begin()));
}

void array_registry::move_grad(std::size_t tensor, std::uintptr_t from, std::uintptr_t to,
                               std::size_t bytes) {
  const auto old = grads_.find({from, tensor});
  grad_entries made;
  if (old == grads_.end() && to != 0)
    made.insert({{to, tensor}, {to + bytes, tensor, "grad.data"}});
  grad_entries::node_type node;
  if (old != grads_.end()) {
    overlaps_ += overlap_without(old);
    overlaps_ -= overlaps_around(old);
    node = grads_.extract(old);
    node.key() = {to, tensor};
    node.mapped().end = to + bytes;
  } else if (!made.empty()) {
    node = made.extract(made.begin());
  }
  if (to != 0) insert(std::move(node));
}

std::optional<array_registry::tensor_pair> array_registry::overlapping_grads() const noexcept {
  const auto pair = std::adjacent_find(grads_.begin(), grads_.end(), overlap);
  if (pair == grads_.end()) return {};
  return std::minmax({pair->second.tensor, std::next(pair)->second.tensor});
}

std::optional<array_registry::tensor_pair> array_registry::overlapping_grads(
    std::size_t tensor) const noexcept {
  const auto is_own = [&](const grad_place& g) { return g.second.tensor == tensor; };
  const auto own = std::find_if(grads_.begin(), grads_.end(), is_own);
  if (own == grads_.end()) return {};
  for (const grad_place& other : grads_) {
    if (!is_own(other) && overlap(*own, other)) {
      return std::minmax({tensor, other.second.tensor});
    }
  }
  return {};
}

}  // namespace gradstep::internal
