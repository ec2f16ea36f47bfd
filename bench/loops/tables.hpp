// SPDX-License-Identifier: Apache-2.0
//
// What the files of one instruction set define: all in that one's namespace.
#pragma once

#include "level_loops.hpp"

namespace bench::GRADSTEP_BENCH_LEVEL {

extern const strip_loop strips[strip_count];
extern const run_style runs[run_count];

void careful_adamw(const adamw_constants& c, float* p, const float* g, float* m, float* v,
                   std::size_t count);
bool unscale_and_check(float* g, float scale, std::size_t count);
double sum_of_squares(const float* g, std::size_t count);
void scale_by(float* g, float factor, std::size_t count);
void copy_to_bfloat16(const float* p, std::uint16_t* copy, std::size_t count);
void move_average(float* a, const float* p, float weight, std::size_t count);

}  // namespace bench::GRADSTEP_BENCH_LEVEL
