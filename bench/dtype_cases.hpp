// SPDX-License-Identifier: Apache-2.0
//
// The cases of narrow dtypes, and of the options around an update.
#pragma once

#include <cstdint>
#include <vector>

#include "cases.hpp"

namespace bench {

/// The complete step: unscale, finite check, clip by norm, update, copy, average, zero grad.
inline constexpr std::uint64_t complete_flags =
    GRADSTEP_APPLY_GRAD_SCALE | GRADSTEP_APPLY_CHECK_FINITE | GRADSTEP_APPLY_MAX_NORM |
    GRADSTEP_APPLY_AVERAGE | GRADSTEP_APPLY_ZERO_GRAD;
/// The complete step's dtypes: float32, with a bfloat16 copy of the param.
inline constexpr storage complete_storage{GRADSTEP_FLOAT32, GRADSTEP_FLOAT32, GRADSTEP_FLOAT32,
                                          false, GRADSTEP_BFLOAT16};

inline bool is_complete(const bench_case& c) { return c.flags == complete_flags; }

/// The complete step on that many elements, with all threads.
bench_case complete_case(const machine& m, std::size_t elements);
/// bfloat16 gradients and slots of a float32 param, compared with all float32; large arrays.
bench_case bfloat16_case(const machine& m);
/// bfloat16 gradients and 8-bit slots, compared with bfloat16 slots; large arrays.
bench_case eight_bit_case(const machine& m);

/// The storages of the tables of all rules: each dtype alone, and narrow gradients and slots.
std::vector<storage> table_storages();

/// The cases that claims need, and the same in cache.
void add_claimed_dtype_cases(const machine& m, std::vector<bench_case>& cases);
/// All combinations of dtypes, and each option alone.
void add_dtype_cases(const machine& m, std::vector<bench_case>& cases);

}  // namespace bench
