// SPDX-License-Identifier: Apache-2.0
#include "optimizer/item_sources.hpp"

#include <cstring>

#include "optimizer/state_memory.hpp"
#include "step/array_conversion.hpp"
#include "threads/pieces.hpp"

namespace gradstep::internal {
namespace {

/// Both arrays have the same dtype, which is not 8-bit.
void gather_plain(const context& c, const operand& from, const operand& to,
                  std::span<const std::int64_t> sources, std::size_t numbers) noexcept {
  const std::size_t bytes = numbers * size_of(to.type);
  run_array_pieces(c, sources.size(), [&](std::size_t begin, std::size_t count) {
    for (std::size_t i = begin; i < begin + count; ++i) {
      if (sources[i] < 0) continue;
      const auto source = static_cast<std::size_t>(sources[i]);
      // NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): an array with items is there
      std::memcpy((to + i * numbers).data, (from + source * numbers).data, bytes);
    }
  });
}

/// A plain array, without 8-bit blocks, of the type that both dtypes can be converted to.
operand plain_array(const state_block& memory, const operand& to) {
  const dtype type = to.type == dtype::float64 ? dtype::float64 : dtype::float32;
  return {memory.data(), nullptr, type, false};
}

}  // namespace

item_sources::plan item_sources::plan_for(slot_extent extent, const tensor_shape& before,
                                          const tensor_shape& after) const noexcept {
  const std::size_t old_count = slot_elements(extent, before);
  const std::size_t new_count = slot_elements(extent, after);
  if (before.count == 0 || after.count == 0) return {way::begin, 0};
  const bool has_same_rows = before.columns == after.columns && after.columns != 0;
  const bool has_same_matrices = has_same_rows && before.rows == after.rows;
  const bool is_whole_rows = has_same_rows && item % after.columns == 0;
  const bool is_whole_matrices = has_same_matrices && item % (after.rows * after.columns) == 0;
  switch (extent) {
    case slot_extent::element:
      return {way::gather, item};
    case slot_extent::row:
      if (is_whole_rows) return {way::gather, item / after.columns};
      break;
    case slot_extent::column:
      if (is_whole_matrices) return {way::gather, item / after.rows};
      break;
    case slot_extent::matrix:
      if (is_whole_matrices) return {way::gather, item / (after.rows * after.columns)};
      break;
    case slot_extent::tensor:
      return {way::keep, 0};
  }
  const bool is_kept = before.matrices() == after.matrices() && old_count == new_count;
  return {is_kept ? way::keep : way::none, 0};
}

void gather_items(const context& c, const operand& from, std::size_t from_count, const operand& to,
                  std::size_t to_count, std::span<const std::int64_t> sources,
                  std::size_t numbers) {
  if (from.type == to.type && !has_blocks(to.type)) {
    return gather_plain(c, from, to, sources, numbers);
  }
  const dtype type = plain_array({}, to).type;
  const state_block old_memory(from_count * size_of(type)), new_memory(to_count * size_of(type));
  const operand old_plain = plain_array(old_memory, to), new_plain = plain_array(new_memory, to);
  convert_array(c, from, old_plain, from_count);
  convert_array(c, to, new_plain, to_count);
  gather_plain(c, old_plain, new_plain, sources, numbers);
  convert_array(c, new_plain, to, to_count);
}

}  // namespace gradstep::internal
