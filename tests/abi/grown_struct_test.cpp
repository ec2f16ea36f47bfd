// SPDX-License-Identifier: Apache-2.0
//
// How the library reads and fills a struct to which fields have been appended. The struct is the
// test's own, and lies at the end of a page: reading or writing beyond it ends the test. The sizes
// of the first versions of the public structs.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

#include "capi/structs.hpp"
#include "support/comparison.hpp"
#include "support/guarded_memory.hpp"

namespace {
struct grown {
  std::size_t struct_size;
  std::uint64_t old;
  std::uint64_t added;
  std::uint64_t added_later;
};
}  // namespace

template <>
struct gradstep::internal::first_version<grown> {
  static constexpr std::size_t size = offsetof(grown, added);
};

namespace gradstep_test {
namespace {

using gradstep::internal::check_output_struct;
using gradstep::internal::fill_output;
using gradstep::internal::first_version;
using gradstep::internal::input_struct;

#ifdef __LP64__
// The first versions of these structs. None of the numbers may change.
#define FIRST(type, bytes)                             \
  static_assert(first_version<type>::size == (bytes)); \
  static_assert(sizeof(type) >= (bytes))
FIRST(gradstep_context_options, 64);
FIRST(gradstep_context_info, 48);
FIRST(gradstep_rule_info, 72);
FIRST(gradstep_hyperparameter_info, 56);
FIRST(gradstep_slot_info, 56);
FIRST(gradstep_scalar_info, 48);
FIRST(gradstep_tensor, 256);
FIRST(gradstep_slot_layout, 56);
FIRST(gradstep_apply_options, 96);
FIRST(gradstep_apply_result, 64);
FIRST(gradstep_norm_result, 32);
FIRST(gradstep_loss_scaler, 48);
FIRST(gradstep_schedule_info, 48);
FIRST(gradstep_plateau, 96);
FIRST(gradstep_optimizer_options, 48);
FIRST(gradstep_group_options, 48);
FIRST(gradstep_step_options, 40);
FIRST(gradstep_optimizer_info, 64);
FIRST(gradstep_group_info, 64);
FIRST(gradstep_tensor_info, 64);
FIRST(gradstep_load_result, 32);
FIRST(gradstep_save_options, 56);
FIRST(gradstep_load_options, 80);
#undef FIRST
#endif

constexpr std::size_t first_size = 16, middle_size = 24, our_size = 32, later_size = 48;

/// A caller's struct of some version: words after struct_size, at the end of a page.
class caller {
 public:
  explicit caller(std::size_t size, std::uint64_t word = 7) {
    at_ = memory_.place(size, true);
    std::memcpy(at_, &size, sizeof size);
    for (std::size_t i = 1; i < size / sizeof word; ++i) set(i, word);
  }
  grown* get() const { return static_cast<grown*>(at_); }
  void set(std::size_t i, std::uint64_t word) {
    std::memcpy(static_cast<std::byte*>(at_) + i * sizeof word, &word, sizeof word);
  }
  std::uint64_t word(std::size_t i) const {
    std::uint64_t value;
    std::memcpy(&value, static_cast<const std::byte*>(at_) + i * sizeof value, sizeof value);
    return value;
  }

 private:
  guarded_memory memory_;
  void* at_;
};

TEST(grown_struct, fields_that_the_caller_lacks_are_zero) {
  for (const std::size_t size : {first_size, middle_size, our_size}) {
    const caller given(size);
    input_struct<grown> read;
    expect_ok(read.read(given.get(), "grown"));
    EXPECT_EQ(read->struct_size, size);
    EXPECT_EQ(read->old, 7U);
    EXPECT_EQ(read->added, size >= middle_size ? 7U : 0U);
    EXPECT_EQ(read->added_later, size >= our_size ? 7U : 0U);
    EXPECT_EQ(&*read == given.get(), size >= our_size) << "only a smaller struct is copied";
  }
}

TEST(grown_struct, fields_that_the_library_lacks_must_be_zero) {
  caller given(later_size);
  given.set(4, 0);
  given.set(5, 0);
  input_struct<grown> read;
  expect_ok(read.read(given.get(), "grown"));
  EXPECT_EQ(&*read, given.get());
  for (const std::size_t i : {4U, 5U}) {
    given.set(i, 1);
    expect_failure(read.read(given.get(), "grown"), GRADSTEP_INVALID_ARGUMENT,
                   {"grown has a field set", "does not know", gradstep_version_text()});
    given.set(i, 0);
  }
}

TEST(grown_struct, a_size_before_the_first_version_is_refused_unread) {
  const auto refuses = [](std::size_t size, const std::string& words) {
    const caller given(first_size);
    std::memcpy(static_cast<void*>(given.get()), &size, sizeof size);
    const auto wanted = "grown.struct_size = " + std::to_string(size) + words;
    input_struct<grown> read;
    expect_failure(read.read(given.get(), "grown"), GRADSTEP_INVALID_ARGUMENT, {wanted});
    expect_failure(check_output_struct(given.get(), "grown"), GRADSTEP_INVALID_ARGUMENT, {wanted});
  };
  for (const std::size_t size : {0U, 1U, 8U, 15U}) refuses(size, " is less than 16");
  for (const std::size_t size : {std::size_t{17}, std::size_t{28}, std::size_t{4104}, SIZE_MAX}) {
    refuses(size, " is not a multiple of 8 that is at most 4096");
  }
}

TEST(grown_struct, an_output_is_filled_as_far_as_the_caller_reaches) {
  for (const std::size_t size :
       {first_size, middle_size, our_size, later_size, std::size_t{4096}}) {
    const caller given(size);
    expect_ok(check_output_struct(given.get(), "grown"));
    fill_output(given.get(), {0, 1, 2, 3});
    EXPECT_EQ(given.word(0), size);
    for (std::size_t i = 1; i < size / 8; ++i) EXPECT_EQ(given.word(i), i < 4 ? i : 0) << i;
  }
}

}  // namespace
}  // namespace gradstep_test
