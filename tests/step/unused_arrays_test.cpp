// SPDX-License-Identifier: Apache-2.0
//
// Arrays, pointers and options that a step has no use for. Nothing reads or changes the arrays, and
// the options change nothing.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
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
#include "support/storages.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {
namespace {

/// An array that is not there, with fields that would be wrong in any other.
gradstep_array unused_array() {
  static std::uint64_t nothing = 0;
  gradstep_array array{};
  array.extra = array.extra2 = &nothing;
  array.pitch = -3;
  array.dtype = 99;
  array.flags = 5;
  return array;
}

class unused_arrays : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, unused_arrays, testing::ValuesIn(rule_names()), rule_as_test_name);

TEST_P(unused_arrays, an_average_is_left_alone_without_its_flag) {
  const auto rule = make_rule(GetParam());
  const auto context = make_serial_context();
  stored_parameter target(rule.get(), GetParam(), {.has_average = true}, 300);
  target.average->narrow(std::vector<double>(300, 42));
  run_stored(context.get(), rule.get(), target, 0);
  for (std::size_t i = 0; i < 300; ++i) ASSERT_EQ(target.average->widen(i), 42);
  run_stored(context.get(), rule.get(), target, GRADSTEP_APPLY_AVERAGE, 1);
  for (std::size_t i = 0; i < 300; ++i) ASSERT_EQ(target.average->widen(i), target.param.widen(i));
}

/// Float32, float64 and split params hold every result exactly. A copy is always rounded to
/// nearest.
TEST_P(unused_arrays, rounding_flags_change_nothing_where_nothing_is_rounded) {
  const auto rule = make_rule(GetParam());
  const auto context = make_serial_context();
  const storage exact[] = {
      {.copy = GRADSTEP_BFLOAT16},
      {.copy = GRADSTEP_FLOAT16},
      {.param = GRADSTEP_FLOAT64, .slot = GRADSTEP_FLOAT64, .copy = GRADSTEP_FLOAT16},
      {.param = GRADSTEP_BFLOAT16, .copy = GRADSTEP_FLOAT16, .is_split = true}};
  for (const storage& how : exact) {
    stored_parameter wanted(rule.get(), GetParam(), how, 300);
    stored_parameter target = wanted;
    run_stored(context.get(), rule.get(), wanted, 0);
    run_stored(context.get(), rule.get(), target,
               GRADSTEP_APPLY_STOCHASTIC_PARAM | GRADSTEP_APPLY_NEAREST_SLOTS);
    expect_same_bits(target.snapshot(), wanted.snapshot());
  }
}

TEST_P(unused_arrays, the_fields_of_an_unused_slot_are_ignored) {
  for (const auto& values : option_combinations(GetParam())) {
    const auto rule = make_rule(GetParam(), values);
    stored_parameter target(rule.get(), GetParam(), {.slot = GRADSTEP_E5M3_B256}, 300);
    std::vector<stored_view> views;
    views.push_back(target.view());
    for (std::size_t s = 0; s < target.slots.size(); ++s) {
      if (!target.slots[s]) views[0].slots[s] = unused_array();
    }
    apply_views(make_serial_context().get(), rule.get(), views,
                with_scalars_of(target, apply_options(0)));
  }
}

/// The same for arrays that are absent.
TEST_P(unused_arrays, the_fields_of_absent_arrays_are_ignored) {
  const auto rule = make_rule(GetParam());
  stored_parameter target(rule.get(), GetParam(), {}, 300);
  std::vector<stored_view> views;
  views.push_back(target.view());
  views[0].tensor.copy = views[0].tensor.average = unused_array();
  apply_views(make_serial_context().get(), rule.get(), views,
              with_scalars_of(target, apply_options(0)));
}

// ---- With an optimizer, saved and loaded --------------------------------------------------------

TEST(unused_arrays_of_an_optimizer, slots_that_are_given_before_they_are_used) {
  const auto context = make_serial_context();
  const auto rule = make_rule("adam");
  const scratch_folder folder;
  for (const std::int32_t dtype : {GRADSTEP_FLOAT32, GRADSTEP_BFLOAT16}) {
    plain_tensor arrays(300);
    std::vector<float> m(300), v(300), w(300);
    const gradstep_array slots[] = {array_of(m.data()), array_of(dtype, v.data()),
                                    array_of(w.data())};
    auto tensor = arrays.tensor();
    tensor.slots = slots;
    tensor.slot_count = 3;
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
    EXPECT_EQ(get_array(optimizer.get(), 0, "exp_avg").extra, nullptr);
    EXPECT_EQ(get_array(optimizer.get(), 0, "exp_avg_sq").dtype, dtype);
    EXPECT_EQ(w, std::vector<float>(300));
  }
}

TEST(unused_arrays_of_an_optimizer, an_absent_slot_stays_absent_when_it_is_loaded) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd");
  const scratch_folder folder;
  plain_tensor arrays(30);
  const gradstep_array slots[] = {unused_array()};
  auto tensor = arrays.tensor();
  tensor.slots = slots;
  tensor.slot_count = 1;
  const auto optimizer = make_optimizer(context.get());
  add_group(optimizer.get(), "all", rule.get());
  add_tensor(optimizer.get(), 0, "weight", tensor);
  step(optimizer.get());
  save(optimizer, folder / "state");
  load(optimizer, folder / "state");
  step(optimizer.get());
  EXPECT_EQ(describe_tensor(optimizer.get(), 0).step_count, 2U);
  gradstep_array array{};
  EXPECT_EQ(gradstep_optimizer_get_array(optimizer.get(), 0, "momentum_buffer", &array, nullptr),
            GRADSTEP_UNSUPPORTED);
}

TEST(unused_arrays_of_an_optimizer, slots_and_averages_that_no_step_uses) {
  const auto context = make_serial_context();
  const auto rule = make_rule("sgd", {{"lr", 1}});
  const scratch_folder folder;
  plain_tensor arrays(30);
  std::vector<float> buffer(30, 5), average(30, 6);
  const gradstep_array slots[] = {array_of(buffer.data())};
  auto tensor = arrays.tensor();
  tensor.slots = slots;
  tensor.slot_count = 1;
  tensor.average = array_of(average.data());
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

}  // namespace
}  // namespace gradstep_test
