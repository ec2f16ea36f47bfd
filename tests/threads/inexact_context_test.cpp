// SPDX-License-Identifier: Apache-2.0
//
// A build that does not round exactly says so when a context is made. The test runs the code of
// contexts on invented instruction sets.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cfenv>
#include <cstddef>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>

#include "kernels/isa.hpp"
#include "threads/cpu_count.hpp"
#include "threads/thread_team.hpp"

namespace gradstep::internal {
namespace {

int exact_trials = 0;
bool was_to_nearest = false;

inexact_operation find_nothing() {
  ++exact_trials;
  volatile double one = 1, tiny = 1e-30;
  was_to_nearest = one + tiny == 1;
  return {nullptr, nullptr};
}
inexact_operation find_division() { return {"float32", "division"}; }
inexact_operation find_root() { return {"float64", "square root"}; }

bool always() { return true; }
bool never() { return false; }

constexpr kernel_table tables[] = {
    {"exact", find_nothing, {}, {}, nullptr, nullptr},
    {"estimates", find_division, {}, {}, nullptr, nullptr},
    {"missing", find_division, {}, {}, nullptr, nullptr},
    {"rough", find_root, {}, {}, nullptr, nullptr},
};
constexpr isa_level levels[] = {
    {&tables[0], always}, {&tables[1], always}, {&tables[2], never}, {&tables[3], always}};

}  // namespace

// Replace the functions of the library that threads/context.cpp calls.
std::span<const isa_level> isa_levels() { return levels; }
std::size_t usable_cpu_count() { return 1; }
bool has_arenas() noexcept { return true; }
std::unique_ptr<thread_team> make_own_arena(std::size_t, bool) {
  class no_helpers final : public thread_team {
   public:
    const char* kind() const noexcept override { return "none"; }

   private:
    void run_tasks(std::size_t, gradstep_task, void*) const noexcept override {}
  };
  return std::make_unique<no_helpers>();
}
std::unique_ptr<thread_team> make_caller_arena() { return nullptr; }
std::unique_ptr<thread_team> make_host_pool(gradstep_parallel_for, void*) { return nullptr; }

}  // namespace gradstep::internal

namespace gradstep_test {
namespace {

gradstep_status create(const char* isa) {
  gradstep_context_options options{};
  options.struct_size = sizeof options;
  options.isa = isa;
  gradstep_context* context = nullptr;
  const gradstep_status status = gradstep_context_create(&options, &context);
  EXPECT_EQ(context != nullptr, status == GRADSTEP_OK);
  gradstep_context_destroy(context);
  return status;
}

void expect_refused(const char* isa, const std::string& set, const std::string& operation) {
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(create(isa), GRADSTEP_UNSUPPORTED);
    const std::string sentence = gradstep_last_error();
    EXPECT_NE(sentence.find("instruction set " + set + ":"), std::string::npos) << sentence;
    EXPECT_NE(sentence.find(operation), std::string::npos) << sentence;
  }
}

TEST(inexact_context, is_refused) {
  unsetenv("GRADSTEP_ISA");  // a null name would stand for its value
  expect_refused("estimates", "estimates", "division of float32");
  expect_refused(nullptr, "rough", "square root of float64");
}

TEST(inexact_context, of_what_the_cpu_lacks_is_not_tried) {
  EXPECT_EQ(create("missing"), GRADSTEP_UNSUPPORTED);
  EXPECT_NE(std::string(gradstep_last_error()).find("this CPU lacks it"), std::string::npos);
}

/// The host's rounding mode does not matter, and is unchanged afterwards.
TEST(inexact_context, tries_an_instruction_set_once_and_in_a_steps_environment) {
  using namespace gradstep::internal;
  std::fesetround(FE_UPWARD);
  const gradstep_status first = create("exact"), second = create("exact");
  const int mode_after = std::fegetround();
  std::fesetround(FE_TONEAREST);
  EXPECT_EQ(first, GRADSTEP_OK);
  EXPECT_EQ(second, GRADSTEP_OK);
  EXPECT_EQ(exact_trials, 1);
  EXPECT_TRUE(was_to_nearest);
  EXPECT_EQ(mode_after, FE_UPWARD);
}

}  // namespace
}  // namespace gradstep_test
