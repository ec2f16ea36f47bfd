// SPDX-License-Identifier: Apache-2.0
//
// Calls about an optimizer's groups, tensors and steps.
#include <vector>

#include "fuzz/call_world.hpp"
#include "fuzz/hostile_tensor.hpp"

namespace gradstep_test {
namespace {

using w = call_world;

template <class T>
constexpr auto out = &w::output<T>;
template <class Struct>
constexpr auto info = &w::output_struct<Struct>;

// ---- Optimizers -------------------------------------------------------------------------------

gradstep_optimizer_options* optimizer_options(call_world& world) {
  gradstep_optimizer_options options{};
  if (world.in.chance(128)) {
    // Mostly without the flags that an optimizer does not take.
    const std::uint64_t mask = world.in.chance(16) ? 0x1fff : 0x8fe;
    options.flags = world.in.number<std::uint16_t>() & mask;
  }
  options.max_norm = options.max_value = world.real();
  if ((options.flags & GRADSTEP_APPLY_AVERAGE_EQUAL) == 0) options.average_decay = world.real();
  options.seed = world.in.byte();
  return world.given_struct(options);
}

void create_optimizer(call_world& world) {
  const auto* const context = world.context();
  const auto* const options = optimizer_options(world);
  auto** const created = world.output<gradstep_optimizer*>();
  if (world.optimizers.size() >= 3) return;
  const auto status = world.check("gradstep_optimizer_create", [&] {
    return gradstep_optimizer_create(context, options, created);
  });
  if (status == GRADSTEP_OK) world.optimizers.push_back({*created, context, {}});
}
void destroy_optimizer(call_world& world) {
  const std::size_t choice = world.in.byte();
  if (choice == 0 || world.optimizers.size() < 2) return gradstep_optimizer_destroy(nullptr);
  const std::size_t index = choice % world.optimizers.size();
  gradstep_optimizer_destroy(world.optimizers[index].handle);
  world.optimizers.erase(world.optimizers.begin() + static_cast<std::ptrdiff_t>(index));
}
void set_options(call_world& world) {
  auto* const optimizer = world.optimizer();
  const auto* const options = optimizer_options(world);
  world.check("gradstep_optimizer_set_options",
              [&] { return gradstep_optimizer_set_options(optimizer, options); });
}
void describe(call_world& world) {
  world.make("gradstep_optimizer_describe", gradstep_optimizer_describe, &w::optimizer,
             info<gradstep_optimizer_info>);
}

// ---- Groups -----------------------------------------------------------------------------------

void add_group(call_world& world) {
  auto* const optimizer = world.optimizer();
  gradstep_group_options options{};
  options.name = world.given_name();
  options.rule = world.rule();
  if (world.in.chance(96)) options.schedule = world.schedule();
  constexpr std::int32_t dtypes[] = {0, 3, 4, 5, 1, 6, 2, 7};
  options.slot_dtype = world.in.one_of(dtypes);
  options.flags = world.in.chance(64) ? world.in.below(5) : 0;
  if ((options.flags & GRADSTEP_GROUP_LR_SCALE) != 0) options.lr_scale = world.real();
  if ((options.flags & GRADSTEP_GROUP_MAX_NORM) != 0) options.max_norm = world.real();
  const auto* const given = world.given_struct(options);
  auto* const index = world.output<std::size_t>();
  world.check("gradstep_optimizer_add_group",
              [&] { return gradstep_optimizer_add_group(optimizer, given, index); });
}
void remove_group(call_world& world) {
  world.make("gradstep_optimizer_remove_group", gradstep_optimizer_remove_group, &w::optimizer,
             &w::index);
}
void find_group(call_world& world) {
  world.make("gradstep_optimizer_find_group", gradstep_optimizer_find_group, &w::optimizer,
             &w::given_name, out<std::size_t>);
}
void describe_group(call_world& world) {
  world.make("gradstep_optimizer_describe_group", gradstep_optimizer_describe_group, &w::optimizer,
             &w::index, info<gradstep_group_info>);
}

// ---- Tensors ----------------------------------------------------------------------------------

/// The first rule that has the group's name of a rule; NULL: there is none.
const gradstep_rule* rule_of_group(const call_world& world, const gradstep_optimizer* optimizer,
                                   std::size_t group) {
  gradstep_group_info about{};
  about.struct_size = sizeof about;
  if (gradstep_optimizer_describe_group(optimizer, group, &about) != GRADSTEP_OK) return nullptr;
  for (const auto* each : world.rules) {
    if (world.rule_names.at(each) == about.rule_name) return each;
  }
  return nullptr;
}

void add_tensor(call_world& world) {
  auto* const owned = world.owned();
  auto* const optimizer = owned == nullptr ? nullptr : owned->handle;
  const std::size_t group = world.index();
  const char* const name = world.given_name();
  const auto* const rule = rule_of_group(world, optimizer, group);
  const auto tensor = make_tensor(world, rule, tensor_use::optimizer);
  const auto* const given = world.in.chance(4) ? nullptr : make_list(world, {tensor});
  std::size_t index = SIZE_MAX;
  const auto status = world.check("gradstep_optimizer_add_tensor", [&] {
    return gradstep_optimizer_add_tensor(optimizer, group, name, given, &index);
  });
  if (status == GRADSTEP_OK) owned->grads[index] = place_of_grad(tensor);
}

void add_arrays(call_world& world) {
  auto* const owned = world.owned();
  auto* const optimizer = owned == nullptr ? nullptr : owned->handle;
  const std::size_t group = world.index();
  const char* const name = world.given_name();
  auto t = make_tensor(world, nullptr, tensor_use::optimizer);
  if (t.param.pitch != 0 || t.grad.pitch != 0) return;
  std::size_t index = SIZE_MAX;
  const auto status = world.check("gradstep_optimizer_add_arrays", [&] {
    return gradstep_optimizer_add_arrays(optimizer, group, name, t.count, t.rows, t.columns,
                                         t.param.dtype, t.param.data, t.grad.dtype, t.grad.data,
                                         &index);
  });
  if (status == GRADSTEP_OK) owned->grads[index] = place_of_grad(t);
}

void remove_tensor(call_world& world) {
  world.make("gradstep_optimizer_remove_tensor", gradstep_optimizer_remove_tensor, &w::optimizer,
             &w::index);
}
void move_tensor(call_world& world) {
  world.make("gradstep_optimizer_move_tensor", gradstep_optimizer_move_tensor, &w::optimizer,
             &w::index, &w::index);
}

void set_param(call_world& world) {
  auto* const owned = world.owned();
  auto* const optimizer = owned == nullptr ? nullptr : owned->handle;
  const std::size_t tensor = world.index();
  gradstep_tensor_info about{};
  about.struct_size = sizeof about;
  gradstep_optimizer_describe_tensor(optimizer, tensor, &about);
  const auto* const rule = rule_of_group(world, optimizer, about.group);
  const auto arrays = make_tensor(world, rule, tensor_use::optimizer);
  const auto* const given = world.in.chance(4) ? nullptr : make_list(world, {arrays});
  // Mostly items of one element.
  std::size_t count = world.in.chance(160) && arrays.count < 1000 ? arrays.count : 0;
  if (world.in.chance(32)) count = world.in.below(4);
  std::vector<std::int64_t> sources(count);
  for (auto& each : sources) {
    each = world.in.chance(8) ? static_cast<std::int64_t>(world.size())
                              : static_cast<std::int64_t>(world.in.below(7)) - 1;
  }
  const auto* const given_sources = world.memory.copy(sources.data(), sources.size());
  const std::size_t given_count = world.in.chance(2) ? SIZE_MAX - 3 : count;
  const auto status = world.check("gradstep_optimizer_set_param", [&] {
    return gradstep_optimizer_set_param(optimizer, tensor, given, given_sources, given_count);
  });
  if (status == GRADSTEP_OK) owned->grads[tensor] = place_of_grad(arrays);
}

void find_tensor(call_world& world) {
  world.make("gradstep_optimizer_find_tensor", gradstep_optimizer_find_tensor, &w::optimizer,
             &w::given_name, out<std::size_t>);
}
void describe_tensor(call_world& world) {
  world.make("gradstep_optimizer_describe_tensor", gradstep_optimizer_describe_tensor,
             &w::optimizer, &w::index, info<gradstep_tensor_info>);
}
void freeze(call_world& world) {
  world.make("gradstep_optimizer_set_frozen", gradstep_optimizer_set_frozen, &w::optimizer,
             &w::index, &w::small_integer);
}

// ---- Gradients --------------------------------------------------------------------------------

/// Memory for a gradient of the tensor; rarely NULL or misaligned.
void* new_grad(call_world& world, const owned_optimizer* owned, std::size_t tensor) {
  grad_place place{8, 4};
  if (owned != nullptr) {
    const auto found = owned->grads.find(tensor);
    if (found != owned->grads.end()) place = found->second;
  }
  const std::uint8_t choice = world.in.byte();
  if (choice >= 240) return nullptr;
  const std::size_t offset = choice >= 224 ? 1 : choice % 4 * place.element_size;
  return static_cast<std::uint8_t*>(world.memory.block(place.bytes + offset, 0x05)) + offset;
}

void set_grad(call_world& world) {
  const auto* const owned = world.owned();
  const std::size_t tensor = world.index();
  void* const grad = new_grad(world, owned, tensor);
  world.check("gradstep_optimizer_set_grad", [&] {
    return gradstep_optimizer_set_grad(owned == nullptr ? nullptr : owned->handle, tensor, grad);
  });
}
void set_grads(call_world& world) {
  const auto* const owned = world.owned();
  const std::size_t first = world.index();
  std::vector<void*> grads(world.in.below(5));
  for (std::size_t i = 0; i < grads.size(); ++i) grads[i] = new_grad(world, owned, first + i);
  auto* const given = world.memory.copy(grads.data(), grads.size());
  const std::size_t count = world.in.chance(8) ? SIZE_MAX - world.in.below(4) : grads.size();
  world.check("gradstep_optimizer_set_grads", [&] {
    return gradstep_optimizer_set_grads(owned == nullptr ? nullptr : owned->handle, first, count,
                                        world.in.chance(2) && count != 0 ? nullptr : given);
  });
}
void inspect(call_world& world) {
  world.make("gradstep_optimizer_inspect", gradstep_optimizer_inspect, &w::optimizer, &w::index,
             &w::real);
}
void accumulate(call_world& world) {
  world.make("gradstep_optimizer_accumulate", gradstep_optimizer_accumulate, &w::optimizer,
             &w::index, &w::real);
}

// ---- Steps ------------------------------------------------------------------------------------

gradstep_step_options* step_options(call_world& world) {
  gradstep_step_options options{};
  options.flags = world.in.chance(64) ? world.in.below(9) : 0;
  options.grad_scale = world.real();
  options.grad_norm = world.real();
  options.non_finite_count = world.in.below(2);
  return world.in.chance(128) ? nullptr : world.given_struct(options);
}
void step(call_world& world) {
  world.make(
      "gradstep_optimizer_step", gradstep_optimizer_step, &w::optimizer,
      [](call_world* each) { return step_options(*each); }, info<gradstep_apply_result>);
}
void begin_step(call_world& world) {
  world.make("gradstep_optimizer_begin_step", gradstep_optimizer_begin_step, &w::optimizer,
             [](call_world* each) { return step_options(*each); });
}
void step_tensor(call_world& world) {
  world.make("gradstep_optimizer_step_tensor", gradstep_optimizer_step_tensor, &w::optimizer,
             &w::index);
}
void end_step(call_world& world) {
  world.make("gradstep_optimizer_end_step", gradstep_optimizer_end_step, &w::optimizer,
             info<gradstep_apply_result>);
}

constexpr call_maker makers[] = {
    step,         add_tensor,    add_arrays,     set_param,   accumulate,       set_grad,
    add_group,    remove_tensor, move_tensor,    begin_step,  step_tensor,      end_step,
    inspect,      set_grads,     freeze,         set_options, create_optimizer, destroy_optimizer,
    remove_group, find_group,    describe_group, find_tensor, describe_tensor,  describe};

}  // namespace

std::span<const call_maker> optimizer_calls() { return makers; }

}  // namespace gradstep_test
