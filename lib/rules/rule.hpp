// SPDX-License-Identifier: Apache-2.0
//
// What a rule is made of. A rule is one header in this folder:
//
//     struct NAME : rule_with_one_form {
//       static constexpr hyperparameter hyperparameters[] = {...};
//       static constexpr slot slots[] = {...};
//       static constexpr rule_info info = describe("NAME", ..., hyperparameters, slots);
//       template <class T> struct coefficients {...};   constant over a step; has a T rate
//       template <class T, class H> static coefficients<T> prepare(const H& h);
//       template <form F, class T, class V>
//       static V update(const coefficients<T>& c, V p, V g, V& slot...);
//           returns the direction d of the step: p <- p - rate d
//     };
//
// A rule that needs sums before it can update also has the functions of passes.hpp.
//
// Rules stand in unnamed namespaces because each instruction set compiles them again: with external
// linkage the linker could pick an AVX-512 copy for the whole program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>

#include "catalogue/definition.hpp"
#include "rules/averages.hpp"
#include "rules/passes.hpp"
#include "rules/scalar_math.hpp"

namespace gradstep::internal {

/// Where a rule's weight_decay acts. coupled: on the gradient (g + wd p). decoupled: on the param
/// ((1 - lr wd) p; with the flag decay_after_step, the new p). chosen: as the rule's flag
/// decoupled_weight_decay says. own: where the rule itself applies it; the loop around the rule
/// does not.
enum class decay { coupled, decoupled, chosen, own };

/// State that a rule keeps for each element, row, column, matrix or tensor.
struct slot {
  const char* name;
  const char* help;
  double initial_value;
  const char* initial_hyperparameter;  // null: initial_value
  bool is_non_negative;                // no element is ever below 0: a sign need not be stored
  slot_extent extent = slot_extent::element;
  slot_start start = slot_start::value;
  std::size_t pass = 0, sum = 0;  // of a row or column slot: the sum that it is made from
};

struct rule_info : definition {
  decay weight_decay;
  const slot* slots;
  std::size_t slot_count;
  std::span<const scalar> scalars = {};
  std::span<const transform> transforms = {};
  std::size_t mode = no_index;  // the scalar that transforms change; a step needs it to be 0
  /// The hyper-parameters that finish reads after a sum over all tensors, which must therefore be
  /// equal in all groups. Empty: the rule sums over no more than a tensor.
  std::span<const char* const> shared_hyperparameters = {};
};

inline constexpr std::size_t max_slots = 8;

// ---- Hyper-parameters that rules share --------------------------------------------------------

/// At least the smallest normal float32, so that 0 / (0 + eps) is 0.
consteval hyperparameter epsilon(double value, const char* help) {
  return number("eps", value, at_least(std::numeric_limits<float>::min()), help);
}
consteval hyperparameter learning_rate(double value) {
  return non_negative("lr", value, "learning rate");
}
consteval hyperparameter coupled_decay() {
  return non_negative("weight_decay", 0, "L2 penalty: g + weight_decay p in place of g");
}
/// Every rule has it. The loop around the rule adds it, before coupled decay.
consteval hyperparameter l1_penalty() {
  return non_negative("l1_penalty", 0, "L1 penalty: g + l1_penalty sign(p) in place of g");
}
/// Of rules whose decay is decoupled, or may be.
consteval hyperparameter decay_after_step() {
  return flag("decay_after_step", "1: (1 - lr weight_decay) p in place of the new p, not the old");
}
consteval hyperparameter maximize() {
  return flag("maximize", "1: ascend instead of descend (flips the gradient's sign)");
}

// ---- Slots ------------------------------------------------------------------------------------

consteval slot slot_from(const char* name, const char* help, double initial_value = 0) {
  return {name, help, initial_value, nullptr, false};
}
consteval slot slot_from_hyperparameter(const char* name, const char* help, const char* source) {
  return {name, help, 0, source, false};
}
consteval slot non_negative(slot s) {
  s.is_non_negative = true;
  return s;
}
/// Before the first step a copy of the param.
consteval slot slot_from_param(const char* name, const char* help) {
  return {name, help, 0, nullptr, false, slot_extent::element, slot_start::param};
}
/// One number per row or column, made from the sum-th sum of a pass.
consteval slot line_slot(slot_extent extent, const char* name, const char* help, std::size_t pass,
                         std::size_t sum) {
  return {name, help, 0, nullptr, false, extent, slot_start::value, pass, sum};
}

// ---- Scalars ----------------------------------------------------------------------------------

consteval scalar tensor_scalar(const char* name, const char* help, double initial_value = 0) {
  return {name, help, initial_value, nullptr, scalar_scope::tensor};
}
consteval scalar scalar_of_all(const char* name, const char* help, double initial_value = 0) {
  return {name, help, initial_value, nullptr, scalar_scope::all};
}
consteval scalar scalar_of_all(const char* name, const char* help, const char* hyperparameter) {
  return {name, help, 0, hyperparameter, scalar_scope::all};
}

namespace {

// ---- Error bounds -----------------------------------------------------------------------------

/// The error_units of a rule that squares the gradient. The constant of grad_scale, the product
/// with it, the L1 penalty and coupled decay each round the gradient: together up to 2 units. The
/// square has twice that error, and its own roundings.
constexpr int units_with_squared_gradient = 6;

// ---- What prepare and choose receive ----------------------------------------------------------

constexpr std::size_t find_scalar(const rule_info& info, std::string_view name) {
  for (std::size_t i = 0; i < info.scalars.size(); ++i) {
    if (info.scalars[i].name == name) return i;
  }
  return no_index;
}

/// The name of one of Rule's scalars, resolved while compiling.
template <class Rule>
struct scalar_key {
  std::size_t index;
  // NOLINTNEXTLINE(google-explicit-constructor): h.scalar("d") is the point
  consteval scalar_key(const char* name) : index(find_scalar(Rule::info, name)) {
    if (index == no_index) there_is_no_hyperparameter_of_that_name();
  }
};

/// The hyper-parameters of one step by name: h["lr"]. Real is the type in which the constants of a
/// step are computed.
template <class Rule, class Real>
struct arguments : named_values<Rule, Real> {
  std::uint64_t step;    // t, from 1
  bool has_fresh_slots;  // no earlier step used one of this step's slots: it has its initial value
  bool is_matrix = false;      // the tensor has rows and columns
  double param_epsilon = 0;    // machine epsilon of the param's dtype
  const double* scalars = {};  // before the step, in the order of info.scalars
  double* scalars_after = {};  // likewise after the step; at first a copy

  arguments(const double* numbers, std::uint64_t t, bool fresh)
      : named_values<Rule, Real>(numbers), step(t), has_fresh_slots(fresh) {}
  arguments(const double* numbers, std::uint64_t t) : arguments(numbers, t, t == 1) {}

  Real scalar(scalar_key<Rule> k) const { return static_cast<Real>(scalars[k.index]); }
  void set_scalar(scalar_key<Rule> k, Real value) const {
    scalars_after[k.index] = static_cast<double>(value);
  }
};

// ---- Forms: options that change the formula ---------------------------------------------------

struct only_form {
  bool operator==(const only_form&) const = default;
};

/// Base of a rule with one form: it always uses every slot.
struct rule_with_one_form {
  using form = only_form;
  static constexpr form forms[] = {{}};
  template <class H>
  static form choose(const H&) {
    return {};
  }
  static constexpr bool uses(form, std::string_view) { return true; }
};

template <std::size_t H, std::size_t S>
consteval rule_info describe(const char* name, const char* summary, const char* formula,
                             const char* source, decay weight_decay,
                             const hyperparameter (&hyperparameters)[H], const slot (&slots)[S]) {
  static_assert(H <= max_hyperparameters && S <= max_slots);
  return {{{"rule", "hyper-parameter"}, name, summary, formula, source, hyperparameters},
          weight_decay,
          slots,
          S};
}

template <std::size_t N>
consteval rule_info with_scalars(rule_info info, const scalar (&scalars)[N]) {
  static_assert(N <= max_scalars);
  info.scalars = scalars;
  return info;
}
/// mode: the scalar that says which transform was made last.
template <std::size_t N>
consteval rule_info with_transforms(rule_info info, const transform (&transforms)[N],
                                    const char* mode) {
  info.transforms = transforms;
  info.mode = find_scalar(info, mode);
  if (info.mode == no_index) there_is_no_hyperparameter_of_that_name();
  return info;
}
/// For a rule with a sum over all tensors.
template <std::size_t N>
consteval rule_info with_sums_over_all(rule_info info, const char* const (&shared)[N]) {
  info.shared_hyperparameters = shared;
  for (const char* name : shared) {
    if (find_hyperparameter(info, name) == no_index) there_is_no_hyperparameter_of_that_name();
  }
  return info;
}

}  // namespace
}  // namespace gradstep::internal
