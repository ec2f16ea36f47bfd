// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/checkpoint_reader.hpp"

#include <algorithm>

#include "base/sorted_names.hpp"
#include "base/text.hpp"
#include "checkpoint/json_place.hpp"
#include "checkpoint/stored_arrays.hpp"
#include "json/json_writing.hpp"
#include "optimizer/named_arrays.hpp"
#include "step/array_conversion.hpp"

namespace gradstep::internal {
namespace {

saved_state state_of(const safetensors_reader& reader) {
  const auto found = reader.metadata().find(state_key);
  if (!reader.has_checksums() || found == reader.metadata().end()) {
    refuse(GRADSTEP_CORRUPT,
           "%s is no checkpoint of gradstep: its metadata has no checksums or no %s",
           reader.shown().c_str(), state_key);
  }
  return read_state(found->second);
}

/// Calls visit(name, text) for each note.
template <class Visit>
void for_each_note(const metadata_map& metadata, const Visit& visit) {
  const std::string_view prefix = note_prefix;
  for (const auto& [key, text] : metadata) {
    if (key.starts_with(prefix)) visit(key.substr(prefix.size()), text);
  }
}

/// The index of an array by its name; names.size(): it has no such array.
std::size_t array_index(const array_names& names, const std::string& name) {
  std::size_t i = 0;
  while (i < names.size() && name != names.at(i)) ++i;
  return i;
}

/// The numbers in an array of a tensor of the file.
std::size_t count_of(const saved_tensor& tensor, const rule_info& rule, const std::string& name) {
  const std::size_t index = array_index({rule}, name);
  return index < rule.slot_count ? slot_elements(rule.slots[index].extent, tensor.shape())
                                 : tensor.count;
}

[[noreturn]] void refuse_state(const std::string& fault);

/// Every scalar of the file is one of the rule, with that scope.
void check_scalars(const rule_info& rule, scalar_scope scope,
                   const std::vector<saved_number>& scalars, const std::string& owner) {
  for (const saved_number& each : scalars) {
    const auto is_it = [&](const scalar& s) { return s.scope == scope && each.name == s.name; };
    if (std::any_of(rule.scalars.begin(), rule.scalars.end(), is_it)) continue;
    refuse_unknown("the scalar " + in_quotes(each.name) + " = " + to_text(each.value).text +
                   " of " + owner + ", which is none of " + rule.name);
  }
}

[[noreturn]] void refuse_state(const std::string& fault) {
  refuse(GRADSTEP_CORRUPT, "the optimizer's state does not agree with the arrays: %s",
         fault.c_str());
}

}  // namespace

checkpoint_reader::checkpoint_reader(std::unique_ptr<byte_source> source)
    : reader_(std::move(source)), state_(state_of(reader_)) {
  const sorted_names groups(state_.groups, &saved_group::name);
  for (saved_tensor& tensor : state_.tensors) {
    const auto group = groups.find(tensor.group);
    if (!group) {
      refuse_state("tensor " + in_quotes(tensor.name) + " is of group " + in_quotes(tensor.group) +
                   ", which is not there");
    }
    tensor.rule = state_.groups[*group].settings.rule.entry->info;
    check_tensor(tensor);
  }
  for (const saved_rule_state& rule : state_.rules) {
    const rule_entry* const entry = find_rule(rule.name);
    if (entry == nullptr) refuse_unknown("the rule " + in_quotes(rule.name));
    check_scalars(*entry->info, scalar_scope::all, rule.scalars, "all tensors");
  }
  check_notes();
  if (owned_count_ != reader_.arrays().size()) {
    refuse_state("of " + std::to_string(reader_.arrays().size()) + " arrays the tensors have " +
                 std::to_string(owned_count_));
  }
}

void checkpoint_reader::check_notes() const {
  for_each_note(reader_.metadata(), [](const std::string& name, const std::string& text) {
    try {
      if (text.find('\0') != std::string::npos) refuse_state("text has a 0");
      check_note(name.c_str(), text.c_str());
    } catch (const failure& f) {
      refuse(GRADSTEP_CORRUPT, "the note %s: %s", in_quotes(name).c_str(), f.what());
    }
  });
}

note_map checkpoint_reader::notes() const {
  note_map notes;
  for_each_note(reader_.metadata(),
                [&](const std::string& name, const std::string& text) { notes[name] = text; });
  return notes;
}

void checkpoint_reader::check_tensor(const saved_tensor& tensor) {
  const rule_info& rule = *tensor.rule;
  for (const saved_array_type& array : tensor.arrays) {
    if (array_index({rule}, array.name) == array_names{rule}.size()) {
      refuse_unknown("the array " + in_quotes(array.name) + " of tensor " + in_quotes(tensor.name) +
                     ", which is no array of " + rule.name);
    }
    check_array(tensor, array, count_of(tensor, rule, array.name));
  }
  check_scalars(rule, scalar_scope::tensor, tensor.scalars, "tensor " + in_quotes(tensor.name));
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

void checkpoint_reader::check_array(const saved_tensor& tensor, const saved_array_type& array,
                                    std::size_t count) {
  for_each_part(tensor, array, count, operand{}, [this](const stored_part& part) {
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
                             std::size_t count, const context& c, const operand& to) {
  const auto read_into = [&](const operand& memory) {
    for_each_part(tensor, array, count, memory,
                  [this](const stored_part& part) { reader_.read(find(part.name), part.data); });
  };
  if (array.type == to.type && array.has_low == has_lower_halves(to)) return read_into(to);
  const state_block memory(stored_size(array.type, array.has_low, count));
  const operand stored = array_at(memory.data(), array.type, array.has_low, count);
  read_into(stored);
  convert_array(c, stored, to, count);
}

std::size_t stored_size(dtype type, bool has_low, std::size_t count) noexcept {
  return aligned_size(count * size_of(type)) + aligned_size(extra_size(type, has_low, count));
}

operand array_at(std::byte* memory, dtype type, bool has_low, std::size_t count) noexcept {
  const bool has_extra = extra_size(type, has_low, count) != 0;
  return {memory, has_extra ? memory + aligned_size(count * size_of(type)) : nullptr, type, false};
}

}  // namespace gradstep::internal
