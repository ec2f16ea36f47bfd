// SPDX-License-Identifier: Apache-2.0
//
// Moving averages, decaying sums and weight decay without errors that have the same sign in every
// step: see docs/design.md, "No error has the same sign in every step".
#pragma once

#include <limits>

#include "rules/scalar_math.hpp"

namespace gradstep::internal {
namespace {

// ---- Moving averages --------------------------------------------------------------------------

/// The two weights of a moving average: 1 - decay of what is new, decay of the past. Kernels look
/// for them in the array `averages` of a rule's coefficients. Each is rounded, so they do not add
/// up to 1; therefore an average is computed from one of them.
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

/// decay average + (1 - decay) x, for weights that favour what is new: x + decay (average - x).
/// With decay = 0 the result is x, whatever the average was.
template <class V, class T>
V average_near_new(V average, V x, const average_weights<T>& weights) {
  if (weights.of_past == 0) return x;
  return fma(V(weights.of_past), average - x, x);
}

/// The same for other weights: average + (1 - decay) (x - average). The last rounding is the only
/// one that repeats from step to step. It depends on x, so its errors do not add up.
template <class V, class T>
V average_near_past(V average, V x, const average_weights<T>& weights) {
  return fma(V(weights.of_new), x - average, average);
}

/// Whether V is a vector. Kernels use vectors only with weights that do not favour what is new: a
/// branch for each vector would take 4 % of a step.
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

/// The largest value of an average or a sum of squares. Infinity would never leave the slot, and
/// the param would never move again. Every type of slot but float16 rounds this limit to a finite
/// number.
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

/// decay sum + x. The sum grows to x / (1 - decay). Where decay is near 1, rounding it would change
/// 1 - decay by much, so the sum is computed from 1 - decay instead.
template <class V, class T>
V decaying_sum(V sum, V x, const average_weights<T>& weights) {
  if (weights.of_new < T(0x1p-8)) return fma(V(-weights.of_new), sum, sum + x);
  return fma(V(weights.of_past), sum, x);
}

// ---- Decoupled weight decay -------------------------------------------------------------------

/// The factor d of the param in the direction of a step: rate d p = decay p.
template <class T, class Real>
constexpr T decay_in_direction(Real decay, T rate) {
  return rate == 0 ? T(0) : static_cast<T>(decay / static_cast<Real>(rate));
}

}  // namespace
}  // namespace gradstep::internal
