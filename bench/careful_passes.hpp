// SPDX-License-Identifier: Apache-2.0
//
// The work around an update, as one loop each. The loops are a careful programmer's for this
// machine: one pass over the arrays, with the machine's widest vectors.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bench {

/// g <- scale g. True if all results are finite.
bool unscale_and_check(float* g, float scale, std::size_t count);

double sum_of_squares(const float* g, std::size_t count);

/// g <- factor g.
void scale_by(float* g, float factor, std::size_t count);

/// Rounds to nearest even; a NaN stays a NaN.
void copy_to_bfloat16(const float* p, std::uint16_t* copy, std::size_t count);

/// a <- a + weight (p - a).
void move_average(float* a, const float* p, float weight, std::size_t count);

}  // namespace bench
