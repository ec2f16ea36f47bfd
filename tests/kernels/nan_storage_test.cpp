// SPDX-License-Identifier: Apache-2.0
//
// A stored NaN stays NaN, whatever its payload and its place in the array.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "step/scaled_gradients.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/reference_16_bits.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {
namespace {

/// One step of adamw with 16-bit params. Each slot has a dtype of its own.
struct narrow_step {
  static constexpr std::size_t count = 128;

  std::vector<std::uint16_t> param = std::vector<std::uint16_t>(count, 0x3c00);  // 1 in float16
  std::vector<std::uint16_t> slots[2] = {std::vector<std::uint16_t>(count),
                                         std::vector<std::uint16_t>(count)};
  float scales[2] = {};

  narrow_step(const gradstep_context* context, const gradstep_rule* rule, std::uint64_t flags,
              std::int32_t param_dtype, std::array<std::int32_t, 2> slot_dtypes,
              std::vector<float>& grad) {
    const auto slot_at = [&](std::size_t s) {
      const bool has_scales = is_blocked(slot_dtypes[s]);
      return array_of(slot_dtypes[s], slots[s].data(), has_scales ? &scales[s] : nullptr);
    };
    const gradstep_array slot_arrays[] = {slot_at(0), slot_at(1), {}};
    auto tensor = sized<gradstep_tensor>();
    tensor.count = count;
    tensor.param = array_of(param_dtype, param.data());
    tensor.grad = array_of(grad.data());
    tensor.slots = slot_arrays;
    tensor.slot_count = 3;
    const auto options = apply_options(flags);
    EXPECT_EQ(gradstep_apply(context, rule, &tensor, 1, &options, nullptr), GRADSTEP_OK)
        << gradstep_last_error();
  }
};

// Rounding adds to the bits: a NaN of all ones would become another number.
TEST(nan_storage, of_any_payload_at_every_place) {
  const auto rule = make_rule("adamw");
  for (const auto& isa : available_isas()) {
    const auto context = make_serial_context(isa.c_str());
    for (const std::uint64_t flags :
         {UINT64_C(0), GRADSTEP_APPLY_STOCHASTIC_PARAM, GRADSTEP_APPLY_NEAREST_SLOTS}) {
      for (std::size_t place = 0; place < narrow_step::count; ++place) {
        SCOPED_TRACE(isa + ", flags " + std::to_string(flags) + ", NaN at " +
                     std::to_string(place));
        std::vector<float> grad(narrow_step::count, 0.5F);
        grad[place] = std::bit_cast<float>(0x7fffffffU);
        for (const auto& [dtype, widened] : {std::pair{GRADSTEP_BFLOAT16, &bfloat16_to_float},
                                             std::pair{GRADSTEP_FLOAT16, &float16_to_float}}) {
          const narrow_step halves(context.get(), rule.get(), flags, dtype, {dtype, dtype}, grad);
          for (std::size_t i = 0; i < narrow_step::count; ++i) {
            ASSERT_EQ(std::isnan(widened(halves.param[i])), i == place) << i;
            ASSERT_EQ(std::isnan(widened(halves.slots[0][i])), i == place) << i;
            ASSERT_EQ(std::isnan(widened(halves.slots[1][i])), i == place) << i;
          }
        }
        const narrow_step bytes(context.get(), rule.get(), flags, GRADSTEP_BFLOAT16,
                                {GRADSTEP_S1E4M3_B256, GRADSTEP_E5M3_B256}, grad);
        ASSERT_TRUE(std::isnan(bytes.scales[0]));
        ASSERT_TRUE(std::isnan(bytes.scales[1]));
      }
    }
  }
}

}  // namespace
}  // namespace gradstep_test
