// SPDX-License-Identifier: Apache-2.0
//
// Which arrays a tensor has.
#pragma once

#include "rules/rule_catalogue.hpp"
#include "step/tensor.hpp"

namespace gradstep::internal {

/// Whether an array has to be there. A gradient has to be in a stateless step; in an optimizer it
/// comes and goes.
enum class presence { required, optional, gradient };

/// The arrays of a tensor, for for_each_array. Other structs have a class with the same functions.
class tensor_arrays {
 public:
  explicit tensor_arrays(const tensor& t) : t_(t) {}
  std::size_t count() const { return t_.count; }
  const operand& param() const { return t_.param; }
  const operand& grad() const { return t_.grad; }
  const operand& slot(std::size_t s) const { return t_.slots[s]; }
  const operand& copy() const { return t_.copy; }
  const operand& average() const { return t_.average; }

 private:
  const tensor& t_;
};

/// Calls visit(data, name, element_size, count, presence) for each array, present or not. Of the
/// slots, and of their scales, only those whose bits are set in `slots`.
template <class Arrays, class Visit>
void for_each_array(const rule_info& rule, std::uint32_t slots, const Arrays& arrays,
                    const Visit& visit) {
  const std::size_t count = arrays.count();
  const auto visit_data = [&](const operand& o, const char* name, presence wanted)
      __attribute__((always_inline)) {
    visit(o.data, name, size_of(o.type), count, wanted);
  };
  const operand& param = arrays.param();
  visit_data(param, "param", presence::required);
  visit_data(arrays.grad(), "grad", presence::gradient);
  for (std::size_t s = 0; s < rule.slot_count; ++s) {
    if ((slots >> s & 1) == 0) continue;
    const operand& slot = arrays.slot(s);
    visit_data(slot, rule.slots[s].name, presence::required);
    if (!has_blocks(slot.type)) continue;
    visit(slot.extra, "slot_scales", sizeof(float), scale_count(count), presence::required);
  }
  visit(param.extra, "param_low", sizeof(std::uint16_t), count, presence::optional);
  visit_data(arrays.copy(), "param_copy", presence::optional);
  visit_data(arrays.average(), "average", presence::optional);
}

}  // namespace gradstep::internal
