// SPDX-License-Identifier: Apache-2.0
#include "fuzz/hostile_tensor.hpp"

#include <algorithm>

namespace gradstep_test {
namespace {

/// The arrays of a tensor that the library accepts have at most 3 * 2 * 256 * 256 float64
/// (set_extents, and two square factors for each matrix). More is refused before it is touched.
constexpr std::size_t most_bytes = 1 << 22;

void* make_data(call_world& world, std::size_t bytes, std::size_t element_size) {
  const std::uint8_t choice = world.in.byte();
  const std::size_t offset = choice / 16 / element_size * element_size;
  constexpr std::uint8_t patterns[] = {0x01, 0x03, 0x00, 0x3e, 0x05, 0xfe, 0x80, 0x07};
  return static_cast<std::uint8_t*>(
             world.memory.block(bytes + offset, patterns[choice % std::size(patterns)])) +
         offset;
}

/// The tensor's count, shape and place in a whole.
void set_extents(call_world& world, gradstep_tensor& t) {
  constexpr std::uint64_t counts[] = {5, 1, 2, 3, 7, 16, 33, 64, 100, 256, 300, 513, 0, 4100};
  t.count = world.in.one_of(counts);
  if (world.in.chance(64)) {
    constexpr std::uint64_t sides[] = {2, 1, 3, 4, 8, 20, 64, 256};
    t.rows = world.in.one_of(sides);
    t.columns = world.in.one_of(sides);
    constexpr std::uint64_t matrices[] = {1, 2, 3, 0};
    t.count = t.rows * t.columns * world.in.one_of(matrices);
  }
  if (world.in.chance(16)) {
    constexpr std::uint64_t wrong[] = {
        UINT64_MAX, std::uint64_t{1} << 63, std::uint64_t{1} << 61, std::uint64_t{1} << 32, 0, 7};
    std::uint64_t* const fields[] = {&t.rows, &t.columns, &t.whole_count, &t.first_index};
    *world.in.one_of(fields) = world.in.one_of(wrong);
  }
  if (world.in.chance(6)) t.count = UINT64_MAX - world.in.below(9);
  if (world.in.chance(16)) {
    t.first_index = 256 * world.in.below(4);
    t.whole_count = t.first_index + t.count;
  }
  if (world.in.chance(64)) t.key = world.size();
}

std::int32_t float_dtype(call_world& world) {
  constexpr std::int32_t values[] = {GRADSTEP_FLOAT32, GRADSTEP_FLOAT32, GRADSTEP_BFLOAT16,
                                     GRADSTEP_FLOAT16, GRADSTEP_FLOAT64};
  return world.in.chance(4) ? world.dtype() : world.in.one_of(values);
}

/// An array with one number per element of the tensor, perhaps with gaps.
gradstep_array make_elements(call_world& world, std::int32_t dtype, const gradstep_tensor& t) {
  gradstep_array a{};
  a.dtype = dtype;
  if (t.rows != 0 && world.in.chance(48)) {
    a.pitch = static_cast<std::int64_t>(t.columns + world.in.below(5));
  }
  if (world.in.chance(3)) {
    constexpr std::int64_t wrong[] = {-1, 1, INT64_MAX, INT64_MIN, INT64_MAX / 8};
    a.pitch = world.in.one_of(wrong);
  }
  const std::size_t size = bytes_of_dtype(dtype);
  a.data = make_data(world, bytes_of_array(dtype, t.count, t.rows, t.columns, a.pitch), size);
  return a;
}

void set_arrays(call_world& world, gradstep_tensor& t) {
  const bool is_wide = t.param.dtype == GRADSTEP_FLOAT64;
  t.grad = make_elements(world, float_dtype(world), t);
  if (t.param.dtype == GRADSTEP_BFLOAT16 && world.in.chance(64)) {
    t.param.extra = make_data(
        world, bytes_of_array(t.param.dtype, t.count, t.rows, t.columns, t.param.pitch), 2);
  }
  const std::uint8_t extras = world.in.byte();
  if (extras >= 192) t.copy = make_elements(world, world.in.chance(8) ? 2 : 3, t);
  if (extras % 4 == 3) t.average = make_elements(world, is_wide ? 2 : 1, t);
  if (extras % 16 == 9) t.delta = make_elements(world, is_wide ? 2 : 1, t);
  if (extras % 16 == 5) t.delta = t.grad;
}

/// All slots that the rule has for the tensor.
void set_slots(call_world& world, const gradstep_rule* rule, std::size_t slot_count,
               gradstep_tensor& t) {
  constexpr std::int32_t wanted[] = {0, GRADSTEP_BFLOAT16, GRADSTEP_FLOAT16, GRADSTEP_S1E4M3_B256,
                                     GRADSTEP_FLOAT32};
  const std::int32_t dtype = world.in.one_of(wanted);
  std::vector<gradstep_array> slots(slot_count);
  for (std::size_t s = 0; s < slot_count; ++s) {
    gradstep_slot_layout layout{};
    layout.struct_size = sizeof layout;
    gradstep_tensor sized = t;
    sized.struct_size = sizeof sized;
    if (gradstep_rule_slot_layout(rule, s, &sized, dtype, &layout) != GRADSTEP_OK) {
      layout.count = t.count;
      layout.dtype = t.param.dtype == GRADSTEP_FLOAT64 ? GRADSTEP_FLOAT64 : GRADSTEP_FLOAT32;
    }
    if (layout.extent == GRADSTEP_EXTENT_ELEMENT && layout.dtype <= GRADSTEP_FLOAT16) {
      if (layout.count != 0) slots[s] = make_elements(world, layout.dtype, t);
    } else if (layout.count != 0) {
      slots[s] = make_array(world, layout.dtype, layout.count);
    }
    if (world.in.chance(3)) slots[s] = {};
  }
  t.slots = world.memory.copy(slots.data(), slots.size());
  t.slot_count = slot_count;
}

/// Makes two arrays overlap, in memory that has room for both: not every call looks at both.
void overlap(call_world& world, const gradstep_tensor& t, gradstep_array& first,
             gradstep_array& second, std::size_t offset) {
  std::size_t bytes = 0;
  for (const auto* each : {&first, &second}) {
    bytes =
        std::max(bytes, bytes_of_array(GRADSTEP_FLOAT64, t.count, t.rows, t.columns, each->pitch));
  }
  first.data = world.memory.block(bytes + offset);
  second.data = static_cast<std::uint8_t*>(first.data) + offset;
}

/// A field of an array.
void spoil_array(call_world& world, gradstep_tensor& t, gradstep_array& a, std::uint8_t choice) {
  switch (choice) {
    case 0:
      a.data = nullptr;
      break;
    case 1:
      a.flags = 1;
      break;
    case 2:
      a.extra2 = &t;
      break;
    case 3:
      overlap(world, t, t.param, a, 0);
      break;
    case 4:
      if (t.slot_count != 0) overlap(world, t, const_cast<gradstep_array&>(t.slots[0]), a, 0);
      break;
    case 5:
      a.data = static_cast<std::uint8_t*>(a.data) + (a.data == nullptr ? 0 : 1);
      break;
    case 6:
      if (&a != &t.param) overlap(world, t, t.param, a, bytes_of_dtype(t.param.dtype));
      break;
    case 7:
      if (a.dtype != GRADSTEP_BFLOAT16) a.extra = t.param.data;
      break;
    default:
      a.dtype = GRADSTEP_E5M3_B256;
      break;
  }
}

/// A field of the tensor itself.
void spoil_tensor(gradstep_tensor& t, std::uint8_t choice) {
  switch (choice) {
    case 0:
      t.flags = 1;
      break;
    case 1:
      t.slots = nullptr;
      break;
    case 2:
      t.slot_count = t.slot_count == 0 ? SIZE_MAX : t.slot_count - 1;
      break;
    case 3:
      t.scalars = nullptr;
      break;
    case 4:
      t.scalar_count += 1;
      break;
    default:
      t.slots = nullptr;
      t.slot_count = 0;
      break;
  }
}

/// One field that makes the tensor wrong.
void spoil(call_world& world, gradstep_tensor& t) {
  gradstep_array* const arrays[] = {&t.param, &t.grad, &t.copy, &t.average, &t.delta};
  gradstep_array& a = *world.in.one_of(arrays);
  const std::uint8_t choice = world.in.byte() % 15;
  if (choice < 9) return spoil_array(world, t, a, choice);
  spoil_tensor(t, choice - 9);
}

void set_scalars(call_world& world, const char* rule_name, gradstep_tensor& t) {
  std::vector<double> scalars;
  gradstep_scalar_info info{};
  info.struct_size = sizeof info;
  for (std::size_t i = 0; gradstep_rule_describe_scalar(rule_name, i, &info) == GRADSTEP_OK; ++i) {
    if (info.scope != GRADSTEP_SCOPE_TENSOR) continue;
    scalars.push_back(world.in.chance(16) ? world.real() : info.initial_value);
  }
  if (!scalars.empty()) t.scalars = world.memory.copy(scalars.data(), scalars.size());
  t.scalar_count = scalars.size();
}

}  // namespace

std::size_t bytes_of_dtype(std::int32_t dtype) {
  constexpr std::size_t sizes[] = {8, 4, 8, 2, 2, 1, 1};
  return dtype >= 0 && dtype < 7 ? sizes[dtype] : 8;
}

std::size_t bytes_of_array(std::int32_t dtype, std::uint64_t count, std::uint64_t rows,
                           std::uint64_t columns, std::int64_t pitch) {
  __extension__ using wide = unsigned __int128;
  wide elements = count;
  if (rows != 0 && columns != 0 && pitch > 0 && static_cast<std::uint64_t>(pitch) > columns) {
    const wide lines = count / columns;
    elements = lines == 0 ? 0 : (lines - 1) * static_cast<wide>(pitch) + columns;
  }
  const wide bytes = elements * bytes_of_dtype(dtype);
  return bytes > most_bytes ? 8 : static_cast<std::size_t>(bytes);
}

gradstep_array make_array(call_world& world, std::int32_t dtype, std::uint64_t count) {
  gradstep_array a{};
  a.dtype = dtype;
  a.data = make_data(world, bytes_of_array(dtype, count, 0, 0, 0), bytes_of_dtype(dtype));
  if (dtype == GRADSTEP_S1E4M3_B256 || dtype == GRADSTEP_E5M3_B256) {
    const std::uint64_t blocks = count / 256 + (count % 256 != 0);
    const std::size_t bytes = bytes_of_array(GRADSTEP_FLOAT32, blocks, 0, 0, 0);
    auto* const scales = static_cast<float*>(world.memory.block(bytes));
    for (std::size_t i = 0; i < bytes / sizeof(float); ++i) scales[i] = 0.125F;
    a.extra = scales;
  }
  return a;
}

gradstep_tensor make_tensor(call_world& world, const gradstep_rule* rule, tensor_use use) {
  gradstep_tensor t{};
  set_extents(world, t);
  t.param.dtype = float_dtype(world);
  t.param = make_elements(world, t.param.dtype, t);
  set_arrays(world, t);
  if (rule != nullptr && (use == tensor_use::stateless || world.in.chance(32))) {
    const char* name = world.rule_names.at(rule).c_str();
    gradstep_rule_info info{};
    info.struct_size = sizeof info;
    check_that(gradstep_rule_describe(name, &info) == GRADSTEP_OK, gradstep_last_error());
    set_slots(world, rule, info.slot_count, t);
    set_scalars(world, name, t);
  }
  if (world.in.chance(48)) spoil(world, t);
  return t;
}

grad_place place_of_grad(const gradstep_tensor& t) {
  return {bytes_of_array(t.grad.dtype, t.count, t.rows, t.columns, t.grad.pitch),
          bytes_of_dtype(t.grad.dtype)};
}

const gradstep_tensor* make_list(call_world& world, const std::vector<gradstep_tensor>& tensors) {
  const std::size_t declared = hostile_struct_size(world.in, sizeof(gradstep_tensor));
  const std::size_t size = declared >= 8 && declared <= 4096 ? declared : 8;
  // Room for a tensor even if there is none: the call may be told that there are more.
  const std::size_t room = std::max<std::size_t>(tensors.size(), 1) * size;
  auto* const list = static_cast<std::uint8_t*>(world.memory.block(room));
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    std::uint8_t* const at = list + i * size;
    std::memcpy(at, &tensors[i], std::min(size, sizeof tensors[i]));
    std::memcpy(at, &declared, sizeof declared);
  }
  return reinterpret_cast<const gradstep_tensor*>(list);
}

}  // namespace gradstep_test
