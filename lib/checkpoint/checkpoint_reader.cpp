// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/checkpoint_reader.hpp"

#include "base/sorted_names.hpp"
#include "checkpoint/stored_arrays.hpp"
#include "json/json_writing.hpp"
#include "optimizer/named_arrays.hpp"
#include "step/array_conversion.hpp"

namespace gradstep::internal {
namespace {

saved_state state_of(const safetensors_reader& reader, const std::string& path) {
  const auto found = reader.metadata().find(state_key);
  if (!reader.has_checksums() || found == reader.metadata().end()) {
    refuse(GRADSTEP_CORRUPT,
           "%s is no checkpoint of gradstep: its metadata has no checksums or no %s",
           in_quotes(path).c_str(), state_key);
  }
  return read_state(found->second);
}

bool is_array_name(const rule_info& rule, const std::string& name) {
  const array_names names{rule};
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (name == names.at(i)) return true;
  }
  return false;
}

[[noreturn]] void refuse_state(const std::string& fault) {
  refuse(GRADSTEP_CORRUPT, "the optimizer's state does not agree with the arrays: %s",
         fault.c_str());
}

}  // namespace

checkpoint_reader::checkpoint_reader(const std::string& path)
    : reader_(path), state_(state_of(reader_, path)) {
  const sorted_names groups(state_.groups, &saved_group::name);
  for (const saved_tensor& tensor : state_.tensors) {
    const auto group = groups.find(tensor.group);
    if (!group) {
      refuse_state("tensor " + in_quotes(tensor.name) + " is of group " + in_quotes(tensor.group) +
                   ", which is not there");
    }
    check_tensor(tensor, *state_.groups[*group].settings.rule.entry->info);
  }
  if (owned_count_ != reader_.arrays().size()) {
    refuse_state("of " + std::to_string(reader_.arrays().size()) + " arrays the tensors have " +
                 std::to_string(owned_count_));
  }
}

void checkpoint_reader::check_tensor(const saved_tensor& tensor, const rule_info& rule) {
  for (const saved_array_type& array : tensor.arrays) {
    if (!is_array_name(rule, array.name)) {
      refuse_state(in_quotes(array.name) + " of tensor " + in_quotes(tensor.name) +
                   " is no array of " + rule.name);
    }
    check_array(tensor, array);
  }
  const bool has_sum = tensor.find("accumulated_grad") != nullptr;
  if (has_sum != (tensor.accumulate_count != 0)) {
    refuse_state("tensor " + in_quotes(tensor.name) + " has an accumulate_count of " +
                 std::to_string(tensor.accumulate_count) + (has_sum ? " and a" : " but no") +
                 " accumulated_grad");
  }
}

/// An array of the file. Fastest in the order of the file.
const stored_array& checkpoint_reader::find(std::string_view name) {
  const auto& arrays = reader_.arrays();
  if (next_ >= arrays.size() || arrays[next_].name != name) {
    const auto found = reader_.find(name);
    if (!found) refuse_state("array " + in_quotes(name) + " is not there");
    next_ = *found;
  }
  return arrays[next_++];
}

void checkpoint_reader::check_array(const saved_tensor& tensor, const saved_array_type& array) {
  for_each_part(tensor, array, operand{}, [this](const stored_part& part) {
    const stored_array& stored = find(part.name);
    if (stored.dtype != part.dtype) {
      refuse_state("array " + in_quotes(part.name) + " has the dtype " + stored.dtype + ", not " +
                   part.dtype);
    }
    if (stored.shape.size() != 1 || stored.shape[0] != part.count) {
      refuse_state("array " + in_quotes(part.name) + " has not the shape [" +
                   std::to_string(part.count) + "]");
    }
    ++owned_count_;
  });
}

void checkpoint_reader::read(const saved_tensor& tensor, const saved_array_type& array,
                             const context& c, const operand& to) {
  const auto read_into = [&](const operand& memory) {
    for_each_part(tensor, array, memory,
                  [this](const stored_part& part) { reader_.read(find(part.name), part.data); });
  };
  if (array.type == to.type && array.has_low == has_lower_halves(to)) return read_into(to);
  const state_block memory(stored_size(array.type, array.has_low, tensor.count));
  const operand stored = array_at(memory.data(), array.type, array.has_low, tensor.count);
  read_into(stored);
  convert_array(c, stored, to, tensor.count);
}

std::size_t stored_size(dtype type, bool has_low, std::size_t count) noexcept {
  return aligned_size(count * size_of(type)) + aligned_size(extra_size(type, has_low, count));
}

operand array_at(std::byte* memory, dtype type, bool has_low, std::size_t count) noexcept {
  const bool has_extra = extra_size(type, has_low, count) != 0;
  return {memory, has_extra ? memory + aligned_size(count * size_of(type)) : nullptr, type, false};
}

}  // namespace gradstep::internal
