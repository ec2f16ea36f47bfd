// SPDX-License-Identifier: Apache-2.0
#include "stored_dtypes.hpp"

#include <algorithm>
#include <iterator>

namespace bench {
namespace {

/// The forms of param, with gradients and slots still to be chosen.
std::vector<storage> param_storages() {
  std::vector<storage> result;
  for (const element_type& type : element_types) {
    if (!type.is_for_param) continue;
    result.push_back(plain_storage(type.code));
    if (type.code == GRADSTEP_BFLOAT16) result.push_back({type.code, 0, 0, true, 0});
    if (type.code != GRADSTEP_FLOAT32) continue;
    for (const element_type& copy : element_types) {
      if (copy.is_for_copy) result.push_back({type.code, 0, 0, false, copy.code});
    }
  }
  return result;
}

bool goes_together(const storage& s) {
  const bool is_wide = s.param == GRADSTEP_FLOAT64;
  return (s.slots == GRADSTEP_FLOAT64) == is_wide && (s.grad != GRADSTEP_FLOAT64 || is_wide);
}

bool is_plain(const storage& s) {
  return s.name() == plain_storage(GRADSTEP_FLOAT32).name() ||
         s.name() == plain_storage(GRADSTEP_FLOAT64).name();
}

}  // namespace

const element_type& type_of(std::int32_t code) {
  return *std::find_if(std::begin(element_types), std::end(element_types),
                       [code](const element_type& type) { return type.code == code; });
}

std::int32_t storage::arithmetic() const {
  return param == GRADSTEP_FLOAT64 ? GRADSTEP_FLOAT64 : GRADSTEP_FLOAT32;
}

std::string storage::name() const {
  std::string text;
  const auto add = [&text](std::int32_t code, const char* role) {
    text.append("+").append(type_of(code).name).append(role);
  };
  if (is_split) text += "-split";
  if (copy != 0) add(copy, "copy");
  if (grad != arithmetic()) add(grad, "grad");
  if (slots != arithmetic()) add(slots, "slots");
  if (!text.empty() || param != arithmetic()) return type_of(param).name + text;
  return param == GRADSTEP_FLOAT64 ? "float64" : "float32";
}

std::vector<storage> mixed_storages() {
  std::vector<storage> result;
  for (storage s : param_storages()) {
    for (const element_type& grad : element_types) {
      for (const element_type& slot : element_types) {
        s.grad = grad.code;
        s.slots = slot.code;
        if (grad.is_for_grad && slot.is_for_slot && goes_together(s) && !is_plain(s)) {
          result.push_back(s);
        }
      }
    }
  }
  return result;
}

}  // namespace bench
