// SPDX-License-Identifier: Apache-2.0
//
// Calls on one optimizer from several threads, from within each other, and after a fork. Where it
// matters what runs meanwhile, a host's pool stops a step in the middle.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <atomic>
#include <barrier>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "support/checkpoint_files.hpp"
#include "support/child_process.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/scratch_folder.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {
namespace {

/// A pool that calls `within`, unless it is empty, and then runs all tasks on the calling thread.
struct interrupting_pool {
  std::function<void()> within;
};

void call_then_run(void* pool, std::size_t count, gradstep_task task, void* argument) {
  auto& self = *static_cast<interrupting_pool*>(pool);
  if (self.within) self.within();
  for (std::size_t i = 0; i < count; ++i) task(argument, i);
}

constexpr std::size_t tensor_count = 8, elements = 200;

/// sgd at rate 1, and every gradient is 1: a step takes 1 from every element.
class optimizer_threads : public testing::Test {
 protected:
  optimizer_threads() {
    auto split = split_options(4);
    split.parallel_for = call_then_run;
    split.pool = &pool;
    context = make_context(split);
    optimizer = make_optimizer(context.get());
    o = optimizer.get();
    add_group(o, "all", rule.get());
    add_tensors(o, params);
  }

  void add_tensors(gradstep_optimizer* to, std::vector<std::vector<float>>& arrays) {
    arrays.assign(tensor_count, std::vector<float>(elements, 0.0F));
    for (std::size_t i = 0; i < tensor_count; ++i) {
      auto tensor = sized<gradstep_tensor>();
      tensor.count = elements;
      tensor.param = arrays[i].data();
      if (to == o) grads.emplace_back(elements, 1.0F);
      tensor.grad = to == o ? grads[i].data() : nullptr;
      tensor.param_dtype = tensor.grad_dtype = GRADSTEP_FLOAT32;
      add_tensor(to, 0, std::string("t").append(std::to_string(i)), tensor);
    }
  }

  /// Every call that only reads, now.
  std::vector<gradstep_status> read_everything() const {
    auto info = sized<gradstep_optimizer_info>();
    auto group = sized<gradstep_group_info>();
    auto tensor = sized<gradstep_tensor_info>();
    auto array = sized<gradstep_array>();
    auto plateau = sized<gradstep_plateau>();
    auto scaler = sized<gradstep_loss_scaler>();
    double value = 0;
    std::size_t index = 0;
    return {gradstep_optimizer_describe(o, &info),
            gradstep_optimizer_describe_group(o, 0, &group),
            gradstep_optimizer_describe_tensor(o, 1, &tensor),
            gradstep_optimizer_get_array(o, 1, "param", &array),
            gradstep_optimizer_find_group(o, "all", &index),
            gradstep_optimizer_find_tensor(o, "t1", &index),
            gradstep_optimizer_get_hyperparameter(o, 0, "lr", &value),
            gradstep_optimizer_get_plateau(o, 0, &plateau),
            gradstep_optimizer_get_loss_scaler(o, &scaler)};
  }

  void expect_params(float value) const {
    for (const auto& param : params) EXPECT_EQ(param, std::vector<float>(elements, value));
  }

  interrupting_pool pool;
  context_handle context;
  rule_handle rule = make_rule("sgd", {{"lr", 1}});
  optimizer_handle optimizer;
  gradstep_optimizer* o = nullptr;
  std::vector<std::vector<float>> params, grads;
};

const std::vector<gradstep_status> all_read = {
    0, 0, 0, 0, 0, 0, 0, GRADSTEP_UNSUPPORTED, GRADSTEP_UNSUPPORTED};

// ---- Calls that only read ---------------------------------------------------------------------

TEST_F(optimizer_threads, reading_needs_no_wait_for_a_step_that_runs) {
  std::vector<gradstep_status> other, same;
  std::uint64_t counted = 7;
  pool.within = [&] {
    same = read_everything();
    std::thread([&] { other = read_everything(); }).join();
    counted = describe(o).step_count + describe_tensor(o, 0).step_count;
  };
  step(o);
  pool.within = nullptr;
  EXPECT_EQ(other, all_read);
  EXPECT_EQ(same, all_read);
  EXPECT_EQ(counted, 0U);  // as before the step
  EXPECT_EQ(describe(o).step_count, 1U);
  EXPECT_EQ(describe_tensor(o, 0).step_count, 1U);
}

TEST_F(optimizer_threads, reading_stops_nothing_and_sees_whole_steps) {
  std::atomic<bool> is_over = false;
  std::atomic<int> failures = 0;
  const auto read = [&] {
    std::uint64_t last = 0;
    while (!is_over) {
      if (read_everything() != all_read) ++failures;
      const auto info = describe(o);
      if (info.step_count < last || describe_tensor(o, 3).step_count < info.step_count) ++failures;
      last = info.step_count;
    }
  };
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) readers.emplace_back(read);
  for (int i = 0; i < 1000; ++i) {
    if (gradstep_optimizer_step(o, nullptr, nullptr) != GRADSTEP_OK) ++failures;
    if (gradstep_optimizer_set_frozen(o, 5, i % 2) != GRADSTEP_OK) ++failures;
    if (gradstep_optimizer_set_hyperparameter(o, 0, "momentum", i % 3 == 0 ? 0 : 0.5) != 0) {
      ++failures;
    }
  }
  is_over = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(describe(o).step_count, 1000U);
}

TEST_F(optimizer_threads, groups_and_tensors_can_be_added_while_others_are_read) {
  std::atomic<bool> is_over = false;
  std::atomic<int> failures = 0;
  std::thread reader([&] {
    while (!is_over) {
      const auto info = describe(o);
      auto tensor = sized<gradstep_tensor_info>();
      std::size_t index = 0;
      failures += gradstep_optimizer_describe_tensor(o, info.tensor_count - 1, &tensor);
      failures += gradstep_optimizer_find_tensor(o, tensor.name, &index);
      failures += index == info.tensor_count - 1 ? 0 : 1;
    }
  });
  std::vector<std::vector<float>> more(300, std::vector<float>(10));
  for (std::size_t i = 0; i < more.size(); ++i) {
    const std::string name = "more" + std::to_string(i);
    auto tensor = sized<gradstep_tensor>();
    tensor.count = 10;
    tensor.param = more[i].data();
    tensor.param_dtype = tensor.grad_dtype = GRADSTEP_FLOAT32;
    add_tensor(o, add_group(o, name.c_str(), rule.get()), name, tensor);
  }
  is_over = true;
  reader.join();
  EXPECT_EQ(failures, 0);
}

// ---- Calls that change something --------------------------------------------------------------

TEST_F(optimizer_threads, no_step_of_several_threads_is_lost) {
  std::atomic<int> failures = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int s = 0; s < 100; ++s) {
        failures += gradstep_optimizer_step(o, nullptr, nullptr);
        failures += gradstep_optimizer_inspect(o, static_cast<std::size_t>(s) % tensor_count, 1);
        failures += gradstep_optimizer_set_frozen(o, 0, 0);
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(failures, 0);
  EXPECT_EQ(describe(o).step_count, 400U);
  expect_params(-400);
}

TEST_F(optimizer_threads, a_file_holds_the_state_between_two_steps) {
  const scratch_folder folder;
  std::atomic<bool> is_over = false;
  std::atomic<int> failures = 0;
  std::thread stepping([&] {
    while (!is_over) failures += gradstep_optimizer_step(o, nullptr, nullptr);
  });
  for (int i = 0; i < 10; ++i) save(optimizer, folder / std::to_string(i));
  is_over = true;
  stepping.join();
  EXPECT_EQ(failures, 0);
  std::vector<std::vector<float>> loaded;
  const auto copy = make_optimizer(context.get());
  add_group(copy.get(), "all", rule.get());
  add_tensors(copy.get(), loaded);
  for (int i = 0; i < 10; ++i) {
    load(copy, folder / std::to_string(i));
    const auto steps = static_cast<float>(describe(copy.get()).step_count);
    for (const auto& param : loaded) EXPECT_EQ(param, std::vector<float>(elements, -steps));
  }
}

// ---- A step, tensor by tensor -----------------------------------------------------------------

TEST_F(optimizer_threads, tensors_are_stepped_side_by_side) {
  // Each waits inside its step until all are there.
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

TEST_F(optimizer_threads, gradients_are_inspected_and_accumulated_side_by_side) {
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

TEST_F(optimizer_threads, of_many_steps_of_one_tensor_one_wins) {
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

TEST_F(optimizer_threads, the_end_of_a_step_waits_for_its_tensors) {
  auto result = sized<gradstep_apply_result>();
  gradstep_status ended = -1;
  std::thread ending;
  expect_ok(gradstep_optimizer_begin_step(o, nullptr));
  pool.within = [&] {
    ending = std::thread([&] { ended = gradstep_optimizer_end_step(o, &result); });
    // It can be seen to wait when what this thread would have to wait for with it is refused.
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

TEST_F(optimizer_threads, what_a_step_leaves_out) {
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
  // A sum takes part without a gradient.
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

TEST_F(optimizer_threads, a_skipped_step_leaves_out_what_was_not_stepped) {
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

// ---- Calls from within a call -----------------------------------------------------------------

TEST_F(optimizer_threads, a_call_from_within_never_waits_for_its_own) {
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
                gradstep_optimizer_save(o, path.c_str(), 0)};
    sentence = gradstep_last_error();
  };
  step(o);
  pool.within = nullptr;
  EXPECT_EQ(statuses, std::vector<gradstep_status>(9, GRADSTEP_BUSY));
  EXPECT_NE(sentence.find("inside another call"), std::string::npos) << sentence;
  step(o);
  expect_params(-2);
}

TEST_F(optimizer_threads, another_tensor_can_be_stepped_from_within) {
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

// ---- After a fork -----------------------------------------------------------------------------

TEST_F(optimizer_threads, a_child_does_not_wait_for_its_parent_s_step) {
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
