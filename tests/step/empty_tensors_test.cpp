// SPDX-License-Identifier: Apache-2.0
//
// Tensors without elements, with every combination of null pointers; pointers that go with nothing;
// params that are in a list twice.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

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

// ---- No elements ------------------------------------------------------------------------------

/// Bit n of `null` makes the n-th pointer of an empty tensor null.
struct empty_tensor {
  static constexpr unsigned pointers = 7;

  empty_tensor(unsigned null, std::int32_t param_dtype, const std::vector<std::int32_t>& dtypes)
      : slot_dtypes(dtypes), slots(dtypes.size()), scales(dtypes.size()) {
    const auto is_null = [&](unsigned bit) { return (null >> bit & 1) != 0; };
    // Anything: nothing may be read there.
    void* const nowhere = reinterpret_cast<void*>(std::uintptr_t{0x11});  // NOLINT
    for (auto& slot : slots) slot = is_null(0) ? nullptr : nowhere;
    for (auto& scale : scales) scale = is_null(1) ? nullptr : static_cast<float*>(nowhere);
    tensor.param = is_null(2) ? nullptr : nowhere;
    tensor.grad = is_null(3) ? nullptr : nowhere;
    tensor.slots = slots.data();
    tensor.slot_count = slots.size();
    tensor.slot_scales = is_null(4) ? nullptr : scales.data();
    tensor.slot_dtypes = dtypes[0] == 0 ? nullptr : slot_dtypes.data();
    tensor.param_copy = is_null(5) ? nullptr : nowhere;
    tensor.copy_dtype = GRADSTEP_BFLOAT16;
    tensor.average = is_null(6) ? nullptr : nowhere;
    tensor.param_dtype = param_dtype;
    tensor.grad_dtype = GRADSTEP_FLOAT32;
  }

  std::vector<std::int32_t> slot_dtypes;
  std::vector<void*> slots;
  std::vector<float*> scales;
  gradstep_tensor tensor = sized<gradstep_tensor>();
};

/// body(tensor) for every combination.
void for_each_empty_tensor(const std::function<void(const gradstep_tensor&)>& body) {
  const std::vector<std::int32_t> narrow[] = {
      {0, 0, 0},
      {GRADSTEP_FLOAT32, GRADSTEP_BFLOAT16, GRADSTEP_FLOAT32},
      {GRADSTEP_SIGNED8, GRADSTEP_UNSIGNED8, GRADSTEP_UNSIGNED8},
      {GRADSTEP_SIGNED8, GRADSTEP_SIGNED8, 99}};  // adam does not use the last one
  for (unsigned null = 0; null < 1U << empty_tensor::pointers; ++null) {
    for (const auto& dtypes : narrow) {
      const bool has_unknown_dtype = dtypes[2] == 99;
      if (has_unknown_dtype && (null & 1) == 0) continue;  // given, it has to be one
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
  void* slots[] = {m.data(), v.data(), nullptr};
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
    if (tensor.grad != nullptr) expect_ok(gradstep_optimizer_accumulate(o, 0, 1));
    everything_in(o);
    const bool is_saved = tensor.param == nullptr && tensor.average == nullptr;  // it takes long
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
  for (std::int32_t dtype = GRADSTEP_FLOAT32; dtype <= GRADSTEP_UNSIGNED8; ++dtype) {
    for (unsigned null = 0; null < 8; ++null) {
      double number = 5;
      auto array = sized<gradstep_array>();
      array.dtype = dtype;
      array.data = (null & 1) != 0 ? nullptr : &number;
      array.extra = (null & 2) != 0 ? nullptr : &number;
      double* const values = (null & 4) != 0 ? nullptr : &number;
      expect_ok(gradstep_array_read(&array, values));
      expect_ok(gradstep_array_write(&array, values));
      EXPECT_EQ(number, 5);
    }
  }
}

// ---- Pointers that go with nothing ------------------------------------------------------------

TEST(superfluous_pointers, scales_beside_slots_that_have_none) {
  const auto context = make_serial_context();
  const auto rule = make_rule("adam");
  const scratch_folder folder;
  const std::int32_t floats[] = {GRADSTEP_FLOAT32, GRADSTEP_BFLOAT16, GRADSTEP_FLOAT32};
  for (const std::int32_t* dtypes : {static_cast<const std::int32_t*>(nullptr), floats}) {
    plain_tensor arrays(300), plain(300);
    std::vector<float> m(300), v(300), w(300);
    float scales[3][2] = {{7, 7}, {7, 7}, {7, 7}};
    float* const scale_pointers[] = {scales[0], scales[1], scales[2]};
    void* slots[] = {m.data(), v.data(), w.data()};
    auto tensor = arrays.tensor();
    tensor.slots = slots;
    tensor.slot_count = 3;
    tensor.slot_dtypes = dtypes;
    tensor.slot_scales = scale_pointers;
    const auto optimizer = make_optimizer(context.get());
    add_group(optimizer.get(), "all", rule.get());
    add_tensor(optimizer.get(), 0, "weight", tensor);
    step(optimizer.get());
    apply_list(context.get(), rule.get(), {tensor}, at_step(2));
    save(optimizer, folder / "state");
    const auto before = everything_in(optimizer.get());
    step(optimizer.get());
    load(optimizer, folder / "state");
    EXPECT_EQ(everything_in(optimizer.get()), before);
    auto array = sized<gradstep_array>();
    expect_ok(gradstep_optimizer_get_array(optimizer.get(), 0, "exp_avg", &array));
    EXPECT_EQ(array.extra, nullptr);
    for (const auto& pair : scales) EXPECT_EQ(pair[0], 7);
  }
}

TEST(superfluous_pointers, slots_and_averages_that_no_step_uses) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd", {{"lr", 1}});
  const scratch_folder folder;
  plain_tensor arrays(30);
  std::vector<float> buffer(30, 5), average(30, 6);
  void* slots[] = {buffer.data()};
  auto tensor = arrays.tensor();
  tensor.slots = slots;
  tensor.slot_count = 1;
  tensor.average = average.data();
  const auto optimizer = make_optimizer(context.get());
  add_group(optimizer.get(), "all", rule.get());
  add_tensor(optimizer.get(), 0, "weight", tensor);
  step(optimizer.get());
  apply_list(context.get(), rule.get(), {tensor}, at_step(1));
  EXPECT_EQ(buffer, std::vector<float>(30, 5));
  EXPECT_EQ(average, std::vector<float>(30, 6));
  save(optimizer, folder / "state");
  std::fill(buffer.begin(), buffer.end(), 0.0F);
  std::fill(average.begin(), average.end(), 0.0F);
  load(optimizer, folder / "state");
  EXPECT_EQ(buffer, std::vector<float>(30, 5));
  EXPECT_EQ(average, std::vector<float>(30, 6));
}

// ---- A param in two entries -------------------------------------------------------------------

struct listed {
  explicit listed(std::size_t count) : params(8 * count), grads(8 * count), before(params) {
    for (std::size_t i = 0; i < count; ++i) {
      auto tensor = sized<gradstep_tensor>();
      tensor.count = 8;
      tensor.param = params.data() + 8 * i;
      tensor.grad = grads.data() + 8 * i;
      tensor.param_dtype = tensor.grad_dtype = GRADSTEP_FLOAT32;
      tensor.slot_count = 1;
      tensors.push_back(tensor);
    }
  }
  gradstep_status apply() {
    const auto options = at_step(1);
    return gradstep_apply(context.get(), rule.get(), tensors.data(), tensors.size(), &options,
                          nullptr);
  }
  void expect_refused(std::size_t first, std::size_t second) {
    std::fill(grads.begin(), grads.end(), 1.0F);
    expect_failure(apply(), GRADSTEP_INVALID_ARGUMENT,
                   {"tensors[" + std::to_string(first) + "].param",
                    "tensors[" + std::to_string(second) + "].param"});
    EXPECT_EQ(params, before);
  }

  context_handle context = make_serial_context();
  rule_handle rule = make_rule("sgd");
  std::vector<float> params, grads, before;
  std::vector<gradstep_tensor> tensors;
};

TEST(a_param_in_two_entries, is_refused) {
  for (const std::size_t count : {2U, 3U, 31U, 40U, 1000U}) {
    using places = std::vector<std::pair<std::size_t, std::size_t>>;
    for (const auto& [from, to] : places{{0, 1}, {0, count - 1}, {count / 2, count - 1}}) {
      if (from == to) continue;
      listed list(count);
      list.tensors[to].param = list.tensors[from].param;
      SCOPED_TRACE(std::to_string(count) + ": " + std::to_string(from));
      list.expect_refused(from, to);
    }
  }
}

TEST(a_param_in_two_entries, that_overlap_in_part_is_refused) {
  for (const std::ptrdiff_t shift : {-1, 1}) {
    listed list(3);
    list.tensors[2].param = static_cast<float*>(list.tensors[1].param) + shift;
    if (shift < 0) list.tensors[0].count = 0;
    list.expect_refused(1, 2);
  }
  listed inside(2);
  inside.tensors[1].param = inside.params.data() + 2;
  inside.tensors[1].count = 3;
  inside.expect_refused(0, 1);
}

TEST(a_param_in_two_entries, is_not_seen_where_there_is_none) {
  for (const std::size_t count : {1U, 2U, 31U, 33U, 1000U, 5000U}) {
    listed list(count);
    EXPECT_EQ(list.apply(), GRADSTEP_OK) << gradstep_last_error();
    std::reverse(list.tensors.begin(), list.tensors.end());
    EXPECT_EQ(list.apply(), GRADSTEP_OK) << gradstep_last_error();
    for (std::size_t i = 0; i < count; ++i) std::swap(list.tensors[i], list.tensors[i * i % count]);
    EXPECT_EQ(list.apply(), GRADSTEP_OK) << gradstep_last_error();
  }
}

}  // namespace
}  // namespace gradstep_test
