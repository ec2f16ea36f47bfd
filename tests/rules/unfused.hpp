// SPDX-License-Identifier: Apache-2.0
//
// The number type of the reference for an instruction set without fused multiply-add.
#pragma once

#include "rules/scalar_math.hpp"

namespace gradstep_test {

/// A float or double whose fma rounds twice. The other operations are those of
/// lib/rules/scalar_math.hpp.
template <class T>
struct unfused {
  T value;

  unfused() = default;
  explicit unfused(T number) : value(number) {}

  friend unfused operator-(unfused a) { return unfused(-a.value); }
  friend unfused operator+(unfused a, unfused b) { return unfused(a.value + b.value); }
  friend unfused operator-(unfused a, unfused b) { return unfused(a.value - b.value); }
  friend unfused operator*(unfused a, unfused b) { return unfused(a.value * b.value); }
  friend unfused operator/(unfused a, unfused b) { return unfused(a.value / b.value); }
  friend bool operator<(unfused a, unfused b) { return a.value < b.value; }
  friend bool operator>(unfused a, unfused b) { return a.value > b.value; }
  friend bool operator<=(unfused a, unfused b) { return a.value <= b.value; }
  friend bool operator>=(unfused a, unfused b) { return a.value >= b.value; }
  friend bool operator!=(unfused a, unfused b) { return a.value != b.value; }

  friend unfused fma(unfused a, unfused b, unfused c) { return a * b + c; }
  friend unfused sqrt(unfused x) { return unfused(gradstep::internal::sqrt(x.value)); }
  friend unfused abs(unfused x) { return unfused(gradstep::internal::abs(x.value)); }
  friend unfused sign(unfused x) { return unfused(gradstep::internal::sign(x.value)); }
  friend unfused max(unfused a, unfused b) {
    return unfused(gradstep::internal::max(a.value, b.value));
  }
  friend unfused min(unfused a, unfused b) {
    return unfused(gradstep::internal::min(a.value, b.value));
  }
  friend unfused at_most(unfused x, unfused limit) {
    return unfused(gradstep::internal::at_most(x.value, limit.value));
  }
  friend unfused select(bool condition, unfused yes, unfused no) { return condition ? yes : no; }
};

}  // namespace gradstep_test
