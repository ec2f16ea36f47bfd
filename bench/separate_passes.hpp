// SPDX-License-Identifier: Apache-2.0
//
// What surrounds an update as loops of its own, each that of a careful programmer for the machine
// at hand: one pass over its arrays, vectors as wide as the machine's.
#pragma once

#include <cstddef>
#include <cstdint>

namespace bench {

/// g <- scale g. True when every element of the result is finite.
bool unscale_and_check(float* g, float scale, std::size_t count);

double sum_of_squares(const float* g, std::size_t count);

/// g <- factor g.
void scale_by(float* g, float factor, std::size_t count);

/// Rounded to nearest even; NaN stays NaN.
void copy_to_bfloat16(const float* p, std::uint16_t* copy, std::size_t count);

/// a <- a + weight (p - a).
void move_average(float* a, const float* p, float weight, std::size_t count);

}  // namespace bench
