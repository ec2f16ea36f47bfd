// SPDX-License-Identifier: Apache-2.0
//
// Compiled once per instruction set, with its flags and with GRADSTEP_LEVEL as its name. The object
// exports one symbol: its table.
#include <array>

#include "kernels/kernel_table.hpp"
#include "kernels/loops/float32_arrays.hpp"
#include "kernels/loops/pass_loop.hpp"
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
  ((*next++ = pass_kernels<Rule, Rule::forms[F], T>::kernel), ...);
}

/// A transform is a step of a rule of its own, with one form.
template <class T, class Rule, std::size_t... I>
constexpr void add_transforms(step_kernel*& next, std::index_sequence<I...>) {
  (add_forms<T, typename Rule::template transform_rule<I>>(next, std::index_sequence<0>()), ...);
}

template <class T, class Rule>
constexpr void add_rule(step_kernel*& next) {
  add_forms<T, Rule>(next, std::make_index_sequence<std::size(Rule::forms)>());
  constexpr std::size_t transforms = Rule::info.transforms.size();
  if constexpr (transforms > 0) {
    add_transforms<T, Rule>(next, std::make_index_sequence<transforms>());
  }
}

template <class T, class... Rules>
constexpr auto step_kernels(type_list<Rules...>) {
  std::array<step_kernel, ((std::size(Rules::forms) + Rules::info.transforms.size()) + ...)>
      kernels{};
  step_kernel* next = kernels.data();
  (add_rule<T, Rules>(next), ...);
  return kernels;
}

constexpr auto float32_kernels = step_kernels<float>(all_rules());
constexpr auto float64_kernels = step_kernels<double>(all_rules());

// On x86 fused multiply-add is one instruction, which rounds once on every processor. Valgrind's
// imitation rounds twice for float64, and programs must run under Valgrind too.
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
