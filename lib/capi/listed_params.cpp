// SPDX-License-Identifier: Apache-2.0
#include "capi/listed_params.hpp"

#include "capi/error.hpp"

namespace gradstep::internal {
namespace {

constexpr std::size_t few = 32;
constexpr std::size_t part = 1024;

gradstep_status fail_as_shared(const given_list& list, std::size_t first, std::size_t second) {
  gradstep_tensor room;
  const void* const first_param = list.at(first, room).param.data;
  const void* const second_param = list.at(second, room).param.data;
  return fail(
      GRADSTEP_INVALID_ARGUMENT,
      "tensors[%zu].param.data = %p overlaps tensors[%zu].param.data = %p: no two entries of a "
      "list may share a param",
      second, second_param, first, first_param);
}

}  // namespace

gradstep_status listed_params::find_shared(const given_list& list) noexcept {
  if (list.size() <= few) return compare_all(list);
  for (std::size_t begin = 0; begin < list.size(); begin += part) {
    const auto end = std::min(begin + part, list.size());
    if (const auto s = find_equal(list, begin, end); s != GRADSTEP_OK) return s;
  }
  return GRADSTEP_OK;
}

gradstep_status listed_params::compare_all(const given_list& list) noexcept {
  gradstep_tensor room;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const array_place a = place_of_param(list.at(i, room));
    for (std::size_t j = 0; j < i; ++j) {
      const array_place b = place_of_param(list.at(j, room));
      if (overlap(a, b) && a.begin != a.end && b.begin != b.end) return fail_as_shared(list, j, i);
    }
  }
  return GRADSTEP_OK;
}

/// A hash table on the stack, with open addresses. It holds 1 + the entry's index in the part.
gradstep_status listed_params::find_equal(const given_list& list, std::size_t begin,
                                          std::size_t end) noexcept {
  constexpr std::size_t size = 2 * part;
  std::uint16_t table[size] = {};
  gradstep_tensor room;
  for (std::size_t i = begin; i < end; ++i) {
    const gradstep_tensor& t = list.at(i, room);
    if (t.count == 0) continue;
    const void* const param = t.param.data;
    const auto address = reinterpret_cast<std::uintptr_t>(param);
    std::size_t at = static_cast<std::uint64_t>(address) * 0x9e3779b97f4a7c15 >> 53;
    static_assert(size == std::size_t{1} << (64 - 53));
    for (; table[at] != 0; at = (at + 1) % size) {
      const std::size_t other = begin + table[at] - 1;
      if (list.at(other, room).param.data == param) return fail_as_shared(list, other, i);
    }
    table[at] = static_cast<std::uint16_t>(i - begin + 1);
  }
  return GRADSTEP_OK;
}

}  // namespace gradstep::internal
