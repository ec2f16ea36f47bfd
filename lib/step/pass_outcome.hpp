// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace gradstep::internal {

/// What a step over lists of tensors tells its caller.
struct pass_outcome {
  std::uint64_t piece_count = 0;  // pieces that ran
  bool is_stopped = false;        // the rule stopped the step: nothing is stored
};

}  // namespace gradstep::internal
