// SPDX-License-Identifier: Apache-2.0
#include "step/prepared_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/float_environment.hpp"

namespace gradstep::internal {
namespace {

/// From this many elements on, the copy of the param is streamed past the caches. Without streaming
/// its lines are fetched before they are written. That pays only if they stay in the caches, and so
/// many elements, some 40 bytes each, push them out.
constexpr std::size_t streamed_from = std::size_t{1} << 21;

/// factor power, where power is a power of two.
struct scaled_number {
  double factor, power;
};

/// The product of finite numbers, exact but for one rounding.
scaled_number wide_product(double a, double b) {
  if (a == 0 || b == 0) return {0, 1};
  int exponent_a = 0, exponent_b = 0;
  const double fraction = std::frexp(a, &exponent_a) * std::frexp(b, &exponent_b);
  constexpr int least = std::numeric_limits<double>::min_exponent - 1;
  constexpr int largest = std::numeric_limits<double>::max_exponent - 1;
  const int exponent = exponent_a + exponent_b;
  const int in_power = std::clamp(exponent, least, largest);
  return {std::ldexp(fraction, exponent - in_power), std::ldexp(1.0, in_power)};
}

/// The product, with a power other than 1 if a double would overflow or lose digits.
scaled_number product(double a, double b) {
  const double plain = a * b;
  if (std::isnormal(plain) || !std::isfinite(a) || !std::isfinite(b)) return {plain, 1};
  // Denormals are kept, whatever the step does with them.
  return in_step_environment(false, [&] { return wide_product(a, b); });
}

double value_at(const step_request& r, std::size_t index) {
  return index == no_index ? 0 : r.values[index];
}

void prepare(const step_request& r, const step_kernel& kernel, std::size_t total,
             prepared_step& prepared) {
  const bool is_decoupled = r.rule.info->weight_decay == decay::decoupled;
  const double weight_decay = value_at(r, r.rule.weight_decay);
  kernel.prepare(r.values, r.step, r.step == 1 || r.has_fresh_slots, prepared);
  const scaled_number scale = product(r.grad_scale, r.clip_factor);
  prepared.grad_scale = value_at(r, r.rule.maximize) != 0 ? -scale.factor : scale.factor;
  prepared.grad_scale_power = scale.power;
  prepared.coupled_decay = is_decoupled ? 0 : weight_decay;
  prepared.decoupled_decay = is_decoupled ? value_at(r, r.rule.lr) * weight_decay : 0;
  prepared.value_limit = r.options.value_limit;
  prepared.average_decay = r.options.average_decay;
  prepared.copies_to_average = r.step == 1 || r.options.average_decay == 0;
  prepared.zeroes_grad = r.options.zeroes_grad;
  prepared.streams_copy = total >= streamed_from;
}

}  // namespace

// NOLINTNEXTLINE(clang-analyzer-optin.cplusplus.UninitializedObject): what no tensor needs
prepared_kernels::prepared_kernels(const context& c, const step_request& r,
                                   const list_summary& summary)
    : table_(*c.isa->kernels), kernel_(r.rule.kernel_index(r.values)) {
  if (summary.has_float32) prepare(r, table_.float32.steps[kernel_], summary.total, float32_);
  if (summary.has_float64) prepare(r, table_.float64.steps[kernel_], summary.total, float64_);
}

}  // namespace gradstep::internal
