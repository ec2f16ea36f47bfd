// SPDX-License-Identifier: Apache-2.0
#include "optimizer/overlaps.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

#include "base/failure.hpp"
#include "optimizer/named_arrays.hpp"
#include "step/tensor_arrays.hpp"

namespace gradstep::internal {
namespace {

/// Whether the library's memory for the tensor's state overlaps [begin, end). A caller may know it
/// from gradstep_optimizer_get_array.
bool is_in_state(const tensor_record& record, std::uintptr_t begin, std::uintptr_t end) {
  const auto overlaps = [&](const state_block& memory) {
    const auto at = reinterpret_cast<std::uintptr_t>(memory.data());
    return begin < at + memory.size() && at < end;
  };
  return overlaps(record.sum_memory) ||
         std::any_of(record.slot_memory.begin(), record.slot_memory.end(), overlaps);
}

/// The name of the array that is there.
const char* state_at(const optimizer& o, std::size_t tensor, std::uintptr_t begin,
                     std::uintptr_t end) {
  const array_names names = names_of(o, tensor);
  for (std::size_t a = 0; a < names.size(); ++a) {
    const named_array each = array_of(o, tensor, a);
    if (!each.is_there || each.array.pitch != 0) continue;  // the library's have no gaps
    const auto at = reinterpret_cast<std::uintptr_t>(each.array.data);
    if (begin < at + each.count * size_of(each.array.type) && at < end) return each.name;
  }
  return "the state";
}

}  // namespace

array_registry::additions check_new_arrays(const tensor_table& table, const rule_info& rule,
                                           const tensor& t, std::size_t index,
                                           const char* argument) {
  array_registry::additions added;
  if (t.count == 0) return added;  // its pointers may have any value
  const auto add = [&](const void* data, const char* name, std::size_t size, std::size_t count,
                       presence wanted, std::size_t) {
    if (data == nullptr) return;
    const auto begin = reinterpret_cast<std::uintptr_t>(data);
    const std::uintptr_t end = begin + size * count;
    const auto refuse_beside = [&](const char* other, std::size_t tensor) {
      refuse(GRADSTEP_INVALID_ARGUMENT, "%s.%s overlaps %s of tensor %s", argument, name, other,
             table.records[tensor].quoted_name().text);
    };
    if (const auto* other = table.caller_arrays.find_overlap(begin, end)) {
      refuse_beside(other->name, other->tensor);
    }
    if (const auto* other = table.caller_arrays.find_grad_overlap(begin, end)) {
      refuse_beside("grad.data", other->tensor);
    }
    if (wanted == presence::gradient) {
      added.grads.insert({begin, index, end});
    } else {
      added.arrays.insert({begin, {end, index, name}});
    }
  };
  for_each_array(rule, given_slots(t), tensor_arrays(t), add);
  const std::size_t scalars = scalar_count(rule, scalar_scope::tensor);
  add(t.scalars, "scalars", sizeof(double), scalars, presence::optional, 0);
  return added;
}

void replace_arrays(tensor_table& table, const rule_info& rule, const tensor& t, std::size_t index,
                    const char* argument) {
  const tensor_record& record = table.records[index];
  tensor callers = t;
  if (record.owns_slots) std::fill_n(callers.slots, max_slots, operand{});
  if (record.scalar_memory != nullptr) callers.scalars = nullptr;
  array_registry::additions taken = table.caller_arrays.take(index);
  try {
    table.caller_arrays.add(check_new_arrays(table, rule, callers, index, argument));
  } catch (...) {
    table.caller_arrays.add(std::move(taken));
    throw;
  }
}

void check_new_grad(const tensor_table& table, std::uintptr_t begin, std::size_t bytes) {
  const auto* other = table.caller_arrays.find_overlap(begin, begin + bytes);
  if (other == nullptr) return;
  refuse(GRADSTEP_INVALID_ARGUMENT, "grad overlaps %s of tensor %s", other->name,
         table.records[other->tensor].quoted_name().text);
}

void check_new_grads(const tensor_table& table, std::span<const array_registry::grad> all,
                     std::size_t first, std::size_t count) {
  if (const auto found = table.caller_arrays.find_overlap(all)) {
    refuse(GRADSTEP_INVALID_ARGUMENT, "grads[%zu] overlaps %s of tensor %s",
           found->of->tensor - first, found->array->name,
           table.records[found->array->tensor].quoted_name().text);
  }
  const auto is_new = [&](const array_registry::grad& g) { return g.tensor - first < count; };
  const array_registry::grad* last = nullptr;  // of those so far, the one that ends last
  for (const array_registry::grad& each : all) {
    if (last != nullptr && each.begin < last->end && (is_new(each) || is_new(*last))) {
      const auto& given = is_new(each) ? each : *last;
      const auto& other = is_new(each) ? *last : each;
      refuse(GRADSTEP_INVALID_ARGUMENT, "grads[%zu] overlaps the gradient of tensor %s",
             given.tensor - first, table.records[other.tensor].quoted_name().text);
    }
    if (last == nullptr || each.end > last->end) last = &each;
  }
}

void check_grads_apart(const optimizer& o, std::size_t tensor) {
  const std::lock_guard held(o.gate);
  const array_registry& arrays = o.table.caller_arrays;
  if (!arrays.has_overlapping_grads()) return;
  const auto pair =
      tensor == all_tensors ? arrays.overlapping_grads() : arrays.overlapping_grads(tensor);
  if (!pair) return;
  refuse(GRADSTEP_INVALID_ARGUMENT,
         "the gradients of tensors %s and %s overlap: gradstep_optimizer_set_grad has to part them "
         "first",
         o.table.records[pair->first].quoted_name().text,
         o.table.records[pair->second].quoted_name().text);
}

void check_apart(const optimizer& o, const char* name, const void* memory, std::size_t bytes) {
  const auto begin = reinterpret_cast<std::uintptr_t>(memory), end = begin + bytes;
  const auto refuse_overlap = [&](std::size_t tensor, const char* array) {
    refuse(GRADSTEP_INVALID_ARGUMENT,
           "%s, %zu bytes at %p, overlaps %s of tensor %s: what is written goes to memory that no "
           "array of the optimizer uses",
           name, bytes, memory, array, o.table.records[tensor].quoted_name().text);
  };
  if (const auto* found = o.table.caller_arrays.find_overlap(begin, end)) {
    refuse_overlap(found->tensor, found->name);
  }
  if (const auto* found = o.table.caller_arrays.find_grad_overlap(begin, end)) {
    refuse_overlap(found->tensor, "grad");
  }
  for_each_tensor(o, [&](std::size_t i) {
    if (is_in_state(o.table.records[i], begin, end)) refuse_overlap(i, state_at(o, i, begin, end));
  });
}

}  // namespace gradstep::internal
