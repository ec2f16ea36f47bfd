// SPDX-License-Identifier: Apache-2.0
//
// The moving average of a stateless step: where it begins, and equal weights. The references are
// the formulas of PyTorch's torch.optim.swa_utils and of timm's ModelEma, in plain loops.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/number_array.hpp"
#include "support/optimizer_setup.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

constexpr std::size_t count = 163;
constexpr std::uint64_t averages = GRADSTEP_APPLY_AVERAGE;
constexpr std::uint64_t counted = GRADSTEP_APPLY_AVERAGE | GRADSTEP_APPLY_AVERAGE_COUNT;
constexpr std::uint64_t equal = GRADSTEP_APPLY_AVERAGE | GRADSTEP_APPLY_AVERAGE_EQUAL;

gradstep_apply_options averaging(std::uint64_t step, std::uint64_t flags, double decay,
                                 std::uint64_t average_count = 0) {
  auto options = at_step(step);
  options.flags = flags;
  options.average_decay = decay;
  options.average_count = average_count;
  return options;
}

/// A param that plain descent moves by a random gradient in each step, and its average.
class averaged_param {
 public:
  averaged_param(const gradstep_context* context, std::int32_t dtype)
      : average(dtype, count), context_(context), array_(count, dtype) {
    average.fill(1e30);
  }

  void step(const gradstep_apply_options& options) {
    array_.set_gradient(options.step);
    auto tensor = array_.tensor();
    const gradstep_array no_slot{};
    tensor.slots = &no_slot;
    tensor.slot_count = 1;
    tensor.average = average.view();
    apply_list(context_, rule_.get(), {tensor}, options);
  }
  std::vector<double> params() const { return values(array_.param); }
  std::vector<double> averages() const { return values(average); }

  number_array average;

 private:
  static std::vector<double> values(const number_array& from) {
    std::vector<double> all;
    for (std::size_t i = 0; i < count; ++i) all.push_back(from.get(i));
    return all;
  }

  const gradstep_context* context_;
  rule_handle rule_ = make_rule("sgd", {{"lr", 0.5}});
  plain_tensor array_;
};

/// Calls body(context, dtype, tolerance) for every context, serial and split.
template <class Body>
void for_every_arithmetic(const Body& body) {
  const auto run = [&](const gradstep_context* context) {
    body(context, GRADSTEP_FLOAT32, 1e-6);
    body(context, GRADSTEP_FLOAT64, 1e-15);
  };
  for_every_context(run);
  run(make_context(split_options(3)).get());
}

void expect_near(const std::vector<double>& got, const std::vector<double>& wanted,
                 double tolerance) {
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], wanted[i], 4 * tolerance * (1 + std::abs(wanted[i]))) << i;
  }
}

TEST(average_counts, of_0_begin_the_average_at_a_late_step) {
  for_every_arithmetic([](const auto* context, std::int32_t dtype, double tolerance) {
    averaged_param run(context, dtype);
    for (std::uint64_t t = 1; t <= 3; ++t) run.step(at_step(t));
    std::vector<double> wanted;
    for (std::uint64_t t = 4; t <= 8; ++t) {
      run.step(averaging(t, counted, 0.75, t - 4));
      const auto params = run.params();
      if (t == 4) {
        wanted = params;
        ASSERT_EQ(run.averages(), params);
      }
      for (std::size_t i = 0; i < count; ++i) wanted[i] = 0.75 * wanted[i] + 0.25 * params[i];
      expect_near(run.averages(), wanted, tolerance);
    }
  });
}

/// timm: the average is a copy of the initial params, and moves at every step, the first included.
TEST(average_counts, of_the_step_go_on_from_the_initial_param) {
  for_every_arithmetic([](const auto* context, std::int32_t dtype, double tolerance) {
    averaged_param run(context, dtype);
    auto wanted = run.params();
    for (std::size_t i = 0; i < count; ++i) run.average.set(i, wanted[i]);
    for (std::uint64_t t = 1; t <= 5; ++t) {
      run.step(averaging(t, counted, 0.9, t));
      const auto params = run.params();
      for (std::size_t i = 0; i < count; ++i) wanted[i] = 0.9 * wanted[i] + 0.1 * params[i];
      expect_near(run.averages(), wanted, tolerance);
    }
  });
}

/// swa_utils: average += (param - average) / (n + 1), from the param after step 4 on.
TEST(average_counts, with_equal_weights_give_the_mean) {
  for_every_arithmetic([](const auto* context, std::int32_t dtype, double tolerance) {
    averaged_param run(context, dtype);
    for (std::uint64_t t = 1; t <= 3; ++t) run.step(at_step(t));
    std::vector<double> wanted(count), sums(count);
    for (std::uint64_t n = 0; n < 9; ++n) {
      run.step(averaging(4 + n, equal | counted, 0, n));
      const auto params = run.params();
      for (std::size_t i = 0; i < count; ++i) {
        wanted[i] += (params[i] - wanted[i]) / static_cast<double>(n + 1);
        sums[i] += params[i];
      }
      expect_near(run.averages(), wanted, tolerance);
      std::vector<double> means = sums;
      for (double& mean : means) mean /= static_cast<double>(n + 1);
      expect_near(run.averages(), means, tolerance);
    }
  });
}

/// The last weight is 2^-53, so the mean stays; it would not be 0 if it were 1 - n / (n + 1).
TEST(average_counts, may_be_large_with_equal_weights) {
  for (const std::int32_t dtype : {GRADSTEP_FLOAT32, GRADSTEP_FLOAT64}) {
    for (const std::uint64_t n : {(std::uint64_t{1} << 24) - 1, std::uint64_t{1} << 53}) {
      averaged_param run(serial_context(), dtype);
      run.average.fill(0);
      run.step(averaging(1, equal | counted, 0, n));
      for (std::size_t i = 0; i < count; ++i) {
        const double wanted = run.params()[i] / (static_cast<double>(n) + 1);
        ASSERT_NEAR(run.averages()[i], wanted, 1e-7 * std::abs(wanted));
      }
    }
  }
}

TEST(average_counts, are_one_less_than_the_step_unless_they_are_set) {
  for (const std::uint64_t flags : {averages, equal}) {
    averaged_param with(serial_context(), GRADSTEP_FLOAT32);
    averaged_param without(serial_context(), GRADSTEP_FLOAT32);
    for (std::uint64_t t = 1; t <= 4; ++t) {
      const double decay = flags == equal ? 0 : 0.5;
      with.step(averaging(t, flags | counted, decay, t - 1));
      without.step(averaging(t, flags, decay, 99));  // ignored without its flag
      ASSERT_EQ(with.averages(), without.averages());
    }
  }
}

TEST(average_counts, at_both_ends_of_the_decay) {
  averaged_param run(serial_context(), GRADSTEP_FLOAT32);
  run.step(averaging(5, counted, 1, 3));
  EXPECT_EQ(run.averages(), std::vector<double>(count, static_cast<float>(1e30)));
  run.step(averaging(6, counted, 1, 0));
  const auto begun = run.averages();
  EXPECT_EQ(begun, run.params());
  run.step(averaging(7, counted, 1, 1));
  EXPECT_EQ(run.averages(), begun);
  run.step(averaging(8, counted, 0, 2));
  EXPECT_EQ(run.averages(), run.params());
}

TEST(average_counts, that_are_wrong_are_refused) {
  averaged_param run(serial_context(), GRADSTEP_FLOAT32);
  const auto before = run.averages(), params = run.params();
  const auto sgd = make_rule("sgd");
  plain_tensor target(count);
  auto tensor = target.tensor();
  const gradstep_array no_slot{};
  tensor.slots = &no_slot;
  tensor.slot_count = 1;
  tensor.average = run.average.view();
  const std::uint64_t most = std::uint64_t{1} << 53, unknown = std::uint64_t{1} << 40;
  const struct {
    gradstep_apply_options options;
    gradstep_status status;
    std::vector<std::string> words;
  } cases[] = {
      {averaging(2, counted, 0.5, most + 1),
       GRADSTEP_OUT_OF_RANGE,
       {"options.average_count = 9007199254740993 is above 2^53"}},
      {averaging(2, GRADSTEP_APPLY_AVERAGE_COUNT, 0.5, 1),
       GRADSTEP_INVALID_ARGUMENT,
       {"GRADSTEP_APPLY_AVERAGE_COUNT without GRADSTEP_APPLY_AVERAGE"}},
      {averaging(2, GRADSTEP_APPLY_AVERAGE_EQUAL, 0),
       GRADSTEP_INVALID_ARGUMENT,
       {"GRADSTEP_APPLY_AVERAGE_EQUAL without GRADSTEP_APPLY_AVERAGE"}},
      {averaging(2, equal, 0.5), GRADSTEP_INVALID_ARGUMENT, {"average_decay = 0.5 is not 0"}},
      {averaging(2, equal, nan_value), GRADSTEP_OUT_OF_RANGE, {"average_decay = nan"}},
      {averaging(2, averages | unknown, 0.5),
       GRADSTEP_INVALID_ARGUMENT,
       {"options.flags = 0x10000000008"}},
  };
  const auto bits = target.bits();
  for (const auto& [options, status, words] : cases) {
    expect_failure(gradstep_apply(serial_context(), sgd.get(), &tensor, 1, &options, nullptr),
                   status, words);
    EXPECT_EQ(run.averages(), before);
    EXPECT_EQ(target.bits(), bits);
  }
  run.step(averaging(2, counted, 0.5, most));
  EXPECT_NE(run.params(), params);
}

}  // namespace
}  // namespace gradstep_test
