// SPDX-License-Identifier: Apache-2.0
//
// Tensors with rows and columns, pieces of tensors, and arrays with a pitch: which are valid, and
// what is said about the others.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "step/tensor_shapes.hpp"
#include "support/arrays.hpp"
#include "support/comparison.hpp"
#include "support/optimizer_setup.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/storages.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {
namespace {

// ---- Shapes -----------------------------------------------------------------------------------

TEST_F(tensor_shapes, that_are_wrong) {
  tensor.columns = 0;
  refused(invalid, {"rows = 6 and columns = 0", "both"});
  tensor.rows = 0;
  tensor.columns = 4;
  refused(invalid, {"rows = 0 and columns = 4", "both"});
  tensor.rows = 5;
  refused(invalid, {"count = 24", "multiple", "rows = 5", "columns = 4"});
  expect_failure(norm(), invalid, {"tensors[0].count = 24", "multiple"});
  tensor.rows = 48;  // more than there are
  refused(invalid, {"count = 24", "multiple", "rows = 48"});
  tensor.rows = std::uint64_t{1} << 62;
  refused(GRADSTEP_OUT_OF_RANGE, {"rows = 4611686018427387904", "columns = 4", "2^64"});
  tensor.rows = (std::uint64_t{1} << 62) + 6;  // the product would be 24 modulo 2^64
  refused(GRADSTEP_OUT_OF_RANGE, {"rows = 4611686018427387910", "2^64"});
}

TEST_F(tensor_shapes, of_tensors_without_elements) {
  tensor.count = 0;
  EXPECT_EQ(apply({tensor}), status_of_gaps) << gradstep_last_error();
  tensor.param.pitch = tensor.grad.pitch = 0;
  expect_ok(apply({tensor}));
  expect_ok(add());
  expect_ok(norm());
  tensor.columns = 0;
  refused(invalid, {"rows = 6 and columns = 0"});
}

/// A rule that treats every element alike gives the same bits for every shape. A pitch that leaves
/// no gaps is the same as none.
TEST_F(tensor_shapes, do_not_change_the_bits_of_rules_without_sums) {
  const std::pair<std::uint64_t, std::uint64_t> shapes[] = {{1, 600}, {600, 1}, {20, 30}, {4, 5}};
  for (const storage& how : full_storages()) {
    const auto adam = make_rule("adam", {{"amsgrad", 1}});
    std::vector<stored_parameter> wanted;
    wanted.emplace_back(adam.get(), "adam", how, 600);
    const stored_parameter start = wanted[0];
    apply_stored(context.get(), adam.get(), wanted, apply_options(how.flags | all_flags));
    for (const auto& [row_count, column_count] : shapes) {
      for (const bool has_pitch : {false, true}) {
        SCOPED_TRACE(to_text(how) + ", columns " + std::to_string(column_count));
        stored_parameter got = start;
        auto view = got.view();
        view.tensor.rows = row_count;
        view.tensor.columns = column_count;
        view.tensor.whole_count = 600;
        const auto pitch = static_cast<std::int64_t>(has_pitch ? column_count : 0);
        for (auto& slot : view.slots) slot.pitch = pitch;
        gradstep_tensor& t = view.tensor;
        t.param.pitch = t.grad.pitch = t.copy.pitch = t.average.pitch = pitch;
        apply_list(context.get(), adam.get(), {t}, apply_options(how.flags | all_flags));
        expect_same_bits(got.snapshot(), wanted[0].snapshot());
      }
    }
  }
}

TEST_F(tensor_shapes, whole_count) {
  tensor.param.pitch = tensor.grad.pitch = 0;
  tensor.whole_count = 23;
  refused(invalid, {"whole_count = 23", "first_index + count = 24"});
  tensor.first_index = 10;
  tensor.whole_count = 33;
  refused(invalid, {"whole_count = 33", "first_index + count = 34"});
  tensor.grad = array_of(table.data() + 100);
  for (const std::uint64_t good : {std::uint64_t{0}, std::uint64_t{34}, UINT64_MAX}) {
    tensor.whole_count = good;
    expect_ok(apply({tensor}));
    expect_ok(add());
  }
  tensor.first_index = UINT64_MAX - 23;
  tensor.whole_count = UINT64_MAX;
  refused(GRADSTEP_OUT_OF_RANGE, {"first_index", "2^64"});
}

// ---- Pitches ----------------------------------------------------------------------------------

TEST_F(tensor_shapes, pitches_that_are_wrong) {
  tensor.copy = columns_from(8);
  tensor.average = columns_from(12);
  const std::pair<std::string, gradstep_array*> arrays[] = {{"param", &tensor.param},
                                                            {"grad", &tensor.grad},
                                                            {"copy", &tensor.copy},
                                                            {"average", &tensor.average}};
  for (const auto& [name, array] : arrays) {
    for (const std::int64_t bad :
         {std::int64_t{3}, std::int64_t{1}, std::int64_t{-32}, INT64_MIN}) {
      array->pitch = bad;
      refused(invalid, {name + ".pitch = " + std::to_string(bad), "columns = 4"});
    }
    array->pitch = INT64_MAX;
    refused(GRADSTEP_OUT_OF_RANGE, {name + ".pitch = 9223372036854775807", "6 rows", "memory"});
    array->pitch = width;
  }
  tensor.rows = tensor.columns = 0;
  refused(invalid, {"param.pitch = 32", "no rows"});
  expect_failure(norm(), invalid, {"tensors[0].grad.pitch = 32", "no rows"});
}

TEST_F(tensor_shapes, a_pitch_beside_eight_bits) {
  for (const std::uint64_t column_count : {100U, 256U}) {
    SCOPED_TRACE(column_count);
    const auto adam = make_rule("adam");
    stored_parameter narrow(adam.get(), "adam", {.slot = GRADSTEP_E5M3_B256}, 2 * column_count);
    std::vector<float> wide(4 * column_count);
    auto view = narrow.view();
    view.tensor.rows = 2;
    view.tensor.columns = column_count;
    const auto options = at_step(1);
    const auto step = [&] {
      return gradstep_apply(context.get(), adam.get(), &view.tensor, 1, &options, nullptr);
    };
    expect_ok(step());
    view.slots[1].pitch = static_cast<std::int64_t>(2 * column_count);
    expect_failure(step(), invalid, {"tensors[0].slots[1].pitch = ", "8-bit", "gaps"});
    view.slots[1].pitch = 0;
    view.tensor.grad = array_of(wide.data());
    view.tensor.grad.pitch = static_cast<std::int64_t>(2 * column_count);
    if (column_count == 256) {
      EXPECT_EQ(step(), status_of_gaps);
    } else {
      expect_failure(step(), invalid, {"tensors[0].columns = 100", "256", "8-bit", "exp_avg"});
    }
  }
}

/// Tensors of fewer than 4096 elements have float32 slots instead.
TEST_F(tensor_shapes, a_pitch_beside_eight_bits_that_the_library_owns) {
  const auto momentum = make_rule("sgd", {{"momentum", 0.9}});
  const auto optimizer = make_optimizer(context.get());
  auto group = group_options("narrow", momentum.get());
  group.slot_dtype = GRADSTEP_S1E4M3_B256;
  add_group(optimizer.get(), group);
  const auto add_rows = [&](std::uint64_t row_count) {
    tensor.rows = row_count;
    tensor.count = row_count * columns;
    tensor.slot_count = 0;
    table.resize(row_count * width);
    tensor.param = columns_from(0);
    tensor.grad.data = nullptr;
    return gradstep_optimizer_add_tensor(optimizer.get(), 0, "t", &tensor, nullptr);
  };
  EXPECT_EQ(add_rows(2000), status_of_gaps == GRADSTEP_OK ? invalid : status_of_gaps);
  EXPECT_EQ(add_rows(6), status_of_gaps);
}

}  // namespace
}  // namespace gradstep_test
