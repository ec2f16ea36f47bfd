// SPDX-License-Identifier: Apache-2.0
//
// Tensors and arrays for calls. Every array has the memory that its fields declare, to the byte. If
// no memory can be as large as they declare, it has a few bytes: the library must refuse it then.
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fuzz/call_world.hpp"

namespace gradstep_test {

std::size_t bytes_of_dtype(std::int32_t dtype);

/// Bytes from the first element to the last, gaps included.
std::size_t bytes_of_array(std::int32_t dtype, std::uint64_t count, std::uint64_t rows,
                           std::uint64_t columns, std::int64_t pitch);

/// An array without gaps, and with scales if its dtype has them.
gradstep_array make_array(call_world& world, std::int32_t dtype, std::uint64_t count);

enum class tensor_use { stateless, optimizer };

/// A tensor for the rule, which may be NULL; mostly a valid one.
gradstep_tensor make_tensor(call_world& world, const gradstep_rule* rule, tensor_use use);

grad_place place_of_grad(const gradstep_tensor& tensor);

/// Structs one behind the other, all with one struct_size, in the memory that they declare.
const gradstep_tensor* make_list(call_world& world, const std::vector<gradstep_tensor>& tensors);

}  // namespace gradstep_test
