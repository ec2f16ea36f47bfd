// SPDX-License-Identifier: Apache-2.0
//
// Compiled once per instruction set, with that set's flags and GRADSTEP_LEVEL its name. The object
// defines one symbol that others see: its table.
#include <array>

#include "registry.hpp"
#include "step_loop.hpp"
#include "sum_squares.hpp"

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

constexpr std::size_t array_vectors = 16 / float_lanes;
using array_strip = strip<float, array_vectors>;

/// use(padded, i, n): the i-th elements on, as many as a strip has, the last ones zero-padded.
template <class Use>
void for_each_padded(const operand& o, std::size_t count, const Use& use) {
  for (std::size_t i = 0; i < count; i += array_strip::elements) {
    const std::size_t n = std::min(array_strip::elements, count - i);
    alignas(64) unsigned char memory[2][array_strip::elements * sizeof(double)] = {};
    operand padded = o + i;
    padded.data = memory[0];
    if (padded.extra != nullptr && !has_blocks(o.type)) padded.extra = memory[1];
    use(padded, i, n);
  }
}

void load_float32(const operand& from, std::size_t count, float* to) {
  for_each_padded(from, count, [&](const operand& padded, std::size_t i, std::size_t n) {
    const operand at = from + i;
    std::memcpy(padded.data, at.data, n * size_of(at.type));
    if (padded.extra != at.extra) std::memcpy(padded.extra, at.extra, n * 2);
    array_strip elements;
    load(padded, 0, elements);
    float converted[array_strip::elements];
    elements.store(converted);
    std::copy_n(converted, n, to + i);
  });
}

void store_float32(const float* from, const operand& to, std::size_t count) {
  if (has_blocks(to.type)) {
    for (std::size_t i = 0; i < count; i += block_elements) {
      pending_block block{};
      const std::size_t n = std::min(block_elements, count - i);
      std::copy_n(from + i, n, block.elements);
      store_block(block, n, nullptr, to + i);
    }
    return;
  }
  for_each_padded(to, count, [&](const operand& padded, std::size_t i, std::size_t n) {
    float converted[array_strip::elements] = {};
    std::copy_n(from + i, n, converted);
    array_strip elements;
    elements.load(converted);
    store(elements, padded, 0, to_nearest());
    const operand at = to + i;
    std::memcpy(at.data, padded.data, n * size_of(at.type));
    if (padded.extra != at.extra) std::memcpy(at.extra, padded.extra, n * 2);
  });
}

}  // namespace

extern const kernel_table GRADSTEP_JOIN(kernels_, GRADSTEP_LEVEL);
const kernel_table GRADSTEP_JOIN(kernels_, GRADSTEP_LEVEL){
    GRADSTEP_TEXT(GRADSTEP_LEVEL),
    {float32_kernels.data(), sum_squares<float>},
    {float64_kernels.data(), sum_squares<double>},
    load_float32,
    store_float32};

}  // namespace gradstep::internal
