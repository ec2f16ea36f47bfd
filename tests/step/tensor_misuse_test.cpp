// SPDX-License-Identifier: Apache-2.0
//
// Wrong fields of tensors with every kind of array, and wrong numbers of a step's options: each
// gives its status and a sentence that names the field, and changes nothing.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/number_array.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/storages.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"
#include "support/test_values.hpp"
#include "support/wrong_structs.hpp"

namespace gradstep_test {
namespace {

/// Two valid tensors with 8-bit slots, and a third of float64. A test makes one field wrong and
/// expects that nothing changes.
class tensor_misuse : public testing::Test {
 protected:
  static constexpr storage how{.param = GRADSTEP_BFLOAT16,
                               .grad = GRADSTEP_BFLOAT16,
                               .slot = GRADSTEP_UNSIGNED8,
                               .copy = GRADSTEP_FLOAT32,
                               .is_split = true,
                               .has_average = true};
  static constexpr storage float64{.param = GRADSTEP_FLOAT64, .slot = GRADSTEP_FLOAT64};

  tensor_misuse() {
    for (std::size_t i = 0; i < 2; ++i) parameters.emplace_back(rule.get(), "adam", how, 300, i);
    wide.emplace_back(rule.get(), "adam", float64, 40);
    reset();
    result.piece_count = 77;
  }

  /// Makes everything valid again.
  void reset() {
    views = views_of(parameters);
    views.push_back(wide[0].view());
    options = apply_options(all_flags);
  }
  gradstep_tensor& tensor() { return views[1].tensor; }

  gradstep_status apply() {
    std::vector<gradstep_tensor> list;
    list.reserve(views.size());
    for (const auto& view : views) list.push_back(view.tensor);
    return gradstep_apply(context.get(), rule.get(), list.data(), list.size(), &options, &result);
  }

  std::vector<std::byte> bytes() {
    auto all = wide[0].bytes();
    for (auto& each : parameters) {
      const auto more = each.bytes();
      all.insert(all.end(), more.begin(), more.end());
    }
    return all;
  }

  /// Expects that the step is refused, then makes everything valid again.
  void expect_refused(gradstep_status status, const std::vector<std::string>& words) {
    const auto before = bytes();
    expect_failure(apply(), status, words);
    EXPECT_TRUE(bytes() == before) << "an array has changed";
    EXPECT_EQ(result.piece_count, 77U);
    reset();
  }
  void expect_invalid(const std::vector<std::string>& words) {
    expect_refused(GRADSTEP_INVALID_ARGUMENT, words);
  }

  context_handle context = make_serial_context();
  rule_handle rule = make_rule("adam", {{"amsgrad", 1}});
  std::vector<stored_parameter> parameters, wide;
  std::vector<stored_view> views;
  gradstep_apply_options options;
  gradstep_apply_result result = sized<gradstep_apply_result>();
};

TEST_F(tensor_misuse, valid_as_it_stands) {
  EXPECT_EQ(apply(), GRADSTEP_OK) << gradstep_last_error();
  EXPECT_EQ(result.piece_count, 1U);
}

// ---- Dtypes -----------------------------------------------------------------------------------

TEST_F(tensor_misuse, dtypes_of_arrays) {
  for (const std::int32_t bad : {0, -1, 7, 32, 99, GRADSTEP_SIGNED8, GRADSTEP_UNSIGNED8}) {
    const std::string text = std::to_string(bad);
    tensor().param_dtype = bad;
    expect_invalid({"tensors[1].param_dtype", text, "GRADSTEP_BFLOAT16"});
    tensor().grad_dtype = bad;
    expect_invalid({"tensors[1].grad_dtype", text, "GRADSTEP_BFLOAT16"});
    tensor().copy_dtype = bad;
    expect_invalid({"tensors[1].copy_dtype", text, "GRADSTEP_BFLOAT16"});
  }
  tensor().copy_dtype = GRADSTEP_FLOAT64;
  expect_invalid({"tensors[1].copy_dtype", "2"});
}

TEST_F(tensor_misuse, dtypes_of_slots) {
  for (const std::int32_t bad : {0, -1, 7, 99, GRADSTEP_FLOAT64, GRADSTEP_UNSIGNED8}) {
    views[1].slot_dtypes[0] = bad;  // exp_avg can be negative
    expect_invalid({"tensors[1].slot_dtypes[0]", std::to_string(bad), "exp_avg", "SIGNED8"});
  }
  views[1].slot_dtypes[1] = GRADSTEP_FLOAT64;
  expect_invalid({"tensors[1].slot_dtypes[1]", "exp_avg_sq", "FLOAT16", "UNSIGNED8"});
  for (const std::int32_t bad :
       {GRADSTEP_FLOAT32, GRADSTEP_BFLOAT16, GRADSTEP_FLOAT16, GRADSTEP_SIGNED8}) {
    views[2].slot_dtypes[0] = bad;
    expect_invalid({"tensors[2].slot_dtypes[0]", std::to_string(bad), "exp_avg", "FLOAT64"});
  }
}

// ---- Fields that depend on each other -----------------------------------------------------------

TEST_F(tensor_misuse, missing_scales) {
  tensor().slot_scales = nullptr;
  expect_invalid({"tensors[1].slot_scales", "NULL"});
  views[1].slot_scales[2] = nullptr;
  expect_invalid({"tensors[1].slot_scales", "NULL", "max_exp_avg_sq"});
}

TEST_F(tensor_misuse, missing_slot) {
  views[1].slots[2] = nullptr;
  expect_invalid({"max_exp_avg_sq", "NULL"});
}

TEST_F(tensor_misuse, lower_halves_of_other_params) {
  std::uint16_t low[40] = {};
  views[2].tensor.param_low = low;
  expect_invalid({"tensors[2].param_low", "GRADSTEP_BFLOAT16"});
  for (const std::int32_t other : {GRADSTEP_FLOAT32, GRADSTEP_FLOAT16}) {
    tensor().param_dtype = other;  // the tensor has lower halves
    expect_invalid({"tensors[1].param_low", std::to_string(other), "GRADSTEP_BFLOAT16"});
  }
}

TEST_F(tensor_misuse, copy_dtype_without_a_copy) {
  tensor().param_copy = nullptr;
  expect_invalid({"tensors[1].copy_dtype", "1", "param_copy"});
  tensor().copy_dtype = 0;
  expect_invalid({"tensors[1].copy_dtype", "0"});
}

TEST_F(tensor_misuse, reserved) {
  tensor().reserved = 5;
  expect_invalid({"tensors[1].reserved", "5"});
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

// ---- Addresses --------------------------------------------------------------------------------

/// A pointer field of the tensor, and the array that it points to.
struct pointer {
  std::string name;
  void* data;
  std::size_t bytes, element_size;
  std::function<void(void*)> set;
};

std::vector<pointer> pointers_of(stored_parameter& p, stored_view& view) {
  gradstep_tensor& t = view.tensor;
  std::vector<pointer> all;
  const auto add = [&](std::string name, number_array& array, std::function<void(void*)> set) {
    all.push_back({std::move(name), array.data(), array.bytes(), element_size(array.dtype()),
                   std::move(set)});
  };
  add("param", p.param.data, [&t](void* to) { t.param = to; });
  add("param_low", *p.param.extra,
      [&t](void* to) { t.param_low = static_cast<std::uint16_t*>(to); });
  add("grad", p.grad.data, [&t](void* to) { t.grad = to; });
  add("param_copy", p.copy->data, [&t](void* to) { t.param_copy = to; });
  add("average", p.average->data, [&t](void* to) { t.average = to; });
  for (std::size_t s = 0; s < p.slots.size(); ++s) {
    add(slot_names_of("adam")[s], p.slots[s]->data, [&view, s](void* to) { view.slots[s] = to; });
    add("slot_scales", *p.slots[s]->extra,
        [&view, s](void* to) { view.slot_scales[s] = static_cast<float*>(to); });
  }
  return all;
}

/// The first or last aligned address in the array for an element of this size.
void* aligned_place_in(const pointer& array, std::size_t size, bool at_end) {
  auto* const begin = static_cast<std::byte*>(array.data);
  std::byte* const place = begin + (at_end ? array.bytes - 1 : size - 1);
  return place - reinterpret_cast<std::uintptr_t>(place) % size;
}

/// Each array stands at the beginning and at the end of each other one. The arrays are far apart,
/// so no third one overlaps. A refused step neither reads nor writes them.
TEST_F(tensor_misuse, overlap_of_each_array_with_each_other) {
  constexpr std::size_t distance = 4096, array_count = 11;
  std::vector<std::byte> room(distance * (array_count + 1));
  const auto arrays = [&] {
    auto pointers = pointers_of(parameters[1], views[1]);
    EXPECT_EQ(pointers.size(), array_count);
    for (std::size_t i = 0; i < pointers.size(); ++i) {
      pointers[i].data = room.data() + distance * i;
      pointers[i].set(pointers[i].data);
    }
    return pointers;
  };
  for (std::size_t moved = 0; moved < array_count; ++moved) {
    for (std::size_t other = 0; other < array_count; ++other) {
      if (moved == other) continue;
      for (const bool at_end : {false, true}) {
        const auto pointers = arrays();
        const auto& name = pointers[moved].name;
        SCOPED_TRACE(name + " in " + pointers[other].name);
        pointers[moved].set(
            aligned_place_in(pointers[other], pointers[moved].element_size, at_end));
        expect_invalid({"tensors[1]", "overlap", name, pointers[other].name});
      }
    }
  }
  EXPECT_TRUE(room == std::vector<std::byte>(room.size()));
}

TEST_F(tensor_misuse, misaligned_arrays) {
  const auto pointers = pointers_of(parameters[1], views[1]);
  for (std::size_t i = 0; i < pointers.size(); ++i) {
    if (pointers[i].element_size == 1) continue;
    const auto again = pointers_of(parameters[1], views[1]);
    SCOPED_TRACE(again[i].name);
    again[i].set(static_cast<std::byte*>(again[i].data) + 1);
    tensor().count = 280;
    expect_invalid({"tensors[1]", again[i].name, "align"});
  }
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
         {nan_value, infinite, -infinite, 0, -1, -tiny});
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
  options.flags |= 512;
  expect_invalid({"flags", "0x2"});
}

}  // namespace
}  // namespace gradstep_test
