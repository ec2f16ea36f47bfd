// SPDX-License-Identifier: Apache-2.0
//
// The structs of the C interface. Each begins with its size, and later versions append fields.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/version.hpp"
#include "capi/error.hpp"

namespace gradstep::internal {

/// No version of a struct will have more bytes. The limit keeps a struct_size that was never set
/// from making the library read memory that is not the caller's.
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

/// Checks a struct that the caller has filled: not null, large enough, and zero beyond the fields
/// that this version knows. `name`: of the argument, with the index of an array's element.
template <class Struct>
gradstep_status check_struct(const Struct* filled, const char* name) noexcept {
  if (filled == nullptr) return fail_as_null(name);
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

/// Whether a struct's flags have the flag.
template <class Struct>
bool has(const Struct& s, std::uint64_t flag) noexcept {
  return (s.flags & flag) != 0;
}

/// `name`: of the argument or field.
inline gradstep_status check_known_flags(const char* name, std::uint64_t flags,
                                         std::uint64_t known) noexcept {
  if ((flags & ~known) == 0) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT,
              "%s = 0x%llx has a flag that this call does not know (known: 0x%llx)", name,
              static_cast<unsigned long long>(flags), static_cast<unsigned long long>(known));
}

/// Checks a struct that the library is going to fill.
template <class Struct>
gradstep_status check_output_struct(const Struct* output, const char* name) noexcept {
  if (output == nullptr) return fail_as_null(name);
  return check_struct_size(output, name);
}

/// Copies all fields but struct_size, which stays the caller's.
template <class Struct>
void fill_output(Struct& output, Struct values) noexcept {
  values.struct_size = output.struct_size;
  std::memcpy(&output, &values, sizeof values);
}

}  // namespace gradstep::internal
