// SPDX-License-Identifier: Apache-2.0
//
// Other arrays of the caller's for a tensor, of the same count or of another one.
#pragma once

#include <cstdint>
#include <span>

#include "optimizer/optimizer.hpp"

namespace gradstep::internal {

/// Gives the tensor the caller's arrays of `given`, which suits the group's rule and has the same
/// type of arithmetic. Its slots and scalars are those of the caller, or absent. Without sources
/// and with elements in `given`, or in none of the two, count and shape stay; otherwise new item i
/// continues the state of old item sources[i], or begins if that is -1. Throws failure. use::all.
void set_param(optimizer& o, std::size_t tensor, const internal::tensor& given,
               std::span<const std::int64_t> sources);

}  // namespace gradstep::internal
