// SPDX-License-Identifier: Apache-2.0
//
// Structs that cross the C border: they begin with their size, and grow at their end.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/version.hpp"
#include "capi/error.hpp"

namespace gradstep::internal {

/// No version of a struct will be larger, in bytes. Without a limit a size that was never set would
/// have memory read that is not the caller's.
inline constexpr std::size_t largest_struct = 4096;

template <class Struct>
gradstep_status check_struct_size(const Struct* value, const char* name) noexcept {
  const std::size_t size = value->struct_size;
  if (size >= sizeof(Struct) && size <= largest_struct && size % alignof(Struct) == 0) {
    return GRADSTEP_OK;
  }
  if (size < sizeof(Struct)) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "%s.struct_size = %zu is less than %zu: set it to sizeof", name, size,
                sizeof(Struct));
  }
  return fail(GRADSTEP_INVALID_ARGUMENT,
              "%s.struct_size = %zu is not a multiple of %zu that is at most %zu: set it to sizeof",
              name, size, alignof(Struct), largest_struct);
}

/// A struct that the caller filled: large enough, and zero where this version knows no field.
/// `name` is the argument's, with its index when it is one of an array.
template <class Struct>
gradstep_status check_struct(const Struct* filled, const char* name) noexcept {
  if (const auto s = check_struct_size(filled, name); s != GRADSTEP_OK) return s;
  const auto* bytes = reinterpret_cast<const unsigned char*>(filled);
  const auto* end = bytes + filled->struct_size;
  if (std::any_of(bytes + sizeof(Struct), end, [](unsigned char byte) { return byte != 0; })) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "%s has a field set that this version of the library, %s, does not know", name,
                version_text());
  }
  return GRADSTEP_OK;
}

/// `name` is the argument's, or the field's.
inline gradstep_status check_known_flags(const char* name, std::uint64_t flags,
                                         std::uint64_t known) noexcept {
  if ((flags & ~known) == 0) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT,
              "%s = 0x%llx has a flag that this call does not know (known: 0x%llx)", name,
              static_cast<unsigned long long>(flags), static_cast<unsigned long long>(known));
}

/// A struct that the library is to fill.
template <class Struct>
gradstep_status check_output_struct(const Struct* output, const char* name) noexcept {
  if (output == nullptr) return fail(GRADSTEP_INVALID_ARGUMENT, "%s is NULL", name);
  return check_struct_size(output, name);
}

/// Copies all but struct_size, which stays the caller's.
template <class Struct>
void fill_output(Struct& output, Struct values) noexcept {
  values.struct_size = output.struct_size;
  std::memcpy(&output, &values, sizeof values);
}

}  // namespace gradstep::internal
