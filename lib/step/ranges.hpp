// SPDX-License-Identifier: Apache-2.0
//
// What a kernel is handed: a tensor of a list, or a part of one, made ready for a step.
#pragma once

#include <cstdint>

#include "step/step.hpp"
#include "step/tensor.hpp"

namespace gradstep::internal {

/// Reads the index-th tensor of the request's list and leaves present what the step uses.
/// used_slots: of the request's rule with its values, as bits.
void read_for_step(const step_request& request, std::uint32_t used_slots, std::size_t index,
                   tensor& into);

/// Cuts a tensor to its elements [begin, end). `begin` is a multiple of 256 beside 8-bit slots.
void cut_to(tensor& t, std::size_t begin, std::size_t end);

}  // namespace gradstep::internal
