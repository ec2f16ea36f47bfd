// SPDX-License-Identifier: Apache-2.0
//
// Steps tensor by tensor, from several threads.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <cmath>
#include <cstddef>
#include <thread>
#include <utility>
#include <vector>

#include "optimizer/interrupted_optimizer.hpp"
#include "support/comparison.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {
namespace {

using tensor_by_tensor = interrupted_optimizer;

TEST_F(tensor_by_tensor, steps_run_side_by_side) {
  // Each thread waits inside its step until all threads are there.
  std::barrier all_inside(static_cast<std::ptrdiff_t>(tensor_count));
  std::atomic<int> failures = 0;
  pool.within = [&] { all_inside.arrive_and_wait(); };
  expect_ok(gradstep_optimizer_begin_step(o, nullptr));
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < tensor_count; ++i) {
    threads.emplace_back([&, i] {
      if (gradstep_optimizer_step_tensor(o, i) == GRADSTEP_OK) return;
      ++failures;
      all_inside.arrive_and_drop();
    });
  }
  for (auto& thread : threads) thread.join();
  pool.within = nullptr;
  auto result = sized<gradstep_apply_result>();
  expect_ok(gradstep_optimizer_end_step(o, &result));
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(result.left_out_count, 0U);
  EXPECT_EQ(result.piece_count, tensor_count * ((elements + 63) / 64));
  expect_params(-1);
}

TEST_F(tensor_by_tensor, gradients_are_inspected_and_accumulated_side_by_side) {
  std::barrier all_inside(static_cast<std::ptrdiff_t>(tensor_count));
  std::atomic<int> failures = 0;
  pool.within = [&] { all_inside.arrive_and_wait(); };
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < tensor_count; ++i) {
    threads.emplace_back([&, i] {
      if (gradstep_optimizer_accumulate(o, i, 3) == GRADSTEP_OK) return;
      ++failures;
      all_inside.arrive_and_drop();
    });
  }
  for (auto& thread : threads) thread.join();
  threads.clear();
  pool.within = nullptr;
  EXPECT_EQ(describe(o).state_bytes, tensor_count * elements * sizeof(float));
  for (std::size_t i = 0; i < tensor_count; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < 50; ++n) {
        failures += gradstep_optimizer_set_grad(o, i, grads[i].data());
        failures += gradstep_optimizer_inspect(o, i, 1);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  const auto options = inspected_step();
  EXPECT_DOUBLE_EQ(step(o, options).grad_norm, 3 * std::sqrt(tensor_count * elements));
  expect_params(-3);
}

TEST_F(tensor_by_tensor, of_many_steps_of_one_tensor_one_wins) {
  for (int round = 0; round < 30; ++round) {
    expect_ok(gradstep_optimizer_begin_step(o, nullptr));
    std::atomic<int> won = 0, late = 0;
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([&] {
        for (std::size_t t = 0; t < tensor_count; ++t) {
          const auto status = gradstep_optimizer_step_tensor(o, t);
          won += status == GRADSTEP_OK ? 1 : 0;
          late += status == GRADSTEP_WRONG_ORDER ? 1 : 0;
        }
      });
    }
    for (auto& thread : threads) thread.join();
    expect_ok(gradstep_optimizer_end_step(o, nullptr));
    EXPECT_EQ(won, 8);
    EXPECT_EQ(late, 24);
  }
  expect_params(-30);
}

TEST_F(tensor_by_tensor, the_end_of_a_step_waits_for_its_tensors) {
  auto result = sized<gradstep_apply_result>();
  gradstep_status ended = -1;
  std::thread ending;
  expect_ok(gradstep_optimizer_begin_step(o, nullptr));
  pool.within = [&] {
    ending = std::thread([&] { ended = gradstep_optimizer_end_step(o, &result); });
    // end_step waits for this step. Once it waits, a call of this thread that would have to wait
    // for end_step is refused. So a refusal shows that end_step waits.
    while (gradstep_optimizer_set_grad(o, 1, grads[1].data()) == GRADSTEP_OK) {
    }
    EXPECT_EQ(describe(o).is_in_step, 1);
    EXPECT_EQ(gradstep_optimizer_step_tensor(o, 2), GRADSTEP_BUSY);
  };
  expect_ok(gradstep_optimizer_step_tensor(o, 0));
  ending.join();
  EXPECT_EQ(ended, GRADSTEP_OK);
  EXPECT_EQ(result.left_out_count, tensor_count - 1);
  EXPECT_EQ(result.first_left_out, 1U);
  EXPECT_EQ(describe_tensor(o, 0).step_count, 1U);
  EXPECT_EQ(params[0][0], -1);
  EXPECT_EQ(params[1][0], 0);
}

TEST_F(tensor_by_tensor, what_a_step_leaves_out) {
  const auto ended = [&](const std::vector<std::size_t>& stepped) {
    expect_ok(gradstep_optimizer_begin_step(o, nullptr));
    for (const std::size_t tensor : stepped) expect_ok(gradstep_optimizer_step_tensor(o, tensor));
    auto result = sized<gradstep_apply_result>();
    expect_ok(gradstep_optimizer_end_step(o, &result));
    return std::pair(result.left_out_count, result.first_left_out);
  };
  using counts = std::pair<std::size_t, std::size_t>;
  EXPECT_EQ(ended({}), counts(8, 0));
  EXPECT_EQ(ended({0, 1, 2, 4, 5, 6, 7}), counts(1, 3));
  expect_ok(gradstep_optimizer_set_frozen(o, 3, 1));
  EXPECT_EQ(ended({0, 1, 2, 4, 5, 6, 7}), counts(0, 0));
  expect_ok(gradstep_optimizer_set_grad(o, 7, nullptr));
  EXPECT_EQ(ended({0, 1, 2, 3, 4, 5, 7}), counts(1, 6));
  // A tensor with a sum takes part without a gradient.
  expect_ok(gradstep_optimizer_set_grad(o, 7, grads[7].data()));
  expect_ok(gradstep_optimizer_accumulate(o, 7, 1));
  expect_ok(gradstep_optimizer_set_grad(o, 7, nullptr));
  EXPECT_EQ(ended({0, 1, 2, 4, 5, 6}), counts(1, 7));
  EXPECT_EQ(ended({7, 0, 1, 2, 4, 5, 6}), counts(0, 0));
  auto result = sized<gradstep_apply_result>();
  result.left_out_count = result.first_left_out = 9;
  expect_ok(gradstep_optimizer_step(o, nullptr, &result));
  EXPECT_EQ(counts(result.left_out_count, result.first_left_out), counts(0, 0));
}

TEST_F(tensor_by_tensor, a_skipped_step_leaves_out_what_was_not_stepped) {
  auto options = sized<gradstep_optimizer_options>();
  options.flags = GRADSTEP_APPLY_CHECK_FINITE | GRADSTEP_APPLY_ZERO_GRAD;
  expect_ok(gradstep_optimizer_set_options(o, &options));
  auto known = sized<gradstep_step_options>();
  known.flags = GRADSTEP_STEP_GRAD_NORM;
  known.non_finite_count = 1;
  expect_ok(gradstep_optimizer_begin_step(o, &known));
  std::vector<std::thread> threads;
  for (std::size_t i = 1; i < tensor_count; ++i) {
    threads.emplace_back([&, i] { expect_ok(gradstep_optimizer_step_tensor(o, i)); });
  }
  for (auto& thread : threads) thread.join();
  auto result = sized<gradstep_apply_result>();
  expect_ok(gradstep_optimizer_end_step(o, &result));
  EXPECT_EQ(result.is_skipped, 1);
  EXPECT_EQ(result.left_out_count, 1U);
  EXPECT_EQ(grads[0][0], 1);
  for (std::size_t i = 1; i < tensor_count; ++i) EXPECT_EQ(grads[i][0], 0);
  EXPECT_EQ(describe(o).skipped_count, 1U);
  EXPECT_EQ(describe_tensor(o, 1).step_count, 0U);
}

}  // namespace
}  // namespace gradstep_test
