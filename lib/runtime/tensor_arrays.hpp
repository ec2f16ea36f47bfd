// SPDX-License-Identifier: Apache-2.0
//
// Which arrays a tensor has.
#pragma once

#include "catalogue.hpp"
#include "ranges.hpp"

namespace gradstep::internal {

/// Calls visit(data, name, element_size, count) for the param and those slots, with their scales,
/// whose bits are set; visit_optional(...) for those that may be null. The gradient, which comes
/// and goes, is not among them.
template <class Visit, class VisitOptional>
void for_each_array(const rule_info& rule, std::uint32_t slots, const gradstep_tensor& t,
                    const Visit& visit, const VisitOptional& visit_optional) {
  const auto size = [](std::int32_t type) { return size_of(static_cast<dtype>(type)); };
  visit(t.param, "param", size(t.param_dtype), t.count);
  for (std::size_t s = 0; s < rule.slot_count; ++s) {
    if ((slots >> s & 1) == 0) continue;
    const dtype type = slot_type(t, s);
    visit(t.slots[s], rule.slots[s].name, size_of(type), t.count);
    if (!has_blocks(type)) continue;
    visit(t.slot_scales[s], "slot_scales", sizeof(float), scale_count(t.count));
  }
  visit_optional(t.param_low, "param_low", sizeof(std::uint16_t), t.count);
  visit_optional(t.param_copy, "param_copy", size(t.copy_dtype), t.count);
  visit_optional(t.average, "average", size_of(computed_type(t.param_dtype)), t.count);
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
