// SPDX-License-Identifier: Apache-2.0
#include "checkpoint_contents.hpp"

#include "array_conversion.hpp"
#include "json_text.hpp"
#include "named_arrays.hpp"
#include "stored_arrays.hpp"

namespace gradstep::internal {
namespace {

saved_state state_of(const safetensors_reader& reader, const std::string& path) {
  const auto found = reader.metadata().find(state_key);
  if (!reader.has_checksums() || found == reader.metadata().end()) {
    throw failure(GRADSTEP_CORRUPT, in_quotes(path) +
                                        " is no checkpoint of gradstep: its metadata has no "
                                        "checksums or no " +
                                        state_key);
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

[[noreturn]] void refuse(const std::string& fault) {
  throw failure(GRADSTEP_CORRUPT, "the optimizer's state does not agree with the arrays: " + fault);
}

/// Memory for an array of that type.
operand array_in(state_block& memory, dtype type, bool has_low, std::size_t count) {
  const std::size_t bytes = aligned_size(count * size_of(type));
  const std::size_t extra = extra_size(type, has_low, count);
  memory = state_block(bytes + extra);
  return {memory.data(), extra == 0 ? nullptr : memory.data() + bytes, type, false};
}

}  // namespace

checkpoint_contents::checkpoint_contents(const std::string& path)
    : reader_(path), state_(state_of(reader_, path)) {
  for (const stored_array& array : reader_.arrays()) arrays_.emplace(array.name, &array);
  std::unordered_map<std::string_view, const rule_info*> rules;
  for (const saved_group& g : state_.groups) rules.emplace(g.name, g.settings.rule.entry->info);
  for (const saved_tensor& tensor : state_.tensors) {
    const auto rule = rules.find(tensor.group);
    if (rule == rules.end()) {
      refuse("tensor " + in_quotes(tensor.name) + " is of group " + in_quotes(tensor.group) +
             ", which is not there");
    }
    for (const saved_array_type& array : tensor.arrays) {
      if (!is_array_name(*rule->second, array.name)) {
        refuse(in_quotes(array.name) + " of tensor " + in_quotes(tensor.name) + " is no array of " +
               rule->second->name);
      }
      take_array(tensor, array);
    }
    const bool has_sum = tensor.find("accumulated_grad") != nullptr;
    if (has_sum != (tensor.accumulate_count != 0)) {
      refuse("tensor " + in_quotes(tensor.name) + " has an accumulate_count of " +
             std::to_string(tensor.accumulate_count) + (has_sum ? " and a" : " but no") +
             " accumulated_grad");
    }
  }
  if (taken_count_ != arrays_.size()) {
    refuse("of " + std::to_string(arrays_.size()) + " arrays the tensors have " +
           std::to_string(taken_count_));
  }
}

void checkpoint_contents::take_array(const saved_tensor& tensor, const saved_array_type& array) {
  for (const stored_part& part : parts_of(tensor, array, operand{})) {
    const auto found = arrays_.find(part.name);
    if (found == arrays_.end()) refuse("array " + in_quotes(part.name) + " is not there");
    const stored_array& stored = *found->second;
    if (stored.dtype != part.dtype) {
      refuse("array " + in_quotes(part.name) + " has the dtype " + stored.dtype + ", not " +
             part.dtype);
    }
    if (stored.shape != std::vector<std::uint64_t>{part.count}) {
      refuse("array " + in_quotes(part.name) + " has not the shape [" + std::to_string(part.count) +
             "]");
    }
    ++taken_count_;
  }
}

operand checkpoint_contents::read(const saved_tensor& tensor, const saved_array_type& array,
                                  dtype wanted, bool wants_low, state_block& memory) const {
  const operand stored = array_in(memory, array.type, array.has_low, tensor.count);
  for (const stored_part& part : parts_of(tensor, array, stored)) {
    reader_.read(*arrays_.at(part.name), part.data);
  }
  if (array.type == wanted && array.has_low == wants_low) return stored;
  state_block converted;
  const operand result = array_in(converted, wanted, wants_low, tensor.count);
  convert_array(stored, result, tensor.count);
  memory = std::move(converted);
  return result;
}

}  // namespace gradstep::internal
