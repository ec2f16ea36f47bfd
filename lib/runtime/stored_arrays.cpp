// SPDX-License-Identifier: Apache-2.0
#include "stored_arrays.hpp"

namespace gradstep::internal {
namespace {

const char* safetensors_name(dtype type) {
  switch (type) {
    case dtype::float32:
      return "F32";
    case dtype::float64:
      return "F64";
    case dtype::bfloat16:
      return "BF16";
    case dtype::float16:
      return "F16";
    case dtype::signed8:
    case dtype::unsigned8:
      return "U8";
  }
  return "";
}

}  // namespace

std::vector<stored_part> parts_of(const saved_tensor& tensor, const saved_array_type& array,
                                  const operand& memory) {
  const std::string name = tensor.name + "." + array.name;
  std::vector<stored_part> parts = {{name, safetensors_name(array.type), tensor.count,
                                     tensor.count * size_of(array.type), memory.data}};
  if (has_blocks(array.type)) {
    const std::uint64_t scales = scale_count(tensor.count);
    parts.push_back({name + ".scales", "F32", scales, scales * sizeof(float), memory.extra});
  } else if (array.has_low) {
    parts.push_back(
        {name + ".low", "U16", tensor.count, tensor.count * sizeof(std::uint16_t), memory.extra});
  }
  return parts;
}

}  // namespace gradstep::internal
