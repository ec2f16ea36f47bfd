// SPDX-License-Identifier: Apache-2.0
#include "capi/dtypes.hpp"

#include <cstdio>

#include "capi/error.hpp"

namespace gradstep::internal {

dtype_list to_text(dtype_set set) noexcept {
  dtype_list list{};
  std::size_t length = 0;
  for (const dtype_traits& row : dtype_table) {
    const auto value = static_cast<std::int32_t>(row.type);
    if (!contains(set, value) || length >= sizeof list.text) continue;
    length += static_cast<std::size_t>(std::snprintf(list.text + length, sizeof list.text - length,
                                                     "%s%s (%d)", length == 0 ? "" : ", ",
                                                     row.constant, static_cast<int>(value)));
  }
  return list;
}

gradstep_status check_dtype(const char* name, std::int32_t type, dtype_set allowed) noexcept {
  if (contains(allowed, type)) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT, "%s = %d is none of %s", name, static_cast<int>(type),
              to_text(allowed).text);
}

}  // namespace gradstep::internal
