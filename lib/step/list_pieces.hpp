// SPDX-License-Identifier: Apache-2.0
//
// A list of tensors cut into pieces, the work that threads claim.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "base/round_up.hpp"
#include "step/tensor_list.hpp"
#include "threads/context.hpp"
#include "threads/pieces.hpp"

namespace gradstep::internal {

/// What a walk over a whole list finds.
struct list_summary {
  std::size_t total = 0;                          // elements
  bool has_float32 = false, has_float64 = false;  // tensors that are computed in the type

  explicit list_summary(const tensor_list& tensors);
};

/// A range of a list's index space, which counts the elements of all tensors in order.
struct list_piece {
  std::size_t begin, end;

  /// Calls run(from, to) for the piece's part of a tensor, elements [from, to) of it, unless the
  /// part is empty. A cut inside the tensor moves up to a multiple of the granularity.
  template <class Run>
  void for_part_of(const list_position<>& at, std::size_t granularity, const Run& run) const {
    const auto inside = [&](std::size_t cut) {
      if (cut <= at.first()) return std::size_t{0};
      const std::size_t index = cut - at.first();
      if (index >= at.count()) return at.count();
      return std::min(round_up(index, granularity), at.count());
    };
    const std::size_t from = inside(begin), to = inside(end);
    if (from < to) run(from, to);
  }

  /// Calls visit(at) for each tensor of the piece that is not empty. `first` moves forward to the
  /// piece's first tensor.
  template <class Visit>
  void for_each_tensor(list_position<>& first, const Visit& visit) const {
    first.advance_to(begin);
    for (list_position<> at = first;; at.next()) {
      if (at.count() != 0) visit(at);
      if (end - at.first() <= at.count()) break;
    }
  }
};

/// How a list is cut. Its total is not 0.
class list_pieces {
 public:
  list_pieces(const context& c, std::size_t total);

  bool is_serial() const { return is_serial_; }
  /// The pieces that run: 1 if the calling thread does all.
  std::uint64_t run_count() const { return is_serial_ ? 1 : count_; }

  std::size_t size() const { return size_; }  // elements of a piece

  /// Calls visit(piece, at) for each piece and each tensor of it that is not empty, on the
  /// context's threads.
  template <class Visit>
  void run(const context& c, const tensor_list& tensors, const Visit& visit) const {
    struct nothing {};
    run(
        c, tensors, [] { return nothing(); },
        [&](nothing&, const list_piece& piece, const list_position<>& at) { visit(piece, at); });
  }

  /// The same with visit(own, piece, at), where each thread has an `own` from make_own().
  template <class MakeOwn, class Visit>
  void run(const context& c, const tensor_list& tensors, const MakeOwn& make_own,
           const Visit& visit) const {
    run_pieces(c, count_, is_serial_, [&](piece_claims& claims) {
      auto own = make_own();
      list_position<> first(tensors);
      for (std::size_t number = 0; claims.claim(number);) {
        const std::size_t begin = number * size_;
        const list_piece piece{begin, std::min(total_, begin + size_)};
        piece.for_each_tensor(first, [&](const list_position<>& at) { visit(own, piece, at); });
      }
    });
  }

 private:
  std::size_t total_, size_, count_;
  bool is_serial_;
};

}  // namespace gradstep::internal
