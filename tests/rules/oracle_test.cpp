// SPDX-License-Identifier: Apache-2.0
//
// Each rule against exact arithmetic, from the library's own state before each step, by the rule's
// own templates. oracle_bits_test.cpp does the same in the library's arithmetic. golden_test.cpp
// tests whether the formulas are right.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "rules/oracle_cases.hpp"
#include "rules/oracle_rules.hpp"
#include "rules/rule_reference.hpp"
#include "rules/tracked.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"

namespace gradstep_test {
namespace {

template <class Rule>
class oracle : public testing::Test {};
TYPED_TEST_SUITE(oracle, rule_types, rule_as_type_name);

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

/// Compares numbers of one parameter after a step.
template <class Rule, class T>
class error_check {
 public:
  using wide = typename tracked<T>::wide;
  using exact_tensor = reference_tensor<Rule, tracked<T>>;

  error_check(int allowed_units, worst_error& worst)
      : allowed_units_(allowed_units), worst_(worst) {}

  /// The param in units of max(|p|, A), where A is the magnitude of its change. Slots and scalars
  /// in units of their own magnitudes.
  void compare(const parameter& got, const exact_tensor& exact) {
    for (std::size_t i = 0; i < got.param.size(); ++i) {
      const wide p = exact.param[i].value;
      compare<T>("param", i, got.param.get(i), p, std::max(std::abs(p), exact.change[i].magnitude));
    }
    for (std::size_t s = 0; s < exact.slots.size(); ++s) {
      for (std::size_t i = 0; i < exact.slots[s].size(); ++i) {
        const auto& wanted = exact.slots[s][i];
        compare<T>(Rule::info.slots[s].name, i, got.slots[s]->get(i), wanted.value,
                   wanted.magnitude);
      }
    }
    compare_scalars(got, exact);
  }

 private:
  /// A scalar that comes from the elements is as exact as they are. Others are computed in double.
  void compare_scalars(const parameter& got, const exact_tensor& exact) {
    std::size_t next[2] = {};
    for (std::size_t i = 0; i < Rule::info.scalars.size(); ++i) {
      const auto& info = Rule::info.scalars[i];
      const bool is_shared = info.scope == gradstep::internal::scalar_scope::all;
      const double value = (is_shared ? got.shared_scalars : got.scalars)[next[is_shared]++];
      const auto& wanted = exact.scalars[i];
      if constexpr (has_passes<Rule>) {
        compare<T>(info.name, i, value, wanted.value, wanted.magnitude);
      } else {
        compare<double>(info.name, i, value, wanted.value, wanted.magnitude);
      }
    }
  }

  template <class Unit>
  void compare(const char* array, std::size_t i, double got, wide exact, wide magnitude) {
    const auto units = static_cast<double>(std::abs(got - exact) / error_unit<Unit>(magnitude));
    if (units > worst_.units) worst_ = {units, array};
    EXPECT_TRUE(units <= allowed_units_)
        << array << " " << i << " is " << got << ", exactly " << static_cast<double>(exact) << ": "
        << units << " units off";
  }

  int allowed_units_;
  worst_error& worst_;
};

template <class Rule, class T>
void expect_near_exact(const step_record& r, int allowed_units, worst_error& worst) {
  auto exact = read_tensors<Rule, tracked<T>, T>(r.before, tracked<T>::exact);
  ASSERT_TRUE(step_tensors(options_of(r), exact));
  error_check<Rule, T> check(allowed_units, worst);
  for (std::size_t i = 0; i < exact.size() && !testing::Test::HasFailure(); ++i) {
    SCOPED_TRACE("tensor " + std::to_string(i));
    check.compare(r.after[i], exact[i]);
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
    const auto check = [&](const step_record& r) {
      SCOPED_TRACE("step " + std::to_string(r.options.step));
      const int allowed = allowed_units<TypeParam>(isa);
      if (is_float32) return expect_near_exact<TypeParam, float>(r, allowed, of_case);
      expect_near_exact<TypeParam, double>(r, allowed, of_case);
    };
    for (const auto& [tensors, steps] : oracle_runs<TypeParam>()) {
      run_ordinary_steps(context, v, tensors, steps, check);
      if (testing::Test::HasFailure()) return;
    }
  });
  print_worst<TypeParam>(worst);
}

/// Where many terms are added, so are their roundings.
TYPED_TEST(oracle, large_tensors_are_within_the_bound) {
  if (!has_passes<TypeParam>) GTEST_SKIP() << "elements do not depend on each other";
  std::map<std::string, worst_error> worst;
  const auto values = richest_options(TypeParam::info.name);
  for (const dtypes types : same_dtypes) {
    const bool is_float32 = types.param == GRADSTEP_FLOAT32;
    const variant v{TypeParam::info.name, values, types, make_rule(TypeParam::info.name, values)};
    const auto check = [&](const step_record& r) {
      auto& of_case = worst[is_float32 ? "float32" : "float64"];
      const int allowed = allowed_units<TypeParam>(isa_in_use(serial_context()));
      if (is_float32) return expect_near_exact<TypeParam, float>(r, allowed, of_case);
      expect_near_exact<TypeParam, double>(r, allowed, of_case);
    };
    for (const tensor_extents& extents :
         {tensor_extents{5 * 16384 + 77}, {131 * 4099, {131, 4099}}}) {
      SCOPED_TRACE(to_text(types) + to_text(extents));
      run_ordinary_steps(serial_context(), v, {extents}, {1, 2, 3}, check);
    }
  }
  print_worst<TypeParam>(worst);
}

}  // namespace
}  // namespace gradstep_test
