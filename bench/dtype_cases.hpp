// SPDX-License-Identifier: Apache-2.0
//
// The cases of mixed precision and of what surrounds the update.
#pragma once

#include <cstdint>
#include <vector>

#include "cases.hpp"

namespace bench {

/// The complete step: unscale, finite check, clip by norm, update, copy, average, zero grad.
inline constexpr std::uint64_t complete_flags =
    GRADSTEP_APPLY_GRAD_SCALE | GRADSTEP_APPLY_CHECK_FINITE | GRADSTEP_APPLY_MAX_NORM |
    GRADSTEP_APPLY_AVERAGE | GRADSTEP_APPLY_ZERO_GRAD;
/// In float32, with a bfloat16 copy of the param.
inline constexpr storage complete_storage{GRADSTEP_FLOAT32, GRADSTEP_FLOAT32, GRADSTEP_FLOAT32,
                                          false, GRADSTEP_BFLOAT16};

inline bool is_complete(const bench_case& c) { return c.flags == complete_flags; }

/// The complete step on so many elements with all threads.
bench_case complete_case(const machine& m, std::size_t elements, double seconds);
/// bfloat16 gradients and slots of a float32 param, beside all of float32; large.
bench_case bfloat16_case(const machine& m, double seconds);
/// 8-bit slots, beside bfloat16 ones; gradients are bfloat16; large.
bench_case eight_bit_case(const machine& m, double seconds);

/// Every combination of dtypes, each option alone, and the complete step.
void add_mixed_cases(const machine& m, std::vector<bench_case>& cases);
/// Those that claims need.
void add_quick_mixed_cases(const machine& m, std::vector<bench_case>& cases);

}  // namespace bench
