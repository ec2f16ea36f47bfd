// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace gradstep::internal {

/// Bytes of the character that a text begins with; 0 where it is no UTF-8.
std::size_t utf8_length(std::string_view text) noexcept;

}  // namespace gradstep::internal
