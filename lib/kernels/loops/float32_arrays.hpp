// SPDX-License-Identifier: Apache-2.0
//
// Whole arrays to and from float32, rounded to nearest.
#pragma once

#include <algorithm>

#include "kernels/storage/padded_part.hpp"
#include "kernels/storage/strip_load.hpp"
#include "kernels/storage/strip_store.hpp"

namespace gradstep::internal {
namespace {

using array_strip = strip<float, 32 / float_lanes>;

/// use(i, n) for each strip: the elements [i, i + n), of which only the last strip can lack some.
template <class Use>
void for_each_array_strip(std::size_t count, const Use& use) {
  for (std::size_t i = 0; i < count; i += array_strip::elements) {
    use(i, std::min(array_strip::elements, count - i));
  }
}

void load_float32(const operand& from, std::size_t count, float* to) {
  for_each_array_strip(count, [&](std::size_t i, std::size_t n) {
    const bool is_whole = n == array_strip::elements;
    padded_part<array_strip::elements> part;
    const operand here = is_whole ? from + i : part.take(from + i, 0, n);
    array_strip elements;
    load(prepared_operand(here), 0, elements);
    if (is_whole) return elements.store(to + i);
    float converted[array_strip::elements];
    elements.store(converted);
    std::copy_n(converted, n, to + i);
  });
}

/// Missing elements become 0.
array_strip strip_from(const float* from, std::size_t count) {
  array_strip elements;
  if (count == array_strip::elements) {
    elements.load(from);
    return elements;
  }
  float padded[array_strip::elements] = {};
  std::copy_n(from, count, padded);
  elements.load(padded);
  return elements;
}

void store_float32_block(const float* from, const operand& to, std::size_t count) {
  pending_block block{};
  for_each_array_strip(count, [&](std::size_t i, std::size_t n) {
    store_8bit(strip_from(from + i, n), block.halves + i, to_nearest());
  });
  store_block(block, count, to.type == dtype::signed8, nullptr, static_cast<std::uint8_t*>(to.data),
              static_cast<float*>(to.extra));
}

void store_float32(const float* from, const operand& to, std::size_t count) {
  if (has_blocks(to.type)) {
    for (std::size_t i = 0; i < count; i += block_elements) {
      store_float32_block(from + i, to + i, std::min(block_elements, count - i));
    }
    return;
  }
  for_each_array_strip(count, [&](std::size_t i, std::size_t n) {
    const bool is_whole = n == array_strip::elements;
    padded_part<array_strip::elements> part;
    const operand here = is_whole ? to + i : part.take(to + i, 0, n);
    store(strip_from(from + i, n), prepared_operand(here), 0, to_nearest());
    if (!is_whole) part.put_back(to + i);
  });
}

}  // namespace
}  // namespace gradstep::internal
