// SPDX-License-Identifier: Apache-2.0
#include "stored_arrays.hpp"

namespace gradstep::internal {

std::vector<stored_part> parts_of(const saved_tensor& tensor, const saved_array_type& array,
                                  const operand& memory) {
  const std::string name = tensor.name + "." + array.name;
  const stored_type& type = stored_type_of(array.type, array.has_low);
  std::vector<stored_part> parts = {{name, type.safetensors, tensor.count, memory.data}};
  if (has_blocks(array.type)) {
    parts.push_back({name + ".scales", "F32", scale_count(tensor.count), memory.extra});
  } else if (array.has_low) {
    parts.push_back({name + ".low", "U16", tensor.count, memory.extra});
  }
  return parts;
}

}  // namespace gradstep::internal
