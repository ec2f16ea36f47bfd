// SPDX-License-Identifier: Apache-2.0
//
// The cases of rules that sum over tensors before they update them.
#pragma once

#include <vector>

#include "cases.hpp"

namespace bench {

/// lamb in memory: 44 bytes per element in two passes.
bench_case lamb_case(const machine& m);
/// lamb on 1000 small tensors, compared with the main rule on the same arrays.
bench_case small_lamb_case(const machine& m);
/// adafactor on a matrix of 8192 rows and columns: 24 bytes per element in three passes.
bench_case adafactor_case(const machine& m);

/// The cases that claims need.
void add_pass_cases(const machine& m, std::vector<bench_case>& cases);

}  // namespace bench
