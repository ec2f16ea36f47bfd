// SPDX-License-Identifier: Apache-2.0
//
// The moving averages of an optimizer's params, apart from steps. Both calls have the gate's
// use::all. all_tensors: all that have an average.
#pragma once

#include "optimizer/optimizer.hpp"

namespace gradstep::internal {

/// Copies the param to the average, which then holds that param alone. Throws failure (UNSUPPORTED)
/// for a tensor without an average.
void start_average(optimizer& o, std::size_t tensor);

/// Says how many params the average holds, at most most_counted. Throws failure (UNSUPPORTED) for a
/// tensor without an average.
void set_average_count(optimizer& o, std::size_t tensor, std::uint64_t count);

}  // namespace gradstep::internal
