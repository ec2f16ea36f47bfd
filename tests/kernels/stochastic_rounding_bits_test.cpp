// SPDX-License-Identifier: Apache-2.0
//
// Stochastic rounding of float32 to 16 bits, in params and in slots, bit for bit against the
// reference, on every instruction set: dense samples, every number that float16 holds, and special
// numbers.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/reference_16_bits.hpp"
#include "support/reference_rounding.hpp"
#include "support/rule_setup.hpp"
#include "support/storages.hpp"
#include "support/stored_array.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {
namespace {

constexpr std::uint64_t at_random = GRADSTEP_APPLY_STOCHASTIC_PARAM;

void step_with_seed(const gradstep_context* context, const gradstep_rule* rule,
                    stored_parameter& target, std::uint64_t flags,
                    std::uint64_t seed = rounding_seed) {
  auto options = apply_options(flags);
  options.seed = seed;
  apply_stored(context, rule, target, options);
}

/// sgd with momentum, lr = 1, from p = 0: the first step stores the gradient in the momentum buffer
/// and the negated gradient in the param.
stored_parameter holding_minus(const std::vector<float>& numbers, std::int32_t dtype) {
  const auto rule = make_rule("sgd", {{"lr", 1}, {"momentum", 0.5}});
  stored_parameter target(rule.get(), "sgd", {.param = dtype, .slot = dtype}, numbers.size());
  target.param.narrow(std::vector<float>(numbers.size(), 0));
  target.grad.narrow(numbers);
  return target;
}

/// After one step, param and slot are those of the reference, to the bit.
void expect_rounded(const gradstep_context* context, const std::vector<float>& numbers,
                    std::int32_t dtype, std::uint64_t flags) {
  const auto rule = make_rule("sgd", {{"lr", 1}, {"momentum", 0.5}});
  auto got = holding_minus(numbers, dtype);
  step_with_seed(context, rule.get(), got, flags);
  std::vector<float> negated;
  for (const float x : numbers) negated.push_back(0 - x);
  stored_array param(dtype, numbers.size()), slot(dtype, numbers.size());
  const bool is_nearest_slot = (flags & GRADSTEP_APPLY_NEAREST_SLOTS) != 0;
  const rounding random[] = {{rounding_seed, 1, 1, 0},
                             {rounding_seed, 1, 1, rounding::param_array}};
  slot.narrow(numbers, is_nearest_slot ? rounding() : random[0]);
  param.narrow(negated, (flags & at_random) != 0 ? random[1] : rounding());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    ASSERT_EQ(got.param.bits(i), param.bits(i)) << -numbers[i] << " as a param";
    ASSERT_EQ(got.slots[0]->bits(i), slot.bits(i)) << numbers[i] << " as a slot";
  }
}

TEST(stochastic_rounding_bits, of_every_upper_half) {
  for (const auto& isa : available_isas()) {
    const auto context = make_serial_context(isa.c_str());
    for (const std::int32_t dtype : {GRADSTEP_BFLOAT16, GRADSTEP_FLOAT16}) {
      SCOPED_TRACE(isa + " " + dtype_text(dtype));
      for (const std::uint32_t lower : {0U, 1U, 0x1000U, 0x1fffU, 0x2001U, 0x8000U, 0xffffU}) {
        std::vector<float> numbers(1U << 16);
        for (std::uint32_t i = 0; i < 1U << 16; ++i) {
          numbers[i] = 0 + std::bit_cast<float>(i << 16 | lower);  // -0 would become 0
        }
        expect_rounded(context.get(), numbers, dtype, at_random);
        if (HasFailure()) return;
      }
    }
  }
}

/// So many numbers near each end that the low random bits decide how some are rounded.
TEST(stochastic_rounding_bits, at_the_ends_of_float16) {
  std::vector<float> numbers;
  for (const float end : {0x1p-14F, 0x1p-15F, 0x1p-23F, 0x1p-24F, 0x1p-25F, 0x1p-30F, 0x1p-44F,
                          0x1p-55F, 0x1p-56F, 0x1p-126F, 65504.0F, 65520.0F, 65536.0F}) {
    for (int i = -1000; i <= 1000; ++i) {
      const auto bits =
          std::bit_cast<std::uint32_t>(end) + static_cast<std::uint32_t>(i * i * i / 8);
      numbers.push_back(std::bit_cast<float>(bits));
      numbers.push_back(-numbers.back());
    }
  }
  for (const auto& isa : available_isas()) {
    SCOPED_TRACE(isa);
    const auto context = make_serial_context(isa.c_str());
    for (const std::uint64_t flags : {at_random, at_random | GRADSTEP_APPLY_NEAREST_SLOTS}) {
      expect_rounded(context.get(), numbers, GRADSTEP_FLOAT16, flags);
    }
  }
}

/// A number that float16 holds exactly is stored unchanged with every seed. So is -0: the change
/// that is added to it is -0.
TEST(stochastic_rounding_bits, keep_every_float16) {
  const auto rule = make_rule("sgd", {{"lr", 1}});
  for (const auto& isa : available_isas()) {
    SCOPED_TRACE(isa);
    const auto context = make_serial_context(isa.c_str());
    for (const std::uint64_t seed : {0U, 1U, 2U}) {
      stored_parameter target(rule.get(), "sgd", {.param = GRADSTEP_FLOAT16}, 1U << 16);
      target.grad.narrow(std::vector<double>(1U << 16, 0));
      for (std::uint32_t i = 0; i < 1U << 16; ++i) {
        target.param.data.write(i, static_cast<std::uint16_t>(i));
      }
      step_with_seed(context.get(), rule.get(), target, at_random, seed);
      for (std::uint32_t i = 0; i < 1U << 16; ++i) {
        const auto half = target.param.data.read<std::uint16_t>(i);
        ASSERT_EQ(half, std::isnan(float16_to_float(static_cast<std::uint16_t>(i))) ? 0x7e00U : i);
      }
    }
  }
}

/// A step halves every float16 in a slot. The half is exact, except among the denormals.
TEST(stochastic_rounding_bits, of_every_float16_halved_in_a_slot) {
  const auto rule = make_rule("sgd", {{"lr", 0}, {"momentum", 0.5}});
  for (const auto& isa : available_isas()) {
    SCOPED_TRACE(isa);
    const auto context = make_serial_context(isa.c_str());
    stored_parameter target(rule.get(), "sgd", {.slot = GRADSTEP_FLOAT16}, 1U << 16);
    target.grad.narrow(std::vector<double>(1U << 16, 0));
    std::vector<double> halved(1U << 16);
    for (std::uint32_t i = 0; i < 1U << 16; ++i) {
      target.slots[0]->data.write(i, static_cast<std::uint16_t>(i));
      halved[i] = target.slots[0]->widen(i) / 2;
    }
    apply_stored(context.get(), rule.get(), target, apply_options(0, 2));
    for (std::uint32_t i = 0; i < 1U << 16; ++i) {
      const double got = target.slots[0]->widen(i);
      if (std::isnan(halved[i])) {
        ASSERT_TRUE(std::isnan(got)) << i;
      } else if (std::abs(halved[i]) >= 0x1p-14 ||
                 std::ldexp(halved[i], 24) == std::floor(std::ldexp(halved[i], 24))) {
        ASSERT_EQ(got, halved[i]) << i;
      } else {
        ASSERT_EQ(std::abs(got - halved[i]), 0x1p-25) << i;
      }
    }
  }
}

/// The float16 params that a float32 becomes, over 8 seeds and 256 places.
std::set<std::uint16_t> outcomes(const gradstep_context* context, float number) {
  const auto rule = make_rule("sgd", {{"lr", 1}});
  std::set<std::uint16_t> all;
  for (std::uint64_t seed = 0; seed < 8; ++seed) {
    stored_parameter target(rule.get(), "sgd", {.param = GRADSTEP_FLOAT16}, 256);
    target.param.narrow(std::vector<double>(256, -0.0));
    target.grad.narrow(std::vector<double>(256, -number));
    step_with_seed(context, rule.get(), target, at_random, seed);
    for (std::size_t i = 0; i < 256; ++i) {
      all.insert(target.param.data.read<std::uint16_t>(i));
    }
  }
  return all;
}

TEST(stochastic_rounding_bits, of_special_numbers) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::bit_cast<float>(0xff812345U);
  const struct {
    float number;
    std::set<std::uint16_t> outcomes;
  } cases[] = {{-0.0F, {0x8000}},
               {0x1p-149F, {0}},
               {-0x1p-149F, {0x8000}},
               {0x1p-56F, {0}},
               {0x1.8p-25F, {0, 1}},
               {-0x1.8p-25F, {0x8000, 0x8001}},
               {0x1p-24F, {1}},
               {0x1.ffcp-15F, {0x3ff, 0x400}},  // half-way from a denormal to a normal
               {0x1.002p-14F, {0x400, 0x401}},
               {-0x1.ffep0F, {0xbfff, 0xc000}},
               {65488, {0x7bfe, 0x7bff}},
               {65504, {0x7bff}},
               {65519.996F, {0x7bff}},
               {-65519.996F, {0xfbff}},
               {65520, {0x7c00}},
               {-65520, {0xfc00}},
               {3e38F, {0x7c00}},
               {inf, {0x7c00}},
               {-inf, {0xfc00}},
               {nan, {0x7e00}},
               {-nan, {0x7e00}}};
  for (const auto& isa : available_isas()) {
    const auto context = make_serial_context(isa.c_str());
    for (const auto& [number, wanted] : cases) {
      EXPECT_EQ(outcomes(context.get(), number), wanted) << isa << " " << number;
    }
  }
}

/// Float16's denormals are normal float32 numbers, so FLUSH_TO_ZERO does not flush them.
TEST(float16_denormals, outlive_flush_to_zero) {
  const auto rule = make_rule("sgd", {{"lr", 0}, {"momentum", 0.5}});
  for (const auto& isa : available_isas()) {
    const auto context = make_serial_context(isa.c_str(), true);
    for (const std::uint64_t flags : {std::uint64_t{0}, at_random | GRADSTEP_APPLY_NEAREST_SLOTS}) {
      SCOPED_TRACE(isa + ", flags " + std::to_string(flags));
      const storage how{
          .param = GRADSTEP_FLOAT16, .slot = GRADSTEP_FLOAT16, .copy = GRADSTEP_FLOAT16};
      stored_parameter target(rule.get(), "sgd", how, 1023);
      std::vector<double> numbers(1023);
      for (std::size_t i = 0; i < 1023; ++i)
        numbers[i] = std::ldexp(static_cast<double>(i + 1), -24);
      target.param.narrow(numbers);
      target.grad.narrow(numbers);
      step_with_seed(context.get(), rule.get(), target, flags);
      for (std::size_t i = 0; i < 1023; ++i) {
        ASSERT_EQ(target.param.widen(i), numbers[i]);
        ASSERT_EQ(target.copy->widen(i), numbers[i]);
        ASSERT_EQ(target.slots[0]->widen(i), numbers[i]);
      }
    }
  }
}

/// STOCHASTIC_PARAM changes the tensors with 16-bit params, and no other tensor of the list.
TEST(stochastic_params, are_those_of_16_bits_without_lower_halves) {
  const auto rule = make_rule("sgd", {{"lr", 1e-3}});
  const auto context = make_serial_context();
  std::vector<stored_parameter> nearest;
  for (const std::int32_t dtype : float_dtypes) {
    const auto slot = dtype == GRADSTEP_FLOAT64 ? GRADSTEP_FLOAT64 : GRADSTEP_FLOAT32;
    nearest.emplace_back(rule.get(), "sgd", storage{.param = dtype, .slot = slot}, 300);
  }
  nearest.emplace_back(rule.get(), "sgd", storage{.param = GRADSTEP_BFLOAT16, .is_split = true},
                       300);
  auto random = nearest;
  apply_stored(context.get(), rule.get(), nearest, apply_options(0));
  apply_stored(context.get(), rule.get(), random, apply_options(at_random));
  for (std::size_t i = 0; i < nearest.size(); ++i) {
    const bool is_rounded = element_size(nearest[i].param.dtype()) == 2 && !nearest[i].param.extra;
    EXPECT_EQ(nearest[i].snapshot() != random[i].snapshot(), is_rounded) << i;
  }
}

}  // namespace
}  // namespace gradstep_test
