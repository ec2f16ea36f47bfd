// SPDX-License-Identifier: Apache-2.0
//
// Compiled once per instruction set, with that set's flags and GRADSTEP_LEVEL its name. The object
// defines one symbol that others see: its table.
#include <array>

#include "kernels/loops/step_loop.hpp"
#include "kernels/loops/sum_squares.hpp"
#include "kernels/vectors/exactness.hpp"
#include "rules/rule_registry.hpp"

#define GRADSTEP_JOIN_AGAIN(a, b) a##b
#define GRADSTEP_JOIN(a, b) GRADSTEP_JOIN_AGAIN(a, b)
#define GRADSTEP_TEXT_AGAIN(a) #a
#define GRADSTEP_TEXT(a) GRADSTEP_TEXT_AGAIN(a)

namespace gradstep::internal {
namespace {

template <class T, class Rule, std::size_t... F>
constexpr void add_forms(step_kernel*& next, std::index_sequence<F...>) {
  ((*next++ = step_loop<Rule, Rule::forms[F]>::template kernel<T>), ...);
}

template <class T, class... Rules>
constexpr auto step_kernels(type_list<Rules...>) {
  std::array<step_kernel, (std::size(Rules::forms) + ...)> kernels{};
  step_kernel* next = kernels.data();
  (add_forms<T, Rules>(next, std::make_index_sequence<std::size(Rules::forms)>()), ...);
  return kernels;
}

constexpr auto float32_kernels = step_kernels<float>(all_rules());
constexpr auto float64_kernels = step_kernels<double>(all_rules());

using array_strip = strip<float, 32 / float_lanes>;

/// use(i, n) for the i-th elements on, as many as a strip has or, at the end, fewer.
template <class Use>
void for_each_array_strip(std::size_t count, const Use& use) {
  for (std::size_t i = 0; i < count; i += array_strip::elements) {
    use(i, std::min(array_strip::elements, count - i));
  }
}

void load_float32(const operand& from, std::size_t count, float* to) {
  for_each_array_strip(count, [&](std::size_t i, std::size_t n) {
    padded_part<array_strip::elements> part;
    array_strip elements;
    load(prepared_operand(part.take(from + i, 0, n)), 0, elements);
    float converted[array_strip::elements];
    elements.store(converted);
    std::copy_n(converted, n, to + i);
  });
}

array_strip padded_strip(const float* from, std::size_t count) {
  float padded[array_strip::elements] = {};
  std::copy_n(from, count, padded);
  array_strip elements;
  elements.load(padded);
  return elements;
}

void store_float32_block(const float* from, const operand& to, std::size_t count) {
  pending_block block{};
  for_each_array_strip(count, [&](std::size_t i, std::size_t n) {
    store_8bit(padded_strip(from + i, n), block.halves + i, to_nearest());
  });
  store_block(block, count, to.type == dtype::signed8, nullptr, static_cast<std::uint8_t*>(to.data),
              static_cast<float*>(to.extra));
}

void store_float32(const float* from, const operand& to, std::size_t count) {
  if (has_blocks(to.type)) {
    for (std::size_t i = 0; i < count; i += block_elements) {
      store_float32_block(from + i, to + i, std::min(block_elements, count - i));
    }
    return;
  }
  for_each_array_strip(count, [&](std::size_t i, std::size_t n) {
    const array_strip elements = padded_strip(from + i, n);
    padded_part<array_strip::elements> part;
    store(elements, prepared_operand(part.take(to + i, 0, n)), 0, to_nearest());
    part.put_back(to + i);
  });
}

// x86's fused multiply-add is one instruction, which rounds once on every processor. Valgrind's
// imitation of it does not for float64, and a program must run there too.
#if defined(__x86_64__)
constexpr bool checks_fma = false;
#else
constexpr bool checks_fma = fuses;
#endif

inexact_operation find_inexact_operation() { return find_inexact<vec>(checks_fma); }

}  // namespace

extern const kernel_table GRADSTEP_JOIN(kernels_, GRADSTEP_LEVEL);
const kernel_table GRADSTEP_JOIN(kernels_, GRADSTEP_LEVEL){
    GRADSTEP_TEXT(GRADSTEP_LEVEL),
    find_inexact_operation,
    {float32_kernels.data(), sum_squares<float>},
    {float64_kernels.data(), sum_squares<double>},
    load_float32,
    store_float32};

}  // namespace gradstep::internal
