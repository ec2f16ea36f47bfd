// SPDX-License-Identifier: Apache-2.0
//
// State that comes from elsewhere: counts of steps, scalars, arrays.
#pragma once

#include "optimizer/optimizer.hpp"

namespace gradstep::internal {

/// The count of the optimizer's steps. use::all.
void set_step_count(optimizer& o, std::uint64_t count) noexcept;

/// The count of a tensor's steps; all_tensors: of each tensor's. Above 0, every slot that the rule
/// uses counts as used; 0: none does. use::all.
void set_tensor_step_count(optimizer& o, std::size_t tensor, std::uint64_t count) noexcept;

/// index: of a scalar of the tensor's rule. use::all.
void set_scalar(optimizer& o, std::size_t tensor, std::size_t index, double value) noexcept;

/// The index-th array of the tensor, as names_of counts, is written to `to`. It is there.
/// use::save.
void export_array(const optimizer& o, std::size_t tensor, std::size_t index,
                  const operand& to) noexcept;

/// The index-th array of the tensor becomes `from`. It is there. A slot counts as used from now on.
/// use::all.
void import_array(optimizer& o, std::size_t tensor, std::size_t index,
                  const operand& from) noexcept;

}  // namespace gradstep::internal
