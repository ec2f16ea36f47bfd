// SPDX-License-Identifier: Apache-2.0
//
// A model with everything that an optimizer holds, and a loop over every request for memory of a
// call.
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "guest/failing_memory.hpp"
#include "optimizer/interrupted_optimizer.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/schedule_setup.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {

struct full_model {
  static constexpr std::size_t tensor_count = 3;
  static constexpr std::size_t counts[] = {5, 300, 0};

  explicit full_model(bool is_trained = true, const char* slow_group = "slow") {
    auto options = sized<gradstep_optimizer_options>();
    options.flags = GRADSTEP_APPLY_AVERAGE | GRADSTEP_APPLY_MAX_NORM;
    options.average_decay = 0.9;
    options.max_norm = 20;
    optimizer = make_optimizer(context.get(), options);
    auto fast = group_options("fast", adamw.get());
    fast.schedule = sequence.get();
    auto slow = group_options(slow_group, adamw.get());
    slow.slot_dtype = GRADSTEP_S1E4M3_B256;
    add_group(optimizer.get(), fast);
    add_group(optimizer.get(), slow);
    for (std::size_t i = 0; i < tensor_count; ++i) add(i);
    if (is_trained) train();
  }

  void add(std::size_t i) {
    arrays.emplace_back(counts[i]);
    averages.emplace_back(counts[i]);
    auto tensor = arrays.back().tensor();
    tensor.average = array_of(averages.back().data());
    add_tensor(optimizer.get(), i % 2, "layer.with.a.longer.name." + std::to_string(i), tensor);
  }
  void train() {
    auto plateau = make_plateau(0.05);
    expect_ok(gradstep_optimizer_set_plateau(optimizer.get(), 1, &plateau));
    auto scaler = make_loss_scaler();
    expect_ok(gradstep_optimizer_set_loss_scaler(optimizer.get(), &scaler));
    step(optimizer.get());
    expect_ok(gradstep_optimizer_accumulate(optimizer.get(), 1, 0.5));
  }
  std::vector<double> state() const { return everything_in(optimizer.get()); }

  static schedule_handle make_sequence() {
    const auto cosine = make_schedule("cosine", {{"total_steps", 50}});
    const auto steps = make_schedule("multistep");
    set_list(steps, "milestones", {3, 8, 9});
    return gradstep_test::make_sequence({cosine.get(), steps.get()}, {20, 0});
  }

  context_handle context = make_serial_context();
  rule_handle adamw = make_rule("adamw");
  schedule_handle sequence = make_sequence();
  std::vector<plain_tensor> arrays;
  std::vector<std::vector<float>> averages;
  optimizer_handle optimizer;
};

/// A call, and what must hold when memory fails in it.
struct attempt {
  gradstep_status wanted = GRADSTEP_OK;        // with enough memory
  std::function<gradstep_status()> call;       // may be called again
  std::function<std::vector<double>()> state;  // what a failure leaves as it was
};

/// Makes a fresh attempt, which owns everything it needs.
using make_attempt = std::function<attempt()>;

/// The fault of a call whose index-th request fails; empty: none. is_last: the call makes no more
/// requests.
inline std::string try_at(const make_attempt& make, failing how, std::size_t index, bool& is_last) {
  const std::ptrdiff_t before = live_blocks();
  std::string fault;
  {
    const attempt a = make();
    const auto state = a.state();
    count_requests(how, index);
    const gradstep_status status = a.call();
    is_last = counted_requests() <= index;
    const bool is_expected = status == GRADSTEP_OUT_OF_MEMORY && !is_last;
    if (!is_expected && status != a.wanted) {
      fault = std::string(gradstep_status_name(status)) + ": " + gradstep_last_error();
    } else if (status != GRADSTEP_OK && a.state() != state) {
      fault = "the state changed";
    } else if (is_expected && a.call() != a.wanted) {
      fault = std::string("again, with memory: ") + gradstep_last_error();
    }
  }
  if (fault.empty() && live_blocks() != before) {
    fault = std::to_string(live_blocks() - before) + " blocks leaked";
  }
  return fault;
}

/// The failed checks of the running test. A child process starts with those of its parent.
inline int failed_checks() {
  return testing::UnitTest::GetInstance()->current_test_info()->result()->total_part_count();
}

inline void fail_with_a_long_sentence() {
  const full_model model(false);
  const std::string path(4000, 'x');
  EXPECT_EQ(gradstep_optimizer_load(model.optimizer.get(), path.c_str(), 0, nullptr),
            GRADSTEP_IO_ERROR);
}

/// What the child process that tries one request after the other tells its parent.
struct progress {
  std::size_t index;
  bool is_finished;
};

/// Lets every request of the call fail in turn. Child processes try, since a failing request may
/// end the process.
inline void fail_each_request(const char* name, const make_attempt& make) {
  auto* shared = static_cast<progress*>(
      mmap(nullptr, sizeof(progress), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  ASSERT_NE(shared, MAP_FAILED);
  for (const failing how : {failing::one, failing::from_there_on}) {
    const std::string subject =
        std::string(name) + (how == failing::one ? ", request " : ", from request ");
    *shared = {};
    int fault_count = 0;
    while (!shared->is_finished && fault_count < 5) {
      const pid_t child = fork();
      if (child == 0) {
        bool is_last = false;
        const int faults_before = failed_checks();
        // What is made once, at its first use, is made here, so it counts as no leak.
        fail_with_a_long_sentence();
        try_at(make, failing::none, SIZE_MAX, is_last);
        for (is_last = false; !is_last; ++shared->index) {
          const std::string fault = try_at(make, how, shared->index, is_last);
          if (fault.empty()) continue;
          std::fprintf(stderr, "%s%zu: %s\n", subject.c_str(), shared->index, fault.c_str());
          _exit(1);
        }
        shared->is_finished = true;
        _exit(failed_checks() > faults_before ? 1 : 0);
      }
      int status = -1;
      EXPECT_EQ(waitpid(child, &status, 0), child);
      if (status == 0) break;
      ++fault_count;
      ADD_FAILURE() << subject << shared->index
                    << (WIFSIGNALED(status) ? ": ended by signal " : ": status ")
                    << (WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
      ++shared->index;
    }
  }
  munmap(shared, sizeof(progress));
}

}  // namespace gradstep_test
