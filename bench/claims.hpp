// SPDX-License-Identifier: Apache-2.0
//
// What this library promises of its speed, each beside its limit.
#pragma once

#include <ostream>
#include <vector>

#include "machine.hpp"
#include "reporter.hpp"

namespace bench {

/// Prints each claim that this run measured with its figure and whether it is met. Figures are not
/// tests: a missed limit is printed and nothing more. Where intervals are too wide it says so
/// instead of judging.
void print_claims(std::ostream& out, const machine& m, const std::vector<row>& rows);

}  // namespace bench
