// SPDX-License-Identifier: Apache-2.0
//
// Wrong fields of tensors with every kind of array, and wrong numbers of a step's options: each
// gives its status and a sentence that names the field, and changes nothing.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "step/tensor_misuse.hpp"
#include "support/arrays.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"
#include "support/test_values.hpp"
#include "support/wrong_structs.hpp"

namespace gradstep_test {
namespace {

TEST_F(tensor_misuse, valid_as_it_stands) {
  EXPECT_EQ(apply(), GRADSTEP_OK) << gradstep_last_error();
  EXPECT_EQ(result.piece_count, 1U);
}

// ---- Dtypes -----------------------------------------------------------------------------------

TEST_F(tensor_misuse, dtypes_of_arrays) {
  for (const std::int32_t bad : {0, -1, 7, 32, 99, GRADSTEP_S1E4M3_B256, GRADSTEP_E5M3_B256}) {
    const std::string text = std::to_string(bad);
    tensor().param.dtype = bad;
    expect_invalid({"tensors[1].param.dtype", text, "GRADSTEP_BFLOAT16"});
    tensor().grad.dtype = bad;
    expect_invalid({"tensors[1].grad.dtype", text, "GRADSTEP_BFLOAT16"});
    tensor().copy.dtype = bad;
    expect_invalid({"tensors[1].copy.dtype", text, "GRADSTEP_BFLOAT16"});
    tensor().average.dtype = bad;
    expect_invalid({"tensors[1].average.dtype", text, "GRADSTEP_FLOAT32 (1)"});
  }
  tensor().copy.dtype = GRADSTEP_FLOAT64;
  expect_invalid({"tensors[1].copy.dtype", "2"});
  tensor().average.dtype = GRADSTEP_FLOAT64;
  expect_invalid({"tensors[1].average.dtype = 2"});
  std::vector<float> average(40);
  views[2].tensor.average = array_of(average.data());
  expect_invalid({"tensors[2].average.dtype = 1", "GRADSTEP_FLOAT64 (2)"});
}

TEST_F(tensor_misuse, dtypes_of_slots) {
  for (const std::int32_t bad : {0, -1, 7, 99, GRADSTEP_FLOAT64, GRADSTEP_E5M3_B256}) {
    views[1].slots[0].dtype = bad;  // exp_avg can be negative
    expect_invalid({"tensors[1].slots[0].dtype", std::to_string(bad), "exp_avg", "S1E4M3_B256"});
  }
  views[1].slots[1].dtype = GRADSTEP_FLOAT64;
  expect_invalid({"tensors[1].slots[1].dtype", "exp_avg_sq", "FLOAT16", "E5M3_B256"});
  for (const std::int32_t bad :
       {GRADSTEP_FLOAT32, GRADSTEP_BFLOAT16, GRADSTEP_FLOAT16, GRADSTEP_S1E4M3_B256}) {
    views[2].slots[0].dtype = bad;
    expect_invalid({"tensors[2].slots[0].dtype", std::to_string(bad), "exp_avg", "FLOAT64"});
  }
}

// ---- Fields that depend on each other -----------------------------------------------------------

TEST_F(tensor_misuse, missing_scales) {
  for (const std::size_t slot : {0, 2}) {
    views[1].slots[slot].extra = nullptr;
    expect_invalid(
        {"tensors[1].slots[" + std::to_string(slot) + "].extra is NULL", "8-bit", "scale"});
  }
}

TEST_F(tensor_misuse, missing_slot) {
  views[1].slots[2].data = nullptr;
  expect_invalid({"tensors[1].slots[2].data is NULL"});
}

TEST_F(tensor_misuse, lower_halves_of_other_params) {
  std::uint16_t low[40] = {};
  views[2].tensor.param.extra = low;
  expect_invalid({"tensors[2].param.extra", "GRADSTEP_BFLOAT16"});
  for (const std::int32_t other : {GRADSTEP_FLOAT32, GRADSTEP_FLOAT16}) {
    tensor().param.dtype = other;  // the tensor has lower halves
    expect_invalid({"tensors[1].param.extra", std::to_string(other), "GRADSTEP_BFLOAT16"});
  }
}

TEST_F(tensor_misuse, more_than_elements_where_there_is_nothing_more) {
  std::uint16_t low[300] = {};
  tensor().grad.extra = low;  // bfloat16 too, but only params have lower halves
  expect_invalid({"tensors[1].grad.extra is set", "3"});
  tensor().copy.extra = low;
  expect_invalid({"tensors[1].copy.extra is set", "1"});
  tensor().average.extra = low;
  expect_invalid({"tensors[1].average.extra is set", "1"});
  views[2].slots[1].extra = low;
  expect_invalid({"tensors[2].slots[1].extra is set", "2"});
}

TEST_F(tensor_misuse, fields_without_a_meaning) {
  double scalars[2] = {};
  tensor().flags = 4;
  expect_invalid({"tensors[1].flags = 0x4"});
  tensor().scalars = scalars;
  expect_invalid({"tensors[1].scalars is set", "adam"});
  tensor().scalar_count = 2;
  expect_invalid({"tensors[1].scalar_count = 2", "adam"});
}

/// Every array, with its name.
std::vector<std::pair<std::string, gradstep_array*>> arrays_of(stored_view& view) {
  gradstep_tensor& t = view.tensor;
  std::vector<std::pair<std::string, gradstep_array*>> all = {
      {"param", &t.param}, {"grad", &t.grad}, {"copy", &t.copy}, {"average", &t.average}};
  for (std::size_t s = 0; s < view.slots.size(); ++s) {
    all.emplace_back("slots[" + std::to_string(s) + "]", &view.slots[s]);
  }
  return all;
}

TEST_F(tensor_misuse, fields_of_arrays_without_a_meaning) {
  std::uint16_t more[300] = {};
  for (std::size_t i = 0; i < 7; ++i) {
    const auto [name, array] = arrays_of(views[1])[i];
    array->extra2 = more;
    expect_invalid({"tensors[1]." + name + ".extra2 is set"});
    arrays_of(views[1])[i].second->flags = 3;
    expect_invalid({"tensors[1]." + name + ".flags = 0x3"});
    arrays_of(views[1])[i].second->pitch = 300;
    expect_invalid({"tensors[1]." + name + ".pitch = 300", "no rows"});
  }
}

TEST_F(tensor_misuse, first_index) {
  for (const std::uint64_t bad : {1U, 255U, 257U}) {
    tensor().first_index = bad;
    expect_invalid({"tensors[1].first_index", std::to_string(bad), "256"});
  }
  tensor().first_index = UINT64_MAX - 255;
  expect_refused(GRADSTEP_OUT_OF_RANGE, {"tensors[1].first_index", "18446744073709551360"});
  views[2].tensor.first_index = UINT64_MAX;
  expect_refused(GRADSTEP_OUT_OF_RANGE, {"tensors[2].first_index", "18446744073709551615"});
  views[2].tensor.first_index = 1;  // allowed: none of its arrays has blocks
  tensor().first_index = 512;
  EXPECT_EQ(apply(), GRADSTEP_OK) << gradstep_last_error();
}

// ---- Numbers of the options -------------------------------------------------------------------

TEST_F(tensor_misuse, numbers) {
  const auto refuse = [&](double gradstep_apply_options::*field, const char* name,
                          std::uint64_t flag, std::initializer_list<double> values) {
    for (const double bad : values) {
      options.*field = bad;
      const bool is_nan = std::isnan(bad);
      expect_refused(GRADSTEP_OUT_OF_RANGE, {name, is_nan ? "nan" : as_text(std::abs(bad))});
      options.*field = bad;
      options.flags = all_flags & ~flag;  // without its flag the field is ignored
      EXPECT_EQ(apply(), GRADSTEP_OK) << gradstep_last_error();
      result.piece_count = 77;
      reset();
    }
  };
  constexpr double tiny = 1e-300;
  refuse(&gradstep_apply_options::grad_scale, "grad_scale", GRADSTEP_APPLY_GRAD_SCALE,
         {nan_value, infinite, -infinite});
  refuse(&gradstep_apply_options::max_norm, "max_norm", GRADSTEP_APPLY_MAX_NORM,
         {nan_value, -infinite, 0, -1, -tiny});
  refuse(&gradstep_apply_options::max_value, "max_value", GRADSTEP_APPLY_MAX_VALUE,
         {nan_value, infinite, -infinite, 0, -1, -tiny});
  refuse(&gradstep_apply_options::average_decay, "average_decay", GRADSTEP_APPLY_AVERAGE,
         {nan_value, infinite, -infinite, -tiny, 1.5, std::nextafter(1.0, 2.0)});
  for (const double edge : {0.0, 1.0}) {
    options.average_decay = edge;
    options.max_norm = options.max_value = edge == 0 ? tiny : 1e308;
    EXPECT_EQ(apply(), GRADSTEP_OK) << gradstep_last_error();
  }
}

TEST_F(tensor_misuse, unknown_flags) {
  options.flags |= std::uint64_t{1} << 40;
  expect_invalid({"options.flags = 0x100000000", "known: 0xfff"});
}

}  // namespace
}  // namespace gradstep_test
