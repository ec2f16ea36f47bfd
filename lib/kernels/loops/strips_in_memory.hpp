// SPDX-License-Identifier: Apache-2.0
//
// Steps whose strips pass through memory: for averages that favour the new value, decay after the
// step, and the change of the param in place of the param. These are rare, so the loops that keep
// strips in registers leave them out. One loop serves all rules.
#pragma once

#include <array>

#include "kernels/loops/line_slots.hpp"
#include "kernels/loops/tensor_strips.hpp"

namespace gradstep::internal {
namespace {

/// The elements of one strip in memory: the param, the gradient, then each slot.
template <class T>
using strip_arrays = T[2 + max_slots][tensor_strips<T>::width];

/// Updates the elements of one strip, vector by vector or number by number. Its gradients are
/// scaled and clipped by value, but still lack the factor `scale`. What the step adds to the param
/// takes the place of the gradient.
template <class T>
using strip_step = void (*)(const prepared_step& prepared, T scale, strip_arrays<T>& elements);

/// Bits of a list of truth values, the first one lowest.
template <std::size_t Size>
constexpr std::uint32_t as_bits(const std::array<bool, Size>& values) {
  std::uint32_t bits = 0;
  for (std::size_t i = 0; i < Size; ++i) bits |= std::uint32_t{values[i]} << i;
  return bits;
}

/// V: T or vec<T>.
template <class V, class T>
V load_element(const T* from) {
  if constexpr (is_vector<V>) {
    return V::load(from);
  } else {
    return *from;
  }
}
template <class V, class T>
void store_element(V x, T* to) {
  if constexpr (is_vector<V>) {
    x.store(to);
  } else {
    *to = x;
  }
}

/// The elements of the strip at `index`. Of the slots, those whose bits are set.
template <class T>
void load_strip_arrays(const tensor_strips<T>& strips, const prepared_operands& at,
                       std::size_t index, std::uint32_t slots, strip_arrays<T>& elements) {
  typename tensor_strips<T>::full_strip x;
  strips.load_grad(at, index, x);
  x.store(elements[1]);
  for (std::size_t s = 0; s < max_slots; ++s) {
    if ((slots >> s & 1) == 0) continue;
    load_slot<slot_extent::row>(at.slots[s], index, x);  // of any extent
    x.store(elements[2 + s]);
  }
  load(at.param, index, x);
  x.store(elements[0]);
}

/// Stores the param after a step of its strip or, if there is a `delta`, the change.
template <class T>
void store_step(const prepared_step& prepared, const tensor_strips<T>& strips,
                const strip_arrays<T>& elements, const prepared_operands& at, std::size_t index,
                strip_place place) {
  typename tensor_strips<T>::full_strip p, change;
  p.load(elements[0]);
  change.load(elements[1]);
  if (prepared.decay_after != 0) {
    const vec<T> decay(static_cast<T>(-prepared.decay_after));
    for (std::size_t k = 0; k < tensor_strips<T>::vectors; ++k) {
      const vec<T> stepped = p.vectors[k];
      p.vectors[k] = fma(decay, stepped, stepped);
      change.vectors[k] = fma(decay, stepped, change.vectors[k]);
    }
  }
  if (at.delta.data != nullptr) return strips.store_delta(change, at, index);
  strips.store_param(p, at, index, place);
}

/// Bit s of used_slots: the step reads slot s; of stored_slots: it changes slot s.
template <class T>
[[gnu::noinline]] void run_in_memory(const prepared_step& prepared, const step_range& range,
                                     std::uint32_t used_slots, std::uint32_t stored_slots,
                                     strip_step<T> step) {
  tensor_strips<T> strips(prepared, range, stored_slots);
  const auto run = [&](const prepared_operands& at, std::size_t index, strip_place place) {
    alignas(64) strip_arrays<T> elements;
    load_strip_arrays(strips, at, index, used_slots, elements);
    step(prepared, strips.rest_of_scale(), elements);
    typename tensor_strips<T>::full_strip x;
    for (std::size_t s = 0; s < range.slot_count; ++s) {
      if ((stored_slots >> s & 1) == 0) continue;
      x.load(elements[2 + s]);
      strips.store_slot(s, x, at.slots[s], index, place);
    }
    store_step(prepared, strips, elements, at, index, place);
  };
  strips.for_each_strip(run);
}

}  // namespace
}  // namespace gradstep::internal
