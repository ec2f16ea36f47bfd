// SPDX-License-Identifier: Apache-2.0
//
// The host's floating-point environment (rounding mode, flush-to-zero, denormals-are-zero, traps)
// changes no bit of a step, and a step leaves it unchanged.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cfenv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "step/serial_bits.hpp"
#include "step/storage_invariance.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/storages.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

class float_environment : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, float_environment, testing::ValuesIn(rule_names()),
                         rule_as_test_name);

TEST_P(float_environment, rounding_mode_of_the_host) {
  const auto serial = make_serial_context();
  const auto split = make_context(split_options(2));
  for_each_variant(GetParam(), all_dtypes, [&](const variant& v) {
    const auto wanted = serial_bits(v);
    for (const int mode : {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
      SCOPED_TRACE("fesetround " + std::to_string(mode));
      for (const auto* context : {serial.get(), split.get()}) {
        auto target = v.make(split_count);
        for (std::uint64_t step = 1; step <= 3; ++step) {
          target.set_random_gradient(step);
          std::fesetround(mode);
          apply_one(context, v.rule.get(), target, at_step(step));
          const int mode_after = std::fegetround();
          std::fesetround(FE_TONEAREST);
          EXPECT_EQ(mode_after, mode);
        }
        expect_same_bits(target.snapshot(), wanted);
      }
    }
  });
}

#if defined(__x86_64__)

constexpr unsigned denormals_are_zero = 1U << 6;
constexpr unsigned flush_to_zero = 1U << 15;
constexpr unsigned unmask_serious = ~((1U << 7) | (1U << 9) | (1U << 10));  // invalid, /0, overflow

/// One step with this control word set in the calling thread. The step must leave the whole word,
/// with its exception flags, unchanged.
void apply_under(unsigned csr, const gradstep_context* context, const gradstep_rule* rule,
                 parameter& target, std::uint64_t step) {
  const auto view = target.view();
  const auto options = with_scalars_of(target, at_step(step));
  const unsigned before = _mm_getcsr();
  _mm_setcsr(csr);
  const auto status = gradstep_apply(context, rule, &view.tensor, 1, &options, nullptr);
  const unsigned after = _mm_getcsr();
  _mm_setcsr(before);
  EXPECT_EQ(status, GRADSTEP_OK);
  EXPECT_EQ(after, csr);
}

/// Params and gradients are denormals, which flush-to-zero would change.
void make_denormal(parameter& target) {
  const double unit = target.param.dtype() == GRADSTEP_FLOAT32 ? 1e-41 : 1e-310;
  for (std::size_t i = 0; i < target.param.size(); ++i) {
    target.param.set(i, unit * random_value(1, i));
    target.grad.set(i, unit * random_value(2, i));
  }
}

TEST_P(float_environment, flush_to_zero_of_the_host) {
  const unsigned normal = _mm_getcsr() & ~0x3FU;
  const auto serial = make_serial_context();
  const auto split = make_context(split_options(2));
  for_each_variant(GetParam(), same_dtypes, [&](const variant& v) {
    auto wanted = v.make(split_count);
    make_denormal(wanted);
    apply_under(normal, serial.get(), v.rule.get(), wanted, 1);
    for (const unsigned csr : {normal | flush_to_zero, normal | denormals_are_zero,
                               normal | flush_to_zero | denormals_are_zero}) {
      for (const auto* context : {serial.get(), split.get()}) {
        auto target = v.make(split_count);
        make_denormal(target);
        apply_under(csr, context, v.rule.get(), target, 1);
        expect_same_bits(target.snapshot(), wanted.snapshot());
      }
    }
  });
}

TEST_P(float_environment, traps_of_the_host) {
  const unsigned trapping = _mm_getcsr() & ~0x3FU & unmask_serious;
  const auto context = make_context(split_options(2));
  for_each_variant(GetParam(), same_dtypes, [&](const variant& v) {
    auto target = v.make(split_count);
    const double huge = v.types.grad == GRADSTEP_FLOAT32 ? 3e38 : 1e308;
    target.grad.set(3, std::numeric_limits<double>::infinity());
    target.grad.set(5, std::numeric_limits<double>::quiet_NaN());
    target.grad.set(500, huge);
    apply_under(trapping, context.get(), v.rule.get(), target, 1);
    apply_under(trapping, context.get(), v.rule.get(), target, 2);
  });
}

TEST(flush_to_zero_flag, flushes_inside_and_leaves_the_host_alone) {
  const unsigned normal = _mm_getcsr() & ~0x3FU;
  auto options = split_options(2);
  const auto keeping = make_context(options);
  options.flags |= GRADSTEP_CONTEXT_FLUSH_TO_ZERO;
  const auto flushing = make_context(options);
  const auto rule = make_rule("sgd", {{"lr", 1}});
  for (const dtypes types : same_dtypes) {
    const double tiny = types.param == GRADSTEP_FLOAT32 ? 1e-40 : 1e-310;
    auto kept = make_parameter("sgd", rule.get(), split_count, types);
    kept.param.fill(0);
    kept.grad.fill(tiny);
    auto flushed = kept;
    apply_under(normal, keeping.get(), rule.get(), kept, 1);
    apply_under(normal, flushing.get(), rule.get(), flushed, 1);
    for (std::size_t i = 0; i < split_count; ++i) {
      ASSERT_LT(kept.param.get(i), 0) << "element " << i;
      ASSERT_EQ(flushed.param.get(i), 0) << "element " << i;
    }
  }
}

#endif  // __x86_64__

// ---- Arrays of every dtype, every option --------------------------------------------------------

class float_environment_of_storages : public storage_invariance {};
INSTANTIATE_TEST_SUITE_P(rules, float_environment_of_storages, testing::ValuesIn(rule_names()),
                         rule_as_test_name);

/// Three steps with `enter()` before and `leave()` after each. leave() checks that it finds what
/// enter() has set.
template <class Enter, class Leave>
std::vector<std::uint64_t> bits_under(const gradstep_context* context, const gradstep_rule* rule,
                                      stored_parameter target, std::uint64_t flags,
                                      const Enter& enter, const Leave& leave) {
  for (std::uint64_t step = 1; step <= 3; ++step) {
    target.set_gradient(step);
    const auto view = target.view();
    const auto options = with_scalars_of(target, apply_options(flags, step));
    enter();
    const auto status = gradstep_apply(context, rule, &view.tensor, 1, &options, nullptr);
    leave();
    EXPECT_EQ(status, GRADSTEP_OK);
  }
  return target.snapshot();
}

TEST_P(float_environment_of_storages, rounding_mode_of_the_host) {
  const auto serial = make_serial_context();
  const auto split = make_context(split_options(2));
  for_each_storage(true, [&](const storage& how, std::uint64_t flags) {
    const auto wanted = serial_bits(how, flags, 700);
    for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
      SCOPED_TRACE("fesetround " + std::to_string(mode));
      for (const auto* context : {serial.get(), split.get()}) {
        const auto leave = [mode] {
          const int mode_after = std::fegetround();
          std::fesetround(FE_TONEAREST);
          EXPECT_EQ(mode_after, mode);
        };
        const auto got = bits_under(
            context, rule_.get(), make(how, 700), flags, [mode] { std::fesetround(mode); }, leave);
        expect_same_bits(got, wanted);
      }
    }
  });
}

#if defined(__x86_64__)

TEST_P(float_environment_of_storages, flush_to_zero_of_the_host) {
  const unsigned normal = _mm_getcsr() & ~0x3FU;
  const auto serial = make_serial_context();
  const auto split = make_context(split_options(2));
  for_each_storage(true, [&](const storage& how, std::uint64_t flags) {
    const auto wanted = serial_bits(how, flags, 700);
    for (const unsigned csr : {normal | flush_to_zero, normal | denormals_are_zero,
                               normal | flush_to_zero | denormals_are_zero}) {
      for (const auto* context : {serial.get(), split.get()}) {
        const auto leave = [normal, csr] {
          const unsigned after = _mm_getcsr();
          _mm_setcsr(normal);
          EXPECT_EQ(after, csr);
        };
        const auto got = bits_under(
            context, rule_.get(), make(how, 700), flags, [csr] { _mm_setcsr(csr); }, leave);
        expect_same_bits(got, wanted);
      }
    }
  });
}

#endif  // __x86_64__

}  // namespace
}  // namespace gradstep_test
