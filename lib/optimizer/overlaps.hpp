// SPDX-License-Identifier: Apache-2.0
//
// Checks that no two arrays of an optimizer overlap.
#pragma once

#include <span>

#include "optimizer/optimizer.hpp"

namespace gradstep::internal {

/// The arrays of a tensor, which will have the index. Throws failure (INVALID_ARGUMENT) if one of
/// them overlaps an array in the registry. argument: how the sentence calls the tensor.
array_registry::additions check_new_arrays(const tensor_table& table, const rule_info& rule,
                                           const tensor& t, std::size_t index,
                                           const char* argument);

/// Replaces the arrays of the index-th tensor in the registry by those of `t` that are the
/// caller's: a record with memory of the library's says which are not. Throws failure
/// (INVALID_ARGUMENT) or std::bad_alloc before anything has changed.
void replace_arrays(tensor_table& table, const rule_info& rule, const tensor& t, std::size_t index,
                    const char* argument);

/// Checks that a gradient at [begin, begin + bytes) overlaps no array but gradients. Throws failure
/// (INVALID_ARGUMENT).
void check_new_grad(const tensor_table& table, std::uintptr_t begin, std::size_t bytes);

/// Checks gradients that will replace all others; all: in ascending order. Those of the tensors
/// [first, first + count) are new: they overlap no array and no gradient. Throws failure
/// (INVALID_ARGUMENT).
void check_new_grads(const tensor_table& table, std::span<const array_registry::grad> all,
                     std::size_t first, std::size_t count);

/// Checks that the tensor's gradient overlaps no other gradient; all_tensors: that none do. A pass
/// over one tensor's gradient would otherwise read or zero another's. Takes the gate's lock. Throws
/// failure (INVALID_ARGUMENT).
void check_grads_apart(const optimizer& o, std::size_t tensor);

/// Checks that memory to which a caller wants something written overlaps no array of the optimizer,
/// the library's included. name: the caller's, of the memory. use::save. Throws failure
/// (INVALID_ARGUMENT).
void check_apart(const optimizer& o, const char* name, const void* memory, std::size_t bytes);

}  // namespace gradstep::internal
