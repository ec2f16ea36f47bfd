// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace gradstep::internal {

/// 10000 major + 100 minor + patch.
std::uint32_t version_number() noexcept;

/// "major.minor.patch"
const char* version_text() noexcept;

}  // namespace gradstep::internal
