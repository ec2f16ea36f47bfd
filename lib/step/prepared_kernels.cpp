// SPDX-License-Identifier: Apache-2.0
#include "step/prepared_kernels.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "base/float_environment.hpp"
#include "kernels/loops/range_part.hpp"

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

/// Where weight decay acts, as the rule or its hyper-parameter says.
decay decay_of(const step_request& r) {
  const decay kind = r.rule.info->weight_decay;
  if (kind != decay::chosen) return kind;
  return value_at(r, r.rule.decoupled_weight_decay) != 0 ? decay::decoupled : decay::coupled;
}

/// The weights of the moving average. Equal weights go on from the mean of average_count params.
void set_average(const step_request& r, prepared_step& prepared) {
  const auto count = static_cast<double>(r.average_count);
  const bool is_equal = r.options.averages_equally;
  prepared.average_decay = is_equal ? count / (count + 1) : r.options.average_decay;
  prepared.average_of_new = is_equal ? 1 / (count + 1) : 1 - r.options.average_decay;
  prepared.copies_to_average = r.average_count == 0 || prepared.average_decay == 0;
}

/// Everything but what the rule's own `prepare` sets.
void set_surroundings(const step_request& r, std::size_t total, prepared_step& prepared) {
  const decay kind = decay_of(r);
  const double weight_decay = value_at(r, r.rule.weight_decay);
  const scaled_number scale = product(r.grad_scale, r.clip_factor);
  prepared.grad_scale = value_at(r, r.rule.maximize) != 0 ? -scale.factor : scale.factor;
  prepared.grad_scale_power = scale.power;
  prepared.coupled_decay = kind == decay::coupled ? weight_decay : 0;
  const double decoupled = kind == decay::decoupled ? value_at(r, r.rule.lr) * weight_decay : 0;
  const bool is_after = value_at(r, r.rule.decay_after_step) != 0;
  prepared.decoupled_decay = is_after ? 0 : decoupled;
  prepared.decay_after = is_after ? decoupled : 0;
  prepared.l1_penalty = value_at(r, r.rule.l1_penalty);
  prepared.value_limit = r.options.value_limit;
  set_average(r, prepared);
  prepared.zeroes_grad = r.options.zeroes_grad;
  prepared.streams_copy = total >= streamed_from;
}

void prepare(const step_request& r, const step_kernel& kernel, const prepare_request& of,
             std::size_t total, prepared_step& prepared) {
  kernel.prepare(of, prepared);
  set_surroundings(r, total, prepared);
}

/// For a rule whose constants depend on no tensor.
void prepare(const step_request& r, const step_kernel& kernel, std::size_t total,
             prepared_step& prepared) {
  const prepare_request of{r.rule.self, r.values, r.step,  r.step == 1 || r.has_fresh_slots,
                           false,       {},       nullptr, nullptr};
  prepare(r, kernel, of, total, prepared);
}

/// Calls use(index in the rule's order, scalar) for each scalar of the tensor's step.
template <class Use>
void for_each_scalar(const step_request& r, const tensor& t, const Use& use) {
  double* next[] = {t.scalars, r.shared_scalars};
  for (std::size_t i = 0; i < r.rule.info->scalars.size(); ++i) {
    use(i, *next[static_cast<int>(r.rule.info->scalars[i].scope)]++);
  }
}

/// The dtype that holds the param's numbers: lower halves make bfloat16 a float32.
dtype held_type(const operand& param) {
  return has_lower_halves(param) ? dtype::float32 : param.type;
}

}  // namespace

void run_kernel(const step_kernel& kernel, const prepared_step& prepared,
                const step_range& range) noexcept {
  if (range.columns == 0 || !is_pitched(range)) return kernel.run(prepared, range);
  for_each_gapless_part(range, [&](const step_range& part) { kernel.run(prepared, part); });
}

// NOLINTNEXTLINE(clang-analyzer-optin.cplusplus.UninitializedObject): what no tensor needs
prepared_kernels::prepared_kernels(const context& c, const step_request& r,
                                   const list_summary& summary)
    : table_(*c.isa->kernels), kernel_(r.rule.kernel_index(r.values, false)) {
  if (summary.has_float32) prepare(r, table_.float32.steps[kernel_], summary.total, float32_);
  if (summary.has_float64) prepare(r, table_.float64.steps[kernel_], summary.total, float64_);
}

void tensor_constants::prepare_for(const tensor& t) {
  const bool is_wide = computed_type(t.param.type) == dtype::float64;
  const typed_kernels& kernels = is_wide ? table_.float64 : table_.float32;
  const std::size_t index = request_.transform == no_index
                                ? request_.rule.kernel_index(request_.values, t.columns != 0)
                                : request_.rule.first_transform + request_.transform;
  const step_kernel* const kernel = &kernels.steps[index];
  step_scalars scalars{};
  for_each_scalar(request_, t, [&](std::size_t i, double value) { scalars.values[i] = value; });
  const dtype type = held_type(t.param);
  const bool is_same = kernel == kernel_ && type == param_type_ &&
                       // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): to the bit
                       std::memcmp(&scalars, &before_, sizeof scalars) == 0;
  if (is_same) return;
  kernel_ = kernel;
  param_type_ = type;
  before_ = after_ = scalars;
  prepare(request_, *kernel, request_for(request_, t, before_, after_), total_, prepared_);
}

prepare_request request_for(const step_request& r, const tensor& t, const step_scalars& before,
                            step_scalars& after) noexcept {
  return {r.rule.self,    r.values,           r.step,        r.step == 1 || r.has_fresh_slots,
          t.columns != 0, held_type(t.param), before.values, after.values};
}

void store_scalars(const step_request& r, const tensor& t, const step_scalars& after) noexcept {
  for_each_scalar(r, t, [&](std::size_t i, double& value) { value = after.values[i]; });
}

}  // namespace gradstep::internal
