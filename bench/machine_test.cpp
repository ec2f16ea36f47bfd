// SPDX-License-Identifier: Apache-2.0
//
// Caches, bandwidth, noise and threads.
#include "machine.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <vector>

#include "bandwidth.hpp"
#include "bench_team.hpp"
#include "bound_thread.hpp"
#include "facts/topology.hpp"
#include "fake_machine.hpp"
#include "noise.hpp"

namespace bench {
namespace {

TEST(caches, are_shared_by_neighbouring_threads) {
  const cache l3{3, 100, 4};
  EXPECT_EQ(capacity(l3, 1), 100U);
  EXPECT_EQ(capacity(l3, 4), 100U);
  EXPECT_EQ(capacity(l3, 5), 200U);
}

TEST(caches, hold_what_fits) {
  const std::vector<cache> caches = fake_machine().caches;
  EXPECT_EQ(level_of(caches, 32 << 10, 1), "L1");
  EXPECT_EQ(level_of(caches, (32 << 10) + 1, 1), "L2");
  EXPECT_EQ(level_of(caches, 64 << 10, 2), "L1");
  EXPECT_EQ(level_of(caches, 2 << 20, 1), "L3");
  EXPECT_EQ(level_of(caches, 33 << 20, 4), "memory");
  EXPECT_EQ(level_of({}, 1, 1), "memory");
}

TEST(bandwidth, is_measured_for_each_level_and_number_of_threads) {
  machine m = fake_machine(2);
  m.caches = {{1, 32 << 10, 1}};
  const std::vector<bandwidth> found = measure_bandwidth(m, {1, 2});
  ASSERT_EQ(found.size(), 4U);
  EXPECT_EQ(found[0].level, "L1");
  EXPECT_EQ(found[1].level, "memory");
  EXPECT_EQ(found[3].threads, 2U);
  for (const bandwidth& b : found) {
    EXPECT_GT(b.gb_per_second.median, 0.1);
    EXPECT_LT(b.gb_per_second.median, 1e5);
  }
}

class fake_stat {
 public:
  fake_stat() { std::filesystem::create_directories(root / "proc"); }
  ~fake_stat() { std::filesystem::remove_all(root); }
  fake_stat(const fake_stat&) = delete;
  fake_stat& operator=(const fake_stat&) = delete;
  void write(const char* line) const { std::ofstream(root / "proc/stat") << line << "\n"; }

  const std::filesystem::path root =
      std::filesystem::temp_directory_path() / ("gradstep_noise_" + std::to_string(getpid()));
};

TEST(noise, is_what_others_used_and_what_the_host_took) {
  const fake_stat stat;
  stat.write("cpu 100 0 100 5000 0 0 0 50");
  const noise_meter meter(stat.root);
  stat.write("cpu 100100 0 100 5000 0 0 0 100050");
  const auto found = meter.measured();
  ASSERT_TRUE(found.has_value());
  // Many seconds of CPU in less than a second.
  EXPECT_GT(found->other_cpus, 100);
  EXPECT_GT(found->stolen_cpus, 100);
}

TEST(noise, of_the_program_itself_does_not_count) {
  const fake_stat stat;
  stat.write("cpu 100 0 100 5000 0 0 0 0");
  const noise_meter meter(stat.root);
  EXPECT_EQ(meter.measured()->other_cpus, 0);
  EXPECT_EQ(meter.measured()->stolen_cpus, 0);
}

TEST(noise, is_unknown_where_the_system_does_not_tell) {
  EXPECT_FALSE(noise_meter("/nowhere").measured().has_value());
}

TEST(team, does_each_task_once_and_no_two_on_a_thread) {
  for (const bool is_pinned : {false, true}) {
    team threads(3, is_pinned);
    std::vector<std::atomic<int>> done(100), running(3);
    threads.run_tasks(100, [&](std::size_t i, std::size_t thread) {
      ASSERT_LT(thread, 3U);
      EXPECT_EQ(running[thread]++, 0);
      ++done[i];
      --running[thread];
    });
    for (const auto& n : done) EXPECT_EQ(n, 1);
  }
}

TEST(bound_thread, keeps_to_a_cpu_and_then_has_its_own_again) {
  const std::vector<int> before = usable_cpus();
  if (before.empty()) GTEST_SKIP() << "this system binds no threads";
  {
    const bound_thread bound(before.back());
    EXPECT_EQ(usable_cpus(), std::vector<int>{before.back()});
  }
  EXPECT_EQ(usable_cpus(), before);
  const bound_thread free(unbound);
  EXPECT_EQ(usable_cpus(), before);
}

}  // namespace
}  // namespace bench
