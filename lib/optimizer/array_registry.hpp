// SPDX-License-Identifier: Apache-2.0
//
// Where the caller's arrays are, so that no two arrays of an optimizer overlap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <utility>

namespace gradstep::internal {

/// The address ranges of the caller's arrays. Gradients may overlap each other for a while, so that
/// two of them can swap places; other arrays never overlap.
class array_registry {
 public:
  struct entry {
    std::uintptr_t end;
    std::size_t tensor;
    const char* name;  // of the array
  };
  /// Key: the address where the array begins.
  using entries = std::map<std::uintptr_t, entry>;

  /// A gradient. The members are mutable because set_grads gives the elements of a set new values,
  /// in the set's order.
  struct grad {
    mutable std::uintptr_t begin;
    mutable std::size_t tensor;
    mutable std::uintptr_t end;

    void become(const grad& other) const noexcept {
      begin = other.begin;
      tensor = other.tensor;
      end = other.end;
    }
    bool operator<(const grad& other) const noexcept {
      return begin != other.begin ? begin < other.begin : tensor < other.tensor;
    }
  };
  using grads = std::set<grad>;
  using tensor_pair = std::pair<std::size_t, std::size_t>;

  /// The arrays of one tensor that are not in the registry.
  struct additions {
    entries arrays;
    array_registry::grads grads;
  };

  /// An array, gradients excepted, that overlaps [begin, end). nullptr: there is none. O(log n).
  const entry* find_overlap(std::uintptr_t begin, std::uintptr_t end) const noexcept;
  /// A gradient that overlaps [begin, end). nullptr: there is none. O(log n), and O(n) while some
  /// gradients overlap each other.
  const grad* find_grad_overlap(std::uintptr_t begin, std::uintptr_t end) const noexcept;

  struct grad_overlap {
    const entry* array;
    const grad* of;
  };
  /// An array, gradients excepted, that overlaps one of these gradients, which are in ascending
  /// order. O(n).
  std::optional<grad_overlap> find_overlap(std::span<const grad> all) const noexcept;

  /// Adds arrays that overlap no array of the registry.
  void add(additions&& added) noexcept;

  /// Takes the arrays of a tensor out. O(n).
  additions take(std::size_t tensor) noexcept;

  /// Moves a tensor's gradient from address `from` to [to, to + bytes). Address 0: nowhere.
  /// O(log n). Throws std::bad_alloc before anything has changed.
  void move_grad(std::size_t tensor, std::uintptr_t from, std::uintptr_t to, std::size_t bytes);

  /// Replaces all gradients by these, which are in ascending order. O(n). Throws std::bad_alloc
  /// before anything has changed.
  void set_grads(std::span<const grad> all);

  bool has_overlapping_grads() const noexcept { return overlaps_ != 0; }
  /// Two tensors whose gradients overlap; the smaller index first. O(n).
  std::optional<tensor_pair> overlapping_grads() const noexcept;
  /// The same with this tensor as one of the two. O(n).
  std::optional<tensor_pair> overlapping_grads(std::size_t tensor) const noexcept;

 private:
  std::size_t overlaps_around(grads::const_iterator at) const noexcept;
  std::size_t overlap_without(grads::const_iterator at) const noexcept;
  void insert(grads::node_type&& node) noexcept;
  grads::node_type extract(grads::const_iterator at) noexcept;

  entries entries_;
  grads grads_;
  std::size_t overlaps_ = 0;  // pairs of neighbouring gradients that overlap; 0: no gradients do
};

}  // namespace gradstep::internal
