// SPDX-License-Identifier: Apache-2.0
//
// What is constant over a step is computed in double, accurately, and rounded once.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "rules/oracle_cases.hpp"
#include "rules/oracle_rules.hpp"
#include "rules/rule_reference.hpp"
#include "support/dtype_lists.hpp"
#include "support/plain_steps.hpp"

namespace gradstep_test {
namespace {

template <class Rule>
class oracle_constants : public testing::Test {};
TYPED_TEST_SUITE(oracle_constants, rule_types, rule_as_type_name);

/// A rule's constants before its last pass, and its scalars after the step.
template <class Constant, class Real>
struct constants_of_step {
  std::vector<Constant> coefficients;
  std::array<Real, max_scalars> scalars;
};

/// Sums that might come out of the k-th sum of a pass.
template <class Real>
std::array<Real, gradstep::internal::max_sums> sums_of_pass(std::size_t pass) {
  std::array<Real, gradstep::internal::max_sums> sums;
  for (std::size_t k = 0; k < sums.size(); ++k) {
    sums[k] = static_cast<Real>(0.3 + static_cast<double>(k) + 5 * static_cast<double>(pass));
  }
  return sums;
}

struct constants_case {
  reference_options options;
  tensor_shape shape;
  std::array<double, max_scalars> scalars;
};

template <class Rule, auto Form, class Constant, class H>
void finish_passes(const H& h, const tensor_shape& shape,
                   typename Rule::template coefficients<Constant>& rule) {
  if constexpr (has_passes<Rule>) {
    [&]<std::size_t... P>(std::index_sequence<P...>) {
      (Rule::template finish<Form, P>(h, shape, sums_of_pass<typename H::real>(P).data(), rule),
       ...);
    }
    (std::make_index_sequence<Rule::passes(Form).count>());
  }
}

/// Constant: what they are rounded to. Real: what they are computed in. finishes: also by the sums.
template <class Rule, class Constant, class Real>
constants_of_step<Constant, Real> constants_of(const constants_case& of, bool finishes = false) {
  std::array<Real, max_scalars> before{};
  for (std::size_t i = 0; i < max_scalars; ++i) before[i] = static_cast<Real>(of.scalars[i]);
  constants_of_step<Constant, Real> result{{}, before};
  reference_arguments<Rule, Real> h(of.options);
  h.is_matrix = of.shape.is_matrix();
  h.param_epsilon = 0x1p-23;
  h.before = &before;
  h.after = &result.scalars;
  auto rule = Rule::template prepare<Constant>(h);
  with_form<Rule>(Rule::choose(h), [&](auto form) {
    if (finishes) finish_passes<Rule, Rule::forms[form], Constant>(h, of.shape, rule);
  });
  result.coefficients.resize(sizeof rule / sizeof(Constant));
  std::memcpy(result.coefficients.data(), &rule, sizeof rule);
  return result;
}

/// x, or the smallest normal T if x is smaller and a rule keeps its constants normal.
template <class T, class Real>
bool is_rounding_of(T got, Real x) {
  constexpr T least = std::numeric_limits<T>::min();
  return got == static_cast<T>(x) || (got == least && x > 0 && x < least);
}

void expect_close(double got, long double exact) {
  EXPECT_TRUE(std::abs(got - exact) <= 3 * error_unit<double>(std::abs(exact)) ||
              is_rounding_of(got, exact))
      << got << ", exactly " << static_cast<double>(exact);
}

template <class Rule>
void expect_rounded_once(const constants_case& of) {
  const auto narrow = constants_of<Rule, float, double>(of);
  const auto normal = constants_of<Rule, double, double>(of);
  const auto exact = constants_of<Rule, long double, long double>(of);
  for (std::size_t i = 0; i < exact.coefficients.size(); ++i) {
    SCOPED_TRACE("coefficient " + std::to_string(i));
    EXPECT_PRED2((is_rounding_of<float, double>), narrow.coefficients[i], normal.coefficients[i]);
    expect_close(normal.coefficients[i], exact.coefficients[i]);
  }
  for (std::size_t i = 0; i < Rule::info.scalars.size(); ++i) {
    SCOPED_TRACE(Rule::info.scalars[i].name);
    EXPECT_EQ(narrow.scalars[i], normal.scalars[i]);
    expect_close(normal.scalars[i], exact.scalars[i]);
  }
}

/// What finish makes of sums, some of it from constants that are rounded already: adafactor divides
/// its decay by the rate.
template <class Rule>
void expect_accurate_after_sums(const constants_case& of) {
  const auto narrow = constants_of<Rule, float, double>(of, true);
  const auto normal = constants_of<Rule, double, double>(of, true);
  const auto exact = constants_of<Rule, long double, long double>(of, true);
  for (std::size_t i = 0; i < exact.coefficients.size(); ++i) {
    SCOPED_TRACE("coefficient " + std::to_string(i));
    const double wanted = normal.coefficients[i];
    EXPECT_TRUE(std::abs(narrow.coefficients[i] - wanted) <=
                    1.5 * error_unit<float>(std::abs(wanted)) ||
                is_rounding_of(narrow.coefficients[i], wanted));
    expect_close(wanted, exact.coefficients[i]);
  }
  for (std::size_t i = 0; i < Rule::info.scalars.size(); ++i) {
    SCOPED_TRACE(Rule::info.scalars[i].name);
    EXPECT_EQ(narrow.scalars[i], normal.scalars[i]);
    expect_close(normal.scalars[i], exact.scalars[i]);
  }
}

template <class Rule>
std::array<double, max_scalars> scalars_before(const variant& v) {
  const auto of_tensor = initial_scalars(v.rule_name, v.rule.get(), GRADSTEP_SCOPE_TENSOR);
  const auto of_all = initial_scalars(v.rule_name, v.rule.get(), GRADSTEP_SCOPE_ALL);
  std::array<double, max_scalars> all{};
  std::size_t next[2] = {};
  for (std::size_t i = 0; i < Rule::info.scalars.size(); ++i) {
    const bool is_shared = Rule::info.scalars[i].scope == gradstep::internal::scalar_scope::all;
    all[i] = (is_shared ? of_all : of_tensor)[next[is_shared]++];
  }
  return all;
}

TYPED_TEST(oracle_constants, are_computed_in_double_and_rounded_once) {
  constexpr dtypes any_dtype[] = {{}};
  for_each_variant(TypeParam::info.name, any_dtype, [](const variant& v) {
    for (const bool has_other_values : {false, true}) {
      if (has_other_values) set_other_values(v);
      const auto values = hyperparameter_values(v);
      for (const std::uint64_t step : step_numbers()) {
        SCOPED_TRACE("step " + std::to_string(step));
        for (const tensor_shape& shape : {tensor_shape{12, 0, 0}, tensor_shape{12, 3, 4}}) {
          const constants_case one{{values.data(), step, 1}, shape, scalars_before<TypeParam>(v)};
          expect_rounded_once<TypeParam>(one);
          if (has_passes<TypeParam>) expect_accurate_after_sums<TypeParam>(one);
          if (testing::Test::HasFailure()) return;
        }
      }
    }
  });
}

}  // namespace
}  // namespace gradstep_test
