// SPDX-License-Identifier: Apache-2.0
#include "step/list_pieces.hpp"

namespace gradstep::internal {
namespace {

/// Several pieces per thread, so that the threads end together even if one is interrupted. Each
/// piece is large enough to hide its claim and the kernel's start. Measured on Zen 4 with large
/// arrays, for sgd, adamw and the complete step: 262144 elements are 2 to 3 % faster than 65536,
/// and 1048576 are no faster.
std::size_t choose_piece_size(const context& c, std::size_t total) {
  if (c.piece_size != 0) return c.piece_size;
  if (c.thread_count == 1) return total;
  constexpr std::size_t smallest = 8192, largest = 262144, pieces_per_thread = 32;
  const std::size_t wanted = total / (c.thread_count * pieces_per_thread);
  return std::clamp(wanted, smallest, largest) / piece_multiple * piece_multiple;
}

}  // namespace

list_summary::list_summary(const tensor_list& tensors) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    total += tensors.count(i);
    const bool is_wide = tensors.computed_type(i) == dtype::float64;
    (is_wide ? has_float64 : has_float32) = true;
  }
}

list_pieces::list_pieces(const context& c, std::size_t total)
    : total_(total),
      size_(choose_piece_size(c, total)),
      count_((total - 1) / size_ + 1),
      is_serial_(total < c.serial_below || count_ == 1) {}

}  // namespace gradstep::internal
