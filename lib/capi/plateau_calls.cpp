// SPDX-License-Identifier: Apache-2.0
#include "capi/state_structs.hpp"
#include "catalogue/value_check.hpp"

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_plateau_init(gradstep_plateau* plateau, double lr) {
  if (const auto s = check_output_struct(plateau, "plateau"); s != GRADSTEP_OK) return s;
  return guarded([&] {
    check_value("lr", lr, at_least(0));
    fill_plateau(plateau, {.lr = lr});
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_plateau_report(gradstep_plateau* plateau, double metric,
                                        int32_t* is_reduced) {
  gradstep::internal::plateau own;
  if (const auto s = read_plateau(plateau, own); s != GRADSTEP_OK) return s;
  return guarded([&] {
    check_plateau(own);
    const bool lowered = report_metric(own, metric);
    fill_plateau(plateau, own);
    if (is_reduced != nullptr) *is_reduced = lowered ? 1 : 0;
    return GRADSTEP_OK;
  });
}

}  // extern "C"
