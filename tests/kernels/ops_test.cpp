// SPDX-License-Identifier: Apache-2.0
//
// The operations that rules are written in, on vectors of every instruction set and on plain
// numbers, have the bits of their definitions. Operands include NaN, infinities, zeros of both
// signs and denormals.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

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

/// Every triple of interesting values, filled up with zeros to a multiple of 16.
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

/// Every operation of run(op, a, b, c, result, count) gives the bits of its definition.
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
    ASSERT_NE(table, nullptr) << "tests/kernels/CMakeLists.txt does not build this instruction set";
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

/// (1 + h)^2 - (1 + 2 h) is h^2. If the square is rounded first, the result is 0.
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

}  // namespace
}  // namespace gradstep_test
