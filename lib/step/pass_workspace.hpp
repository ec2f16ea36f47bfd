// SPDX-License-Identifier: Apache-2.0
//
// The memory that the passes of a rule need for a tensor until its last pass has stored everything.
#pragma once

#include <cstddef>

#include "kernels/loops/step_kernel.hpp"
#include "rules/rule_catalogue.hpp"
#include "step/prepared_kernels.hpp"
#include "step/tiles.hpp"

namespace gradstep::internal {

/// What stands at the beginning of a tensor's workspace: the constants of its step, which `finish`
/// changes, and its scalars.
struct pass_state {
  const step_kernel* kernel;
  prepared_step prepared;
  step_scalars before, after;
  double totals[max_sums];  // of the pass that was summed last
};

/// Workspaces begin at multiples of this many bytes.
inline constexpr std::size_t workspace_alignment = 64;

/// The bytes of memory at any address in which so many bytes can be aligned.
constexpr std::size_t unaligned_size(std::size_t bytes) {
  return bytes == 0 ? 0 : bytes + workspace_alignment - 1;
}

/// Where everything is in the workspace of a tensor. Sizes depend on the rule's values and on the
/// tensor's shape.
class pass_workspace {
 public:
  pass_workspace() = default;
  pass_workspace(const rule_entry& rule, const double* values, const tensor_shape& shape);

  std::size_t bytes() const { return bytes_; }
  /// The passes before the last.
  const pass_list& passes() const { return passes_; }
  const tile_grid& tiles() const { return tiles_; }
  std::uint32_t line_slots() const { return line_slots_; }

  /// memory: of at least bytes(), aligned to workspace_alignment.
  void place(std::byte* memory) { memory_ = memory; }

  pass_state& state() const { return *reinterpret_cast<pass_state*>(memory_); }
  /// The sum-th total of a tile.
  double& tile_total(std::size_t tile, std::size_t sum) const {
    return numbers(tile_totals_)[tile * max_sums + sum];
  }
  /// Of a row or column slot: the sums of a block of columns or rows, and in the end, in those of
  /// block 0, the slot's new values.
  double* line_sums(std::size_t slot, std::size_t block) const {
    return numbers(lines_[slot].sums) + block * lines_[slot].count;
  }
  /// Of a row or column slot: what later passes get, in the type of the arithmetic.
  void* seen_lines(std::size_t slot) const { return memory_ + lines_[slot].seen; }
  /// The numbers in a row or column slot.
  std::size_t line_count(std::size_t slot) const { return lines_[slot].count; }

 private:
  struct line_memory {
    std::size_t count, sums, seen;
  };
  double* numbers(std::size_t offset) const { return reinterpret_cast<double*>(memory_ + offset); }

  pass_list passes_{};
  tile_grid tiles_;
  std::uint32_t line_slots_ = 0;
  std::size_t tile_totals_ = 0;
  line_memory lines_[max_slots] = {};
  std::size_t bytes_ = 0;
  std::byte* memory_ = nullptr;
};

/// The bytes of one tensor's workspace; 0 if the rule needs none.
std::size_t workspace_size(const rule_entry& rule, const double* values,
                           const tensor_shape& shape) noexcept;

/// The bytes of a workspace for a whole list.
std::size_t workspace_size(const rule_entry& rule, const double* values,
                           const tensor_list& tensors) noexcept;

/// Divides memory of that size, aligned to workspace_alignment, between the tensors of a list.
std::byte* const* divide_workspace(const rule_entry& rule, const double* values,
                                   const tensor_list& tensors, void* memory) noexcept;

}  // namespace gradstep::internal
