// SPDX-License-Identifier: Apache-2.0
#include "capi/entry_names.hpp"

#include "capi/error.hpp"

namespace gradstep::internal {

gradstep_status check_name_is_free(const char* argument, const char* name, const name_index& names,
                                   const char* thing) {
  const std::uint32_t* const found = find_name(names, name);
  if (found == nullptr) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT, "%s = %s is the name of %s %u already", argument,
              quoted(name).text, thing, static_cast<unsigned>(*found));
}

}  // namespace gradstep::internal
