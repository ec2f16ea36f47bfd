// SPDX-License-Identifier: Apache-2.0
//
// Adding a caller's tensor to an optimizer.
#pragma once

#include "capi/handles.hpp"
#include "capi/tensor_array_checks.hpp"

namespace gradstep::internal {

/// Checks the group and the name of a tensor that is to be added. Throws failure for a malformed
/// name.
gradstep_status check_place(const optimizer& o, std::size_t group, const char* name);

/// Checks the tensor and adds it. The struct has our size. label: how sentences name it. index may
/// be null. Throws what add_tensor throws.
gradstep_status add_checked(optimizer& o, std::size_t group, const char* name,
                            const gradstep_tensor& given, tensor_label label, std::size_t* index);

}  // namespace gradstep::internal
