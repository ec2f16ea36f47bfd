// SPDX-License-Identifier: Apache-2.0
#include "step/pass_workspace.hpp"

#include "base/round_up.hpp"

namespace gradstep::internal {
namespace {

std::size_t aligned(std::size_t bytes) { return round_up(bytes, workspace_alignment); }

std::size_t table_size(const tensor_list& tensors) {
  return aligned(tensors.size() * sizeof(std::byte*));
}

}  // namespace

pass_workspace::pass_workspace(const rule_entry& rule, const double* values,
                               const tensor_shape& shape)
    : passes_(rule.passes(values, shape.is_matrix())) {
  const std::uint32_t used = rule.used_slots(values, shape.is_matrix());
  for (std::size_t s = 0; s < rule.info->slot_count; ++s) {
    const bool is_line = rule.info->slots[s].extent != slot_extent::element;
    if (is_line && (used >> s & 1) != 0) line_slots_ |= 1U << s;
  }
  tiles_ = tile_grid(line_slots_ != 0 ? shape : tensor_shape{shape.count, 0, 0});
  tile_totals_ = aligned(sizeof(pass_state));
  bytes_ = tile_totals_ + aligned(tiles_.size() * max_sums * sizeof(double));
  for (std::size_t s = 0; s < rule.info->slot_count; ++s) {
    if ((line_slots_ >> s & 1) == 0) continue;
    const slot_extent extent = rule.info->slots[s].extent;
    const std::size_t blocks =
        extent == slot_extent::row ? tiles_.column_blocks() : tiles_.row_blocks();
    lines_[s].count = slot_elements(extent, shape);
    lines_[s].sums = bytes_;
    lines_[s].seen = bytes_ + aligned(blocks * lines_[s].count * sizeof(double));
    bytes_ = lines_[s].seen + aligned(lines_[s].count * sizeof(double));
  }
}

std::size_t workspace_size(const rule_entry& rule, const double* values,
                           const tensor_shape& shape) noexcept {
  return rule.has_passes ? pass_workspace(rule, values, shape).bytes() : 0;
}

std::size_t workspace_size(const rule_entry& rule, const double* values,
                           const tensor_list& tensors) noexcept {
  if (!rule.has_passes) return 0;
  std::size_t bytes = table_size(tensors);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    bytes += workspace_size(rule, values, tensors.shape(i));
  }
  return bytes;
}

std::byte* const* divide_workspace(const rule_entry& rule, const double* values,
                                   const tensor_list& tensors, void* memory) noexcept {
  auto** const table = static_cast<std::byte**>(memory);
  std::byte* next = static_cast<std::byte*>(memory) + table_size(tensors);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    table[i] = next;
    next += workspace_size(rule, values, tensors.shape(i));
  }
  return table;
}

}  // namespace gradstep::internal
