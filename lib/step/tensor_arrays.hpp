// SPDX-License-Identifier: Apache-2.0
//
// Which arrays a tensor has.
#pragma once

#include "rules/rule_catalogue.hpp"
#include "step/ranges.hpp"

namespace gradstep::internal {

/// Whether an array has to be there.
enum class presence { required, optional, gradient };

/// Calls visit(data, name, element_size, count, presence) for a tensor's arrays; of slots, with
/// their scales, for those whose bits are set. A gradient has to be there in a stateless step, and
/// comes and goes in an optimizer.
template <class Visit>
void for_each_array(const rule_info& rule, std::uint32_t slots, const gradstep_tensor& t,
                    const Visit& visit) {
  const auto size = [](std::int32_t type) { return size_of(static_cast<dtype>(type)); };
  visit(t.param, "param", size(t.param_dtype), t.count, presence::required);
  visit(t.grad, "grad", size(t.grad_dtype), t.count, presence::gradient);
  for (std::size_t s = 0; s < rule.slot_count; ++s) {
    if ((slots >> s & 1) == 0) continue;
    const dtype type = slot_type(t, s);
    visit(t.slots[s], rule.slots[s].name, size_of(type), t.count, presence::required);
    if (!has_blocks(type)) continue;
    visit(t.slot_scales[s], "slot_scales", sizeof(float), scale_count(t.count), presence::required);
  }
  visit(t.param_low, "param_low", sizeof(std::uint16_t), t.count, presence::optional);
  visit(t.param_copy, "param_copy", size(t.copy_dtype), t.count, presence::optional);
  visit(t.average, "average", size_of(computed_type(t.param_dtype)), t.count, presence::optional);
}

/// The rule's slots whose pointers are not null, as bits.
inline std::uint32_t given_slots(const rule_info& rule, const gradstep_tensor& t) {
  std::uint32_t given = 0;
  if (t.slots == nullptr || t.slot_count != rule.slot_count) return given;
  for (std::size_t s = 0; s < t.slot_count; ++s) {
    if (t.slots[s] != nullptr) given |= 1U << s;
  }
  return given;
}

}  // namespace gradstep::internal
