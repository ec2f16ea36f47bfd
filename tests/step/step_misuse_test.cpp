// SPDX-License-Identifier: Apache-2.0
//
// Wrong arguments of gradstep_apply and gradstep_gradient_norm: each gives its status and a
// sentence that names the argument, and changes nothing.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/number_array.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/test_values.hpp"
#include "support/wrong_structs.hpp"

namespace gradstep_test {
namespace {

/// Two valid tensors and options. A test makes one argument wrong and expects that nothing changes.
class step_misuse : public testing::Test {
 protected:
  step_misuse() {
    result.piece_count = 77;
    list = {views[0].tensor, views[1].tensor};
  }

  gradstep_status apply() {
    return gradstep_apply(context.get(), rule.get(), list.data(), list.size(), &options, &result);
  }

  void expect_refused(gradstep_status status, const std::vector<std::string>& words) {
    const auto before = bits();
    expect_failure(apply(), status, words);
    EXPECT_EQ(bits(), before);
    EXPECT_EQ(result.piece_count, 77U);
  }

  std::vector<std::uint64_t> bits() const {
    auto all = first.snapshot();
    const auto more = second.snapshot();
    all.insert(all.end(), more.begin(), more.end());
    for (std::size_t i = 0; i < first.grad.size(); ++i) all.push_back(first.grad.bits(i));
    return all;
  }

  std::string rule_name = "adam";
  context_handle context = make_serial_context();
  rule_handle rule = make_rule(rule_name);
  parameter first = make_parameter(rule_name, rule.get(), 40, {});
  parameter second = make_parameter(rule_name, rule.get(), 33, {});
  tensor_view views[2] = {first.view(), second.view()};
  std::vector<gradstep_tensor> list;
  gradstep_apply_options options = at_step(1);
  gradstep_apply_result result = sized<gradstep_apply_result>();
};

TEST_F(step_misuse, valid_as_it_stands) {
  EXPECT_EQ(apply(), GRADSTEP_OK) << gradstep_last_error();
  EXPECT_EQ(result.piece_count, 1U);
}

TEST_F(step_misuse, null_arguments) {
  const auto before = bits();
  constexpr auto invalid = GRADSTEP_INVALID_ARGUMENT;
  const auto* c = context.get();
  const auto* r = rule.get();
  const auto* t = list.data();
  expect_failure(gradstep_apply(nullptr, r, t, 2, &options, &result), invalid, {"context"});
  expect_failure(gradstep_apply(c, nullptr, t, 2, &options, &result), invalid, {"rule"});
  expect_failure(gradstep_apply(c, r, nullptr, 2, &options, &result), invalid, {"tensors"});
  expect_failure(gradstep_apply(c, r, t, 2, nullptr, &result), invalid, {"options"});
  EXPECT_EQ(bits(), before);
  EXPECT_EQ(result.piece_count, 77U);
}

TEST_F(step_misuse, null_arrays) {
  list[1].param.data = nullptr;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"tensors[1].param.data is NULL"});
  list[1] = views[1].tensor;
  list[1].grad.data = nullptr;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"tensors[1].grad.data is NULL"});
  list[1] = views[1].tensor;
  list[1].slots = nullptr;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"tensors[1].slots is NULL"});
}

TEST_F(step_misuse, null_slot_that_is_used) {
  views[1].slots[1].data = nullptr;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"tensors[1].slots[1].data is NULL"});
}

TEST_F(step_misuse, slot_count) {
  for (const std::size_t wrong : {std::size_t{0}, std::size_t{2}, std::size_t{4}}) {
    list[1].slot_count = wrong;
    expect_refused(GRADSTEP_INVALID_ARGUMENT, {"slot_count", std::to_string(wrong), "3"});
  }
}

TEST_F(step_misuse, dtypes) {
  for (const std::int32_t wrong : {0, 5, 7, 99, -1}) {
    list[0].param.dtype = wrong;
    expect_refused(GRADSTEP_INVALID_ARGUMENT, {"tensors[0].param.dtype", std::to_string(wrong)});
    list[0] = views[0].tensor;
    list[0].grad.dtype = wrong;
    expect_refused(GRADSTEP_INVALID_ARGUMENT, {"tensors[0].grad.dtype", std::to_string(wrong)});
    list[0] = views[0].tensor;
  }
}

TEST_F(step_misuse, overlapping_arrays) {
  list[1].grad = second.param.view(32);
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"grad.data", "param.data", "overlap"});
  list[1].grad = second.param.view();
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"grad.data", "param.data", "overlap"});
  list[1] = views[1].tensor;
  views[1].slots[1] = second.slots[0]->view();
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"slots[0].data", "slots[1].data", "overlap"});
  views[1].slots[1] = second.param.view();
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"param.data", "slots[1].data", "overlap"});
}

TEST_F(step_misuse, arrays_that_touch_do_not_overlap) {
  number_array both(GRADSTEP_FLOAT32, 20);
  both.fill(1);
  list[1].count = 10;
  list[1].param = both.view();
  list[1].grad = both.view(10);
  EXPECT_EQ(apply(), GRADSTEP_OK) << gradstep_last_error();
}

TEST_F(step_misuse, misaligned_arrays) {
  const auto shifted = [](void* data) { return static_cast<char*>(data) + 2; };
  list[1].count = 20;
  list[1].param.data = shifted(list[1].param.data);
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"tensors[1].param.data", "align"});
  list[1].param = views[1].tensor.param;
  list[1].grad.data = shifted(second.grad.data());
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"tensors[1].grad.data", "align"});
  list[1].grad = views[1].tensor.grad;
  views[1].slots[0].data = shifted(views[1].slots[0].data);
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"tensors[1].slots[0].data", "align"});
}

TEST_F(step_misuse, huge_counts) {
  for (const std::size_t huge : {SIZE_MAX, SIZE_MAX / 4 + 1, SIZE_MAX / 4}) {
    list[1].count = huge;
    expect_refused(GRADSTEP_OUT_OF_RANGE, {"count", std::to_string(huge)});
  }
}

TEST_F(step_misuse, tensor_struct_size) {
  for (const std::size_t size : bad_sizes) {
    list[0].struct_size = size;
    expect_refused(GRADSTEP_INVALID_ARGUMENT, {"struct_size"});
  }
  list[0] = views[0].tensor;
  list[1].struct_size =
      sizeof(gradstep_tensor) + 8;  // every tensor of a list has the same struct_size
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"struct_size"});
}

TEST_F(step_misuse, larger_tensors) {
  larger<gradstep_tensor> tensors[2];
  for (std::size_t i = 0; i < 2; ++i) {
    tensors[i].known = views[i].tensor;
    tensors[i].known.struct_size = sizeof tensors[i];
  }
  tensors[1].unknown[3] = 1;
  const auto before = bits();
  const auto call = [&] {
    return gradstep_apply(context.get(), rule.get(), &tensors[0].known, 2, &options, &result);
  };
  expect_failure(call(), GRADSTEP_INVALID_ARGUMENT, {"tensors"});
  EXPECT_EQ(bits(), before);
  tensors[1].unknown[3] = 0;
  EXPECT_EQ(call(), GRADSTEP_OK) << gradstep_last_error();
  EXPECT_NE(second.snapshot(), std::vector(before.begin() + 120, before.begin() + 219));
}

TEST_F(step_misuse, apply_options_struct) {
  for (const std::size_t size : bad_sizes) {
    options.struct_size = size;
    expect_refused(GRADSTEP_INVALID_ARGUMENT, {"struct_size"});
  }
  options = at_step(1);
  options.flags = std::uint64_t{1} << 50;
  expect_refused(GRADSTEP_INVALID_ARGUMENT, {"flags"});
  larger<gradstep_apply_options> bigger;
  bigger.known.step = 1;
  bigger.unknown[0] = 1;
  const auto before = bits();
  const auto call = [&] {
    return gradstep_apply(context.get(), rule.get(), list.data(), 2, &bigger.known, &result);
  };
  expect_failure(call(), GRADSTEP_INVALID_ARGUMENT, {"options"});
  EXPECT_EQ(bits(), before);
  bigger.unknown[0] = 0;
  EXPECT_EQ(call(), GRADSTEP_OK) << gradstep_last_error();
}

TEST_F(step_misuse, result_struct) {
  for (const std::size_t size : bad_sizes) {
    result.struct_size = size;
    expect_refused(GRADSTEP_INVALID_ARGUMENT, {"struct_size"});
  }
}

TEST_F(step_misuse, step_number) {
  options.step = 0;
  expect_refused(GRADSTEP_OUT_OF_RANGE, {"step", "0"});
  options.step = (std::uint64_t{1} << 53) + 1;
  expect_refused(GRADSTEP_OUT_OF_RANGE, {"step", "9007199254740993"});
  options.step = std::uint64_t{1} << 53;
  EXPECT_EQ(apply(), GRADSTEP_OK) << gradstep_last_error();
}

TEST_F(step_misuse, grad_scale) {
  options.flags = GRADSTEP_APPLY_GRAD_SCALE;
  for (const double bad : {nan_value, infinite, -infinite}) {
    options.grad_scale = bad;
    expect_refused(GRADSTEP_OUT_OF_RANGE, {"grad_scale", as_text(std::abs(bad))});
  }
  options.flags = 0;  // without its flag the field is ignored
  EXPECT_EQ(apply(), GRADSTEP_OK) << gradstep_last_error();
}

// ---- The norm ---------------------------------------------------------------------------------

class norm_misuse : public step_misuse {
 protected:
  void expect_norm_refused(gradstep_status status, const std::vector<std::string>& words) {
    auto norm = sized<gradstep_norm_result>();
    norm.norm = 77;
    norm.non_finite_count = 77;
    norm.piece_count = 77;
    expect_failure(gradstep_gradient_norm(context.get(), list.data(), list.size(), &norm), status,
                   words);
    EXPECT_EQ(norm.norm, 77);
    EXPECT_EQ(norm.non_finite_count, 77U);
    EXPECT_EQ(norm.piece_count, 77U);
  }
};

TEST_F(norm_misuse, nulls) {
  auto norm = sized<gradstep_norm_result>();
  const auto* t = list.data();
  constexpr auto invalid = GRADSTEP_INVALID_ARGUMENT;
  expect_failure(gradstep_gradient_norm(nullptr, t, 2, &norm), invalid, {"context"});
  expect_failure(gradstep_gradient_norm(context.get(), nullptr, 2, &norm), invalid, {"tensors"});
  expect_failure(gradstep_gradient_norm(context.get(), t, 2, nullptr), invalid, {"result"});
  list[0].grad.data = nullptr;
  expect_norm_refused(invalid, {"tensors[0].grad.data"});
}

TEST_F(norm_misuse, arrays_and_structs) {
  list[0].grad.dtype = 9;
  expect_norm_refused(GRADSTEP_INVALID_ARGUMENT, {"tensors[0].grad.dtype", "9"});
  list[0] = views[0].tensor;
  list[0].grad.data = static_cast<char*>(list[0].grad.data) + 1;
  expect_norm_refused(GRADSTEP_INVALID_ARGUMENT, {"grad", "align"});
  list[0] = views[0].tensor;
  list[1].count = SIZE_MAX / 4 + 1;
  expect_norm_refused(GRADSTEP_OUT_OF_RANGE, {"count"});
  list[1] = views[1].tensor;
  list[0].struct_size = 1;
  expect_norm_refused(GRADSTEP_INVALID_ARGUMENT, {"struct_size"});
  list[0] = views[0].tensor;
  check_filled_struct<gradstep_norm_result>([&](auto* norm) {
    return gradstep_gradient_norm(context.get(), list.data(), list.size(), norm);
  });
}

}  // namespace
}  // namespace gradstep_test
