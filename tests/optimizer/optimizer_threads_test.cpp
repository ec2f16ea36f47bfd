// SPDX-License-Identifier: Apache-2.0
//
// Calls on one optimizer from several threads.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "optimizer/interrupted_optimizer.hpp"
#include "support/checkpoint_files.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/scratch_folder.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {
namespace {

using optimizer_threads = interrupted_optimizer;

/// The statuses that read_everything returns for an optimizer without a plateau and a loss scaler.
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
    tensor.param = array_of(more[i].data());
    tensor.grad.dtype = GRADSTEP_FLOAT32;
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

}  // namespace
}  // namespace gradstep_test
