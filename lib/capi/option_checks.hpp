// SPDX-License-Identifier: Apache-2.0
//
// The options that a stateless step and an optimizer share. Their structs differ, but the fields
// have the same names.
#pragma once

#include <cmath>

#include "capi/structs.hpp"
#include "step/step.hpp"

namespace gradstep::internal {

/// Checks a number that counts only with its flag.
template <class Options>
gradstep_status check_number(const Options& options, std::uint64_t flag, const char* field,
                             double value, bool is_allowed, const char* allowed) {
  if (!has(options, flag) || is_allowed) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "options.%s = %s is not %s", field, to_text(value).text,
              allowed);
}

template <class Options>
gradstep_status check_average(const Options& o) {
  if (const auto s =
          check_number(o, GRADSTEP_APPLY_AVERAGE, "average_decay", o.average_decay,
                       !std::isnan(o.average_decay) && o.average_decay >= 0 && o.average_decay <= 1,
                       "in [0, 1]");
      s != GRADSTEP_OK) {
    return s;
  }
  if (!has(o, GRADSTEP_APPLY_AVERAGE_EQUAL)) return GRADSTEP_OK;
  if (!has(o, GRADSTEP_APPLY_AVERAGE)) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "options.flags has GRADSTEP_APPLY_AVERAGE_EQUAL without GRADSTEP_APPLY_AVERAGE");
  }
  if (o.average_decay == 0) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT,
              "options.average_decay = %s is not 0 beside GRADSTEP_APPLY_AVERAGE_EQUAL, which has "
              "no decay",
              to_text(o.average_decay).text);
}

template <class Options>
gradstep_status check_shared_numbers(const Options& o) {
  if (const auto s = check_number(o, GRADSTEP_APPLY_MAX_NORM, "max_norm", o.max_norm,
                                  !std::isnan(o.max_norm) && o.max_norm > 0, "above 0");
      s != GRADSTEP_OK) {
    return s;
  }
  if (const auto s =
          check_number(o, GRADSTEP_APPLY_MAX_VALUE, "max_value", o.max_value,
                       std::isfinite(o.max_value) && o.max_value > 0, "a finite number above 0");
      s != GRADSTEP_OK) {
    return s;
  }
  return check_average(o);
}

/// Checks a norm and a count that the caller gives in place of a reading pass.
template <class Options>
gradstep_status check_given_norm(const Options& o) {
  // Gradients that are not finite make the norm infinite, or a NaN of either sign. An infinite norm
  // would clip to 0.
  const bool is_possible = std::isnan(o.grad_norm) || o.grad_norm >= 0;
  if (is_possible && (std::isfinite(o.grad_norm) || o.non_finite_count > 0)) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE,
              "options.grad_norm = %s is not a finite number from 0 on, beside "
              "non_finite_count = %llu",
              to_text(o.grad_norm).text, static_cast<unsigned long long>(o.non_finite_count));
}

template <class Options>
step_options step_options_of(const Options& o) {
  step_options result;
  if (has(o, GRADSTEP_APPLY_MAX_VALUE)) result.value_limit = o.max_value;
  if (has(o, GRADSTEP_APPLY_AVERAGE)) result.average_decay = o.average_decay;
  result.updates_average = has(o, GRADSTEP_APPLY_AVERAGE);
  result.averages_equally = has(o, GRADSTEP_APPLY_AVERAGE_EQUAL);
  result.zeroes_grad = has(o, GRADSTEP_APPLY_ZERO_GRAD);
  result.has_stochastic_param = has(o, GRADSTEP_APPLY_STOCHASTIC_PARAM);
  result.has_nearest_slots = has(o, GRADSTEP_APPLY_NEAREST_SLOTS);
  result.seed = o.seed;
  return result;
}

template <class Options>
gradient_limits gradient_limits_of(const Options& o) {
  gradient_limits result;
  result.tells_norm = has(o, GRADSTEP_APPLY_MAX_NORM);
  if (result.tells_norm) result.max_norm = o.max_norm;
  result.checks_finite = has(o, GRADSTEP_APPLY_CHECK_FINITE);
  return result;
}

/// Tells the caller what a step found. The output may be null.
inline void fill_apply_result(gradstep_apply_result* output, const step_result& r) noexcept {
  if (output == nullptr) return;
  const step_verdict& v = r.verdict;
  fill_output(output, {0, r.piece_count, v.non_finite_count, v.grad_norm, v.clip_factor,
                       v.is_skipped, r.is_stopped, r.left_out_count, r.first_left_out});
}

/// The output may be null.
inline gradstep_status check_apply_result(const gradstep_apply_result* output) noexcept {
  return output == nullptr ? GRADSTEP_OK : check_output_struct(output, "result");
}

}  // namespace gradstep::internal
