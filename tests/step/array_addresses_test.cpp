// SPDX-License-Identifier: Apache-2.0
//
// Arrays of a tensor at wrong addresses: misaligned, or overlapping each other. Each gives a
// sentence that names the arrays, and changes nothing.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "step/tensor_misuse.hpp"
#include "support/dtype_lists.hpp"
#include "support/number_array.hpp"
#include "support/stored_parameter.hpp"

namespace gradstep_test {
namespace {

using array_addresses = tensor_misuse;

/// A pointer field of the tensor, and the array that it points to.
struct pointer {
  std::string name;
  void* data;
  std::size_t bytes, element_size;
  std::function<void(void*)> set;
};

std::vector<pointer> pointers_of(stored_parameter& p, stored_view& view) {
  std::vector<pointer> all;
  const auto add = [&](std::string name, number_array& array, void*& field) {
    all.push_back({std::move(name), array.data(), array.bytes(), element_size(array.dtype()),
                   [&field](void* to) { field = to; }});
  };
  gradstep_tensor& t = view.tensor;
  add("param.data", p.param.data, t.param.data);
  add("param.extra", *p.param.extra, t.param.extra);
  add("grad.data", p.grad.data, t.grad.data);
  add("copy.data", p.copy->data, t.copy.data);
  add("average.data", p.average->data, t.average.data);
  for (std::size_t s = 0; s < p.slots.size(); ++s) {
    const std::string slot = "slots[" + std::to_string(s) + "]";
    add(slot + ".data", p.slots[s]->data, view.slots[s].data);
    add(slot + ".extra", *p.slots[s]->extra, view.slots[s].extra);
  }
  return all;
}

/// The first or last aligned address in the array for an element of this size.
void* aligned_place_in(const pointer& array, std::size_t size, bool at_end) {
  auto* const begin = static_cast<std::byte*>(array.data);
  std::byte* const place = begin + (at_end ? array.bytes - 1 : size - 1);
  return place - reinterpret_cast<std::uintptr_t>(place) % size;
}

/// Each array stands at the beginning and at the end of each other one. The arrays are far apart,
/// so no third one overlaps. A refused step neither reads nor writes them.
TEST_F(array_addresses, overlap_of_each_array_with_each_other) {
  constexpr std::size_t distance = 4096, array_count = 11;
  std::vector<std::byte> room(distance * (array_count + 1));
  const auto arrays = [&] {
    auto pointers = pointers_of(parameters[1], views[1]);
    EXPECT_EQ(pointers.size(), array_count);
    for (std::size_t i = 0; i < pointers.size(); ++i) {
      pointers[i].data = room.data() + distance * i;
      pointers[i].set(pointers[i].data);
    }
    return pointers;
  };
  for (std::size_t moved = 0; moved < array_count; ++moved) {
    for (std::size_t other = 0; other < array_count; ++other) {
      if (moved == other) continue;
      for (const bool at_end : {false, true}) {
        const auto pointers = arrays();
        const auto& name = pointers[moved].name;
        SCOPED_TRACE(name + " in " + pointers[other].name);
        pointers[moved].set(
            aligned_place_in(pointers[other], pointers[moved].element_size, at_end));
        expect_invalid({"tensors[1]", "overlap", name, pointers[other].name});
      }
    }
  }
  EXPECT_TRUE(room == std::vector<std::byte>(room.size()));
}

TEST_F(array_addresses, misaligned_arrays) {
  const auto pointers = pointers_of(parameters[1], views[1]);
  for (std::size_t i = 0; i < pointers.size(); ++i) {
    if (pointers[i].element_size == 1) continue;
    const auto again = pointers_of(parameters[1], views[1]);
    SCOPED_TRACE(again[i].name);
    again[i].set(static_cast<std::byte*>(again[i].data) + 1);
    tensor().count = 280;
    expect_invalid({"tensors[1]", again[i].name, "align"});
  }
}

}  // namespace
}  // namespace gradstep_test
