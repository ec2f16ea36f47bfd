// SPDX-License-Identifier: Apache-2.0
//
// What a delta must not be, in steps, transforms and optimizers: each gives its status and a
// sentence that names the field, and changes nothing.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/arrays.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/optimizer_setup.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/stored_array.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

/// A tensor of 6 rows and 4 columns for sgd, with a delta.
class delta_misuse : public testing::Test {
 protected:
  static constexpr auto invalid = GRADSTEP_INVALID_ARGUMENT;
  static constexpr std::size_t count = 24;

  delta_misuse() { reset(); }

  void reset() {
    tensor = home.tensor();
    tensor.rows = 6;
    tensor.columns = 4;
    tensor.slot_count = 1;
    tensor.delta = array_of(delta.data());
    options = at_step(1);
  }
  gradstep_status apply() {
    return gradstep_apply(serial_context(), rule.get(), &tensor, 1, &options, nullptr);
  }
  gradstep_status add(gradstep_optimizer* to) {
    auto added = tensor;
    added.slot_count = 0;
    return gradstep_optimizer_add_tensor(to, 0, "t", &added, nullptr);
  }
  /// By a step, and by an optimizer that the tensor is added to. Then everything is valid again.
  void refused(gradstep_status status, const std::vector<std::string>& words) {
    auto in_list = words, as_argument = words;
    in_list.front().insert(0, "tensors[0].");
    as_argument.front().insert(0, "tensor.");
    const auto before = home.bits();
    expect_failure(apply(), status, in_list);
    EXPECT_EQ(home.bits(), before);
    EXPECT_EQ(delta, std::vector<float>(delta.size(), 7.0F));
    const auto optimizer = make_optimizer(serial_context());
    add_group(optimizer.get(), "all", rule.get());
    expect_failure(add(optimizer.get()), status, as_argument);
    reset();
  }

  rule_handle rule = make_rule("sgd");
  plain_tensor home{count};
  std::vector<float> delta = std::vector<float>(2 * count, 7.0F);
  gradstep_tensor tensor;
  gradstep_apply_options options;
};

TEST_F(delta_misuse, valid_as_it_stands) {
  expect_ok(apply());
  EXPECT_NE(delta[0], 7.0F);
  EXPECT_EQ(delta[count], 7.0F);
}

TEST_F(delta_misuse, dtypes) {
  for (const std::int32_t bad : {-1, 0, GRADSTEP_FLOAT64, GRADSTEP_S1E4M3_B256, 9}) {
    tensor.delta.dtype = bad;
    refused(invalid, {"delta.dtype = " + std::to_string(bad), "GRADSTEP_FLOAT32 (1)"});
  }
  plain_tensor wide(count, GRADSTEP_FLOAT64);
  for (const std::int32_t bad : copy_dtypes) {
    tensor.param = wide.param.view();
    tensor.delta.dtype = bad;
    refused(invalid, {"delta.dtype = " + std::to_string(bad), "GRADSTEP_FLOAT64 (2)"});
  }
}

TEST_F(delta_misuse, fields) {
  tensor.delta.flags = 1;
  refused(invalid, {"delta.flags = 0x1"});
  tensor.delta.extra2 = delta.data();
  refused(invalid, {"delta.extra2 is set"});
  tensor.delta.extra = delta.data();
  refused(invalid, {"delta.extra is set"});
  tensor.delta.pitch = 3;
  refused(invalid, {"delta.pitch = 3", "columns = 4"});
  tensor.delta.pitch = INT64_MAX;
  refused(GRADSTEP_OUT_OF_RANGE, {"delta.pitch", "memory"});
  tensor.delta.data = reinterpret_cast<std::byte*>(delta.data()) + 1;
  refused(invalid, {"delta.data", "aligned"});
}

TEST_F(delta_misuse, arrays_that_need_a_new_param) {
  std::vector<float> other(count);
  tensor.copy = array_of(other.data());
  refused(invalid, {"copy.data is set beside delta.data"});
  tensor.average = array_of(other.data());
  refused(invalid, {"average.data is set beside delta.data"});
}

TEST_F(delta_misuse, overlaps) {
  const auto overlaps = [&](const char* other) {
    expect_failure(apply(), invalid, {"arrays of tensors[0] overlap", other, "delta.data"});
    EXPECT_EQ(delta, std::vector<float>(delta.size(), 7.0F));
    reset();
  };
  tensor.delta = tensor.param;
  overlaps("param.data");
  tensor.delta = array_of(static_cast<float*>(home.grad.data()) + 1);
  overlaps("grad.data");
  // The gradient's address alone is not enough: dtype and pitch are its own too.
  tensor.grad = array_of(delta.data());
  tensor.delta.dtype = GRADSTEP_BFLOAT16;
  overlaps("grad.data");
  tensor.grad = array_of(delta.data());
  tensor.delta.pitch = 5;
  overlaps("grad.data");
  tensor.grad = array_of(delta.data());
  tensor.delta.pitch = 4;  // columns: the same as 0
  expect_ok(apply());
}

TEST_F(delta_misuse, in_place_of_a_gradient_that_is_zeroed) {
  tensor.delta = tensor.grad;
  options.flags = GRADSTEP_APPLY_ZERO_GRAD;
  const auto before = home.grad.get(3);
  expect_failure(apply(), invalid, {"tensors[0].delta.data is grad.data", "ZERO_GRAD"});
  EXPECT_EQ(home.grad.get(3), before);
  options.flags = 0;
  expect_ok(apply());
  EXPECT_EQ(static_cast<float>(home.grad.get(3)), -1e-3F * static_cast<float>(before));
}

TEST_F(delta_misuse, in_an_optimizer) {
  const auto optimizer = make_optimizer(serial_context());
  auto* const o = optimizer.get();
  add_group(o, "all", rule.get());
  tensor.delta = tensor.grad;
  expect_failure(add(o), invalid, {"tensor.delta.data is grad.data", "array of its own"});
  reset();
  expect_ok(add(o));
  expect_failure(gradstep_optimizer_set_grad(o, 0, delta.data()), invalid,
                 {"grad overlaps delta.data", "\"t\""});
  plain_tensor second(count);
  auto other = second.tensor();
  other.param = array_of(delta.data());
  expect_failure(gradstep_optimizer_add_tensor(o, 0, "u", &other, nullptr), invalid,
                 {"tensor.param.data overlaps delta.data", "\"t\""});
  // The param is the caller's to change.
  const auto before = home.bits();
  step(o);
  EXPECT_EQ(home.bits(), before);
  for (std::size_t i = 0; i < count; ++i) {
    EXPECT_EQ(delta[i], -1e-3F * static_cast<float>(home.grad.get(i)));
  }
}

TEST_F(delta_misuse, transforms) {
  rule = make_rule("schedule_free_adamw");
  const auto optimizer = make_optimizer(serial_context());
  auto* const o = optimizer.get();
  plain_tensor plain(count);
  add_group(o, "first", rule.get());
  add_group(o, "second", rule.get());
  auto first = plain.tensor();
  add_tensor(o, 0, "plain", first);
  tensor.slot_count = 0;
  add_tensor(o, 1, "changing", tensor);
  for (int i = 0; i < 2; ++i) step(o);
  const auto before = plain.bits();
  for (const std::size_t group : {std::size_t{1}, GRADSTEP_ALL_GROUPS}) {
    expect_failure(gradstep_optimizer_transform(o, group, "evaluate"), invalid,
                   {"\"changing\" has a delta"});
    EXPECT_EQ(plain.bits(), before);
  }
  expect_ok(gradstep_optimizer_transform(o, 0, "evaluate"));
  EXPECT_NE(plain.bits(), before);

  std::vector<gradstep_array> slots(2);
  std::vector<float> z(count), squares(count);
  double scalars[3] = {};
  slots[0] = array_of(z.data());
  slots[1] = array_of(squares.data());
  tensor.slots = slots.data();
  tensor.slot_count = 2;
  tensor.scalars = scalars;
  tensor.scalar_count = 3;
  const auto transform = [&] {
    return gradstep_transform(serial_context(), rule.get(), &tensor, 1, "evaluate");
  };
  const auto params = home.bits();
  expect_failure(transform(), invalid, {"tensors[0].delta.data is set", "transform"});
  EXPECT_EQ(home.bits(), params);
  EXPECT_EQ(scalars[2], 0);
  tensor.delta = {};
  expect_ok(transform());
}

}  // namespace
}  // namespace gradstep_test
