// SPDX-License-Identifier: Apache-2.0
//
// The structs of the C interface. Each begins with its size, and later versions append fields. So a
// caller's struct may have fewer fields than ours, or more. A reference to a struct of ours is
// never made from a pointer to a smaller one, because a compiler may read all that a reference
// refers to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "base/version.hpp"
#include "capi/error.hpp"
#include "capi/first_versions.hpp"

namespace gradstep::internal {

/// No version of a struct will have more bytes. The limit keeps a struct_size that was never set
/// from making the library read memory that is not the caller's.
inline constexpr std::size_t largest_struct = 4096;
/// The size of every version of a struct is a multiple of this.
inline constexpr std::size_t struct_granularity = 8;

/// The struct_size of a caller's struct.
inline std::size_t size_of_given(const void* given) noexcept {
  std::size_t size;
  std::memcpy(&size, given, sizeof size);
  return size;
}

/// INVALID_ARGUMENT unless struct_size, which alone is read, is the size of a version.
template <class Struct>
gradstep_status check_struct_size(const Struct* given, const char* name) noexcept {
  constexpr std::size_t least = first_version<Struct>::size;
  static_assert(least % struct_granularity == 0 && sizeof(Struct) % struct_granularity == 0 &&
                least <= sizeof(Struct) && sizeof(Struct) <= largest_struct);
  const std::size_t size = size_of_given(given);
  if (size >= least && size <= largest_struct && size % struct_granularity == 0) {
    return GRADSTEP_OK;
  }
  if (size < least) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "%s.struct_size = %zu is less than %zu: set it to sizeof", name, size, least);
  }
  return fail(GRADSTEP_INVALID_ARGUMENT,
              "%s.struct_size = %zu is not a multiple of %zu that is at most %zu: set it to sizeof",
              name, size, struct_granularity, largest_struct);
}

/// INVALID_ARGUMENT unless all bytes of a struct of `size` bytes beyond our fields are 0.
template <class Struct>
gradstep_status check_unknown_fields(const Struct* given, std::size_t size,
                                     const char* name) noexcept {
  const auto* bytes = reinterpret_cast<const unsigned char*>(given);
  if (size <= sizeof(Struct) || std::all_of(bytes + sizeof(Struct), bytes + size,
                                            [](unsigned char byte) { return byte == 0; })) {
    return GRADSTEP_OK;
  }
  return fail(GRADSTEP_INVALID_ARGUMENT,
              "%s has a field set that this version of the library, %s, does not know", name,
              version_text());
}

/// A caller's struct of `size` bytes with all of our fields. If it has fewer, the result is a copy
/// in `room`, and the fields that it lacks are 0. Otherwise the result is the caller's struct.
template <class Struct>
const Struct& with_our_fields(const Struct* given, std::size_t size, Struct& room) noexcept {
  if (size >= sizeof(Struct)) return *given;
  room = {};
  std::memcpy(&room, given, size);
  return room;
}

/// A struct that the caller has filled.
template <class Struct>
class input_struct {
 public:
  input_struct() = default;
  input_struct(const input_struct&) = delete;
  input_struct& operator=(const input_struct&) = delete;

  /// Makes the fields readable while the caller's struct lives. INVALID_ARGUMENT for NULL, for a
  /// wrong struct_size, and if a field is set that this version does not know. `name`: of the
  /// argument.
  gradstep_status read(const Struct* given, const char* name) noexcept {
    if (given == nullptr) return fail_as_null(name);
    if (const auto s = check_struct_size(given, name); s != GRADSTEP_OK) return s;
    const std::size_t size = size_of_given(given);
    if (const auto s = check_unknown_fields(given, size, name); s != GRADSTEP_OK) return s;
    fields_ = &with_our_fields(given, size, room_);
    return GRADSTEP_OK;
  }

  const Struct& operator*() const noexcept { return *fields_; }
  const Struct* operator->() const noexcept { return fields_; }

 private:
  const Struct* fields_ = &room_;
  Struct room_;  // not initialised, because it is seldom used
};

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

/// Fills the fields that the caller's struct has, and zeroes its bytes beyond our fields.
/// struct_size stays the caller's.
template <class Struct>
void fill_output(Struct* output, Struct values) noexcept {
  const std::size_t size = size_of_given(output);
  values.struct_size = size;
  if (size < sizeof values) {
    std::memcpy(output, &values, size);
    return;
  }
  std::memcpy(output, &values, sizeof values);
  if (size == sizeof values) return;
  std::memset(reinterpret_cast<unsigned char*>(output) + sizeof values, 0, size - sizeof values);
}

}  // namespace gradstep::internal
