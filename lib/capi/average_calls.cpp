// SPDX-License-Identifier: Apache-2.0
//
// The moving averages of an optimizer's params.
#include "capi/optimizer_calls.hpp"
#include "optimizer/param_averages.hpp"

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_optimizer_start_average(gradstep_optimizer* optimizer, size_t tensor) {
  return change_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_tensor_or_all(o, tensor); s != GRADSTEP_OK) return s;
    start_average(o, tensor);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_set_average_count(gradstep_optimizer* optimizer, size_t tensor,
                                                     uint64_t count) {
  return change_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_tensor_or_all(o, tensor); s != GRADSTEP_OK) return s;
    if (count > most_counted) {
      return fail(GRADSTEP_OUT_OF_RANGE, "count = %llu is above 2^53",
                  static_cast<unsigned long long>(count));
    }
    set_average_count(o, tensor, count);
    return GRADSTEP_OK;
  });
}

}  // extern "C"
