// SPDX-License-Identifier: Apache-2.0
#include "base/version.hpp"

#include <gradstep/gradstep.h>

#define GRADSTEP_TEXT_AGAIN(a) #a
#define GRADSTEP_TEXT(a) GRADSTEP_TEXT_AGAIN(a)

namespace gradstep::internal {

std::uint32_t version_number() noexcept {
  return 10000 * GRADSTEP_VERSION_MAJOR + 100 * GRADSTEP_VERSION_MINOR + GRADSTEP_VERSION_PATCH;
}

const char* version_text() noexcept {
  return GRADSTEP_TEXT(GRADSTEP_VERSION_MAJOR) "." GRADSTEP_TEXT(
      GRADSTEP_VERSION_MINOR) "." GRADSTEP_TEXT(GRADSTEP_VERSION_PATCH);
}

}  // namespace gradstep::internal
