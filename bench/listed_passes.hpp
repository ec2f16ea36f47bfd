// SPDX-License-Identifier: Apache-2.0
//
// The passes of a step in words.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "cases.hpp"

namespace bench {

/// A pass in words, and the bytes that it moves per element.
using listed_pass = std::pair<std::string, double>;

/// The passes of one step of the case.
std::vector<listed_pass> list_passes(const bench_case& c);

}  // namespace bench
