// SPDX-License-Identifier: Apache-2.0
#include "schedules/plateau.hpp"

#include <cmath>
#include <limits>

#include "capi/structs.hpp"

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_plateau_init(gradstep_plateau* plateau, double lr) {
  if (const auto s = check_output_struct(plateau, "plateau"); s != GRADSTEP_OK) return s;
  if (!(std::isfinite(lr) && lr >= 0)) {
    return fail(GRADSTEP_OUT_OF_RANGE, "lr = %s is outside [0, inf)", to_text(lr).text);
  }
  constexpr double worst = std::numeric_limits<double>::infinity();
  fill_output(*plateau, {0, lr, 0.1, 1e-4, 0, 1e-8, worst, 10, 0, 0, 0, 0, 0});
  return GRADSTEP_OK;
}

gradstep_status gradstep_plateau_report(gradstep_plateau* plateau, double metric,
                                        int32_t* is_reduced) {
  if (plateau == nullptr) return fail(GRADSTEP_INVALID_ARGUMENT, "plateau is NULL");
  if (const auto s = check_struct(plateau, "plateau"); s != GRADSTEP_OK) return s;
  return guarded([&] {
    check_plateau(*plateau);
    const bool lowered = report_metric(*plateau, metric);
    if (is_reduced != nullptr) *is_reduced = lowered ? 1 : 0;
    return GRADSTEP_OK;
  });
}

}  // extern "C"
