// SPDX-License-Identifier: Apache-2.0
//
// A host whose timer sends signals all the time, to a handler that does not restart system calls.
// Steps, saves and loads give what they give without signals.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>
#include <sys/time.h>

#include <atomic>
#include <csignal>
#include <cstddef>
#include <string>

#include "guest/public_reports_support.hpp"
#include "support/checkpoint_files.hpp"
#include "support/comparison.hpp"
#include "support/optimizer_setup.hpp"
#include "support/scratch_folder.hpp"

namespace gradstep_test {
namespace {

std::atomic<int> signals{0};
static_assert(std::atomic<int>::is_always_lock_free);

void count_signal(int) { ++signals; }

/// While it lives, SIGALRM comes every 100 microseconds.
struct alarm_clock {
  alarm_clock() {
    struct sigaction action = {};
    action.sa_handler = count_signal;  // no SA_RESTART: system calls end with EINTR
    EXPECT_EQ(sigaction(SIGALRM, &action, &before_), 0);
    set(100);
  }
  ~alarm_clock() {
    set(0);
    EXPECT_EQ(sigaction(SIGALRM, &before_, nullptr), 0);
  }
  alarm_clock(const alarm_clock&) = delete;
  alarm_clock& operator=(const alarm_clock&) = delete;

 private:
  static void set(int microseconds) {
    itimerval interval = {};
    interval.it_interval.tv_usec = interval.it_value.tv_usec = microseconds;
    EXPECT_EQ(setitimer(ITIMER_REAL, &interval, nullptr), 0);
  }
  struct sigaction before_ = {};
};

/// Steps, saves and loads so often; what the state is at the end.
std::string train(const std::string& path, int rounds) {
  one_tensor_model model("adamw", {}, 0, 50'000);
  for (int round = 0; round < rounds; ++round) {
    expect_ok(gradstep_optimizer_step(model.optimizer.get(), nullptr, nullptr));
    save(model.optimizer, path);
    load(model.optimizer, path);
  }
  return bytes_of_checkpoint(model.optimizer.get());
}

TEST(signals, do_not_disturb_steps_saves_and_loads) {
  const scratch_folder folder;
  constexpr int rounds = 20;
  const auto undisturbed = train(folder / "undisturbed", rounds);
  signals = 0;
  const alarm_clock clock;
  do {
    EXPECT_TRUE(train(folder / "disturbed", rounds) == undisturbed);
  } while (signals < 50);
}

}  // namespace
}  // namespace gradstep_test
