// SPDX-License-Identifier: Apache-2.0
//
// State of a tensor that grows or shrinks by items: which old item each new item continues.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/storage/operand.hpp"
#include "rules/rule.hpp"
#include "threads/context.hpp"

namespace gradstep::internal {

/// New item i continues old item sources[i]; -1: it begins. Items are of equal size.
struct item_sources {
  std::span<const std::int64_t> sources;
  std::size_t item;  // elements; 0: the old tensor, or the new one, has no items

  /// How a slot of the extent goes along.
  enum class way {
    begin,   // at its initial value: there are no old numbers, or no new ones
    keep,    // as it is
    gather,  // item by item
    none     // it cannot
  };
  struct plan {
    way how;
    std::size_t numbers;  // per item, if it is gathered
  };
  plan plan_for(slot_extent extent, const tensor_shape& before,
                const tensor_shape& after) const noexcept;
};

/// Copies to each new item of `to` that continues an old one the numbers of that item in `from`.
/// The other items of `to` stay as they are; in an 8-bit dtype they are rounded anew. numbers: of
/// an item. The dtypes may differ. On the context's threads. Throws std::bad_alloc before anything
/// has changed.
void gather_items(const context& c, const operand& from, std::size_t from_count, const operand& to,
                  std::size_t to_count, std::span<const std::int64_t> sources, std::size_t numbers);

}  // namespace gradstep::internal
