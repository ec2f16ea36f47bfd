// SPDX-License-Identifier: Apache-2.0
//
// Calls on an optimizer from within its own calls, and in a child process forked in the middle of a
// step.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <barrier>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "optimizer/interrupted_optimizer.hpp"
#include "support/child_process.hpp"
#include "support/comparison.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/scratch_folder.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {
namespace {

using optimizer_reentrancy = interrupted_optimizer;

TEST_F(optimizer_reentrancy, a_call_within_a_call_does_nothing) {
  std::vector<gradstep_status> statuses;
  std::string sentence;
  pool.within = [&] {
    statuses = {gradstep_optimizer_step(o, nullptr, nullptr),
                gradstep_optimizer_set_grad(o, 0, nullptr),
                gradstep_optimizer_end_step(o, nullptr)};
    sentence = gradstep_last_error();
  };
  step(o);
  pool.within = nullptr;
  EXPECT_EQ(statuses, std::vector<gradstep_status>(3, GRADSTEP_BUSY));
  EXPECT_NE(sentence.find("inside another call"), std::string::npos) << sentence;
  EXPECT_EQ(describe(o).step_count, 1U);
  EXPECT_EQ(describe_tensor(o, 0).has_grad, 1);
  step(o);
  EXPECT_EQ(describe(o).step_count, 2U);
}

TEST_F(optimizer_reentrancy, a_call_from_within_never_waits_for_its_own) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  std::vector<gradstep_status> statuses;
  std::string sentence;
  pool.within = [&] {
    statuses = {gradstep_optimizer_step(o, nullptr, nullptr),
                gradstep_optimizer_begin_step(o, nullptr),
                gradstep_optimizer_step_tensor(o, 0),
                gradstep_optimizer_end_step(o, nullptr),
                gradstep_optimizer_set_grad(o, 1, nullptr),
                gradstep_optimizer_accumulate(o, 2, 1),
                gradstep_optimizer_inspect(o, GRADSTEP_ALL_TENSORS, 1),
                gradstep_optimizer_set_frozen(o, 0, 1),
                gradstep_optimizer_set_group_max_norm(o, 0, 1),
                gradstep_optimizer_start_average(o, GRADSTEP_ALL_TENSORS),
                gradstep_optimizer_set_average_count(o, 0, 1),
                gradstep_optimizer_save(o, path.c_str(), 0)};
    sentence = gradstep_last_error();
  };
  step(o);
  pool.within = nullptr;
  EXPECT_EQ(statuses, std::vector<gradstep_status>(12, GRADSTEP_BUSY));
  EXPECT_NE(sentence.find("inside another call"), std::string::npos) << sentence;
  step(o);
  expect_params(-2);
}

TEST_F(optimizer_reentrancy, another_tensor_can_be_stepped_from_within) {
  expect_ok(gradstep_optimizer_begin_step(o, nullptr));
  std::size_t next = 1;
  pool.within = [&] {
    EXPECT_EQ(gradstep_optimizer_step_tensor(o, next - 1), GRADSTEP_BUSY);
    if (next < tensor_count) expect_ok(gradstep_optimizer_step_tensor(o, next++));
  };
  expect_ok(gradstep_optimizer_step_tensor(o, 0));
  pool.within = nullptr;
  expect_ok(gradstep_optimizer_end_step(o, nullptr));
  expect_params(-1);
}

TEST_F(optimizer_reentrancy, a_child_does_not_wait_for_its_parents_step) {
  std::barrier is_inside(2), may_leave(2);
  pool.within = [&] {
    is_inside.arrive_and_wait();
    may_leave.arrive_and_wait();
  };
  std::thread stepping([&] { step(o); });
  is_inside.arrive_and_wait();
  const int status = run_in_child([&] {
    pool.within = nullptr;
    alarm(60);
    expect_failure(gradstep_optimizer_step(o, nullptr, nullptr), GRADSTEP_BUSY, {"forked"});
    auto info = sized<gradstep_optimizer_info>();
    expect_failure(gradstep_optimizer_describe(o, &info), GRADSTEP_BUSY, {"forked"});
    optimizer.reset();
  });
  may_leave.arrive_and_wait();
  stepping.join();
  pool.within = nullptr;
  EXPECT_EQ(status, 0);
  EXPECT_EQ(run_in_child([&] { step(o); }), 0);
  step(o);
  expect_params(-2);
}

}  // namespace
}  // namespace gradstep_test
