// SPDX-License-Identifier: Apache-2.0
//
// Public reports of what a host's process does to a library: closed streams, cancelled threads,
// small stacks, registers in use.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/syscall.h>

#include <algorithm>
#include <climits>
#include <cstddef>
#include <functional>
#include <string>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "guest/public_reports_support.hpp"
#include "support/checkpoint_files.hpp"
#include "support/child_process.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/rule_setup.hpp"
#include "support/scratch_folder.hpp"

namespace gradstep_test {
namespace {

/// The lowest file descriptor that pwrite was called with.
int lowest_written = INT_MAX;

// A daemon has closed its standard streams. The next file that is opened gets one of their numbers,
// and what is printed goes into that file (rust-lang/rust 57728).
TEST(public_reports, what_a_daemon_prints_does_not_go_into_a_checkpoint) {
  const scratch_folder folder;
  one_tensor_model model("adam", {}, 0, 1000);
  const int status = run_in_child([&] {
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) close(stream);
    lowest_written = INT_MAX;
    save(model.optimizer, folder / "file");
    EXPECT_GT(lowest_written, STDERR_FILENO);
    load(model.optimizer, folder / "file");
    EXPECT_EQ(dup(0), -1) << "a descriptor is left open";
  });
  EXPECT_EQ(status, 0);
}

void* run_function(void* function) {
  (*static_cast<const std::function<void()>*>(function))();
  return nullptr;
}

/// Runs body() on a thread of its own; `attributes` may be null.
void run_on_thread(const std::function<void()>& body, const pthread_attr_t* attributes) {
  pthread_t thread{};
  ASSERT_EQ(
      pthread_create(&thread, attributes, run_function, const_cast<std::function<void()>*>(&body)),
      0);
  ASSERT_EQ(pthread_join(thread, nullptr), 0);
}

// pthread_cancel unwinds by an exception. A `catch (...)` around a read or a write makes glibc
// abort the process (gabime/spdlog 533, aristocratos/btop 1746).
TEST(public_reports, a_cancelled_thread_finishes_its_call) {
  const scratch_folder folder;
  const std::string path = folder / "file";
  one_tensor_model model("adam");
  save(model.optimizer, path);
  gradstep_context* created = nullptr;
  const std::function<gradstep_status()> calls[] = {
      [&] { return gradstep_optimizer_save(model.optimizer.get(), path.c_str(), with_params); },
      [&] {
        return gradstep_optimizer_load(model.optimizer.get(), path.c_str(), with_params, nullptr);
      },
      [&] { return gradstep_optimizer_step(model.optimizer.get(), nullptr, nullptr); },
      [&] { return gradstep_context_create(nullptr, &created); }};
  for (const auto& call : calls) {
    gradstep_status status = -1;
    int went_on = 0;
    run_on_thread(
        [&] {
          pthread_cancel(pthread_self());
          status = call();
          went_on = 1;
          pthread_testcancel();
          went_on = 2;
        },
        nullptr);
    EXPECT_EQ(status, GRADSTEP_OK);
    EXPECT_EQ(went_on, 1) << "the host's cancellation comes after the call";
  }
  gradstep_context_destroy(created);
}

// musl gives a thread 128 KiB of stack (leejet/stable-diffusion.cpp 1454, monero 5932).
TEST(public_reports, the_stack_of_a_musl_thread_suffices) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer takes a multiple";
#endif
  const scratch_folder folder;
  one_tensor_model model("adamw", {}, GRADSTEP_APPLY_MAX_NORM | GRADSTEP_APPLY_CHECK_FINITE, 20000);
  auto options = group_options("narrow", model.rule.get());
  options.slot_dtype = GRADSTEP_S1E4M3_B256;
  plain_tensor narrow(20000);
  add_tensor(model.optimizer.get(), add_group(model.optimizer.get(), options), "narrow",
             narrow.tensor());
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  ASSERT_EQ(pthread_attr_setstacksize(&attributes, std::size_t{128} << 10), 0);
  run_on_thread(
      [&] {
        step(model.optimizer.get());
        save(model.optimizer, folder / "file");
        load(model.optimizer, folder / "file");
        gradstep_rule* none = nullptr;
        EXPECT_EQ(gradstep_rule_create("adamm", &none), GRADSTEP_UNKNOWN_NAME);
      },
      &attributes);
  pthread_attr_destroy(&attributes);
}

#if defined(__x86_64__)
/// The register states in use: XGETBV with ECX = 1. -1 where the CPU cannot tell.
long states_in_use() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  constexpr unsigned osxsave = 1U << 27, xgetbv_with_1 = 1U << 2;
  if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & osxsave) == 0) return -1;
  if (__get_cpuid_count(0xd, 1, &a, &b, &c, &d) == 0 || (a & xgetbv_with_1) == 0) return -1;
  __asm__ volatile("xgetbv" : "=a"(a), "=d"(d) : "c"(1));
  return static_cast<long>(a);
}

// A step that left the upper halves of the registers in use would slow down the host's SSE code
// (oneDNN 247, flame/blis 149).
TEST(public_reports, a_step_leaves_the_upper_halves_of_registers_clean) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer uses the registers too";
#endif
  constexpr long upper_halves = 1L << 2;
  for (const std::string& isa : available_isas()) {
    const auto context = make_serial_context(isa.c_str());
    for (const std::string& rule_name : rule_names()) {
      const auto rule = make_rule(rule_name);
      for (const std::size_t count : {1, 38, 299}) {
        plain_tensor numbers(count);
        const auto optimizer = make_optimizer(context.get());
        add_tensor(optimizer.get(), add_group(optimizer.get(), "group", rule.get()), "tensor",
                   numbers.tensor());
        __asm__ volatile(".byte 0xc5, 0xf8, 0x77" ::: "memory");  // vzeroupper
        const long before = states_in_use();
        if (before < 0 || (before & upper_halves) != 0) GTEST_SKIP() << "this CPU does not tell";
        const auto status = gradstep_optimizer_step(optimizer.get(), nullptr, nullptr);
        const long after = states_in_use();
        expect_ok(status);
        EXPECT_EQ(after & upper_halves, 0) << isa << " " << rule_name << " " << count;
      }
    }
  }
}
#endif

}  // namespace
}  // namespace gradstep_test

/// Stands in for the C library's pwrite; sources that ask for 64-bit offsets call it by this name.
extern "C" ssize_t pwrite64(int file, const void* from, size_t bytes, off64_t offset) {
  gradstep_test::lowest_written = std::min(gradstep_test::lowest_written, file);
  return syscall(SYS_pwrite64, file, from, bytes, offset);
}
