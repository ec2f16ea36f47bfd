// SPDX-License-Identifier: Apache-2.0
//
// A load that converts large arrays to other dtypes gives the bits of gradstep_array_read and
// gradstep_array_write, on any number of threads and every instruction set.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "support/checkpoint_files.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/scratch_folder.hpp"
#include "support/stored_array.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

/// Several pieces of work; the last block and the last strip are partial.
constexpr std::size_t count = 200'003;

constexpr const char* array_names[] = {"param", "exp_avg", "exp_avg_sq"};

/// How the arrays of a tensor are stored.
struct array_dtypes {
  std::int32_t param;
  bool is_split;
  std::int32_t slot;  // E5M3_B256: of both 8-bit dtypes, the one that suits the slot
};
/// Every dtype is among them.
constexpr array_dtypes all_arrays[] = {{GRADSTEP_FLOAT32, false, GRADSTEP_FLOAT32},
                                       {GRADSTEP_FLOAT64, false, GRADSTEP_FLOAT64},
                                       {GRADSTEP_BFLOAT16, false, GRADSTEP_BFLOAT16},
                                       {GRADSTEP_BFLOAT16, true, GRADSTEP_E5M3_B256},
                                       {GRADSTEP_FLOAT16, false, GRADSTEP_FLOAT16}};

std::string to_text(const array_dtypes& types) {
  return dtype_text(types.param) + (types.is_split ? " split, " : ", ") + dtype_text(types.slot);
}

/// An optimizer of adam with one tensor.
struct one_tensor_optimizer {
  one_tensor_optimizer(const gradstep_context* context, const array_dtypes& types)
      : param(types.param, count, 0, types.is_split),
        grad(types.param, count),
        optimizer(make_optimizer(context)) {
    const auto rule = make_rule("adam");
    auto group = group_options("all", rule.get());
    if (types.param != GRADSTEP_FLOAT64) group.slot_dtype = types.slot;
    add_group(optimizer.get(), group);
    auto tensor = sized<gradstep_tensor>();
    tensor.count = count;
    tensor.param = param.view();
    tensor.grad = grad.view();
    add_tensor(optimizer.get(), 0, "a", tensor);
  }

  counted_array array(const char* name) const { return get_array(optimizer.get(), 0, name); }

  stored_array param;
  number_array grad;
  optimizer_handle optimizer;
};

/// Numbers of many magnitudes, zeros and denormals; in every 8th block, bits of any pattern: NaNs,
/// infinities, what overflows in the other dtype.
void fill(const gradstep_array& array, std::uint64_t seed, bool is_non_negative) {
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const int octave = static_cast<int>(i / block_size % 64) - 32;
    const double value = std::ldexp(varied_value(seed, i), octave);
    values[i] = is_non_negative ? std::abs(value) : value;
  }
  expect_ok(gradstep_array_write(&array, count, values.data()));
  const std::size_t size = element_size(array.dtype);
  for (std::size_t i = 0; i < count; ++i) {
    if (i / block_size % 8 != 3) continue;
    const std::uint64_t bits = splitmix(seed, i);
    std::memcpy(static_cast<unsigned char*>(array.data) + i * size, &bits, size);
  }
}

/// What a caller makes of one array for another.
void convert(const gradstep_array& from, const gradstep_array& to) {
  std::vector<double> values(count);
  expect_ok(gradstep_array_read(&from, count, values.data()));
  expect_ok(gradstep_array_write(&to, count, values.data()));
}

void expect_same_bits(const gradstep_array& got, const gradstep_array& wanted) {
  ASSERT_EQ(got.dtype, wanted.dtype);
  const std::size_t bytes = count * element_size(got.dtype);
  EXPECT_EQ(std::memcmp(got.data, wanted.data, bytes), 0);
  ASSERT_EQ(got.extra != nullptr, wanted.extra != nullptr);
  if (got.extra == nullptr) return;
  const std::size_t extra_bytes =
      is_blocked(got.dtype) ? block_count(count) * sizeof(float) : count * sizeof(std::uint16_t);
  EXPECT_EQ(std::memcmp(got.extra, wanted.extra, extra_bytes), 0);
}

/// One thread and several, with and without FLUSH_TO_ZERO, which must not reach a conversion.
std::vector<context_handle> all_contexts() {
  std::vector<context_handle> contexts;
  for (const auto& isa : available_isas()) {
    contexts.push_back(make_serial_context(isa.c_str()));
    contexts.push_back(make_context(split_options(4, isa.c_str())));
    auto flushing = split_options(3, isa.c_str());
    flushing.flags |= GRADSTEP_CONTEXT_FLUSH_TO_ZERO;
    contexts.push_back(make_context(flushing));
  }
  return contexts;
}

TEST(converted_arrays, have_the_same_bits_everywhere) {
  const scratch_folder folder;
  const auto contexts = all_contexts();
  for (const array_dtypes& from : all_arrays) {
    const one_tensor_optimizer saved(serial_context(), from);
    for (std::size_t a = 0; a < std::size(array_names); ++a) {
      fill(saved.array(array_names[a]), a, a == 2);
    }
    save(saved.optimizer, folder / "state");
    for (const array_dtypes& to : all_arrays) {
      if (&from == &to) continue;  // nothing to convert
      SCOPED_TRACE(to_text(from) + " to " + to_text(to));
      const one_tensor_optimizer wanted(serial_context(), to);
      for (const char* name : array_names) convert(saved.array(name), wanted.array(name));
      for (const auto& context : contexts) {
        SCOPED_TRACE(isa_in_use(context.get()) +
                     ", threads: " + std::to_string(threads_of(context.get())));
        const one_tensor_optimizer loaded(context.get(), to);
        load(loaded.optimizer, folder / "state");
        for (const char* name : array_names) {
          SCOPED_TRACE(name);
          expect_same_bits(loaded.array(name), wanted.array(name));
        }
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

}  // namespace
}  // namespace gradstep_test
