// SPDX-License-Identifier: Apache-2.0
//
// The operands of a range of a tensor, ready for loads and stores of strips.
#pragma once

#include "kernels/loops/step_kernel.hpp"
#include "kernels/storage/padded_part.hpp"
#include "kernels/storage/prepared_operand.hpp"

namespace gradstep::internal {
namespace {

struct prepared_operands {
  prepared_operand param, grad, copy, average;
  prepared_operand slots[max_slots];
  prepared_operand delta;

  prepared_operands() = default;
  explicit prepared_operands(const step_range& r)
      : param(r.param), grad(r.grad), copy(r.copy), average(r.average), delta(r.delta) {
    for (std::size_t s = 0; s < r.slot_count; ++s) slots[s] = prepared_operand(r.slots[s]);
  }

  /// The following loads of 8-bit slots are from the block of the index-th element.
  void enter_blocks(std::size_t slot_count, std::size_t index) {
    for (std::size_t s = 0; s < slot_count; ++s) {
      if (has_blocks(slots[s].type)) slots[s].enter_block(index);
    }
  }
};

/// Copies of the operands of a partial strip, with the elements at their places in a full strip.
template <std::size_t Width>
struct padded_operands {
  prepared_operands operands;
  padded_part<Width> parts[5 + max_slots];

  [[gnu::noinline]] padded_operands(step_range range, std::size_t index, std::size_t inside,
                                    std::size_t count) {
    for_each_part(range, [&](operand& o, padded_part<Width>& part) {
      if (!o.is_repeated) o = part.take(o + index, inside, count);
    });
    operands = prepared_operands(range);
  }

  /// writes_grad: the step has changed the gradient.
  [[gnu::noinline]] void put_back(step_range whole, std::size_t index, bool writes_grad) {
    for_each_part(whole, [&](const operand& o, const padded_part<Width>& part) {
      const bool is_unchanged = o.is_repeated || (&o == &whole.grad && !writes_grad) ||
                                (&o == &whole.param && whole.delta.data != nullptr);
      if (!is_unchanged) part.put_back(o + index);
    });
  }

 private:
  template <class Use>
  void for_each_part(step_range& r, const Use& use) {
    padded_part<Width>* next = parts;
    const auto use_next = [&](operand& o) {
      if (o.data != nullptr) use(o, *next++);
    };
    use_next(r.param);
    use_next(r.grad);
    use_next(r.copy);
    use_next(r.average);
    use_next(r.delta);
    for (std::size_t s = 0; s < r.slot_count; ++s) {
      // Line slots that are not in place have too few numbers, and nothing reads them.
      if ((r.line_slots >> s & 1) == 0) use_next(r.slots[s]);
    }
  }
};

}  // namespace
}  // namespace gradstep::internal
