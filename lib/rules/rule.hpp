// SPDX-License-Identifier: Apache-2.0
//
// What a rule is made of. A rule is one header in this folder:
//
//     struct NAME {
//       static constexpr hyperparameter hyperparameters[] = {...};
//       static constexpr slot slots[] = {...};
//       static constexpr rule_info info{...};
//       template <class T> struct coefficients {...};   constant over the step; T rate among them
//       template <class T, class H> static coefficients<T> prepare(const H& h);
//       template <form F, class V> static V update(c, V p, V g, V& slot...);
//           the direction d of the step: p <- p - rate d
//     };
//
// Rules stand in unnamed namespaces because each instruction set compiles them again: with external
// linkage the linker could pick an AVX-512 copy for the whole program.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include "catalogue/hyperparameter.hpp"
#include "rules/scalar_math.hpp"

namespace gradstep::internal {

/// Where a rule's weight_decay acts: on the gradient (g + wd p) or on the param ((1 - lr wd) p).
enum class decay { coupled, decoupled };

struct slot {
  const char* name;
  const char* help;
  double initial_value;
  const char* initial_hyperparameter;  // null: initial_value
  bool is_non_negative;  // no element is ever below 0: it can be stored without a sign
};

struct rule_info {
  const char* name;
  const char* summary;
  const char* formula;
  const char* source;
  decay weight_decay;
  const hyperparameter* hyperparameters;
  std::size_t hyperparameter_count;
  const slot* slots;
  std::size_t slot_count;
};

inline constexpr std::size_t max_hyperparameters = 16;
inline constexpr std::size_t max_slots = 8;

namespace {

// ---- Hyper-parameters by kind of bounds -------------------------------------------------------

consteval hyperparameter non_negative(const char* name, double value, const char* help) {
  return {name, help, value, 0, infinity, false, true, value_kind::real};
}
/// In [0, 1): the decay of a moving average.
consteval hyperparameter fraction(const char* name, double value, const char* help) {
  return {name, help, value, 0, 1, false, true, value_kind::real};
}
/// At least the smallest normal float32, so that 0 / (0 + eps) is 0.
consteval hyperparameter epsilon(double value, const char* help) {
  return {"eps",    help,  value, std::numeric_limits<float>::min(),
          infinity, false, true,  value_kind::real};
}
/// In [0, 1].
consteval hyperparameter proportion(const char* name, double value, const char* help) {
  return {name, help, value, 0, 1, false, false, value_kind::real};
}
consteval hyperparameter flag(const char* name, const char* help) {
  return {name, help, 0, 0, 1, false, false, value_kind::flag};
}
consteval hyperparameter learning_rate(double value) {
  return non_negative("lr", value, "learning rate");
}
consteval hyperparameter coupled_decay() {
  return non_negative("weight_decay", 0, "L2 penalty: g + weight_decay p in place of g");
}
consteval hyperparameter maximize() {
  return flag("maximize", "1: ascend instead of descend (flips the gradient's sign)");
}

constexpr slot slot_from(const char* name, const char* help, double initial_value = 0) {
  return {name, help, initial_value, nullptr, false};
}
constexpr slot slot_from_hyperparameter(const char* name, const char* help, const char* source) {
  return {name, help, 0, source, false};
}
constexpr slot non_negative(slot s) {
  s.is_non_negative = true;
  return s;
}

// ---- Moving averages --------------------------------------------------------------------------

/// What a moving average weighs what is new and its past with. A rule keeps those of its averages
/// in an array `averages` of its coefficients, where the kernels look. Two constants, each rounded,
/// do not add up to 1, so an average is made from one of them.
template <class T>
struct average_weights {
  T of_new, of_past;
};

template <class T, class Real>
constexpr average_weights<T> weights_of(Real decay) {
  return {T(1 - decay), T(decay)};
}

/// Whether what is new weighs more than the past.
template <class T>
constexpr bool favours_new(const average_weights<T>& weights) {
  return weights.of_past < weights.of_new;
}

/// decay average + (1 - decay) x, for weights that favour what is new: x is moved, by nothing where
/// the past weighs nothing.
template <class V, class T>
V average_near_new(V average, V x, const average_weights<T>& weights) {
  if (weights.of_past == 0) return x;
  return fma(V(weights.of_past), average - x, x);
}

/// The same for other weights. The only rounding that repeats from step to step, the last one,
/// depends on x, so that its errors do not add up.
template <class V, class T>
V average_near_past(V average, V x, const average_weights<T>& weights) {
  return fma(V(weights.of_new), x - average, average);
}

/// V: a vector, whose weights do not favour what is new. Kernels see to that: a branch for each
/// vector would take 4 % of a step.
template <class V>
constexpr bool is_vector = false;

/// decay average + (1 - decay) x.
template <class V, class T>
V moving_average(V average, V x, const average_weights<T>& weights) {
  if constexpr (!is_vector<V>) {
    if (favours_new(weights)) return average_near_new(average, x, weights);
  }
  return average_near_past(average, x, weights);
}

/// The largest value of an average or a sum of squares. Infinity would stay for ever, and with it
/// the param; this is a number in every type of a slot but float16, however it is rounded.
template <class T>
constexpr T largest_square = T(2) / std::numeric_limits<T>::min();

/// The moving average of x^2, which is at most largest_square.
template <class V, class T>
V moving_average_of_square(V average, V x, const average_weights<T>& weights) {
  const V limit(largest_square<T>);
  if constexpr (!is_vector<V>) {
    if (favours_new(weights)) return average_near_new(average, at_most(x * x, limit), weights);
  }
  return at_most(fma(V(weights.of_new), fma(x, x, -average), average), limit);
}

/// sum + x^2, which is at most largest_square<T>.
template <class T, class V>
V sum_with_square(V sum, V x) {
  return at_most(fma(x, x, sum), V(largest_square<T>));
}

/// decay sum + x. Near 1 the rounded decay would be off by much of 1 - decay, which says how large
/// the sum grows.
template <class V, class T>
V decaying_sum(V sum, V x, const average_weights<T>& weights) {
  if (weights.of_new < T(0x1p-8)) return fma(V(-weights.of_new), sum, sum + x);
  return fma(V(weights.of_past), sum, x);
}

// ---- Decoupled weight decay -------------------------------------------------------------------

/// What stands in the direction for it: `rate` times this times p is decay p.
template <class T, class Real>
constexpr T decay_in_direction(Real decay, T rate) {
  return rate == 0 ? T(0) : static_cast<T>(decay / static_cast<Real>(rate));
}

// ---- Error bounds -----------------------------------------------------------------------------

/// What a rule that squares the gradient states as its error_units. grad_scale's constant, the
/// product with it and coupled decay each round the gradient, up to 1.5 units of it; the square has
/// twice that, and roundings of its own.
constexpr int units_with_squared_gradient = 6;

// ---- What prepare and choose receive ----------------------------------------------------------

constexpr std::size_t no_index = static_cast<std::size_t>(-1);

constexpr std::size_t find_hyperparameter(const rule_info& info, std::string_view name) {
  for (std::size_t i = 0; i < info.hyperparameter_count; ++i) {
    if (info.hyperparameters[i].name == name) return i;
  }
  return no_index;
}

/// Not constexpr: reaching it ends the compilation with its name in the message.
inline void the_rule_has_no_hyperparameter_of_that_name() {}

/// A hyper-parameter's name, resolved while compiling: a misspelt one does not compile.
template <class Rule>
struct key {
  std::size_t index;
  // NOLINTNEXTLINE(google-explicit-constructor): h["lr"] is the point
  consteval key(const char* name) : index(find_hyperparameter(Rule::info, name)) {
    if (index == no_index) the_rule_has_no_hyperparameter_of_that_name();
  }
};

/// The hyper-parameters of one step, in the real type the constants are computed in.
template <class Rule, class Real>
struct arguments {
  const double* values;
  std::uint64_t step;  // t, from 1
  /// A slot that this step uses is at its initial values: no step has used it before.
  bool has_fresh_slots = step == 1;
  Real operator[](key<Rule> k) const { return static_cast<Real>(values[k.index]); }
  bool is_set(key<Rule> k) const { return values[k.index] != 0; }
};

// ---- Forms: options that change the formula ---------------------------------------------------

struct only_form {
  bool operator==(const only_form&) const = default;
};

/// Base of a rule with one form: every slot is always used, all values go together.
struct rule_with_one_form {
  using form = only_form;
  static constexpr form forms[] = {{}};
  template <class H>
  static form choose(const H&) {
    return {};
  }
  static constexpr bool uses(form, std::string_view) { return true; }
};

template <class Rule>
concept checks_values = requires(const arguments<Rule, double>& h) {
  Rule::conflict(h);
};

/// Lists as the arguments of rule_info.
template <std::size_t H, std::size_t S>
consteval rule_info describe(const char* name, const char* summary, const char* formula,
                             const char* source, decay weight_decay,
                             const hyperparameter (&hyperparameters)[H], const slot (&slots)[S]) {
  static_assert(H <= max_hyperparameters && S <= max_slots);
  return {name, summary, formula, source, weight_decay, hyperparameters, H, slots, S};
}

}  // namespace
}  // namespace gradstep::internal
