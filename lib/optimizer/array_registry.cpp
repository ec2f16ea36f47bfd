// SPDX-License-Identifier: Apache-2.0
#include "optimizer/array_registry.hpp"

#include <algorithm>
#include <iterator>

namespace gradstep::internal {
namespace {

using grad = array_registry::grad;

bool overlap(const grad& a, const grad& b) {
  return std::max(a.begin, b.begin) < std::min(a.end, b.end);
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

const grad* array_registry::find_grad_overlap(std::uintptr_t begin,
                                              std::uintptr_t end) const noexcept {
  // While no gradients overlap, only the last one that begins before `end` can reach into the
  // range.
  auto at = grads_.lower_bound({end, 0, 0});
  while (at != grads_.begin()) {
    --at;
    if (at->end > begin) return &*at;
    if (overlaps_ == 0) break;
  }
  return nullptr;
}

/// How many of its two neighbours a gradient overlaps.
std::size_t array_registry::overlaps_around(grads::const_iterator at) const noexcept {
  std::size_t count = 0;
  if (at != grads_.begin() && overlap(*std::prev(at), *at)) ++count;
  if (std::next(at) != grads_.end() && overlap(*at, *std::next(at))) ++count;
  return count;
}

/// How many overlaps its two neighbours would have with each other without the gradient: 0 or 1.
std::size_t array_registry::overlap_without(grads::const_iterator at) const noexcept {
  if (at == grads_.begin() || std::next(at) == grads_.end()) return 0;
  return overlap(*std::prev(at), *std::next(at)) ? 1 : 0;
}

void array_registry::insert(grads::node_type&& node) noexcept {
  const auto at = grads_.insert(std::move(node)).position;
  overlaps_ += overlaps_around(at);
  overlaps_ -= overlap_without(at);
}

array_registry::grads::node_type array_registry::extract(grads::const_iterator at) noexcept {
  overlaps_ += overlap_without(at);
  overlaps_ -= overlaps_around(at);
  return grads_.extract(at);
}

std::optional<array_registry::grad_overlap> array_registry::find_overlap(
    std::span<const grad> all) const noexcept {
  auto array = entries_.begin();
  for (const grad& each : all) {
    while (array != entries_.end() && array->second.end <= each.begin) ++array;
    if (array == entries_.end()) break;
    if (array->first < each.end) return grad_overlap{&array->second, &each};
  }
  return {};
}

void array_registry::add(additions&& added) noexcept {
  entries_.merge(added.arrays);
  while (!added.grads.empty()) insert(added.grads.extract(added.grads.begin()));
}

array_registry::additions array_registry::take(std::size_t tensor) noexcept {
  additions taken;
  for (auto at = entries_.begin(); at != entries_.end();) {
    const auto next = std::next(at);
    if (at->second.tensor == tensor) taken.arrays.insert(entries_.extract(at));
    at = next;
  }
  const auto own =
      std::find_if(grads_.begin(), grads_.end(), [&](const grad& g) { return g.tensor == tensor; });
  if (own != grads_.end()) taken.grads.insert(extract(own));
  return taken;
}

void array_registry::move_grad(std::size_t tensor, std::uintptr_t from, std::uintptr_t to,
                               std::size_t bytes) {
  const auto old = grads_.find({from, tensor, 0});
  grads made;
  if (old == grads_.end() && to != 0) made.insert({to, tensor, to + bytes});
  grads::node_type node;
  if (old != grads_.end()) {
    node = extract(old);
    node.value() = {to, tensor, to + bytes};
  } else if (!made.empty()) {
    node = made.extract(made.begin());
  }
  if (to != 0) insert(std::move(node));
}

void array_registry::set_grads(std::span<const grad> all) {
  // Nodes of the tree are used again, without a new search for their places.
  const std::size_t kept = std::min(all.size(), grads_.size());
  grads more(all.begin() + static_cast<std::ptrdiff_t>(kept), all.end());
  auto next = grads_.begin();
  for (const grad& each : all.first(kept)) (next++)->become(each);
  grads_.erase(next, grads_.end());
  grads_.merge(more);
  overlaps_ = 0;
  for (std::size_t i = 1; i < all.size(); ++i) overlaps_ += overlap(all[i - 1], all[i]) ? 1 : 0;
}

std::optional<array_registry::tensor_pair> array_registry::overlapping_grads() const noexcept {
  const auto pair = std::adjacent_find(grads_.begin(), grads_.end(), overlap);
  if (pair == grads_.end()) return {};
  return std::minmax({pair->tensor, std::next(pair)->tensor});
}

std::optional<array_registry::tensor_pair> array_registry::overlapping_grads(
    std::size_t tensor) const noexcept {
  const auto is_own = [&](const grad& g) { return g.tensor == tensor; };
  const auto own = std::find_if(grads_.begin(), grads_.end(), is_own);
  if (own == grads_.end()) return {};
  for (const grad& other : grads_) {
    if (!is_own(other) && overlap(*own, other)) return std::minmax({tensor, other.tensor});
  }
  return {};
}

}  // namespace gradstep::internal
