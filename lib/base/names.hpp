// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace gradstep::internal {

/// For a message about a name that nobody knows: those of `count` known names that are nearest to
/// it, quoted, with commas; all of them when none is near. name_at(source, i) gives the i-th.
struct name_suggestions {
  char text[384];
};
name_suggestions suggest_names(const char* unknown, std::size_t count,
                               const char* (*name_at)(const void* source, std::size_t index),
                               const void* source) noexcept;

}  // namespace gradstep::internal
