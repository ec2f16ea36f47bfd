// SPDX-License-Identifier: Apache-2.0
//
// Validation of the fields of a caller's tensor and of its arrays, without the elements' addresses.
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <cstdint>

#include "capi/dtypes.hpp"
#include "capi/error.hpp"
#include "capi/tensor_array_checks.hpp"

namespace gradstep::internal {

/// No array has more elements, gaps included: the bytes of the widest dtype fit into a size.
inline constexpr std::size_t most_elements = SIZE_MAX / 2 / sizeof(double);

/// What an array may be.
struct array_role {
  dtype_set types;
  bool may_be_split;   // bfloat16 may have lower halves
  bool may_have_gaps;  // the array has one number per element
};

/// True for most valid arrays, and for no others. If it is false, check_fields tells what is wrong,
/// if anything. No array with a pitch passes this test.
inline bool is_plain(const gradstep_array& a, dtype_set types, bool may_be_split) {
  const bool has_scales = has_blocks(static_cast<dtype>(a.dtype));
  const bool needs_no_more = a.extra == nullptr
                                 ? !has_scales
                                 : has_scales || (may_be_split && a.dtype == GRADSTEP_BFLOAT16);
  return contains(types, a.dtype) && needs_no_more && a.extra2 == nullptr &&
         (static_cast<std::uint64_t>(a.pitch) | a.flags) == 0;
}

/// Checks the fields that have no meaning in this version. `name`: of the array.
gradstep_status check_unused_fields(const char* name, const gradstep_array& a) noexcept;

/// Checks all fields of an array of the tensor but the address of `data`. `name`: of the array as a
/// field of the tensor. The tensor's shape is valid.
gradstep_status check_fields(tensor_label label, const char* name, const gradstep_array& a,
                             const array_role& role, const gradstep_tensor& t) noexcept;

/// OUT_OF_RANGE for more elements than memory can hold. They are the tensor's, or those of a list
/// up to this tensor.
inline gradstep_status check_count(tensor_label label, std::uint64_t count) noexcept {
  if (count <= most_elements) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "%s = %llu is more than memory can hold (%zu)",
              label.of("count").text, static_cast<unsigned long long>(count), most_elements);
}

/// Checks rows and columns, with count.
gradstep_status check_shape(tensor_label label, const gradstep_tensor& t) noexcept;

/// Checks first_index and whole_count, with count.
gradstep_status check_place_in_whole(tensor_label label, const gradstep_tensor& t) noexcept;

/// Whether a field is set that is 0 in most tensors.
inline bool has_rare_fields(const gradstep_tensor& t) {
  return (t.flags | t.rows | t.columns | t.whole_count | t.first_index | t.scalar_count) != 0 ||
         t.scalars != nullptr;
}

/// Checks these fields of a tensor, but for its scalars.
gradstep_status check_rare_fields(tensor_label label, const gradstep_tensor& t) noexcept;

/// Whether there are gaps between an array's rows.
inline bool has_gaps(const gradstep_array& a, const gradstep_tensor& t) noexcept {
  return a.pitch != 0 && static_cast<std::uint64_t>(a.pitch) != t.columns;
}

/// Whether an array of the tensor has gaps. Of the slots, only those whose bits are set.
bool has_gaps(const gradstep_tensor& t, std::uint32_t slots) noexcept;

}  // namespace gradstep::internal
