// SPDX-License-Identifier: Apache-2.0
//
// Calls over arrays that the caller owns.
#include <array>
#include <vector>

#include "fuzz/call_world.hpp"
#include "fuzz/hostile_tensor.hpp"

namespace gradstep_test {
namespace {

struct tensor_list {
  const gradstep_tensor* tensors;
  std::size_t count;
};

tensor_list list_for(call_world& world, const gradstep_rule* rule) {
  std::vector<gradstep_tensor> tensors(world.in.chance(250) ? 1 + world.in.below(3) : 0);
  for (auto& each : tensors) each = make_tensor(world, rule, tensor_use::stateless);
  if (tensors.size() > 1 && world.in.chance(8)) tensors[1].param = tensors[0].param;
  const auto* const list = make_list(world, tensors);
  if (world.in.chance(4)) return {list, SIZE_MAX - world.in.below(4)};
  if (world.in.chance(4)) return {nullptr, tensors.size()};
  return {list, tensors.size()};
}

std::size_t workspace_bytes(const gradstep_rule* rule, const tensor_list& list) {
  std::size_t bytes = 0;
  if (gradstep_workspace_size(rule, list.tensors, list.count, &bytes) != GRADSTEP_OK) return 0;
  return bytes;
}

/// The rule's shared scalars, as many as its values need.
void set_scalars(call_world& world, const gradstep_rule* rule, gradstep_apply_options& options) {
  if (rule == nullptr) return;
  std::vector<double> scalars;
  gradstep_scalar_info info{};
  info.struct_size = sizeof info;
  const char* const name = world.rule_names.at(rule).c_str();
  for (std::size_t i = 0; gradstep_rule_describe_scalar(name, i, &info) == GRADSTEP_OK; ++i) {
    if (info.scope == GRADSTEP_SCOPE_ALL) scalars.push_back(info.initial_value);
  }
  if (!scalars.empty()) options.scalars = world.memory.copy(scalars.data(), scalars.size());
  options.scalar_count = scalars.size() + (world.in.chance(4) ? 1 : 0);
}

gradstep_apply_options* options_for(call_world& world, const gradstep_rule* rule,
                                    const tensor_list& list) {
  auto& in = world.in;
  gradstep_apply_options options{};
  if (in.chance(160)) options.flags = in.number<std::uint16_t>() & 0xfff;
  if (in.chance(4)) options.flags |= std::uint64_t{1} << (12 + in.below(52));
  constexpr std::uint64_t steps[] = {
      1, 2, 3, 100, std::uint64_t{1} << 53, (std::uint64_t{1} << 53) + 1, 0, UINT64_MAX};
  options.step = in.one_of(steps);
  options.grad_scale = world.real();
  options.max_norm = options.max_value = world.real();
  options.average_decay = (options.flags & GRADSTEP_APPLY_AVERAGE_EQUAL) != 0 ? 0 : world.real();
  options.seed = in.byte();
  options.grad_norm = world.real();
  options.non_finite_count = in.below(2);
  options.average_count = in.chance(64) ? world.size() : 0;
  set_scalars(world, rule, options);
  if (in.chance(64)) {
    options.workspace_size = workspace_bytes(rule, list);
    if (in.chance(32) && options.workspace_size != 0) --options.workspace_size;
    const std::size_t offset = in.below(9);
    options.workspace =
        static_cast<std::uint8_t*>(world.memory.block(options.workspace_size + offset)) + offset;
    if (options.workspace_size == 0) options.workspace = nullptr;
  }
  return world.given_struct(options);
}

// ---- Arrays -----------------------------------------------------------------------------------

struct array_call {
  gradstep_array* array;
  std::size_t count;
  double* values;
};

array_call array_for(call_world& world) {
  constexpr std::size_t counts[] = {5, 0, 1, 3, 64, 257, 600, SIZE_MAX, SIZE_MAX / 8 + 1};
  const std::size_t count = world.in.one_of(counts);
  gradstep_array a = make_array(world, world.dtype(), count);
  if (world.in.chance(8)) a.pitch = world.small_integer();
  if (world.in.chance(4)) a.flags = 1;
  if (world.in.chance(4)) a.extra = nullptr;
  if (world.in.chance(4)) a.data = nullptr;
  auto* const array = world.in.chance(4) ? nullptr : world.memory.copy(&a, 1);
  const std::size_t bytes = bytes_of_array(GRADSTEP_FLOAT64, count, 0, 0, 0);
  auto* values = static_cast<std::uint8_t*>(world.memory.block(bytes, world.in.byte()));
  if (world.in.chance(4)) values = nullptr;
  return {array, count, reinterpret_cast<double*>(values)};
}

void read_array(call_world& world) {
  const auto a = array_for(world);
  world.check("gradstep_array_read",
              [&] { return gradstep_array_read(a.array, a.count, a.values); });
}
void write_array(call_world& world) {
  const auto a = array_for(world);
  world.check("gradstep_array_write",
              [&] { return gradstep_array_write(a.array, a.count, a.values); });
}

// ---- Tensors ----------------------------------------------------------------------------------

void lay_out_slot(call_world& world) {
  const auto* const rule = world.rule();
  const auto tensor = make_tensor(world, nullptr, tensor_use::stateless);
  const auto* const given = world.in.chance(4) ? nullptr : make_list(world, {tensor});
  const std::size_t index = world.index();
  const std::int32_t dtype = world.dtype();
  auto* const layout = world.output_struct<gradstep_slot_layout>();
  world.check("gradstep_rule_slot_layout",
              [&] { return gradstep_rule_slot_layout(rule, index, given, dtype, layout); });
}

void size_workspace(call_world& world) {
  const auto* const rule = world.rule();
  const auto list = list_for(world, rule);
  auto* const bytes = world.output<std::size_t>();
  world.check("gradstep_workspace_size",
              [&] { return gradstep_workspace_size(rule, list.tensors, list.count, bytes); });
}

void apply(call_world& world) {
  const auto* const context = world.context();
  const auto* const rule = world.rule();
  const auto list = list_for(world, rule);
  const auto* const options = options_for(world, rule, list);
  auto* const result = world.output_struct<gradstep_apply_result>();
  const int times = 1 + static_cast<int>(world.in.below(3));
  for (int i = 0; i < times; ++i) {
    world.check("gradstep_apply", [&] {
      return gradstep_apply(context, rule, list.tensors, list.count, options, result);
    });
  }
}

void apply_part(call_world& world) {
  const auto* const context = world.context();
  const auto* const rule = world.rule();
  const auto list = list_for(world, rule);
  const auto* const options = options_for(world, rule, list);
  const std::size_t part_count = world.in.chance(8) ? world.size() : 1 + world.in.below(5);
  auto* const result = world.output_struct<gradstep_apply_result>();
  for (std::size_t part = 0; part < 5; ++part) {
    world.check("gradstep_apply_part", [&] {
      return gradstep_apply_part(context, rule, list.tensors, list.count, options, part, part_count,
                                 result);
    });
  }
}

/// false: the call has no arguments for the tensor's arrays.
bool read_slots(const gradstep_tensor& t, std::array<void*, 8>& slots, std::int32_t& dtype) {
  if (t.param.pitch != 0 || t.grad.pitch != 0 || t.slot_count > slots.size()) return false;
  for (std::size_t s = 0; t.slots != nullptr && s < t.slot_count; ++s) {
    const auto& slot = t.slots[s];
    if (slot.data == nullptr) continue;
    if (slot.pitch != 0 || slot.extra != nullptr) return false;
    const bool is_narrow = slot.dtype >= GRADSTEP_BFLOAT16;
    if (is_narrow && dtype != 0 && dtype != slot.dtype) return false;
    if (is_narrow) dtype = slot.dtype;
    slots[s] = slot.data;
  }
  for (std::size_t s = 0; dtype != 0 && s < t.slot_count; ++s) {
    if (slots[s] != nullptr && t.slots[s].dtype != dtype) return false;
  }
  return true;
}

double* all_scalars(call_world& world, const gradstep_rule* rule) {
  gradstep_rule_info info{};
  info.struct_size = sizeof info;
  if (rule == nullptr || world.in.chance(8)) return nullptr;
  gradstep_rule_describe(world.rule_names.at(rule).c_str(), &info);
  const std::vector<double> values(info.scalar_count, 0.5);
  return values.empty() ? nullptr : world.memory.copy(values.data(), values.size());
}

/// The arguments are fields of a tensor. Arrays with gaps, scales or lower halves are left out.
void apply_arrays(call_world& world) {
  const auto* const context = world.context();
  const auto* const rule = world.rule();
  const gradstep_tensor t = make_tensor(world, rule, tensor_use::stateless);
  const auto* const options = options_for(world, nullptr, {nullptr, 0});
  auto* const result = world.output_struct<gradstep_apply_result>();
  const std::uint64_t step = world.in.chance(16) ? world.size() : 1;
  std::array<void*, 8> slots{};
  std::int32_t slot_dtype = 0;
  if (!read_slots(t, slots, slot_dtype)) return;
  if (world.in.chance(8)) slot_dtype = GRADSTEP_E5M3_B256;
  auto* const scalars = all_scalars(world, rule);
  world.check("gradstep_apply_arrays", [&] {
    return gradstep_apply_arrays(context, rule, step, t.count, t.rows, t.columns, t.param.dtype,
                                 t.param.data, t.grad.dtype, t.grad.data, slot_dtype, slots[0],
                                 slots[1], slots[2], slots[3], slots[4], slots[5], slots[6],
                                 slots[7], scalars, options, result);
  });
}

void transform(call_world& world) {
  const auto* const context = world.context();
  const auto* const rule = world.rule();
  const auto list = list_for(world, rule);
  const char* const name = world.transform_name();
  world.check("gradstep_transform",
              [&] { return gradstep_transform(context, rule, list.tensors, list.count, name); });
}

void norm_of_gradients(call_world& world) {
  const auto* const context = world.context();
  const auto list = list_for(world, nullptr);
  auto* const result = world.output_struct<gradstep_norm_result>();
  world.check("gradstep_gradient_norm",
              [&] { return gradstep_gradient_norm(context, list.tensors, list.count, result); });
}

constexpr call_maker makers[] = {apply,       apply_part,        apply_arrays,
                                 transform,   norm_of_gradients, read_array,
                                 write_array, size_workspace,    lay_out_slot};

}  // namespace

std::span<const call_maker> stateless_calls() { return makers; }

}  // namespace gradstep_test
