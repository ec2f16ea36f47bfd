// SPDX-License-Identifier: Apache-2.0
//
// Wrong arguments of contexts, and wrong values of the environment variables GRADSTEP_ISA and
// GRADSTEP_THREADS.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/environment_value.hpp"
#include "support/sized_struct.hpp"
#include "support/wrong_structs.hpp"

namespace gradstep_test {
namespace {

void expect_no_context(const gradstep_context_options& options, gradstep_status status,
                       const std::vector<std::string>& words) {
  int marker = 0;
  auto* context = reinterpret_cast<gradstep_context*>(&marker);
  expect_failure(gradstep_context_create(&options, &context), status, words);
  EXPECT_EQ(static_cast<void*>(context), static_cast<void*>(&marker));
}

TEST(context_misuse, nulls) {
  const auto options = sized<gradstep_context_options>();
  expect_failure(gradstep_context_create(&options, nullptr), GRADSTEP_INVALID_ARGUMENT,
                 {"context"});
  auto info = sized<gradstep_context_info>();
  expect_failure(gradstep_context_describe(nullptr, &info), GRADSTEP_INVALID_ARGUMENT, {"context"});
  gradstep_context* context = nullptr;
  ASSERT_EQ(gradstep_context_create(nullptr, &context), GRADSTEP_OK) << gradstep_last_error();
  const context_handle owned(context);
  expect_failure(gradstep_context_describe(context, nullptr), GRADSTEP_INVALID_ARGUMENT, {"info"});
}

TEST(context_misuse, info_struct) {
  const auto context = make_serial_context();
  check_filled_struct<gradstep_context_info>(
      [&](auto* info) { return gradstep_context_describe(context.get(), info); });
}

TEST(context_misuse, struct_size_and_unknown_bytes) {
  for (const std::size_t size : bad_sizes) {
    auto options = serial_options();
    options.struct_size = size;
    expect_no_context(options, GRADSTEP_INVALID_ARGUMENT, {"struct_size"});
  }
  larger<gradstep_context_options> options;
  options.known.thread_count = 1;
  make_context(options.known);
  options.unknown[15] = 1;
  expect_no_context(options.known, GRADSTEP_INVALID_ARGUMENT, {"options"});
}

TEST(context_misuse, values) {
  auto options = serial_options();
  options.flags = std::uint64_t{1} << 40;
  expect_no_context(options, GRADSTEP_INVALID_ARGUMENT, {"flags"});
  options = serial_options("avx1024");
  expect_no_context(options, GRADSTEP_UNKNOWN_NAME, {"isa", "avx1024", "baseline"});
  options = serial_options();
  options.thread_count = 5000;
  expect_no_context(options, GRADSTEP_OUT_OF_RANGE, {"thread_count", "5000", "1024"});
  options = serial_options();
  options.flags = GRADSTEP_CONTEXT_PIECE_SIZE;
  expect_no_context(options, GRADSTEP_OUT_OF_RANGE, {"piece_size", "0"});
}

TEST(context_misuse, isa_that_the_machine_lacks) {
  for (std::size_t i = 0; i < gradstep_isa_count(); ++i) {
    if (gradstep_isa_is_available(i) == 1) continue;
    expect_no_context(serial_options(gradstep_isa_name(i)), GRADSTEP_UNSUPPORTED,
                      {gradstep_isa_name(i)});
  }
}

TEST(context_misuse, piece_size_is_rounded_up) {
  auto options = split_options(1);
  options.piece_size = 65;
  const auto context = make_context(options);
  auto info = sized<gradstep_context_info>();
  ASSERT_EQ(gradstep_context_describe(context.get(), &info), GRADSTEP_OK);
  EXPECT_EQ(info.piece_size, 128U);
  EXPECT_EQ(info.serial_below, 0U);
  EXPECT_EQ(info.thread_count, 1U);
  EXPECT_STREQ(info.threading, has_own_threads() ? "own arena" : "calling thread");
}

TEST(environment, isa) {
  for (const auto& isa : available_isas()) {
    const environment_value variable("GRADSTEP_ISA", isa.c_str());
    EXPECT_EQ(isa_in_use(make_context(serial_options()).get()), isa);
    EXPECT_EQ(isa_in_use(make_serial_context("baseline").get()), "baseline");
  }
  const environment_value variable("GRADSTEP_ISA", "avx1024");
  expect_no_context(serial_options(), GRADSTEP_UNKNOWN_NAME, {"GRADSTEP_ISA", "avx1024"});
}

void run_nothing(void*, std::size_t, gradstep_task, void*) {}

TEST(environment, threads) {
  auto options = serial_options();
  options.thread_count = 0;
  {  // In a host's pool, since an arena of the library has at most one thread per CPU.
    const environment_value variable("GRADSTEP_THREADS", "3");
    options.parallel_for = run_nothing;
    auto info = sized<gradstep_context_info>();
    const auto context = make_context(options);
    ASSERT_EQ(gradstep_context_describe(context.get(), &info), GRADSTEP_OK);
    EXPECT_EQ(info.thread_count, 3U);
  }
  for (const char* bad : {"many", "0", "-1", "5000", "3x", "99999999999999999999"}) {
    const environment_value variable("GRADSTEP_THREADS", bad);
    SCOPED_TRACE(bad);
    gradstep_context* context = nullptr;
    const auto status = gradstep_context_create(&options, &context);
    EXPECT_TRUE(status == GRADSTEP_OUT_OF_RANGE || status == GRADSTEP_INVALID_ARGUMENT);
    expect_failure(status, status, {"GRADSTEP_THREADS", bad});
    EXPECT_EQ(context, nullptr);
  }
}

}  // namespace
}  // namespace gradstep_test
