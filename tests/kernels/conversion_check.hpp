// SPDX-License-Identifier: Apache-2.0
//
// Narrows given float32 bit patterns in every way that the public interface has, and compares with
// the plain reference. The normal tests use a dense sample of patterns, the nightly test uses all.
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/stored_array.hpp"

namespace gradstep_test {

inline std::uint16_t half_from_float(std::int32_t dtype, float x) {
  stored_array one(dtype, 1);
  one.narrow(std::vector<float>{x});
  return one.data.read<std::uint16_t>(0);
}

inline bool is_nan_of(std::int32_t dtype, std::uint16_t half) {
  return (half & 0x7fff) > half_from_float(dtype, std::numeric_limits<float>::infinity());
}

/// `got` and `wanted` are the same number to the bit. i: their index.
inline void expect_same_number(double got, double wanted, std::size_t i) {
  if (std::isnan(wanted)) {
    ASSERT_TRUE(std::isnan(got)) << std::hex << i;
  } else {
    ASSERT_EQ(std::bit_cast<std::uint64_t>(got), std::bit_cast<std::uint64_t>(wanted))
        << std::hex << i << ": " << got << ", wanted " << wanted;
  }
}

class narrowing_check {
 public:
  narrowing_check() : rule_(make_rule("sgd", {{"lr", 0}})) {
    for (const auto& isa : available_isas()) {
      contexts_.push_back(make_serial_context(isa.c_str()));
      EXPECT_EQ(isa_in_use(contexts_.back().get()), isa);
    }
  }

  /// Narrows all patterns to every 16-bit dtype, by a step on each instruction set and by
  /// gradstep_array_write.
  void run(const std::vector<std::uint32_t>& patterns) {
    for (const std::int32_t dtype : half_dtypes) {
      SCOPED_TRACE(dtype_text(dtype));
      std::vector<std::uint16_t> wanted(patterns.size());
      stored_array reference(dtype, patterns.size());
      std::vector<float> numbers(patterns.size());
      std::memcpy(numbers.data(), patterns.data(), patterns.size() * sizeof(float));
      reference.narrow(numbers);
      std::memcpy(wanted.data(), reference.data.data(), reference.data.bytes());
      for (const auto& context : contexts_) {
        SCOPED_TRACE(isa_in_use(context.get()));
        expect_same(dtype, narrowed_by_step(context.get(), dtype, numbers), wanted, patterns);
      }
      expect_same(dtype, written(dtype, numbers), wanted, patterns);
    }
  }

 private:
  /// A step that changes no param writes a copy of it.
  std::vector<std::uint16_t> narrowed_by_step(const gradstep_context* context, std::int32_t dtype,
                                              std::vector<float> params) const {
    std::vector<float> grads(params.size(), 1);
    std::vector<std::uint16_t> copy(params.size());
    const gradstep_array no_slot{};
    auto tensor = sized<gradstep_tensor>();
    tensor.count = params.size();
    tensor.param = array_of(params.data());
    tensor.grad = array_of(grads.data());
    tensor.slots = &no_slot;
    tensor.slot_count = 1;
    tensor.copy = array_of(dtype, copy.data());
    apply_list(context, rule_.get(), {tensor}, at_step(1));
    return copy;
  }

  static std::vector<std::uint16_t> written(std::int32_t dtype, const std::vector<float>& numbers) {
    const std::vector<double> values(numbers.begin(), numbers.end());
    std::vector<std::uint16_t> halves(numbers.size());
    const auto array = array_of(dtype, halves.data());
    EXPECT_EQ(gradstep_array_write(&array, halves.size(), values.data()), GRADSTEP_OK)
        << gradstep_last_error();
    return halves;
  }

  static void expect_same(std::int32_t dtype, const std::vector<std::uint16_t>& got,
                          const std::vector<std::uint16_t>& wanted,
                          const std::vector<std::uint32_t>& patterns) {
    for (std::size_t i = 0; i < got.size(); ++i) {
      if (got[i] == wanted[i]) continue;
      if (is_nan_of(dtype, got[i]) && is_nan_of(dtype, wanted[i])) continue;
      if (patterns[i] == 0x80000000 && got[i] == 0) continue;  // a step makes a zero positive
      FAIL() << std::hex << patterns[i] << " became " << got[i] << ", wanted " << wanted[i];
    }
  }

  rule_handle rule_;
  std::vector<context_handle> contexts_;
};

}  // namespace gradstep_test
