// SPDX-License-Identifier: Apache-2.0
//
// Tensors that move to another group: what goes along, and what is refused.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "optimizer/optimizer_misuse.hpp"

namespace gradstep_test {
namespace {

using moves = optimizer_misuse;

TEST_F(moves, to_its_own_group_changes_nothing) {
  expect_ok(gradstep_optimizer_move_tensor(get(), 0, 0));
  EXPECT_EQ(everything_in(get()), before);
}

/// To a group of the same rule, the state stays where it is.
TEST_F(moves, within_a_rule) {
  const auto slow = make_rule("adam", {{"lr", 0}});
  const auto group = add_group(get(), "slow", slow.get());
  const auto array = get_array(get(), 0, "exp_avg");
  expect_ok(gradstep_optimizer_set_frozen(get(), 0, 1));
  expect_ok(gradstep_optimizer_accumulate(get(), 0, 1));
  const auto bytes = describe(get()).state_bytes;
  expect_ok(gradstep_optimizer_move_tensor(get(), 0, group));
  const auto info = describe_tensor(get(), 0);
  EXPECT_EQ(info.group, group);
  EXPECT_EQ(info.step_count, 1U);
  EXPECT_EQ(info.accumulate_count, 1U);
  EXPECT_EQ(info.is_frozen, 1);
  EXPECT_EQ(get_array(get(), 0, "exp_avg").data, array.data);
  EXPECT_EQ(describe(get()).state_bytes, bytes);
  EXPECT_EQ(describe_group(get(), 0).tensor_count, 0U);
  EXPECT_EQ(describe_group(get(), group).tensor_count, 1U);
  expect_ok(gradstep_optimizer_set_frozen(get(), 0, 0));
  const auto bits = a.bits();
  step(get());
  EXPECT_EQ(a.bits(), bits);  // its rate is 0
  EXPECT_EQ(describe_tensor(get(), 0).step_count, 2U);
}

/// adam's averages go on under adamw; a dtype that the group would not choose stays.
TEST_F(moves, to_another_rule_with_the_same_slots) {
  auto narrow = group_options("narrow", adam.get());
  narrow.slot_dtype = GRADSTEP_BFLOAT16;
  const auto from = add_group(get(), narrow);
  const auto adamw = make_rule("adamw", {{"amsgrad", 1}});
  const auto to = add_group(get(), "adamw", adamw.get());
  const auto index = add_tensor(get(), from, "c", fresh.tensor());
  for (int i = 0; i < 3; ++i) step(get());
  const auto average = read_array(get(), index, "exp_avg"),
             square = read_array(get(), index, "exp_avg_sq");
  expect_ok(gradstep_optimizer_move_tensor(get(), index, to));
  EXPECT_EQ(read_array(get(), index, "exp_avg"), average);
  EXPECT_EQ(read_array(get(), index, "exp_avg_sq"), square);
  EXPECT_EQ(get_array(get(), index, "exp_avg").dtype, GRADSTEP_BFLOAT16);
  EXPECT_EQ(get_array(get(), index, "max_exp_avg_sq").dtype, GRADSTEP_FLOAT32);
  EXPECT_EQ(read_array(get(), index, "max_exp_avg_sq"), std::vector<double>(20, 0.0));
  const std::size_t first = 20 * 4 * 2;  // of tensor 0
  EXPECT_EQ(describe(get()).state_bytes, first + 20 * (2 + 2 + 4));
  step(get());
  EXPECT_EQ(describe_tensor(get(), index).step_count, 4U);
}

/// The momentum buffer is fresh: it begins with the whole gradient, without dampening.
TEST_F(moves, begin_new_slots_afresh) {
  const auto damped = make_rule("sgd", {{"momentum", 0.9}, {"dampening", 0.5}});
  const auto group = add_group(get(), "damped", damped.get());
  expect_ok(gradstep_optimizer_move_tensor(get(), 0, group));
  std::vector<double> grad;
  for (std::size_t i = 0; i < 20; ++i) grad.push_back(a.grad.get(i));
  step(get());
  EXPECT_EQ(read_array(get(), 0, "momentum_buffer"), grad);
  step(get());
  EXPECT_NE(read_array(get(), 0, "momentum_buffer"), grad);
  gradstep_array array{};
  expect_failure(gradstep_optimizer_get_array(get(), 0, "exp_avg", &array, nullptr),
                 GRADSTEP_UNKNOWN_NAME, {"exp_avg"});
}

/// Slots of the caller go along by name, in the new rule's order.
TEST_F(moves, with_slots_of_the_caller) {
  auto own = make_parameter("adam", adam.get(), 20, {});
  const auto view = own.view();
  const auto index = add_tensor(get(), 0, "own", view.tensor);
  step(get());
  const auto rmsprop = make_rule("rmsprop"), adamw = make_rule("adamw");
  const auto amsgrad = make_rule("adamw", {{"amsgrad", 1}});
  const std::size_t groups[] = {add_group(get(), "rmsprop", rmsprop.get()),
                                add_group(get(), "amsgrad", amsgrad.get()),
                                add_group(get(), "adamw", adamw.get())};
  before = everything_in(get());
  refused(gradstep_optimizer_move_tensor(get(), index, groups[0]), GRADSTEP_INVALID_ARGUMENT,
          {"square_avg", "\"own\"", "caller"});
  refused(gradstep_optimizer_move_tensor(get(), index, groups[1]), GRADSTEP_INVALID_ARGUMENT,
          {"max_exp_avg_sq", "\"own\""});
  expect_ok(gradstep_optimizer_move_tensor(get(), index, groups[2]));
  EXPECT_EQ(get_array(get(), index, "exp_avg").data, view.slots[0].data);
  EXPECT_EQ(get_array(get(), index, "exp_avg_sq").data, view.slots[1].data);
  step(get());
  // The registry still knows where they are.
  auto other = fresh.tensor();
  other.param.data = view.slots[1].data;
  expect_failure(add("t", other), GRADSTEP_INVALID_ARGUMENT, {"overlaps slots[1].data", "\"own\""});
  // sgd uses none of them: their memory is free.
  expect_ok(gradstep_optimizer_move_tensor(get(), index, 1));
  expect_ok(add("t", other));
}

TEST_F(moves, of_tensors_that_do_not_suit) {
  const auto lamb = make_rule("lamb"), free = make_rule("schedule_free_adamw");
  auto narrow = group_options("narrow", adam.get());
  narrow.slot_dtype = GRADSTEP_S1E4M3_B256;
  const std::size_t sums = add_group(get(), "lamb", lamb.get()), blocks = add_group(get(), narrow),
                    transformed = add_group(get(), "free", free.get());
  plain_tensor large(5000);
  auto piece = large.tensor();
  piece.first_index = 100;
  piece.whole_count = 9000;
  const auto index = add_tensor(get(), 1, "piece", piece);
  add_tensor(get(), transformed, "turned", fresh.tensor());
  expect_ok(gradstep_optimizer_transform(get(), transformed, "evaluate"));
  before = everything_in(get());
  refused(gradstep_optimizer_move_tensor(get(), index, sums), GRADSTEP_UNSUPPORTED,
          {"\"piece\"", "lamb sums"});
  refused(gradstep_optimizer_move_tensor(get(), index, blocks), GRADSTEP_INVALID_ARGUMENT,
          {"first_index = 100", "256"});
  refused(gradstep_optimizer_move_tensor(get(), index + 1, 0), GRADSTEP_WRONG_ORDER,
          {"\"turned\"", "transformed"});
  refused(gradstep_optimizer_move_tensor(get(), 0, 9), GRADSTEP_OUT_OF_RANGE, {"group = 9"});
  refused(gradstep_optimizer_move_tensor(get(), 9, 0), GRADSTEP_OUT_OF_RANGE, {"tensor = 9"});
  refused(gradstep_optimizer_move_tensor(nullptr, 0, 0), GRADSTEP_INVALID_ARGUMENT,
          {"optimizer is NULL"});
  expect_ok(gradstep_optimizer_transform(get(), transformed, "train"));
  expect_ok(gradstep_optimizer_move_tensor(get(), index + 1, 0));
}

/// A slot that begins as the param begins as the param at the next step, not at the move.
TEST_F(moves, to_a_rule_with_a_slot_that_begins_as_the_param) {
  const auto free = make_rule("schedule_free_adamw", {{"lr", 0}});
  const auto group = add_group(get(), "free", free.get());
  expect_ok(gradstep_optimizer_move_tensor(get(), 0, group));
  for (std::size_t i = 0; i < 20; ++i) a.param.set(i, static_cast<double>(i));
  step(get());
  const auto z = read_array(get(), 0, "z");
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(z[i], static_cast<double>(i));
}

/// Sums over all tensors are in the order of adding, whatever has moved.
TEST(moves_of_summed_tensors, there_and_back_change_no_bit) {
  const auto prodigy = make_rule("prodigy");
  std::vector<std::vector<double>> states;
  for (const bool moves : {false, true}) {
    const auto optimizer = make_optimizer(serial_context());
    add_group(optimizer.get(), "first", prodigy.get());
    add_group(optimizer.get(), "second", prodigy.get());
    std::vector<plain_tensor> tensors;
    for (std::uint64_t i = 0; i < 5; ++i) tensors.emplace_back(20 + i, GRADSTEP_FLOAT64, i);
    for (std::size_t i = 0; i < 5; ++i) {
      add_tensor(optimizer.get(), 0, numbered_name(i), tensors[i].tensor());
    }
    for (const std::size_t i : {2U, 0U, 3U}) {
      if (moves) expect_ok(gradstep_optimizer_move_tensor(optimizer.get(), i, 1));
    }
    for (const std::size_t i : {3U, 0U, 2U}) {
      if (moves) expect_ok(gradstep_optimizer_move_tensor(optimizer.get(), i, 0));
    }
    for (int i = 0; i < 20; ++i) step(optimizer.get());
    states.push_back(everything_in(optimizer.get()));
  }
  EXPECT_EQ(states[0], states[1]);
}

TEST_F(moves, are_refused_inside_a_step) {
  auto options = step_with_norm(1);
  expect_ok(gradstep_optimizer_begin_step(get(), &options));
  before = everything_in(get());
  const auto tensor = fresh.tensor();
  const std::function<gradstep_status()> calls[] = {
      [&] { return gradstep_optimizer_move_tensor(get(), 0, 0); },
      [&] { return gradstep_optimizer_remove_tensor(get(), 0); },
      [&] { return gradstep_optimizer_remove_group(get(), 0); },
      [&] { return gradstep_optimizer_set_param(get(), 0, &tensor, nullptr, 0); },
      [&] { return gradstep_optimizer_set_step_count(get(), 3); },
      [&] { return gradstep_optimizer_set_tensor_step_count(get(), 0, 3); },
      [&] { return gradstep_optimizer_set_scalar(get(), 0, "d", 3); },
      [&] { return gradstep_optimizer_export_array(get(), 0, "param", &tensor.param, 20); },
      [&] { return gradstep_optimizer_import_array(get(), 0, "param", &tensor.param, 20); }};
  for (const auto& call : calls) {
    refused(call(), GRADSTEP_WRONG_ORDER, {"inside a step", "gradstep_optimizer_end_step"});
  }
  expect_ok(gradstep_optimizer_end_step(get(), nullptr));
}

}  // namespace
}  // namespace gradstep_test
