// SPDX-License-Identifier: Apache-2.0
//
// The table of one instruction set.
#include "tables.hpp"

namespace bench::GRADSTEP_BENCH_LEVEL {

extern const level_loops loops;
constinit const level_loops loops = {
    strips,
    runs,
    {careful_adamw, unscale_and_check, sum_of_squares, scale_by, copy_to_bfloat16, move_average}};

}  // namespace bench::GRADSTEP_BENCH_LEVEL
