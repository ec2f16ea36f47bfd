// SPDX-License-Identifier: Apache-2.0
//
// Stochastic rounding has no error on average: over many elements, over seeds, and over steps.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/plain_steps.hpp"
#include "support/reference_16_bits.hpp"
#include "support/reference_8_bits.hpp"
#include "support/rule_setup.hpp"
#include "support/storages.hpp"
#include "support/stored_array.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {
namespace {

class stochastic_rounding_of : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, stochastic_rounding_of, testing::ValuesIn(rule_names()),
                         rule_as_test_name);

constexpr std::size_t sample_count = 1'000'000;

/// Errors (stored - exact), in units of the gap between the two stored numbers around the exact
/// one.
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

  /// At least `least` exact numbers must have been between two stored ones.
  void expect_unbiased(std::size_t least) const {
    EXPECT_GE(count_, least);
    EXPECT_LE(std::abs(sum_), 4 * std::sqrt(variance_))
        << "mean error " << sum_ / static_cast<double>(count_) << " of a gap over " << count_;
  }

 private:
  double sum_ = 0, variance_ = 0;
  std::size_t count_ = 0;
};

/// Adds a 16-bit number. The next larger magnitude of the same sign has the next larger bits.
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

/// Adds an element of an 8-bit block. Numbers below unsigned code 1 are left out: they are below
/// 2^-34 of the block's largest, and only 0 is stored as 0.
void add_8bit(error_statistics& errors, float exact, const stored_array& slot, std::size_t i) {
  const auto scale = slot.extra->read<float>(i / block_size);
  const auto& codes = codes_of(slot.dtype());
  const float magnitude = std::abs(exact);
  std::uint32_t low = 0;
  for (std::uint32_t jump = 128; jump > 0; jump /= 2) {
    if (low + jump <= codes.largest && codes.value(low + jump, scale) <= magnitude) low += jump;
  }
  if (slot.dtype() == GRADSTEP_E5M3_B256 && low == 0) return;
  const float near = codes.value(low, scale);
  const float far = near == magnitude ? near : codes.value(low + 1, scale);
  errors.add(magnitude, std::abs(slot.widen(i)), near, far);
}

/// A number of one of several magnitudes. The bits that rounding cuts off are not random.
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
  auto options = apply_options(flags);
  options.seed = seed;
  apply_stored(serial_context(), rule, target, options);
}

/// One step from the same start with float32 slots and with narrow ones: the float32 slots hold the
/// exact numbers.
void check_slots(const std::string& rule_name, std::int32_t dtype, std::uint64_t seed) {
  const auto rule = make_rule(rule_name, richest_options(rule_name));
  auto exact = sampled(rule.get(), rule_name, {});
  auto narrow = sampled(rule.get(), rule_name, {.slot = dtype});
  step_once(rule.get(), exact, 0, seed);
  step_once(rule.get(), narrow, 0, seed);
  for (std::size_t s = 0; s < exact.slots.size(); ++s) {
    // A slot that starts as the param starts with the param rounded to nearest.
    const bool starts_as_param = describe_slot(rule_name, s).start == GRADSTEP_START_PARAM;
    if (!exact.slots[s] || starts_as_param) continue;
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

TEST_P(stochastic_rounding_of, slots_is_unbiased) {
  for (const std::uint64_t seed : {1, 2}) {
    check_slots(GetParam(), GRADSTEP_BFLOAT16, seed);
    check_slots(GetParam(), GRADSTEP_FLOAT16, seed);
    check_slots(GetParam(), GRADSTEP_E5M3_B256, seed);
  }
}

/// sgd with lr = 1 from p = 0: before it is rounded, the new param is exactly -g.
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

TEST(stochastic_rounding, of_params_is_unbiased) {
  check_params(GRADSTEP_BFLOAT16, 1);
  check_params(GRADSTEP_FLOAT16, 1);
}

/// Float16's denormals reach from 2^-14 down to 2^-24. The numbers lie around the upper end,
/// between the ends, and below the lower end.
TEST(stochastic_rounding, of_params_is_unbiased_among_denormals) {
  for (const double unit : {0x1p-16, 0x1p-21, 0x1p-26, 0x1p-30}) {
    check_params(GRADSTEP_FLOAT16, unit);
  }
}

/// Rounds the same numbers with another seed, key, step or first element. Each must change the
/// result as if at random.
void check_dependence(std::int32_t dtype, double half_way) {
  SCOPED_TRACE(dtype_text(dtype));
  const auto rule = make_rule("sgd", {{"lr", 1}});
  std::vector<std::vector<std::uint64_t>> all;
  for (const std::uint64_t seed : {0, 1}) {
    for (const std::uint64_t key : {1, 2}) {
      for (const std::uint64_t step : {1, 2}) {
        for (const std::uint64_t first : {0, 256}) {
          stored_parameter target(rule.get(), "sgd", {.param = dtype}, 256);
          target.param.narrow(std::vector<double>(256, 0));
          target.grad.narrow(std::vector<double>(256, half_way));
          auto view = target.view();
          view.tensor.key = key;
          view.tensor.first_index = first;
          auto options = apply_options(GRADSTEP_APPLY_STOCHASTIC_PARAM, step);
          options.seed = seed;
          apply_list(serial_context(), rule.get(), {view.tensor}, options);
          all.push_back(target.snapshot());
        }
      }
    }
  }
  for (std::size_t i = 0; i < all.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      int same = 0;  // of 256 coins: 128, with a standard deviation of 8
      for (std::size_t k = 0; k < 256; ++k) same += all[i][k] == all[j][k];
      EXPECT_NEAR(same, 128, 5 * 8) << i << " and " << j;
    }
  }
}

TEST(stochastic_rounding, depends_on_seed_key_step_and_element) {
  check_dependence(GRADSTEP_BFLOAT16, 1 + 0x1p-8);
  check_dependence(GRADSTEP_FLOAT16, 1 + 0x1p-11);
  check_dependence(GRADSTEP_FLOAT16, 0x1p-25);
}

/// Each element alone, over 2000 seeds: 2^-24 with probability 0.3, else 0. The count of 2^-24 is
/// 600, with a standard deviation of 20.5.
TEST(stochastic_rounding, of_each_element_is_unbiased_over_seeds) {
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

/// 10,000 steps of -1e-5 from 1, where float16's gap is 0.0005: rounded to nearest, the param
/// stays 1.
TEST(stochastic_rounding, lets_tiny_updates_add_up) {
  const auto rule = make_rule("sgd", {{"lr", 1e-5}});
  for (const std::int32_t dtype : {GRADSTEP_BFLOAT16, GRADSTEP_FLOAT16}) {
    SCOPED_TRACE(dtype_text(dtype));
    for (const std::uint64_t flags : {UINT64_C(0), GRADSTEP_APPLY_STOCHASTIC_PARAM}) {
      stored_parameter target(rule.get(), "sgd", {.param = dtype}, 4096);
      target.param.narrow(std::vector<double>(4096, 1));
      target.grad.narrow(std::vector<double>(4096, 1));
      for (std::uint64_t step = 1; step <= 10'000; ++step) {
        step_once(rule.get(), target, flags, step);
      }
      double sum = 0;
      for (std::size_t i = 0; i < 4096; ++i) sum += target.param.widen(i);
      // A step adds a variance of at most 1e-5 gap. In bfloat16 that makes 4e-4 after all steps,
      // and a standard deviation of 0.0003 for the mean of 4096 elements.
      EXPECT_NEAR(sum / 4096, flags == 0 ? 1 : 0.9, flags == 0 ? 0 : 0.0015);
    }
  }
}

}  // namespace
}  // namespace gradstep_test
