// SPDX-License-Identifier: Apache-2.0
//
// Where the caller's arrays are, so that no two of an optimizer's overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <utility>

namespace gradstep::internal {

/// Gradients may overlap each other for a while, so that two can swap their places.
class array_registry {
 public:
  struct entry {
    std::uintptr_t end;
    std::size_t tensor;
    const char* name;  // of the array
  };
  using entries = std::map<std::uintptr_t, entry>;  // by where they begin
  /// By where they begin, and by their tensors.
  using grad_entries = std::map<std::pair<std::uintptr_t, std::size_t>, entry>;

  /// An array other than a gradient that overlaps [begin, end); null when there is none. O(log n).
  const entry* find_overlap(std::uintptr_t begin, std::uintptr_t end) const noexcept;
  /// The same for gradients. O(n) while some overlap each other.
  const entry* find_grad_overlap(std::uintptr_t begin, std::uintptr_t end) const noexcept;

  /// Moves entries in that overlap none.
  void add(entries&& added, grad_entries&& added_grads) noexcept;

  /// A tensor's gradient was at `from` and is at [to, to + bytes) now; 0: nowhere. O(log n). Throws
  /// std::bad_alloc before anything has changed.
  void move_grad(std::size_t tensor, std::uintptr_t from, std::uintptr_t to, std::size_t bytes);

  bool has_overlapping_grads() const noexcept { return overlaps_ != 0; }
  using tensor_pair = std::pair<std::size_t, std::size_t>;
  /// Two tensors whose gradients overlap. O(n).
  std::optional<tensor_pair> overlapping_grads() const noexcept;
  /// The same for one of them. O(n).
  std::optional<tensor_pair> overlapping_grads(std::size_t tensor) const noexcept;

 private:
  std::size_t overlaps_around(grad_entries::const_iterator at) const noexcept;
  std::size_t overlap_without(grad_entries::const_iterator at) const noexcept;
  void insert(grad_entries::node_type&& node) noexcept;

  entries entries_;
  grad_entries grads_;
  std::size_t overlaps_ = 0;  // of gradients with the next one; none overlap where this is 0
};

}  // namespace gradstep::internal
