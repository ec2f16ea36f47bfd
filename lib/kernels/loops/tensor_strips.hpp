// SPDX-License-Identifier: Apache-2.0
//
// The strips of a tensor in a step of any kind: loads and stores for any storage, and everything
// that a step's options ask for around the rule. All of it is done strip by strip, so that each
// element crosses the memory bus once.
#pragma once

#include <algorithm>
#include <cmath>
#include <limits>
#include <new>

#include "kernels/loops/prepared_operands.hpp"
#include "kernels/loops/range_part.hpp"
#include "kernels/storage/strip_load.hpp"
#include "kernels/storage/strip_store.hpp"
#include "kernels/vectors/streaming.hpp"

namespace gradstep::internal {
namespace {

/// Whether the gradients' scale is not a normal number in T, although its product with a gradient
/// may be one.
template <class T>
bool has_wide_scale(const prepared_step& prepared) {
  if (prepared.grad_scale_power != 1) return true;
  const T scale = std::abs(static_cast<T>(prepared.grad_scale));
  const bool is_normal =
      scale >= std::numeric_limits<T>::min() && scale <= std::numeric_limits<T>::max();
  return !is_normal && prepared.grad_scale != 0;
}

/// The place of a strip in its block.
struct strip_place {
  const random_blocks::streams* streams;  // the block's random bits
  std::size_t in_block;                   // where the strip begins
};

template <class T>
class tensor_strips {
 public:
  // More than strip_vectors on AVX2: the switches cost the same for every strip, however long.
  static constexpr std::size_t vectors = 4;
  using full_strip = strip<T, vectors>;
  static constexpr std::size_t width = full_strip::elements;

  /// stored_slots: bit s: every element of slot s will be stored. The first two arguments must
  /// outlive this object.
  tensor_strips(const prepared_step& prepared, const step_range& range, std::uint32_t stored_slots)
      : range_(range),
        stored_slots_(stored_slots),
        scale_(static_cast<T>(prepared.grad_scale)),
        limit_(static_cast<T>(prepared.value_limit)),
        average_weights_{T(prepared.average_of_new), T(prepared.average_decay)},
        clips_(prepared.value_limit < infinity),
        wide_scale_(prepared.grad_scale),
        wide_scale_power_(prepared.grad_scale_power),
        has_wide_scale_(has_wide_scale<T>(prepared)),
        l1_penalty_(static_cast<T>(prepared.l1_penalty)),
        is_rare_(has_wide_scale_ || l1_penalty_ != 0),
        scales_first_(clips_ || is_rare_),
        copies_to_average_(prepared.copies_to_average),
        zeroes_grad_(prepared.zeroes_grad),
        has_extras_(range.copy.data != nullptr || range.average.data != nullptr || zeroes_grad_),
        streams_copy_(prepared.streams_copy),
        random_(range.random_key, (range.first_index + range.count - 1) / block_elements + 1),
        operands_(range) {
    for (std::size_t s = 0; s < range.slot_count; ++s) {
      if (operands_.slots[s].is_stochastic) random_.use(s);
      has_blocks_ |= has_blocks(operands_.slots[s].type);
    }
    if (operands_.param.is_stochastic) random_.use(param_stream);
  }

  /// The factor that gradients still lack after load_grad.
  T rest_of_scale() const { return scales_first_ ? T(1) : scale_; }

  /// Calls run(operands, index, place) for each strip of the range. The strip begins at `index` in
  /// `operands`, and at `place` in its block. Strips begin at multiples of their width in the
  /// tensor, so an element's random bits depend on its place in the tensor alone. A partial strip
  /// is run on a zero-padded copy.
  template <class Run>
  [[gnu::always_inline]] void for_each_strip(const Run& run) {
    using padded_copy = padded_operands<width>;
    alignas(padded_copy) unsigned char memory[sizeof(padded_copy)];
    std::size_t index = 0;
    while (index < range_.count) {
      const std::uint64_t at = range_.first_index + index;
      const std::size_t inside = at % width;  // not 0 only for the first strip of a range
      const std::size_t in_block = at % block_elements;
      const std::size_t left = range_.count - index;
      const bool is_partial = inside != 0 || left < width;
      const std::size_t count =
          is_partial ? std::min(width - inside, left) : whole_strips(at, left);
      const random_blocks::streams* const streams = random_.of(at / block_elements);
      if (has_blocks_) enter_blocks(index);
      padded_copy* const copy =
          is_partial ? new (memory) padded_copy(range_, index, inside, count) : nullptr;
      const prepared_operands& operands = is_partial ? copy->operands : operands_;
      const std::size_t first = is_partial ? 0 : index;
      strip_place place{streams, in_block - inside};
      // One loop for whole and partial strips, so that `run` is inlined once.
      for (std::size_t i = 0; i < count; i += width) {
        run(operands, first + i, place);
        place.in_block += width;
        if (place.in_block == block_elements) [[unlikely]]
          place = {place.streams + 1, 0};
      }
      if (is_partial) copy->put_back(range_, index, zeroes_grad_);
      if (has_blocks_ && (left == count || in_block + count == block_elements)) {
        store_blocks(in_block + count, index - in_block, *streams);
      }
      index += count;
    }
    if (streams_copy_ && range_.copy.data != nullptr) finish_streams();
  }

  /// Calls run(operands, index, from, count) for strips of the range, to read them: the strip that
  /// begins at `index` in `operands` has `count` elements, the range's from `from` on. A partial
  /// strip is a zero-padded copy. No strip crosses a block of an 8-bit slot.
  template <class Run>
  [[gnu::always_inline]] void for_each_read_strip(const Run& run) {
    using padded_copy = padded_operands<width>;
    alignas(padded_copy) unsigned char memory[sizeof(padded_copy)];
    for (std::size_t index = 0; index < range_.count;) {
      std::size_t left = range_.count - index;
      if (has_blocks_) {
        const std::size_t in_block = (range_.first_index + index) % block_elements;
        enter_blocks(range_.first_index % block_elements + index);
        left = std::min(left, block_elements - in_block);
      }
      const std::size_t end = index + left;
      for (; index + width <= end; index += width) run(operands_, index, index, width);
      if (index == end) continue;
      step_range rest = range_;
      cut_to(rest, index, end);
      const auto* copy = new (memory) padded_copy(rest, 0, 0, end - index);
      run(copy->operands, 0, index, end - index);
      index = end;
    }
  }

  [[gnu::always_inline]] void load_grad(const prepared_operands& from, std::size_t index,
                                        full_strip& g) const {
    load(from.grad, index, g);
    if (!scales_first_) return;
    if (is_rare_) return change_rarely(from.param, index, g);
    scale(g);
    if (clips_) clip(g);
  }

  [[gnu::always_inline]] void store_slot(std::size_t slot, const full_strip& x,
                                         const prepared_operand& to, std::size_t index,
                                         strip_place place) {
    if constexpr (sizeof(T) == sizeof(float)) {
      std::uint16_t* const pending = pending_[slot].halves + place.in_block;
      if (to.is_stochastic) {
        const at_random rounding{(*place.streams)[slot], place.in_block};
        if (has_blocks(to.type)) return store_8bit(x, pending, rounding);
        return store(x, to, index, rounding);
      }
      if (has_blocks(to.type)) return store_8bit(x, pending, to_nearest());
    }
    store(x, to, index, to_nearest());
  }

  /// Stores the param, its copy and its average; then zeroes the gradient.
  [[gnu::always_inline]] void store_param(const full_strip& p, const prepared_operands& to,
                                          std::size_t index, strip_place place) const {
    if (to.param.is_stochastic) {
      store(p, to.param, index, at_random{(*place.streams)[param_stream], place.in_block});
    } else {
      store(p, to.param, index, to_nearest());
    }
    if (!has_extras_) return;
    if (to.copy.data != nullptr) store_copy(p, to.copy, index);
    if (to.average.data != nullptr) update_average(p, to.average.at<T>(index));
    if (zeroes_grad_) zero(to.grad, index);
  }

  /// Stores the change of the param in place of all that store_param stores. The gradient's strip
  /// was loaded before, so that `delta` may be its array.
  void store_delta(const full_strip& change, const prepared_operands& to, std::size_t index) const {
    store(change, to.delta, index, to_nearest());
    if (zeroes_grad_) zero(to.grad, index);
  }

 private:
  [[gnu::always_inline]] void scale(full_strip& g) const {
    for (vec<T>& x : g.vectors) x = x * vec<T>(scale_);
  }
  [[gnu::always_inline]] void clip(full_strip& g) const {
    const vec<T> limit(limit_), least = vec<T>(T(0)) - limit;
    for (vec<T>& x : g.vectors) x = min(max(x, least), limit);
  }

  /// What load_grad does to the gradient, with everything that is rare. Not in the loops, whose
  /// registers it would take.
  [[gnu::noinline]] void change_rarely(const prepared_operand& param, std::size_t index,
                                       full_strip& g) const {
    if (has_wide_scale_) {
      scale_widely(g);
    } else {
      scale(g);
    }
    if (clips_) clip(g);
    if (l1_penalty_ != 0) add_l1_penalty(param, index, g);
  }

  void add_l1_penalty(const prepared_operand& param, std::size_t index, full_strip& g) const {
    full_strip p;
    load(param, index, p);
    for (std::size_t k = 0; k < vectors; ++k) {
      g.vectors[k] = fma(vec<T>(l1_penalty_), sign(p.vectors[k]), g.vectors[k]);
    }
  }

  /// Scales in double, whose range holds the intermediate product.
  void scale_widely(full_strip& g) const {
    alignas(64) T elements[width];
    alignas(64) double products[width];
    strip<double, width / vec<double>::width> wide;
    g.store(elements);
    load_as(static_cast<const T*>(elements), wide);
    for (vec<double>& x : wide.vectors) {
      x = x * vec<double>(wide_scale_) * vec<double>(wide_scale_power_);
    }
    wide.store(products);
    load_as(static_cast<const double*>(products), g);
  }

  /// How many of `left` elements to run as whole strips without a break: up to the end of the group
  /// of blocks whose random bits are made together, or, with 8-bit slots, up to the end of the
  /// block.
  std::size_t whole_strips(std::uint64_t at, std::size_t left) const {
    const std::size_t blocks = has_blocks_ ? 1 : random_blocks::group;
    const std::size_t elements = blocks * block_elements;
    return std::min<std::size_t>(left, elements - at % elements) / width * width;
  }

  void enter_blocks(std::size_t index) { operands_.enter_blocks(range_.slot_count, index); }

  /// Stores the 8-bit slots of the block that begins at `index`. All of the block is stepped.
  void store_blocks(std::size_t count, std::size_t index, const random_blocks::streams& streams) {
    if constexpr (sizeof(T) == sizeof(float)) {
      for (std::size_t s = 0; s < range_.slot_count; ++s) {
        const prepared_operand& slot = operands_.slots[s];
        if (!has_blocks(slot.type) || (stored_slots_ >> s & 1) == 0) continue;
        float* const scale = static_cast<float*>(slot.extra) + index / block_elements;
        store_block(pending_[s], count, slot.is_signed(),
                    slot.is_stochastic ? &streams[s] : nullptr, slot.at<std::uint8_t>(index),
                    scale);
      }
    }
  }

  [[gnu::always_inline]] void store_copy(const full_strip& p, const prepared_operand& to,
                                         std::size_t index) const {
    auto* const out = to.at<unsigned char>(index * size_of(to.type));
    const std::size_t bytes = width * size_of(to.type);
    const bool is_aligned = reinterpret_cast<std::uintptr_t>(out) % stream_alignment == 0;
    if (!streams_copy_ || !is_aligned) return store(p, to, index, to_nearest());
    alignas(64) unsigned char copy[width * sizeof(double)];
    prepared_operand here = to;
    here.data = copy;
    store(p, here, 0, to_nearest());
    for (std::size_t i = 0; i < bytes; i += stream_alignment) stream(copy + i, out + i);
  }

  void update_average(const full_strip& p, T* average) const {
    if (copies_to_average_) return p.store(average);
    const average_weights<T> weights = average_weights_;
    if (favours_new(weights)) [[unlikely]] {
      return p.for_each([=](vec<T> x, std::size_t i) {
        average_near_new(vec<T>::load(average + i), x, weights).store(average + i);
      });
    }
    p.for_each([=](vec<T> x, std::size_t i) {
      moving_average(vec<T>::load(average + i), x, weights).store(average + i);
    });
  }

  static void zero(const prepared_operand& grad, std::size_t index) {
    // Pieces of constant size; with a variable size the compiler makes a loop over bytes.
    constexpr std::size_t piece = width * 2;
    auto* const from = grad.at<unsigned char>(index * size_of(grad.type));
    const std::size_t bytes = width * size_of(grad.type);
    for (std::size_t i = 0; i < bytes; i += piece) std::memset(from + i, 0, piece);
  }

  const step_range& range_;
  std::uint32_t stored_slots_;
  T scale_, limit_;
  average_weights<T> average_weights_;
  bool clips_;
  double wide_scale_, wide_scale_power_;  // used if has_wide_scale_
  bool has_wide_scale_;
  T l1_penalty_;
  bool is_rare_;       // load_grad does more than to scale and to clip
  bool scales_first_;  // load_grad scales; rest_of_scale() is 1
  bool copies_to_average_, zeroes_grad_, has_extras_, streams_copy_;
  bool has_blocks_ = false;
  random_blocks random_;
  prepared_operands operands_;
  pending_block pending_[max_slots];
};

/// Whether the step converts nothing and does nothing but the rule.
template <class T>
bool is_plain(const prepared_step& prepared, const step_range& range) {
  const auto is_native = [](const operand& o) { return o.type == native<T> || o.data == nullptr; };
  if (prepared.value_limit < infinity || prepared.zeroes_grad) return false;
  if (prepared.l1_penalty != 0) return false;
  if (has_wide_scale<T>(prepared)) return false;
  if (range.copy.data != nullptr || range.average.data != nullptr) return false;
  if (!is_native(range.param) || !is_native(range.grad)) return false;
  return std::all_of(range.slots, range.slots + range.slot_count, is_native);
}

}  // namespace
}  // namespace gradstep::internal
