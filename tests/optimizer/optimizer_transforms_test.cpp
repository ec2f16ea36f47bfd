// SPDX-License-Identifier: Apache-2.0
//
// Named transforms of an optimizer's params.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {
namespace {

/// Two tensors of schedule_free_adamw, and one of sgd; the optimizer has made two steps.
class optimizer_transforms : public testing::Test {
 protected:
  optimizer_transforms() {
    add_group(o, "free", rule.get());
    add_group(o, "plain", make_rule("sgd").get());
    for (std::size_t i = 0; i < 3; ++i) add_tensor(o, i / 2, numbered_name(i), tensor(i));
    step(o);
    step(o);
  }
  gradstep_tensor tensor(std::size_t i) {
    auto t = arrays[i].tensor();
    t.copy = array_of(copies[i].data());
    return t;
  }
  gradstep_status make(std::size_t group, const char* name) {
    return gradstep_optimizer_transform(o, group, name);
  }
  double mode_of(std::size_t tensor) const {
    double mode = 0;
    expect_ok(gradstep_optimizer_get_scalar(o, tensor, "is_evaluated", &mode));
    return mode;
  }

  rule_handle rule = make_rule("schedule_free_adamw", {{"beta1", 0.75}, {"lr", 0.1}});
  std::vector<plain_tensor> arrays{plain_tensor(300), plain_tensor(70'001), plain_tensor(20)};
  std::vector<std::vector<float>> copies{std::vector<float>(300), std::vector<float>(70'001),
                                         std::vector<float>(20)};
  optimizer_handle optimizer = make_optimizer(serial_context());
  gradstep_optimizer* o = optimizer.get();
};

TEST_F(optimizer_transforms, evaluate_and_train) {
  const auto trained = arrays;
  const auto z = read_array(o, 1, "z");
  const auto sgd_bits = arrays[2].bits();
  const std::string sentence = gradstep_last_error();
  expect_ok(make(GRADSTEP_ALL_GROUPS, "evaluate"));
  EXPECT_EQ(gradstep_last_error(), sentence)
      << "a group has no such transform, which is no failure";
  bool differs = false;
  for (std::size_t i = 0; i < 70'001; ++i) {
    const double y = trained[1].param.get(i);
    const double x = y + (1 - 1 / 0.75) * (z[i] - y);
    ASSERT_NEAR(arrays[1].param.get(i), x, 1e-6);
    ASSERT_EQ(copies[1][i], arrays[1].param.get(i));
    differs |= arrays[1].param.get(i) != y;
  }
  EXPECT_TRUE(differs);
  EXPECT_EQ(read_array(o, 1, "z"), z);
  EXPECT_EQ(arrays[2].bits(), sgd_bits);
  EXPECT_EQ(mode_of(0), 1);
  EXPECT_EQ(mode_of(1), 1);
  const auto evaluated = everything_in(o);
  expect_ok(make(0, "evaluate"));  // nothing is left to do
  EXPECT_EQ(everything_in(o), evaluated);
  expect_ok(make(0, "train"));
  for (std::size_t i = 0; i < 70'001; ++i) {
    ASSERT_NEAR(arrays[1].param.get(i), trained[1].param.get(i), 1e-6);
  }
  EXPECT_EQ(mode_of(1), 0);
  const auto back = everything_in(o);
  expect_ok(make(GRADSTEP_ALL_GROUPS, "train"));
  EXPECT_EQ(everything_in(o), back);
}

TEST_F(optimizer_transforms, steps_in_between_are_refused) {
  expect_ok(make(0, "evaluate"));
  const auto before = everything_in(o);
  const std::vector<std::string> words = {"\"t0\"", "transformed", "\"train\""};
  expect_failure(gradstep_optimizer_step(o, nullptr, nullptr), GRADSTEP_WRONG_ORDER, words);
  expect_failure(gradstep_optimizer_begin_step(o, nullptr), GRADSTEP_WRONG_ORDER, words);
  EXPECT_EQ(everything_in(o), before);
  // Tensors that take no part in a step may stay transformed.
  expect_ok(gradstep_optimizer_set_frozen(o, 0, 1));
  expect_ok(gradstep_optimizer_set_grad(o, 1, nullptr));
  step(o);
  EXPECT_EQ(describe_tensor(o, 2).step_count, 3U);
  expect_ok(make(0, "train"));
  expect_ok(gradstep_optimizer_set_frozen(o, 0, 0));
  step(o);
  EXPECT_EQ(describe_tensor(o, 0).step_count, 3U);
}

/// A transformed tensor without a gradient does not keep a step from beginning.
TEST_F(optimizer_transforms, a_gradient_that_comes_within_the_step_does_not_help) {
  expect_ok(make(0, "evaluate"));
  expect_ok(gradstep_optimizer_set_grad(o, 0, nullptr));
  expect_ok(gradstep_optimizer_set_grad(o, 1, nullptr));
  expect_ok(gradstep_optimizer_begin_step(o, nullptr));
  expect_ok(gradstep_optimizer_set_grad(o, 1, arrays[1].grad.data()));
  const auto bits = arrays[1].bits();
  expect_failure(gradstep_optimizer_step_tensor(o, 1), GRADSTEP_WRONG_ORDER,
                 {"\"t1\"", "transformed", "\"train\""});
  auto result = sized<gradstep_apply_result>();
  expect_ok(gradstep_optimizer_end_step(o, &result));
  EXPECT_EQ(arrays[1].bits(), bits);
  EXPECT_EQ(result.left_out_count, 2U);  // t1, and the tensor of the other group
  expect_ok(make(0, "train"));
  step(o);
}

/// A tensor that is added while others are evaluated is evaluated by the next call.
TEST_F(optimizer_transforms, of_a_tensor_that_is_added_late) {
  expect_ok(make(0, "evaluate"));
  plain_tensor late(30);
  add_tensor(o, 0, "late", late.tensor());
  const auto bits = arrays[0].bits(), late_bits = late.bits();
  expect_ok(make(0, "evaluate"));
  EXPECT_EQ(arrays[0].bits(), bits);
  EXPECT_EQ(late.bits(), late_bits);  // z is the param, and so is x
  EXPECT_EQ(mode_of(3), 1);
  expect_ok(make(0, "train"));
  EXPECT_EQ(late.bits(), late_bits);
  step(o);
}

TEST_F(optimizer_transforms, that_are_refused) {
  const auto before = everything_in(o);
  expect_failure(make(0, "evaluated"), GRADSTEP_UNKNOWN_NAME,
                 {"\"evaluated\"", "schedule_free_adamw", "evaluate"});
  expect_failure(make(1, "evaluate"), GRADSTEP_UNKNOWN_NAME, {"\"evaluate\"", "sgd"});
  expect_failure(make(GRADSTEP_ALL_GROUPS, "evaluated"), GRADSTEP_UNKNOWN_NAME,
                 {"\"evaluated\"", "any group"});
  expect_failure(make(2, "evaluate"), GRADSTEP_OUT_OF_RANGE, {"group = 2"});
  expect_failure(make(0, nullptr), GRADSTEP_INVALID_ARGUMENT, {"name"});
  expect_failure(make(GRADSTEP_ALL_GROUPS, nullptr), GRADSTEP_INVALID_ARGUMENT, {"name"});
  EXPECT_EQ(everything_in(o), before);
  expect_ok(gradstep_optimizer_begin_step(o, nullptr));
  expect_failure(make(0, "evaluate"), GRADSTEP_WRONG_ORDER, {"step"});
  double mode = 0;
  expect_failure(gradstep_optimizer_get_scalar(o, 0, "is_evaluated", &mode), GRADSTEP_WRONG_ORDER,
                 {"step"});
  expect_ok(gradstep_optimizer_end_step(o, nullptr));
}

}  // namespace
}  // namespace gradstep_test
