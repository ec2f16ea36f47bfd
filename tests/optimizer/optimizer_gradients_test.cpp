// SPDX-License-Identifier: Apache-2.0
//
// Gradients of an optimizer: inspected one by one, accumulated over micro-batches, scaled by a loss
// scale.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

gradstep_optimizer_options with_flags(std::uint64_t flags) {
  auto options = sized<gradstep_optimizer_options>();
  options.flags = flags;
  options.max_norm = 1;
  options.average_decay = 0.5;
  return options;
}

/// An optimizer of one group with tensors of these counts.
struct small_model {
  small_model(const gradstep_context* context, const gradstep_rule* rule,
              const gradstep_optimizer_options& options, const std::vector<std::size_t>& counts,
              std::int32_t dtype = GRADSTEP_FLOAT32)
      : optimizer(make_optimizer(context, options)) {
    add_group(optimizer.get(), "all", rule);
    for (const std::size_t count : counts) tensors.emplace_back(count, dtype, tensors.size());
    for (std::size_t i = 0; i < counts.size(); ++i) {
      add_tensor(optimizer.get(), 0, "tensor " + std::to_string(i), tensors[i].tensor());
    }
  }
  gradstep_optimizer* get() const { return optimizer.get(); }
  void set_gradients(std::uint64_t seed) {
    for (std::size_t i = 0; i < tensors.size(); ++i) tensors[i].set_gradient(100 * seed + i);
  }

  std::vector<plain_tensor> tensors;
  optimizer_handle optimizer;
};

// ---- Inspection -------------------------------------------------------------------------------

// More than one of the norm's blocks of 16384, and tensors without elements.
const std::vector<std::size_t> norm_counts = {40000, 0, 7, 20000, 0};

TEST(optimizer_gradients, inspected_one_by_one_have_the_norm_of_one_pass) {
  const auto context = make_context(split_options(3));
  const auto rule = make_rule("sgd");
  small_model whole(context.get(), rule.get(), with_flags(GRADSTEP_APPLY_MAX_NORM), norm_counts);
  small_model parts(context.get(), rule.get(), with_flags(GRADSTEP_APPLY_MAX_NORM), norm_counts);
  for (std::size_t i = norm_counts.size(); i-- > 0;) {
    expect_ok(gradstep_optimizer_inspect(parts.get(), i, 1));
  }
  // What was read before is what counts.
  for (auto& each : parts.tensors) each.grad.fill(0);
  const auto wanted = step(whole.get());
  const auto options = inspected_step();
  EXPECT_EQ(step(parts.get(), options).grad_norm, wanted.grad_norm);
  EXPECT_GT(wanted.grad_norm, 0);
  EXPECT_LT(wanted.clip_factor, 1);
}

TEST(optimizer_gradients, inspected_sums_are_added_in_the_order_of_adding) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd");
  const auto options = with_flags(GRADSTEP_APPLY_MAX_NORM);
  small_model whole(context.get(), rule.get(), options, std::vector<std::size_t>(200, 1));
  small_model parts(context.get(), rule.get(), options, std::vector<std::size_t>(200, 1));
  for (auto* model : {&whole, &parts}) {
    for (auto& each : model->tensors) each.grad.set(0, 10);
    model->tensors[0].grad.set(0, 0x1p30);
  }
  // Beside 2^60 each 100 vanishes, but not their sum.
  expect_ok(gradstep_optimizer_inspect(parts.get(), GRADSTEP_ALL_TENSORS, 1));
  EXPECT_EQ(step(parts.get(), inspected_step()).grad_norm, 0x1p30);
  EXPECT_EQ(step(whole.get()).grad_norm, 0x1p30);
}

TEST(optimizer_gradients, what_was_inspected_is_not_read_again_but_on_request) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd");
  small_model model(context.get(), rule.get(), with_flags(GRADSTEP_APPLY_MAX_NORM), {1, 1});
  const auto norm = [&](std::size_t inspected_again) {
    model.tensors[0].grad.set(0, 3);
    model.tensors[1].grad.set(0, 4);
    expect_ok(gradstep_optimizer_inspect(model.get(), 0, 1));
    model.tensors[0].grad.set(0, 0);
    expect_ok(gradstep_optimizer_inspect(model.get(), inspected_again, 1));
    expect_ok(gradstep_optimizer_inspect(model.get(), GRADSTEP_ALL_TENSORS, 1));
    return step(model.get(), inspected_step()).grad_norm;
  };
  EXPECT_EQ(norm(GRADSTEP_ALL_TENSORS), 5);
  EXPECT_EQ(norm(0), 4);
}

TEST(optimizer_gradients, an_inspected_step_forgets_what_was_read) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd");
  small_model model(context.get(), rule.get(), with_flags(GRADSTEP_APPLY_CHECK_FINITE), {3, 3});
  const auto options = inspected_step();
  const auto refused = [&] {
    const auto before = everything_in(model.get());
    expect_failure(gradstep_optimizer_step(model.get(), &options, nullptr), GRADSTEP_WRONG_ORDER,
                   {"tensor", "inspected"});
    expect_failure(gradstep_optimizer_begin_step(model.get(), &options), GRADSTEP_WRONG_ORDER,
                   {"tensor", "inspected"});
    EXPECT_EQ(everything_in(model.get()), before);
  };
  const auto inspect = [&](std::size_t tensor) {
    expect_ok(gradstep_optimizer_inspect(model.get(), tensor, 1));
  };
  refused();
  inspect(0);
  refused();
  inspect(1);
  step(model.get(), options);
  refused();
  inspect(GRADSTEP_ALL_TENSORS);
  expect_ok(gradstep_optimizer_set_grad(model.get(), 1, model.tensors[1].grad.data()));
  refused();
  inspect(GRADSTEP_ALL_TENSORS);
  expect_ok(gradstep_optimizer_accumulate(model.get(), 0, 1));
  refused();
  expect_ok(gradstep_optimizer_inspect(model.get(), GRADSTEP_ALL_TENSORS, 0.5));
  expect_failure(gradstep_optimizer_step(model.get(), &options, nullptr), GRADSTEP_WRONG_ORDER,
                 {"0.5", "step's is 1"});
  inspect(GRADSTEP_ALL_TENSORS);
  step(model.get(), options);
  // Without the one that was not inspected.
  inspect(0);
  expect_ok(gradstep_optimizer_set_frozen(model.get(), 1, 1));
  step(model.get(), options);
  EXPECT_EQ(describe(model.get()).step_count, 3U);
}

TEST(optimizer_gradients, a_gradient_that_came_after_the_verdict_is_refused) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd");
  small_model model(context.get(), rule.get(), with_flags(GRADSTEP_APPLY_CHECK_FINITE), {3, 3});
  expect_ok(gradstep_optimizer_inspect(model.get(), GRADSTEP_ALL_TENSORS, 1));
  const auto options = inspected_step();
  expect_ok(gradstep_optimizer_begin_step(model.get(), &options));
  expect_ok(gradstep_optimizer_set_grad(model.get(), 0, model.tensors[0].grad.data()));
  expect_failure(gradstep_optimizer_step_tensor(model.get(), 0), GRADSTEP_WRONG_ORDER,
                 {"tensor 0", "inspected"});
  expect_ok(gradstep_optimizer_step_tensor(model.get(), 1));
  expect_ok(gradstep_optimizer_end_step(model.get(), nullptr));
  EXPECT_EQ(describe_tensor(model.get(), 0).step_count, 0U);
  EXPECT_EQ(describe_tensor(model.get(), 1).step_count, 1U);
}

TEST(optimizer_gradients, a_given_verdict_skips_a_step_tensor_by_tensor) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd");
  small_model model(context.get(), rule.get(),
                    with_flags(GRADSTEP_APPLY_CHECK_FINITE | GRADSTEP_APPLY_ZERO_GRAD), {3, 3});
  auto options = sized<gradstep_step_options>();
  options.flags = GRADSTEP_STEP_GRAD_NORM;
  options.grad_norm = nan_value;
  options.non_finite_count = 2;
  const auto before = model.tensors[0].bits();
  expect_ok(gradstep_optimizer_begin_step(model.get(), &options));
  expect_ok(gradstep_optimizer_step_tensor(model.get(), 0));
  EXPECT_EQ(model.tensors[0].bits(), before);
  EXPECT_EQ(model.tensors[0].grad.get(1), 0);
  EXPECT_NE(model.tensors[1].grad.get(1), 0);
  auto result = sized<gradstep_apply_result>();
  expect_ok(gradstep_optimizer_end_step(model.get(), &result));
  EXPECT_EQ(result.is_skipped, 1);
  EXPECT_EQ(result.non_finite_count, 2U);
  EXPECT_EQ(describe(model.get()).step_count, 0U);
  EXPECT_EQ(describe(model.get()).skipped_count, 1U);
  EXPECT_EQ(describe_tensor(model.get(), 0).step_count, 0U);
}

// ---- Loss scaling -----------------------------------------------------------------------------

TEST(optimizer_gradients, a_loss_scaler_unscales_skips_and_adapts) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd", {{"lr", 1}});
  small_model model(context.get(), rule.get(), with_flags(0), {1}, GRADSTEP_FLOAT64);
  auto& tensor = model.tensors[0];
  auto scaler = make_loss_scaler();
  scaler.scale = 1024;
  scaler.growth_interval = 2;
  expect_ok(gradstep_optimizer_set_loss_scaler(model.get(), &scaler));
  tensor.param.set(0, 0);
  const struct {
    double gradient, param, next_scale;
    std::int32_t is_skipped;
  } wanted[] = {{1024, -1, 1024, 0},
                {INFINITY, -1, 512, 1},
                {512, -2, 512, 0},
                {1024, -4, 1024, 0},
                {1024, -5, 1024, 0}};
  for (const auto& [gradient, param, next_scale, is_skipped] : wanted) {
    tensor.grad.set(0, gradient);
    EXPECT_EQ(step(model.get()).is_skipped, is_skipped);
    EXPECT_EQ(tensor.param.get(0), param);
    expect_ok(gradstep_optimizer_get_loss_scaler(model.get(), &scaler));
    EXPECT_EQ(scaler.scale, next_scale);
  }
  EXPECT_EQ(describe(model.get()).step_count, 4U);
  EXPECT_EQ(describe(model.get()).skipped_count, 1U);
  expect_ok(gradstep_optimizer_set_loss_scaler(model.get(), nullptr));
  tensor.grad.set(0, 1);
  step(model.get());
  EXPECT_EQ(tensor.param.get(0), -6);
}

TEST(optimizer_gradients, inspection_knows_the_loss_scale) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd");
  small_model model(context.get(), rule.get(), with_flags(0), {1}, GRADSTEP_FLOAT64);
  auto scaler = make_loss_scaler();
  scaler.scale = 4;
  expect_ok(gradstep_optimizer_set_loss_scaler(model.get(), &scaler));
  model.tensors[0].grad.set(0, 8);
  expect_ok(gradstep_optimizer_inspect(model.get(), 0, 1));
  const auto options = inspected_step();
  EXPECT_EQ(step(model.get(), options).grad_norm, 2);
}

// ---- Accumulation -----------------------------------------------------------------------------

/// The sum as separate operations would make it: one product and one addition, each rounded.
template <class T>
void expect_accumulated(std::int32_t dtype) {
  const auto context = make_context(split_options(2));
  const auto rule = make_rule("adam");
  const auto flags = GRADSTEP_APPLY_ZERO_GRAD | GRADSTEP_APPLY_MAX_NORM;
  small_model model(context.get(), rule.get(), with_flags(flags), {130, 3}, dtype);
  small_model wanted(context.get(), rule.get(), with_flags(flags), {130, 3}, dtype);
  for (std::uint64_t round = 1; round <= 3; ++round) {
    std::vector<std::vector<T>> sums = {std::vector<T>(130), std::vector<T>(3)};
    for (std::uint64_t batch = 0; batch < 4; ++batch) {
      model.set_gradients(10 * round + batch);
      for (std::size_t i = 0; i < 2; ++i) {
        const auto& grad = model.tensors[i].grad;
        for (std::size_t k = 0; k < grad.size(); ++k) {
          sums[i][k] += T(0.3) * static_cast<T>(grad.get(k));
        }
      }
      if (batch % 2 == 0) {
        expect_ok(gradstep_optimizer_accumulate(model.get(), GRADSTEP_ALL_TENSORS, 0.3));
      } else {
        expect_ok(gradstep_optimizer_accumulate(model.get(), 1, 0.3));
        expect_ok(gradstep_optimizer_accumulate(model.get(), 0, 0.3));
      }
      EXPECT_EQ(describe_tensor(model.get(), 1).accumulate_count, batch + 1);
      EXPECT_EQ(model.tensors[0].grad.get(5), 0);
    }
    for (std::size_t i = 0; i < 2; ++i) {
      const auto got = read_array(model.get(), i, "accumulated_grad");
      EXPECT_EQ(got, std::vector<double>(sums[i].begin(), sums[i].end()));
      for (std::size_t k = 0; k < got.size(); ++k) wanted.tensors[i].grad.set(k, got[k]);
      model.tensors[i].grad.fill(nan_value);  // not looked at
    }
    EXPECT_EQ(step(model.get()).grad_norm, step(wanted.get()).grad_norm);
    for (std::size_t i = 0; i < 2; ++i) {
      expect_same_bits(model.tensors[i].bits(), wanted.tensors[i].bits());
      EXPECT_EQ(describe_tensor(model.get(), i).accumulate_count, 0U);
    }
  }
  EXPECT_EQ(describe(model.get()).state_bytes - describe(wanted.get()).state_bytes,
            133 * sizeof(T));
}

TEST(optimizer_gradients, accumulate_in_float32) { expect_accumulated<float>(GRADSTEP_FLOAT32); }
TEST(optimizer_gradients, accumulate_in_float64) { expect_accumulated<double>(GRADSTEP_FLOAT64); }

TEST(optimizer_gradients, sums_serve_tensors_that_have_them_and_gradients_the_others) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd", {{"lr", 1}});
  small_model model(context.get(), rule.get(), with_flags(0), {1, 1, 1}, GRADSTEP_FLOAT64);
  for (auto& each : model.tensors) {
    each.param.set(0, 0);
    each.grad.set(0, 1);
  }
  expect_ok(gradstep_optimizer_accumulate(model.get(), 1, 4));
  expect_ok(gradstep_optimizer_accumulate(model.get(), 1, 4));
  // A sum takes part where there is no gradient any more.
  expect_ok(gradstep_optimizer_accumulate(model.get(), 2, 5));
  expect_ok(gradstep_optimizer_set_grad(model.get(), 2, nullptr));
  step(model.get());
  EXPECT_EQ(model.tensors[0].param.get(0), -1);
  EXPECT_EQ(model.tensors[1].param.get(0), -8);
  EXPECT_EQ(model.tensors[2].param.get(0), -5);
  EXPECT_EQ(model.tensors[0].grad.get(0), 1);
  step(model.get());
  EXPECT_EQ(model.tensors[1].param.get(0), -9);
  EXPECT_EQ(model.tensors[2].param.get(0), -5);
  // The next sum begins at 0.
  expect_ok(gradstep_optimizer_accumulate(model.get(), 1, 4));
  step(model.get());
  EXPECT_EQ(model.tensors[1].param.get(0), -13);
}

TEST(optimizer_gradients, a_skipped_step_clears_sums) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd", {{"lr", 1}});
  small_model model(context.get(), rule.get(), with_flags(GRADSTEP_APPLY_CHECK_FINITE), {1, 1},
                    GRADSTEP_FLOAT64);
  for (auto& each : model.tensors) {
    each.param.set(0, 0);
    each.grad.set(0, 1);
  }
  expect_ok(gradstep_optimizer_accumulate(model.get(), 0, 1));
  model.tensors[0].grad.set(0, INFINITY);
  expect_ok(gradstep_optimizer_accumulate(model.get(), 0, 1));
  EXPECT_EQ(step(model.get()).is_skipped, 1);
  EXPECT_EQ(model.tensors[1].grad.get(0), 1);  // zeroed only where that was asked for
  EXPECT_EQ(describe_tensor(model.get(), 0).accumulate_count, 0U);
  model.tensors[0].grad.set(0, 2);
  expect_ok(gradstep_optimizer_accumulate(model.get(), 0, 1));
  EXPECT_EQ(step(model.get()).is_skipped, 0);
  EXPECT_EQ(model.tensors[0].param.get(0), -2);
}

TEST(optimizer_gradients, accumulate_within_a_step_until_the_tensor_is_stepped) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd", {{"lr", 1}});
  small_model model(context.get(), rule.get(), with_flags(0), {1, 1}, GRADSTEP_FLOAT64);
  model.tensors[1].param.set(0, 0);
  model.tensors[1].grad.set(0, 3);
  expect_ok(gradstep_optimizer_begin_step(model.get(), nullptr));
  expect_ok(gradstep_optimizer_step_tensor(model.get(), 0));
  expect_failure(gradstep_optimizer_accumulate(model.get(), 0, 1), GRADSTEP_WRONG_ORDER,
                 {"tensor 0", "stepped"});
  expect_failure(gradstep_optimizer_accumulate(model.get(), GRADSTEP_ALL_TENSORS, 1),
                 GRADSTEP_WRONG_ORDER, {"tensor 0", "stepped"});
  EXPECT_EQ(describe_tensor(model.get(), 1).accumulate_count, 0U);
  expect_ok(gradstep_optimizer_accumulate(model.get(), 1, 2));
  expect_ok(gradstep_optimizer_step_tensor(model.get(), 1));
  expect_ok(gradstep_optimizer_end_step(model.get(), nullptr));
  EXPECT_EQ(model.tensors[1].param.get(0), -6);
}

}  // namespace
}  // namespace gradstep_test
