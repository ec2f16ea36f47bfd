// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace gradstep::internal {

struct name_suggestions {
  char text[384];
};

/// The known names that are nearest to an unknown one, or all of them if none is near: "a", "b".
/// name_at(source, i) is the i-th of `count` known names; nullptr: there is none at this place.
name_suggestions suggest_names(const char* unknown, std::size_t count,
                               const char* (*name_at)(const void* source, std::size_t index),
                               const void* source) noexcept;

}  // namespace gradstep::internal
