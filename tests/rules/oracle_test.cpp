// SPDX-License-Identifier: Apache-2.0
//
// Each rule against itself on plain numbers, from the kernel's own state before each step: close to
// exact arithmetic, and equal to the bit in the kernel's arithmetic. golden_test.cpp tests whether
// the formulas are right.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "rules/oracle_cases.hpp"
#include "rules/rule_reference.hpp"
#include "rules/rule_registry.hpp"
#include "rules/tracked.hpp"
#include "rules/unfused.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"

namespace gradstep_test {
namespace {

using gradstep::internal::arguments;

template <class... Rules>
testing::Types<Rules...> as_test_types(gradstep::internal::type_list<Rules...>) {
  return {};
}
using rule_types = decltype(as_test_types(gradstep::internal::all_rules()));

struct rule_as_type_name {
  template <class Rule>
  static std::string GetName(int) {  // NOLINT(readability-identifier-naming): GoogleTest's name
    return Rule::info.name;
  }
};

template <class Rule>
class oracle : public testing::Test {};
TYPED_TEST_SUITE(oracle, rule_types, rule_as_type_name);

// ---- Elements ---------------------------------------------------------------------------------

/// The i-th element as V, made from Numbers. Slots without an array are 0: no formula reads them.
template <class Rule, class V, class Number>
element<Rule, V> read_element(const parameter& from, std::size_t i) {
  element<Rule, V> result;
  result.param = V(static_cast<Number>(from.param.get(i)));
  for (std::size_t s = 0; s < result.slots.size(); ++s) {
    result.slots[s] = V(static_cast<Number>(from.slots[s] ? from.slots[s]->get(i) : 0));
  }
  return result;
}

// ---- Exact arithmetic -------------------------------------------------------------------------

struct worst_error {
  double units = 0;
  const char* array = "none";
};

/// Without fused multiply-add, every fma rounds once more.
template <class Rule>
int allowed_units(std::string_view isa) {
  const int more = fuses(isa) ? 0 : 2;
  if constexpr (requires { Rule::error_units; }) {
    return Rule::error_units + more;
  } else {
    return default_error_units + more;
  }
}

template <class Rule, class T>
class error_check {
 public:
  using wide = typename tracked<T>::wide;

  error_check(std::size_t element, int allowed_units, worst_error& worst)
      : element_(element), allowed_units_(allowed_units), worst_(worst) {}

  void operator()(const char* array, double got, wide exact, wide magnitude) {
    const auto units = static_cast<double>(std::abs(got - exact) / error_unit<T>(magnitude));
    if (units > worst_.units) worst_ = {units, array};
    EXPECT_TRUE(units <= allowed_units_)
        << array << " of element " << element_ << " is " << got << ", exactly "
        << static_cast<double>(exact) << ": " << units << " units off";
  }

 private:
  std::size_t element_;
  int allowed_units_;
  worst_error& worst_;
};

/// Checks the param in units of max(|p|, A), where A is the magnitude of its change, and the slots
/// in units of their own magnitudes.
template <class Rule, class T>
void expect_near_exact(const step_record& r, int allowed_units, worst_error& worst) {
  using wide = typename tracked<T>::wide;
  const auto constants = prepare_constants<wide>(
      arguments<Rule, wide>{r.hyperparameters.data(), r.options.step}, r.options.grad_scale);
  for (std::size_t i = 0; i < r.before.param.size(); ++i) {
    error_check<Rule, T> check(i, allowed_units, worst);
    auto exact = read_element<Rule, tracked<T>, wide>(r.before, i);
    // A gradient wider than T is rounded to T first.
    step_element(constants, tracked<T>(static_cast<T>(r.before.grad.get(i))), exact);
    check("param", r.after.param.get(i), exact.param.value,
          std::max(std::abs(exact.param.value), exact.change.magnitude));
    for (std::size_t s = 0; s < exact.slots.size(); ++s) {
      if (!r.after.slots[s]) continue;
      check(Rule::info.slots[s].name, r.after.slots[s]->get(i), exact.slots[s].value,
            exact.slots[s].magnitude);
    }
    if (testing::Test::HasFailure()) return;
  }
}

template <class Rule>
void print_worst(const std::map<std::string, worst_error>& worst) {
  std::printf("%s: worst error of %d units allowed:", Rule::info.name, allowed_units<Rule>("avx2"));
  for (const auto& [where, error] : worst) {
    std::printf(" %s %.2f (%s)", where.c_str(), error.units, error.array);
  }
  std::printf("\n");
}

TYPED_TEST(oracle, within_the_bound_of_exact_arithmetic) {
  std::map<std::string, worst_error> worst;
  for_every_case(TypeParam::info.name, [&](const auto* context, const auto& isa, const variant& v) {
    const bool is_float32 = v.types.param == GRADSTEP_FLOAT32;
    worst_error& of_case = worst[(is_float32 ? "float32/" : "float64/") + isa];
    run_ordinary_steps(context, v, [&](const step_record& r) {
      SCOPED_TRACE("step " + std::to_string(r.options.step));
      const int allowed = allowed_units<TypeParam>(isa);
      if (is_float32) return expect_near_exact<TypeParam, float>(r, allowed, of_case);
      expect_near_exact<TypeParam, double>(r, allowed, of_case);
    });
  });
  print_worst<TypeParam>(worst);
}

// ---- Constants of a step ----------------------------------------------------------------------

/// A rule's coefficients, all of one type, as a list.
template <class Rule, class Constant, class Real>
std::vector<Constant> coefficients_of(const std::vector<double>& values, std::uint64_t step) {
  const arguments<Rule, Real> h{values.data(), step};
  const auto coefficients = Rule::template prepare<Constant>(h);
  std::vector<Constant> result(sizeof coefficients / sizeof(Constant));
  std::memcpy(result.data(), &coefficients, sizeof coefficients);
  return result;
}

template <class Rule>
void expect_rounded_once(const std::vector<double>& values, std::uint64_t step) {
  const auto narrow = coefficients_of<Rule, float, double>(values, step);
  const auto normal = coefficients_of<Rule, double, double>(values, step);
  const auto exact = coefficients_of<Rule, long double, long double>(values, step);
  for (std::size_t i = 0; i < exact.size(); ++i) {
    EXPECT_EQ(narrow[i], static_cast<float>(normal[i])) << "coefficient " << i;
    EXPECT_LE(std::abs(normal[i] - exact[i]), 3 * error_unit<double>(std::abs(exact[i])))
        << "coefficient " << i;
  }
}

TYPED_TEST(oracle, constants_are_computed_in_double_and_rounded_once) {
  constexpr dtypes any_dtype[] = {{}};
  for_each_variant(TypeParam::info.name, any_dtype, [](const variant& v) {
    for (const bool has_other_values : {false, true}) {
      if (has_other_values) set_other_values(v);
      for (const std::uint64_t step : step_numbers()) {
        SCOPED_TRACE("step " + std::to_string(step));
        expect_rounded_once<TypeParam>(hyperparameter_values(v), step);
      }
    }
  });
}

// ---- The kernel's arithmetic ------------------------------------------------------------------

template <class T>
double to_number(T x) {
  return x;
}
template <class T>
double to_number(unfused<T> x) {
  return x.value;
}

/// V: T, or unfused<T> where the instruction set has no fused multiply-add.
template <class Rule, class V, class T>
void expect_bits_of(const step_record& r) {
  const auto constants = prepare_constants<T>(
      arguments<Rule, double>{r.hyperparameters.data(), r.options.step}, r.options.grad_scale);
  parameter wanted = r.before;
  for (std::size_t i = 0; i < wanted.param.size(); ++i) {
    auto at = read_element<Rule, V, T>(r.before, i);
    step_element(constants, V(static_cast<T>(r.before.grad.get(i))), at);
    wanted.param.set(i, to_number(at.param));
    for (std::size_t s = 0; s < at.slots.size(); ++s) {
      if (wanted.slots[s]) wanted.slots[s]->set(i, to_number(at.slots[s]));
    }
  }
  expect_same_bits(r.after.snapshot(), wanted.snapshot());
}

TYPED_TEST(oracle, equals_the_reference_to_the_bit) {
  for_every_case(TypeParam::info.name, [&](const auto* context, const auto& isa, const variant& v) {
    const auto check = [&](const step_record& r) {
      SCOPED_TRACE("step " + std::to_string(r.options.step));
      if (v.types.param == GRADSTEP_FLOAT32) {
        if (fuses(isa)) return expect_bits_of<TypeParam, float, float>(r);
        return expect_bits_of<TypeParam, unfused<float>, float>(r);
      }
      if (fuses(isa)) return expect_bits_of<TypeParam, double, double>(r);
      expect_bits_of<TypeParam, unfused<double>, double>(r);
    };
    run_ordinary_steps(context, v, check);
    run_special_steps(context, v, check);
  });
}

}  // namespace
}  // namespace gradstep_test
