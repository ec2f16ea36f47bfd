// SPDX-License-Identifier: Apache-2.0
#include "optimizer/tensor_table.hpp"

#include <algorithm>

namespace gradstep::internal {

std::unique_ptr<char[]> copy_name(std::string_view name) {
  auto copy = std::make_unique<char[]>(name.size() + 1);
  std::copy(name.begin(), name.end(), copy.get());
  return copy;
}

const std::uint32_t* find_name(const name_index& names, std::string_view name) {
  const auto found = names.find(name);
  return found == names.end() ? nullptr : &found->second;
}

operand tensor_table::sum(std::size_t index) const noexcept {
  const dtype type = computed_type(tensors[index].param.type);
  return {records[index].sum_memory.data(), nullptr, type, false};
}

std::size_t tensor_table::sum_bytes(std::size_t index) const noexcept {
  return tensors[index].count * size_of(sum(index).type);
}

}  // namespace gradstep::internal
