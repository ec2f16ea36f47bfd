// SPDX-License-Identifier: Apache-2.0
//
// The words that rules are written in, on vectors of every instruction set and on plain numbers: to
// the bit, NaN, infinities, both zeros and denormals included. And 1 - base^exponent.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "kernels/ops_levels.hpp"
#include "kernels/ops_table.hpp"
#include "rules/unfused.hpp"
#include "support/context_setup.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"

namespace gradstep_test {
namespace {

const ops_table* find_ops(const std::string& isa) {
  for (const ops_table* table : all_ops) {
    if (table->isa == isa) return table;
  }
  return nullptr;
}

// ---- Vectors and numbers against the definitions ----------------------------------------------

/// Numbers whose products, sums and quotients overflow, underflow, cancel and round.
template <class T>
std::vector<T> interesting_values() {
  using limits = std::numeric_limits<T>;
  std::vector<T> all = {limits::quiet_NaN()};
  for (const T value :
       {T(0), limits::denorm_min(), limits::min(), T(3) * limits::denorm_min(), limits::epsilon(),
        1 - limits::epsilon() / 2, T(1), 1 + limits::epsilon(), T(3), T(0.1),
        std::sqrt(limits::max()), limits::max(), limits::infinity()}) {
    all.push_back(value);
    all.push_back(-value);
  }
  return all;
}

template <class T>
T definition(operation op, T a, T b, T c, bool is_fused) {
  const T nan = std::numeric_limits<T>::quiet_NaN();
  const bool unordered = std::isnan(a) || std::isnan(b);
  const bool less = std::isless(a, b), greater = std::isgreater(a, b);
  switch (op) {
    case operation::add:
      return a + b;
    case operation::subtract:
      return a - b;
    case operation::multiply:
      return a * b;
    case operation::divide:
      return a / b;
    case operation::fused_multiply_add:
      return is_fused ? std::fma(a, b, c) : a * b + c;
    case operation::square_root:
      return std::sqrt(a);
    case operation::absolute:
      return std::copysign(a, T(1));
    case operation::sign:
      return a == 0 || std::isnan(a) ? a : std::copysign(T(1), a);
    case operation::minimum:
      return unordered ? nan : less ? a : b;
    case operation::maximum:
      return unordered ? nan : greater ? a : b;
    case operation::less:
      return less ? b : c;
    case operation::greater:
      return greater ? b : c;
    case operation::less_equal:
      return !unordered && !greater ? b : c;
    case operation::greater_equal:
      return !unordered && !less ? b : c;
    case operation::not_equal:
      return unordered || less || greater ? b : c;
  }
  return nan;
}

/// Every triple of interesting values, and zeros up to a multiple of 16.
template <class T>
struct operands {
  std::vector<T> a, b, c;

  operands() {
    const std::vector<T> values = interesting_values<T>();
    for (const T x : values) {
      for (const T y : values) {
        for (const T z : values) append(x, y, z);
      }
    }
    while (a.size() % 16 != 0) append(0, 0, 0);
  }

 private:
  void append(T x, T y, T z) {
    a.push_back(x);
    b.push_back(y);
    c.push_back(z);
  }
};

/// run(op, a, b, c, result, count) against the definitions, for every operation.
template <class T, class Run>
void expect_definitions(const Run& run, bool is_fused) {
  using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  const operands<T> in;
  std::vector<T> got(in.a.size());
  for (int i = 0; i < operation_count; ++i) {
    const auto op = static_cast<operation>(i);
    run(op, in.a.data(), in.b.data(), in.c.data(), got.data(), got.size());
    for (std::size_t k = 0; k < got.size(); ++k) {
      const T wanted = definition(op, in.a[k], in.b[k], in.c[k], is_fused);
      if (std::isnan(wanted) && std::isnan(got[k])) continue;
      ASSERT_EQ(std::bit_cast<bits>(got[k]), std::bit_cast<bits>(wanted))
          << "operation " << i << " of " << in.a[k] << ", " << in.b[k] << ", " << in.c[k]
          << " gives " << got[k] << ", not " << wanted;
    }
  }
}

TEST(ops, vectors_of_every_instruction_set) {
  for (const std::string& isa : available_isas()) {
    SCOPED_TRACE(isa);
    const ops_table* table = find_ops(isa);
    ASSERT_NE(table, nullptr) << "rule_tests.cmake does not build this instruction set";
    expect_definitions<float>(table->run_float32, fuses(isa));
    expect_definitions<double>(table->run_float64, fuses(isa));
  }
}

template <class V, class T>
void run_on_numbers(operation op, const T* a, const T* b, const T* c, T* result,
                    std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const V value = gradstep::internal::evaluate(op, V(a[i]), V(b[i]), V(c[i]));
    std::memcpy(&result[i], &value, sizeof value);
  }
}

TEST(ops, plain_numbers) {
  expect_definitions<float>(run_on_numbers<float, float>, true);
  expect_definitions<double>(run_on_numbers<double, double>, true);
}

TEST(ops, unfused_numbers) {
  expect_definitions<float>(run_on_numbers<unfused<float>, float>, false);
  expect_definitions<double>(run_on_numbers<unfused<double>, double>, false);
}

// ---- The library's kernels --------------------------------------------------------------------

/// (1 + h)^2 - (1 + 2 h) is h^2, but 0 when the square is rounded first.
void expect_fused_step(const std::string& isa, std::int32_t dtype, double h) {
  const auto context = make_serial_context(isa.c_str());
  ASSERT_EQ(isa_in_use(context.get()), isa);
  const auto rule = make_rule("sgd", {{"weight_decay", 1 + h}, {"momentum", 0.5}});
  auto target = make_parameter("sgd", rule.get(), 131, {dtype, dtype});
  target.param.fill(1 + h);
  target.grad.fill(-(1 + 2 * h));
  apply_one(context.get(), rule.get(), target, at_step(1));
  for (std::size_t i = 0; i < 131; ++i) {
    ASSERT_EQ(target.slots[0]->get(i), fuses(isa) ? h * h : 0) << "element " << i;
  }
}

TEST(ops, every_level_but_the_x86_baseline_fuses) {
  for (const std::string& isa : available_isas()) {
    SCOPED_TRACE(isa);
    expect_fused_step(isa, GRADSTEP_FLOAT32, 0x1p-13);
    expect_fused_step(isa, GRADSTEP_FLOAT64, 0x1p-27);
  }
}

// ---- 1 - base^exponent ------------------------------------------------------------------------

struct power_case {
  double base;
  std::uint64_t exponent;
  long double one_minus_power;  // by Python's decimal, to 21 digits
};

constexpr power_case power_cases[] = {
    {0.0, 1, 1.0L},
    {0.0, 1ULL << 53, 1.0L},
    {0.1, 1, 0.899999999999999994449L},
    {0.1, 7, 0.999999900000000000000L},
    {0.5, 1, 0.500000000000000000000L},
    {0.5, 54, 0.999999999999999944489L},
    {0.5, 1ULL << 53, 1.00000000000000000000L},
    {0.9, 1, 0.0999999999999999777955L},
    {0.9, 2, 0.189999999999999960032L},
    {0.9, 12, 0.717570463518999916384L},
    {0.95, 24, 0.708010975661227624312L},
    {0.98, 45, 0.597122135726574790791L},
    {0.99, 10, 0.0956179249911955911266L},
    {0.99, 86, 0.578665777845231966108L},
    {0.999, 1, 0.00100000000000000088818L},
    {0.999, 10, 0.00995511979025179892212L},
    {0.999, 1000, 0.632304575229036282279L},
    {0.999, 1787, 0.832687857782710370794L},
    {0.999, 12345, 0.999995675338203974366L},
    {0.99999, 71292, 0.509791057068646022485L},
    {1 - 0x1p-20, 1, 9.53674316406250000000e-7L},
    {1 - 0x1p-20, 3999070, 0.977936092870428276595L},
    {1 - 0x1p-40, 1000000, 9.09494288183160937367e-7L},
    {1 - 0x1p-40, 1ULL << 40, 0.632120558828724970606L},
    {1 - 0x1p-53, 1, 1.11022302462515654042e-16L},
    {1 - 0x1p-53, 12345, 1.37057032389881659373e-12L},
    {1 - 0x1p-53, 1ULL << 40, 0.000122062862222558731906L},
    {1 - 0x1p-53, (1ULL << 53) - 1, 0.632120558828557657983L},
    {1 - 0x1p-53, 1ULL << 53, 0.632120558828557698826L},
};

TEST(ops, one_minus_power_is_correctly_rounded) {
  for (const power_case& c : power_cases) {
    const double got = gradstep::internal::one_minus_power(c.base, c.exponent);
    const double ulp = std::ldexp(1, std::ilogb(got) - 52);
    const auto error = static_cast<double>(std::abs(got - c.one_minus_power) / ulp);
    EXPECT_LE(error, 0.501) << "ulp: 1 - " << c.base << "^" << c.exponent;
  }
}

/// What the oracle of float64 tensors computes with.
TEST(ops, one_minus_power_in_long_double) {
  constexpr double epsilon = std::numeric_limits<long double>::epsilon();
  for (const power_case& c : power_cases) {
    const long double base = c.base;
    const long double got = gradstep::internal::one_minus_power(base, c.exponent);
    const auto error = static_cast<double>(std::abs(got / c.one_minus_power - 1));
    EXPECT_LE(error, std::max(4 * epsilon, 1e-20)) << "1 - " << c.base << "^" << c.exponent;
  }
}

}  // namespace
}  // namespace gradstep_test
