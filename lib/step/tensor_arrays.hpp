// SPDX-License-Identifier: Apache-2.0
//
// Which arrays a tensor has.
#pragma once

#include <iterator>

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
  /// The elements of an array with one number per element, gaps included.
  std::size_t length(const operand& o) const {
    return elements_with_gaps(t_.count, t_.columns, o.pitch);
  }
  std::size_t slot_length(const internal::slot& info, const operand& o) const {
    if (info.extent == slot_extent::element) return length(o);
    return slot_elements(info.extent, shape_of(t_));
  }
  const operand& param() const { return t_.param; }
  const operand& grad() const { return t_.grad; }
  const operand& slot(std::size_t s) const { return t_.slots[s]; }
  const operand& copy() const { return t_.copy; }
  const operand& average() const { return t_.average; }
  const operand& delta_beside_grad() const { return t_.delta; }

 private:
  const tensor& t_;
};

/// The names of a slot's fields in a caller's tensor.
struct slot_field_names {
  const char *array, *data, *extra;
};
inline constexpr slot_field_names names_of_slots[] = {
    {"slots[0]", "slots[0].data", "slots[0].extra"},
    {"slots[1]", "slots[1].data", "slots[1].extra"},
    {"slots[2]", "slots[2].data", "slots[2].extra"},
    {"slots[3]", "slots[3].data", "slots[3].extra"},
    {"slots[4]", "slots[4].data", "slots[4].extra"},
    {"slots[5]", "slots[5].data", "slots[5].extra"},
    {"slots[6]", "slots[6].data", "slots[6].extra"},
    {"slots[7]", "slots[7].data", "slots[7].extra"},
};
static_assert(std::size(names_of_slots) == max_slots);

/// Calls visit(data, name, element_size, length, presence, pitch) for each array, present or not.
/// The length is in elements, with those in gaps between rows. Of the slots, and of their scales,
/// only those whose bits are set in `slots`, and only those that have elements.
template <class Arrays, class Visit>
void for_each_array(const rule_info& rule, std::uint32_t slots, const Arrays& arrays,
                    const Visit& visit) {
  const auto visit_data = [&](const operand& o, const char* name, presence wanted)
      __attribute__((always_inline)) {
    visit(o.data, name, size_of(o.type), arrays.length(o), wanted, o.pitch);
  };
  const operand& param = arrays.param();
  visit_data(param, "param.data", presence::required);
  visit_data(arrays.grad(), "grad.data", presence::gradient);
  for (std::size_t s = 0; s < rule.slot_count; ++s) {
    if ((slots >> s & 1) == 0) continue;
    const operand& slot = arrays.slot(s);
    const std::size_t length = arrays.slot_length(rule.slots[s], slot);
    if (length == 0) continue;
    visit(slot.data, names_of_slots[s].data, size_of(slot.type), length, presence::required,
          slot.pitch);
    if (!has_blocks(slot.type)) continue;
    visit(slot.extra, names_of_slots[s].extra, sizeof(float), scale_count(length),
          presence::required, std::size_t{0});
  }
  visit(param.extra, "param.extra", sizeof(std::uint16_t), arrays.length(param), presence::optional,
        param.pitch);
  visit_data(arrays.copy(), "copy.data", presence::optional);
  visit_data(arrays.average(), "average.data", presence::optional);
  visit_data(arrays.delta_beside_grad(), "delta.data", presence::optional);
}

}  // namespace gradstep::internal
