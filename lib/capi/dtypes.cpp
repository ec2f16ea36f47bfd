// SPDX-License-Identifier: Apache-2.0
#include "capi/dtypes.hpp"

#include <cstdio>

namespace gradstep::internal {

dtype_list to_text(dtype_set set) noexcept {
  dtype_list list{};
  std::size_t length = 0;
  for (const dtype_name& d : dtype_names) {
    if (!contains(set, d.type) || length >= sizeof list.text) continue;
    length += static_cast<std::size_t>(std::snprintf(list.text + length, sizeof list.text - length,
                                                     "%s%s", length == 0 ? "" : ", ", d.name));
  }
  return list;
}

}  // namespace gradstep::internal
