// SPDX-License-Identifier: Apache-2.0
//
// Lists without tensors, and tensors without elements, with every combination of null pointers.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "step/scaled_gradients.hpp"
#include "support/checkpoint_files.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/scratch_folder.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {
namespace {

/// A tensor without elements. Bit n of `null` makes its n-th pointer NULL.
struct empty_tensor {
  static constexpr unsigned pointers = 7;

  empty_tensor(unsigned null, std::int32_t param_dtype, const std::vector<std::int32_t>& dtypes) {
    const auto is_null = [&](unsigned bit) { return (null >> bit & 1) != 0; };
    // Any address, since nothing may be read there.
    void* const nowhere = reinterpret_cast<void*>(std::uintptr_t{0x11});  // NOLINT
    const auto pointer = [&](unsigned bit) { return is_null(bit) ? nullptr : nowhere; };
    for (const std::int32_t dtype : dtypes) {
      slots.push_back(array_of(dtype, pointer(0), pointer(1)));
    }
    tensor.param = array_of(param_dtype, pointer(2), pointer(4));
    tensor.grad = array_of(GRADSTEP_FLOAT32, pointer(3), pointer(4));
    tensor.slots = slots.data();
    tensor.slot_count = slots.size();
    tensor.copy = array_of(GRADSTEP_BFLOAT16, pointer(5), pointer(4));
    tensor.average = array_of(param_dtype, pointer(6), pointer(4));
  }

  std::vector<gradstep_array> slots;
  gradstep_tensor tensor = sized<gradstep_tensor>();
};

/// Calls body(tensor) for every combination of NULL pointers.
void for_each_empty_tensor(const std::function<void(const gradstep_tensor&)>& body) {
  const std::vector<std::int32_t> narrow[] = {
      {GRADSTEP_FLOAT32, GRADSTEP_BFLOAT16, GRADSTEP_FLOAT32},
      {GRADSTEP_S1E4M3_B256, GRADSTEP_E5M3_B256, GRADSTEP_E5M3_B256},
      {GRADSTEP_S1E4M3_B256, GRADSTEP_S1E4M3_B256, 99}};  // adam does not use the last one
  for (unsigned null = 0; null < 1U << empty_tensor::pointers; ++null) {
    for (const auto& dtypes : narrow) {
      const bool has_unknown_dtype = dtypes[2] == 99;
      if (has_unknown_dtype && (null & 1) == 0)
        continue;  // a slot that is given needs a valid dtype
      const empty_tensor empty(null, GRADSTEP_FLOAT32, dtypes);
      SCOPED_TRACE("null " + std::to_string(null) + ", dtype " + std::to_string(dtypes[0]));
      body(empty.tensor);
      if (testing::Test::HasFailure()) return;
    }
    const empty_tensor wide(null, GRADSTEP_FLOAT64, {GRADSTEP_FLOAT64, GRADSTEP_FLOAT64, 2});
    body(wide.tensor);
  }
}

TEST(empty_tensors, in_stateless_calls) {
  const auto context = make_serial_context(), split = make_context(split_options(2));
  const auto rule = make_rule("adam");
  plain_tensor full(100);
  std::vector<float> m(100), v(100);
  const gradstep_array slots[] = {array_of(m.data()), array_of(v.data()), {}};
  auto neighbour = full.tensor();
  neighbour.slots = slots;
  neighbour.slot_count = 3;
  auto options = at_step(1);
  options.flags = GRADSTEP_APPLY_AVERAGE | GRADSTEP_APPLY_ZERO_GRAD | GRADSTEP_APPLY_CHECK_FINITE |
                  GRADSTEP_APPLY_MAX_NORM;
  options.max_norm = 1;
  for_each_empty_tensor([&](const gradstep_tensor& tensor) {
    for (const auto& c : {context.get(), split.get()}) {
      apply_list(c, rule.get(), {tensor}, options);
      apply_list(c, rule.get(), {tensor, neighbour, tensor}, options);
      auto norm = sized<gradstep_norm_result>();
      const gradstep_tensor list[] = {tensor, tensor};
      expect_ok(gradstep_gradient_norm(c, list, 2, &norm));
      EXPECT_EQ(norm.norm, 0);
    }
  });
}

TEST(empty_tensors, in_an_optimizer) {
  const auto context = make_serial_context();
  const auto rule = make_rule("adam");
  const scratch_folder folder;
  const std::string path = folder / "state";
  for_each_empty_tensor([&](const gradstep_tensor& tensor) {
    const auto optimizer = make_optimizer(context.get());
    gradstep_optimizer* const o = optimizer.get();
    add_group(o, "all", rule.get());
    plain_tensor full(10);
    add_tensor(o, 0, "empty", tensor);
    add_tensor(o, 0, "full", full.tensor());
    expect_ok(gradstep_optimizer_inspect(o, GRADSTEP_ALL_TENSORS, 1));
    step(o);
    if (tensor.grad.data != nullptr) expect_ok(gradstep_optimizer_accumulate(o, 0, 1));
    everything_in(o);
    const bool is_saved = tensor.param.data == nullptr &&
                          tensor.average.data == nullptr;  // few, because saving takes long
    if (is_saved) {
      save(optimizer, path);
      load(optimizer, path);
    }
    expect_ok(gradstep_optimizer_set_grad(o, 0, nullptr));
    step(o);
    EXPECT_EQ(describe_tensor(o, 0).accumulate_count, 0U);
    expect_ok(gradstep_optimizer_set_grad(o, 0, reinterpret_cast<void*>(0x13)));  // NOLINT
    expect_ok(gradstep_optimizer_set_hyperparameter(o, 0, "amsgrad", 1));
    step(o);
  });
}

TEST(empty_tensors, in_arrays) {
  for (std::int32_t dtype = GRADSTEP_FLOAT32; dtype <= GRADSTEP_E5M3_B256; ++dtype) {
    for (unsigned null = 0; null < 8; ++null) {
      double number = 5;
      const auto array =
          array_of(dtype, (null & 1) != 0 ? nullptr : &number, (null & 2) != 0 ? nullptr : &number);
      double* const values = (null & 4) != 0 ? nullptr : &number;
      expect_ok(gradstep_array_read(&array, 0, values));
      expect_ok(gradstep_array_write(&array, 0, values));
      EXPECT_EQ(number, 5);
    }
  }
}

class empty_lists : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, empty_lists, testing::ValuesIn(rule_names()), rule_as_test_name);

TEST_P(empty_lists, and_tensors_are_allowed) {
  const auto rule = make_rule(GetParam());
  auto shared = initial_scalars(GetParam(), rule.get(), GRADSTEP_SCOPE_ALL);
  const auto shared_before = shared;
  auto options = at_step(1);
  options.scalars = shared.empty() ? nullptr : shared.data();
  options.scalar_count = shared.size();
  auto result = sized<gradstep_apply_result>();
  EXPECT_EQ(gradstep_apply(serial_context(), rule.get(), nullptr, 0, &options, &result),
            GRADSTEP_OK)
      << gradstep_last_error();
  EXPECT_LE(result.piece_count, 1U);
  auto tensor = sized<gradstep_tensor>();  // count 0: all arrays may be NULL
  tensor.param.dtype = GRADSTEP_FLOAT32;
  tensor.grad.dtype = GRADSTEP_FLOAT32;
  const std::vector<gradstep_array> slots(describe_rule(GetParam()).slot_count,
                                          array_of(GRADSTEP_FLOAT32, nullptr));
  tensor.slots = slots.data();
  tensor.slot_count = slots.size();
  apply_list(serial_context(), rule.get(), {tensor, tensor}, options);
  EXPECT_EQ(shared, shared_before);
}

}  // namespace
}  // namespace gradstep_test
