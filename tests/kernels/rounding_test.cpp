// SPDX-License-Identifier: Apache-2.0
//
// What the ways to keep precision in few bits are for: rounding at random errs by nothing on
// average, so a moving average moves; upper and lower halves train as float32 does.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/reference_16_bits.hpp"
#include "support/reference_8_bits.hpp"
#include "support/rule_setup.hpp"
#include "support/storages.hpp"
#include "support/stored_array.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

class rounding_of_rules : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, rounding_of_rules, testing::ValuesIn(rule_names()),
                         rule_as_test_name);

// ---- Unbiased ---------------------------------------------------------------------------------

constexpr std::size_t sample_count = 1'000'000;

/// Sums of (stored - exact) in units of the gap between the two numbers around the exact one.
class error_statistics {
 public:
  void add(double exact, double stored, double below, double above) {
    if (below == above) {
      EXPECT_EQ(stored, exact);
      return;
    }
    EXPECT_TRUE(stored == below || stored == above) << stored << " for " << exact;
    const double fraction = (exact - below) / (above - below);
    sum_ += (stored - exact) / (above - below);
    variance_ += fraction * (1 - fraction);
    ++count_;
  }

  /// `least`: how many have to have been between two numbers.
  void expect_unbiased(std::size_t least) const {
    EXPECT_GE(count_, least);
    EXPECT_LE(std::abs(sum_), 4 * std::sqrt(variance_))
        << "mean error " << sum_ / static_cast<double>(count_) << " of a gap over " << count_;
  }

 private:
  double sum_ = 0, variance_ = 0;
  std::size_t count_ = 0;
};

/// The neighbours in a dtype of 16 bits: of one sign they are in the order of their bits.
void add_half(error_statistics& errors, std::int32_t dtype, float exact, double stored) {
  const bool is_bfloat16 = dtype == GRADSTEP_BFLOAT16;
  const auto widened = [is_bfloat16](int half) {
    const auto bits = static_cast<std::uint16_t>(half);
    return is_bfloat16 ? bfloat16_to_float(bits) : float16_to_float(bits);
  };
  int toward_zero = is_bfloat16 ? bfloat16_from_float(exact) : float16_from_float(exact);
  if (std::abs(widened(toward_zero)) > std::abs(exact)) --toward_zero;
  const float near = widened(toward_zero);
  errors.add(exact, stored, near, near == exact ? near : widened(toward_zero + 1));
}

/// The neighbours among a block's codes. What would be 0 or unsigned code 1 is left out: it is
/// below 2^-34 of the block's largest, and nothing but 0 becomes 0.
void add_8bit(error_statistics& errors, float exact, const stored_array& slot, std::size_t i) {
  const auto scale = slot.extra->read<float>(i / block_size);
  const auto& codes = codes_of(slot.dtype());
  const float magnitude = std::abs(exact);
  std::uint32_t low = 0;
  for (std::uint32_t jump = 128; jump > 0; jump /= 2) {
    if (low + jump <= codes.largest && codes.value(low + jump, scale) <= magnitude) low += jump;
  }
  if (slot.dtype() == GRADSTEP_UNSIGNED8 && low == 0) return;
  const float near = codes.value(low, scale);
  const float far = near == magnitude ? near : codes.value(low + 1, scale);
  errors.add(magnitude, std::abs(slot.widen(i)), near, far);
}

/// Of several magnitudes, not random in the bits that are cut off.
double sample(std::size_t i) {
  return std::ldexp(1 + static_cast<double>(i % 977) / 977, static_cast<int>(i % 5)) *
         (i % 3 == 0 ? -1 : 1);
}

stored_parameter sampled(const gradstep_rule* rule, const std::string& rule_name,
                         const storage& how, double unit = 1) {
  stored_parameter target(rule, rule_name, how, sample_count);
  std::vector<double> values(sample_count);
  for (std::size_t i = 0; i < sample_count; ++i) values[i] = unit * sample(i);
  target.grad.narrow(values);
  return target;
}

void step_once(const gradstep_rule* rule, stored_parameter& target, std::uint64_t flags,
               std::uint64_t seed) {
  static const context_handle context = make_serial_context();
  std::vector<stored_view> views;
  views.push_back(target.view());
  auto options = apply_options(flags);
  options.seed = seed;
  apply_views(context.get(), rule, views, options);
}

/// After one step from the same start, float32 slots say what the narrow ones should have held.
void check_slots(const std::string& rule_name, std::int32_t dtype, std::uint64_t seed) {
  const auto rule = make_rule(rule_name, richest_options(rule_name));
  auto exact = sampled(rule.get(), rule_name, {});
  auto narrow = sampled(rule.get(), rule_name, {.slot = dtype});
  step_once(rule.get(), exact, 0, seed);
  step_once(rule.get(), narrow, 0, seed);
  for (std::size_t s = 0; s < exact.slots.size(); ++s) {
    if (!exact.slots[s]) continue;
    SCOPED_TRACE("slot " + std::to_string(s) + " as " + dtype_text(dtype));
    error_statistics errors;
    for (std::size_t i = 0; i < sample_count; ++i) {
      const auto wanted = static_cast<float>(exact.slots[s]->widen(i));
      if (is_blocked(dtype)) {
        add_8bit(errors, wanted, *narrow.slots[s], i);
      } else {
        add_half(errors, dtype, wanted, narrow.slots[s]->widen(i));
      }
    }
    errors.expect_unbiased(sample_count * 9 / 10);
  }
}

TEST_P(rounding_of_rules, random_rounding_of_slots_is_unbiased) {
  for (const std::uint64_t seed : {1, 2}) {
    check_slots(GetParam(), GRADSTEP_BFLOAT16, seed);
    check_slots(GetParam(), GRADSTEP_FLOAT16, seed);
    check_slots(GetParam(), GRADSTEP_UNSIGNED8, seed);
  }
}

/// sgd with lr 1 from p = 0: the new param is -g exactly.
stored_parameter param_of_minus_grad(std::int32_t dtype, double unit, std::uint64_t seed) {
  const auto rule = make_rule("sgd", {{"lr", 1}});
  auto target = sampled(rule.get(), "sgd", {.param = dtype}, unit);
  target.param.narrow(std::vector<double>(sample_count, 0));
  step_once(rule.get(), target, GRADSTEP_APPLY_STOCHASTIC_PARAM, seed);
  return target;
}

void check_params(std::int32_t dtype, double unit) {
  SCOPED_TRACE(dtype_text(dtype) + " of " + std::to_string(std::ilogb(unit)));
  for (std::uint64_t seed = 0; seed < 4; ++seed) {
    const auto target = param_of_minus_grad(dtype, unit, seed);
    error_statistics errors;
    for (std::size_t i = 0; i < sample_count; ++i) {
      add_half(errors, dtype, static_cast<float>(-target.grad.widen(i)), target.param.widen(i));
    }
    errors.expect_unbiased(sample_count * 9 / 10);
  }
}

TEST(rounding_at_random, of_params_is_unbiased) {
  check_params(GRADSTEP_BFLOAT16, 1);
  check_params(GRADSTEP_FLOAT16, 1);
}

/// Float16's denormals begin at 2^-14 and end at 2^-24: across the one, among them, and below all.
TEST(rounding_at_random, of_params_is_unbiased_among_denormals) {
  for (const double unit : {0x1p-16, 0x1p-21, 0x1p-26, 0x1p-30}) {
    check_params(GRADSTEP_FLOAT16, unit);
  }
}

/// The same sample over seeds, keys, steps, elements: each of them alone must look random.
void check_dependence(std::int32_t dtype, double half_way) {
  SCOPED_TRACE(dtype_text(dtype));
  const auto rule = make_rule("sgd", {{"lr", 1}});
  const auto context = make_serial_context();
  std::vector<std::vector<std::uint64_t>> all;
  for (const std::uint64_t seed : {0, 1}) {
    for (const std::uint64_t key : {1, 2}) {
      for (const std::uint64_t step : {1, 2}) {
        for (const std::uint64_t first : {0, 256}) {
          stored_parameter target(rule.get(), "sgd", {.param = dtype}, 256);
          target.param.narrow(std::vector<double>(256, 0));
          target.grad.narrow(std::vector<double>(256, half_way));
          std::vector<stored_view> views;
          views.push_back(target.view());
          views[0].tensor.key = key;
          views[0].tensor.first_index = first;
          auto options = apply_options(GRADSTEP_APPLY_STOCHASTIC_PARAM, step);
          options.seed = seed;
          apply_views(context.get(), rule.get(), views, options);
          all.push_back(target.snapshot());
        }
      }
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      int same = 0;  // of 256 coins: 128 +- 8; the gradients after them are the same
      for (std::size_t k = 0; k < 256; ++k) same += all[i][k] == all[j][k];
      EXPECT_NEAR(same, 128, 5 * 8) << i << " and " << j;
    }
  }
}

TEST(rounding_at_random, depends_on_all_that_it_is_said_to_depend_on) {
  check_dependence(GRADSTEP_BFLOAT16, 1 + 0x1p-8);
  check_dependence(GRADSTEP_FLOAT16, 1 + 0x1p-11);
  check_dependence(GRADSTEP_FLOAT16, 0x1p-25);
}

/// Of each element alone, over seeds; 2^-24 or 0 with probability 0.3 is 600 +- 20 of 2000.
TEST(rounding_at_random, of_each_element_is_unbiased_over_seeds) {
  const auto rule = make_rule("sgd", {{"lr", 1}});
  stored_parameter target(rule.get(), "sgd", {.param = GRADSTEP_FLOAT16}, 256);
  target.grad.narrow(std::vector<double>(256, -0.3 * 0x1p-24));
  std::vector<double> sums(256);
  for (std::uint64_t seed = 0; seed < 2000; ++seed) {
    target.param.narrow(std::vector<double>(256, 0));
    step_once(rule.get(), target, GRADSTEP_APPLY_STOCHASTIC_PARAM, seed);
    for (std::size_t i = 0; i < 256; ++i) sums[i] += target.param.widen(i) * 0x1p24;
  }
  for (std::size_t i = 0; i < 256; ++i) EXPECT_NEAR(sums[i], 600, 5 * 20.5) << i;
}

/// 10000 steps of -1e-5 from 1, where float16's gap is 0.0005: to nearest none of them is seen.
TEST(rounding_at_random, lets_tiny_updates_add_up) {
  const auto rule = make_rule("sgd", {{"lr", 1e-5}});
  for (const std::int32_t dtype : {GRADSTEP_BFLOAT16, GRADSTEP_FLOAT16}) {
    SCOPED_TRACE(dtype_text(dtype));
    for (const std::uint64_t flags : {0U, GRADSTEP_APPLY_STOCHASTIC_PARAM}) {
      stored_parameter target(rule.get(), "sgd", {.param = dtype}, 4096);
      target.param.narrow(std::vector<double>(4096, 1));
      target.grad.narrow(std::vector<double>(4096, 1));
      for (std::uint64_t step = 1; step <= 10'000; ++step) {
        step_once(rule.get(), target, flags, step);
      }
      double sum = 0;
      for (std::size_t i = 0; i < 4096; ++i) sum += target.param.widen(i);
      // A variance of at most 1e-5 gap a step: of 4e-4 in bfloat16, whose mean then is 0.0003 off.
      EXPECT_NEAR(sum / 4096, flags == 0 ? 1 : 0.9, flags == 0 ? 0 : 0.0015);
    }
  }
}

// ---- Decay ------------------------------------------------------------------------------------

constexpr std::size_t decay_count = 25'600;
constexpr std::uint64_t decay_steps = 2000;

/// A second moment that begins between `unit` and twice as much.
struct decay {
  std::int32_t dtype;
  double beta2 = 0.999;
  double unit = 1;
};

/// exp_avg_sq of adam, relative to its start, after zero gradients: of each element.
std::vector<double> decayed(const decay& how, std::uint64_t flags) {
  const auto rule = make_rule("adam", {{"beta2", how.beta2}});
  stored_parameter target(rule.get(), "adam", {.slot = how.dtype}, decay_count);
  target.grad.narrow(std::vector<double>(decay_count, 0));
  std::vector<double> start(decay_count);
  for (std::size_t i = 0; i < decay_count; ++i) {
    start[i] = how.unit * (1 + std::abs(random_value(5, i)));
  }
  stored_array& slot = *target.slots[1];
  slot.narrow(start);
  for (std::size_t i = 0; i < decay_count; ++i) start[i] = slot.widen(i);
  const auto context = make_serial_context();
  std::vector<stored_view> views;
  views.push_back(target.view());
  for (std::uint64_t step = 1; step <= decay_steps; ++step) {
    apply_views(context.get(), rule.get(), views, apply_options(flags, step));
  }
  for (std::size_t i = 0; i < decay_count; ++i) start[i] = slot.widen(i) / start[i];
  return start;
}

/// A step changes a number near 1 by 0.001, of which a gap of bfloat16 (0.0078) makes a variance of
/// at most 8e-6, one of 8 bits (0.125) 1.3e-4. After 2000 steps an element's relative deviation is
/// below 0.13 or 0.5, their mean's below 0.0008 or 0.0032: a fifth of the tolerance. Float16's gap
/// is 0.001, with beta2 = 0.9999 too much to nearest; among its denormals, 2^-24 of 2^-18, 0.016 of
/// the number: a variance of 1.5e-5, and of the mean's ratio to 0.135 a deviation of 0.008.
TEST(narrow_second_moments, decay_under_zero_gradients) {
  const struct {
    decay how;
    double tolerance;
  } cases[] = {{{GRADSTEP_BFLOAT16}, 0.004},
               {{GRADSTEP_UNSIGNED8}, 0.016},
               {{GRADSTEP_FLOAT16}, 0.004},
               {{GRADSTEP_FLOAT16, 0.9999}, 0.004},
               {{GRADSTEP_FLOAT16, 0.999, 0x1p-18}, 0.04}};
  for (const auto& [how, tolerance] : cases) {
    SCOPED_TRACE(dtype_text(how.dtype) + " of " + std::to_string(how.unit));
    const double wanted = std::pow(how.beta2, decay_steps);
    double sum = 0;
    for (const double ratio : decayed(how, 0)) sum += ratio;
    EXPECT_NEAR(sum / decay_count, wanted, tolerance * wanted);
  }
}

/// Why random rounding is the default: half a gap is more than beta2 takes away in a step.
TEST(narrow_second_moments, do_not_decay_when_they_are_rounded_to_nearest) {
  for (const decay& how :
       {decay{GRADSTEP_BFLOAT16}, decay{GRADSTEP_UNSIGNED8}, decay{GRADSTEP_FLOAT16, 0.9999},
        decay{GRADSTEP_FLOAT16, 0.999, 0x1p-18}}) {
    SCOPED_TRACE(dtype_text(how.dtype) + " of " + std::to_string(how.unit));
    for (const double ratio : decayed(how, GRADSTEP_APPLY_NEAREST_SLOTS)) ASSERT_EQ(ratio, 1);
  }
}

// ---- Upper and lower halves -------------------------------------------------------------------

TEST_P(rounding_of_rules, split_params_train_as_float32) {
  for (const auto& values : option_combinations(GetParam())) {
    SCOPED_TRACE(to_text(values));
    const auto rule = make_rule(GetParam(), values);
    for (const auto& isa : available_isas()) {
      const auto context = make_serial_context(isa.c_str());
      const storage split{.param = GRADSTEP_BFLOAT16, .grad = GRADSTEP_BFLOAT16, .is_split = true};
      stored_parameter wanted(rule.get(), GetParam(), {.grad = GRADSTEP_BFLOAT16}, 300);
      stored_parameter target(rule.get(), GetParam(), split, 300);
      for (std::uint64_t step = 1; step <= 50; ++step) {
        for (auto* each : {&wanted, &target}) {
          each->set_gradient(step);
          std::vector<stored_view> views;
          views.push_back(each->view());
          apply_views(context.get(), rule.get(), views, apply_options(0, step));
        }
        expect_same_bits(target.snapshot(), wanted.snapshot());
        if (HasFailure()) return;
      }
    }
  }
}

/// The upper half alone is the param cut off: what a model that runs in bfloat16 sees.
TEST_P(rounding_of_rules, split_params_are_cut_off) {
  const auto rule = make_rule(GetParam());
  const auto context = make_serial_context();
  const storage split{.param = GRADSTEP_BFLOAT16, .is_split = true};
  stored_parameter target(rule.get(), GetParam(), split, 300);
  run_stored(context.get(), rule.get(), target, 0);
  for (std::size_t i = 0; i < 300; ++i) {
    const auto whole = static_cast<float>(target.param.widen(i));
    const auto upper = target.param.data.read<std::uint16_t>(i);
    ASSERT_EQ(upper, std::bit_cast<std::uint32_t>(whole) >> 16);
  }
}

}  // namespace
}  // namespace gradstep_test
