// SPDX-License-Identifier: Apache-2.0
#include "capi/array_lookup.hpp"

#include <cstring>

#include "base/names.hpp"
#include "capi/error.hpp"

namespace gradstep::internal {

gradstep_status find_array(const optimizer& o, std::size_t tensor, const char* name,
                           std::size_t& index) noexcept {
  const array_names names = names_of(o, tensor);
  for (index = 0; index < names.size(); ++index) {
    if (std::strcmp(names.at(index), name) != 0) continue;
    if (array_of(o, tensor, index).is_there || o.table.tensors[tensor].count == 0) {
      return GRADSTEP_OK;
    }
    return fail(GRADSTEP_UNSUPPORTED, "tensor %zu, %s, has no %s at present", tensor,
                o.table.records[tensor].quoted_name().text, name);
  }
  const auto name_at = [](const void* source, std::size_t i) {
    return static_cast<const array_names*>(source)->at(i);
  };
  return fail(GRADSTEP_UNKNOWN_NAME, "array_name = %s is none of %s", quoted(name).text,
              suggest_names("", names.size(), name_at, &names).text);
}

}  // namespace gradstep::internal
