// SPDX-License-Identifier: Apache-2.0
//
// What a slot looks like for a tensor, and that an optimizer allocates just that.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "rules/rule.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/stored_array.hpp"
#include "support/wrong_structs.hpp"

namespace gradstep_test {
namespace {

gradstep_tensor shaped(std::uint64_t count, std::int32_t param_dtype = GRADSTEP_FLOAT32,
                       std::uint64_t rows = 0, std::uint64_t columns = 0) {
  auto tensor = sized<gradstep_tensor>();
  tensor.count = count;
  tensor.rows = rows;
  tensor.columns = columns;
  tensor.param.dtype = param_dtype;
  return tensor;
}

// ---- Every rule -------------------------------------------------------------------------------

class slot_layouts : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, slot_layouts, testing::ValuesIn(rule_names()), rule_as_test_name);

std::vector<gradstep_tensor> tensors_to_try() {
  std::vector<gradstep_tensor> all;
  for (const std::int32_t dtype : float_dtypes) {
    for (const std::uint64_t count : {6U, 4097U}) all.push_back(shaped(count, dtype));
    all.push_back(shaped(6144, dtype, 4, 512));
  }
  return all;
}

/// Adds the tensor to a group of the rule with this slot_dtype, and compares each slot.
void check_that_an_optimizer_allocates(const gradstep_rule* rule, const std::string& rule_name,
                                       gradstep_tensor tensor, std::int32_t wanted) {
  const auto context = make_serial_context();
  const auto optimizer = make_optimizer(context.get());
  auto group = group_options("all", rule);
  group.slot_dtype = wanted;
  add_group(optimizer.get(), group);
  stored_array param(tensor.param.dtype, tensor.count);
  param.narrow(std::vector<double>(tensor.count, 0.25));
  tensor.param = param.view();
  tensor.grad.dtype = GRADSTEP_FLOAT32;
  add_tensor(optimizer.get(), 0, "a", tensor);
  std::size_t bytes = 0;
  for (std::size_t s = 0; s < describe_rule(rule_name).slot_count; ++s) {
    const auto layout = slot_layout(rule, s, tensor, wanted);
    const auto info = describe_slot(rule_name, s);
    SCOPED_TRACE(info.name);
    EXPECT_EQ(layout.extent, info.extent);
    EXPECT_EQ(layout.start, info.start);
    if (layout.is_used == 0) continue;
    bytes += layout.bytes + layout.extra_bytes;
    const auto array = get_array(optimizer.get(), 0, info.name);
    EXPECT_EQ(array.dtype, layout.dtype);
    EXPECT_EQ(array.count, layout.count);
    EXPECT_EQ(layout.bytes, layout.count * element_size(layout.dtype));
    EXPECT_EQ(layout.extra_bytes, is_blocked(layout.dtype) ? 4 * block_count(layout.count) : 0);
    const double start = layout.start == GRADSTEP_START_PARAM ? 0.25 : layout.initial_value;
    for (const double each : read_array(optimizer.get(), 0, info.name)) ASSERT_EQ(each, start);
  }
  EXPECT_EQ(describe(optimizer.get()).state_bytes, bytes);
}

TEST_P(slot_layouts, are_what_an_optimizer_allocates) {
  for (const auto& values : option_combinations(GetParam())) {
    const auto rule = make_rule(GetParam(), values);
    for (const auto& tensor : tensors_to_try()) {
      for (const std::int32_t wanted :
           {0, GRADSTEP_FLOAT32, GRADSTEP_BFLOAT16, GRADSTEP_FLOAT16, GRADSTEP_E5M3_B256}) {
        SCOPED_TRACE(to_text(values) + dtype_text(tensor.param.dtype) + " count " +
                     std::to_string(tensor.count) + " wanted " + dtype_text(wanted));
        check_that_an_optimizer_allocates(rule.get(), GetParam(), tensor, wanted);
        if (HasFailure()) return;
      }
    }
  }
}

TEST_P(slot_layouts, hold_the_value_of_the_hyperparameter) {
  for (std::size_t s = 0; s < describe_rule(GetParam()).slot_count; ++s) {
    const auto info = describe_slot(GetParam(), s);
    auto rule = make_rule(GetParam());
    double wanted = info.initial_value;
    if (info.initial_hyperparameter != nullptr) {
      wanted = 0.375;
      expect_ok(gradstep_rule_set(rule.get(), info.initial_hyperparameter, wanted));
    }
    EXPECT_EQ(slot_layout(rule.get(), s, shaped(10)).initial_value, wanted) << info.name;
  }
}

// ---- Numbers ----------------------------------------------------------------------------------

TEST(slot_layout, sizes) {
  const struct {
    std::size_t slot;
    std::int32_t wanted;
    std::size_t count;
    std::int32_t dtype;
    std::size_t bytes, scale_count;
  } cases[] = {{0, GRADSTEP_FLOAT32, 5000, GRADSTEP_FLOAT32, 20000, 0},
               {0, 0, 5000, GRADSTEP_FLOAT32, 20000, 0},
               {0, GRADSTEP_BFLOAT16, 5, GRADSTEP_BFLOAT16, 10, 0},
               {1, GRADSTEP_FLOAT16, 5, GRADSTEP_FLOAT16, 10, 0},
               {0, GRADSTEP_S1E4M3_B256, 4095, GRADSTEP_FLOAT32, 16380, 0},
               {0, GRADSTEP_S1E4M3_B256, 4096, GRADSTEP_S1E4M3_B256, 4096, 16},
               {0, GRADSTEP_E5M3_B256, 4097, GRADSTEP_S1E4M3_B256, 4097, 17},
               {1, GRADSTEP_S1E4M3_B256, 4352, GRADSTEP_E5M3_B256, 4352, 17},
               {2, GRADSTEP_E5M3_B256, 4353, GRADSTEP_E5M3_B256, 4353, 18},
               {1, GRADSTEP_E5M3_B256, 0, GRADSTEP_FLOAT32, 0, 0}};
  const auto adam = make_rule("adam");
  for (const auto& [slot, wanted, count, dtype, bytes, scale_count] : cases) {
    SCOPED_TRACE(dtype_text(wanted) + ", count " + std::to_string(count));
    const auto layout = slot_layout(adam.get(), slot, shaped(count), wanted);
    EXPECT_EQ(layout.dtype, dtype);
    EXPECT_EQ(layout.count, count);
    EXPECT_EQ(layout.bytes, bytes);
    EXPECT_EQ(layout.extra_bytes, 4 * scale_count);
    EXPECT_EQ(layout.is_used, slot == 2 ? 0 : 1);  // amsgrad is off
  }
  const auto wide = shaped(5000, GRADSTEP_FLOAT64);
  for (const std::int32_t wanted :
       {0, GRADSTEP_FLOAT32, GRADSTEP_FLOAT64, GRADSTEP_BFLOAT16, GRADSTEP_E5M3_B256}) {
    const auto layout = slot_layout(adam.get(), 1, wide, wanted);
    EXPECT_EQ(layout.dtype, GRADSTEP_FLOAT64);
    EXPECT_EQ(layout.bytes, 40000U);
  }
}

TEST(slot_layout, counts_elements_of_each_extent) {
  using gradstep::internal::slot_elements;
  using gradstep::internal::slot_extent;
  using gradstep::internal::tensor_shape;
  constexpr tensor_shape matrices{60, 4, 5};  // three
  EXPECT_EQ(slot_elements(slot_extent::element, matrices), 60U);
  EXPECT_EQ(slot_elements(slot_extent::row, matrices), 12U);
  EXPECT_EQ(slot_elements(slot_extent::column, matrices), 15U);
  EXPECT_EQ(slot_elements(slot_extent::matrix, matrices), 3U);
  EXPECT_EQ(slot_elements(slot_extent::tensor, matrices), 1U);
  constexpr tensor_shape flat{60, 0, 0}, empty{0, 4, 5};
  const slot_extent of_matrices[] = {slot_extent::row, slot_extent::column, slot_extent::matrix};
  for (const auto extent : of_matrices) EXPECT_EQ(slot_elements(extent, flat), 0U);
  EXPECT_EQ(slot_elements(slot_extent::element, flat), 60U);
  EXPECT_EQ(slot_elements(slot_extent::tensor, flat), 1U);
  EXPECT_EQ(slot_elements(slot_extent::tensor, empty), 0U);
  EXPECT_EQ(slot_elements(slot_extent::column, empty), 0U);
}

// ---- Wrong arguments --------------------------------------------------------------------------

class slot_layout_misuse : public testing::Test {
 protected:
  void refused(const gradstep_rule* of, std::size_t slot, const gradstep_tensor* tensor,
               std::int32_t dtype, gradstep_status status, const std::vector<std::string>& words) {
    layout.bytes = 77;
    expect_failure(gradstep_rule_slot_layout(of, slot, tensor, dtype, &layout), status, words);
    EXPECT_EQ(layout.bytes, 77U);
  }
  void refused(const gradstep_tensor& tensor, gradstep_status status,
               const std::vector<std::string>& words, std::int32_t dtype = GRADSTEP_FLOAT32) {
    refused(rule.get(), 0, &tensor, dtype, status, words);
  }

  static constexpr auto invalid = GRADSTEP_INVALID_ARGUMENT;
  rule_handle rule = make_rule("adam");
  gradstep_slot_layout layout = sized<gradstep_slot_layout>();
};

TEST_F(slot_layout_misuse, nulls_and_structs) {
  const auto tensor = shaped(5000);
  refused(nullptr, 0, &tensor, 0, invalid, {"rule is NULL"});
  refused(rule.get(), 0, nullptr, 0, invalid, {"tensor is NULL"});
  refused(rule.get(), 3, &tensor, 0, GRADSTEP_OUT_OF_RANGE, {"index = 3", "adam", "3 slots"});
  check_filled_struct<gradstep_slot_layout>([&](auto* output) {
    return gradstep_rule_slot_layout(rule.get(), 0, &tensor, GRADSTEP_S1E4M3_B256, output);
  });
}

TEST_F(slot_layout_misuse, dtypes) {
  for (const std::int32_t bad : {-1, 7, 99, GRADSTEP_FLOAT64}) {
    refused(shaped(1), invalid, {"dtype = " + std::to_string(bad), "FLOAT32"}, bad);
  }
  for (const std::int32_t bad : {-1, 7, 99}) {
    refused(shaped(1, GRADSTEP_FLOAT64), invalid, {"dtype = " + std::to_string(bad)}, bad);
  }
  for (const std::int32_t bad : {0, -1, 7, GRADSTEP_E5M3_B256}) {
    refused(shaped(1, bad), invalid, {"tensor.param.dtype = " + std::to_string(bad)});
  }
}

TEST_F(slot_layout_misuse, tensors) {
  refused(shaped(SIZE_MAX), GRADSTEP_OUT_OF_RANGE, {"tensor.count"});
  refused(shaped(12, GRADSTEP_FLOAT32, 5, 2), invalid, {"tensor.count = 12", "5", "2"});
  refused(shaped(12, GRADSTEP_FLOAT32, 0, 2), invalid, {"tensor.rows = 0", "columns = 2"});
  auto piece = shaped(5000);
  piece.first_index = 100;
  piece.whole_count = 5099;
  refused(piece, invalid, {"tensor.whole_count = 5099", "5100"});
  piece.whole_count = 0;
  refused(piece, invalid, {"tensor.first_index = 100", "256", "8-bit"}, GRADSTEP_E5M3_B256);
  piece.count = 4000;  // float32 then
  EXPECT_EQ(slot_layout(rule.get(), 0, piece, GRADSTEP_E5M3_B256).dtype, GRADSTEP_FLOAT32);
}

/// The call looks at nothing else.
TEST_F(slot_layout_misuse, ignores_the_other_fields) {
  auto tensor = shaped(10);
  tensor.param.data = &tensor;
  tensor.param.pitch = -1;
  tensor.grad.dtype = 99;
  tensor.slot_count = 77;
  EXPECT_EQ(slot_layout(rule.get(), 0, tensor).bytes, 40U);
}

}  // namespace
}  // namespace gradstep_test
