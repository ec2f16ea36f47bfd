// SPDX-License-Identifier: Apache-2.0
//
// A tensor's arrays as arrays of the file: "<tensor>.<array>", and beside it its scales or its
// lower halves.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "checkpoint/metadata.hpp"

namespace gradstep::internal {

/// The key of the metadata that holds the state.
inline constexpr const char* state_key = "gradstep.state";
/// The keys of the metadata that hold notes begin so; the name of the note follows.
inline constexpr const char* note_prefix = "note.";

/// One array of the file.
struct stored_part {
  std::string_view name;
  const char* dtype;  // the safetensors format's
  std::uint64_t count;
  void* data;
};

/// Calls visit(part) for the array's elements, and then for what belongs to them:
/// "<tensor>.<array>.scales" for an 8-bit dtype, "<tensor>.<array>.low" for lower halves.
/// memory: where the array is. count: its numbers.
template <class Visit>
void for_each_part(const saved_tensor& tensor, const saved_array_type& array, std::size_t count,
                   const operand& memory, const Visit& visit) {
  std::string name;
  name.reserve(tensor.name.size() + array.name.size() + 8);
  name.append(tensor.name).append(1, '.').append(array.name);
  visit(stored_part{name, traits_of(array.type).safetensors, count, memory.data});
  if (has_blocks(array.type)) {
    name += ".scales";
    visit(stored_part{name, "F32", scale_count(count), memory.extra});
  } else if (array.has_low) {
    name += ".low";
    visit(stored_part{name, "U16", count, memory.extra});
  }
}

}  // namespace gradstep::internal
