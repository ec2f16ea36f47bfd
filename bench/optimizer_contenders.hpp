// SPDX-License-Identifier: Apache-2.0
//
// An optimizer's step, and the same work by the stateless call.
#pragma once

#include <gradstep/gradstep.hpp>

#include <cstddef>
#include <vector>

#include "cases.hpp"
#include "interleave.hpp"

namespace bench {

/// One gradstep_optimizer_step; and one gradstep_apply per group. Both work on the same arrays.
/// Group g has the tensors g, g + group_count, and so on; every second group has no weight decay,
/// as norms and biases usually have none. The context and the tensors' arrays must outlive the
/// contenders.
std::vector<contender> optimizer_contenders(const gradstep::context& context,
                                            const rule_variant& variant,
                                            const std::vector<gradstep_tensor>& tensors,
                                            std::size_t group_count);

}  // namespace bench
