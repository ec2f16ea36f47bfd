// SPDX-License-Identifier: Apache-2.0
//
// Each rule against itself on plain numbers in the library's arithmetic, from the library's own
// state before each step: equal to the bit.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <string>
#include <vector>

#include "rules/library_step.hpp"
#include "rules/oracle_cases.hpp"
#include "rules/oracle_rules.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"

namespace gradstep_test {
namespace {

template <class Rule>
class oracle_bits : public testing::Test {};
TYPED_TEST_SUITE(oracle_bits, rule_types, rule_as_type_name);

std::vector<double> read_numbers(const number_array& from) {
  return read_numbers<double>(from, [](double x) { return x; });
}
void write_numbers(const std::vector<double>& from, number_array& to) {
  for (std::size_t i = 0; i < from.size(); ++i) to.set(i, from[i]);
}

library_tensor read_plain(const std::string& rule_name, const parameter& from, bool is_wide) {
  library_tensor result{shape_of(from), is_wide ? 0x1p-52 : 0x1p-23, {}, {}, {}, {}};
  result.param = read_numbers(from.param);
  result.grad = read_numbers(from.grad);
  for (std::size_t s = 0; s < from.slots.size(); ++s) {
    if (from.slots[s]) result.slots[s] = read_numbers(*from.slots[s]);
  }
  for_each_scalar(rule_name, from, [&](std::size_t k, double x) { result.scalars[k] = x; });
  return result;
}

void write_plain(const std::string& rule_name, const library_tensor& from, parameter& to) {
  write_numbers(from.param, to.param);
  for (std::size_t s = 0; s < to.slots.size(); ++s) {
    if (to.slots[s]) write_numbers(from.slots[s], *to.slots[s]);
  }
  for_each_scalar(rule_name, to, [&](std::size_t k, double& x) { x = from.scalars[k]; });
}

void expect_bits(const step_record& r, const variant& v, const std::string& isa) {
  SCOPED_TRACE("step " + std::to_string(r.options.step));
  const bool is_wide = v.types.param == GRADSTEP_FLOAT64;
  std::vector<library_tensor> tensors;
  for (const parameter& each : r.before) tensors.push_back(read_plain(v.rule_name, each, is_wide));
  step_as_the_library(v.rule_name, {is_wide, fuses(isa)}, options_of(r), tensors);
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    SCOPED_TRACE("tensor " + std::to_string(i));
    parameter wanted = r.before[i];
    write_plain(v.rule_name, tensors[i], wanted);
    expect_same_bits(r.after[i].snapshot(), wanted.snapshot());
  }
}

TYPED_TEST(oracle_bits, equal_the_reference) {
  for_every_case(TypeParam::info.name, [&](const auto* context, const auto& isa, const variant& v) {
    const auto check = [&](const step_record& r) { expect_bits(r, v, isa); };
    for (const auto& run : oracle_runs<TypeParam>()) {
      SCOPED_TRACE(to_text(run));
      run_ordinary_steps(context, v, run.tensors, run.steps, check);
      if (testing::Test::HasFailure()) return;
    }
    run_special_steps(context, v, check);
  });
}

TYPED_TEST(oracle_bits, of_one_special_value_among_ordinary_ones) {
  if (!has_passes<TypeParam>) GTEST_SKIP() << "elements do not depend on each other";
  for (const std::string& isa : available_isas()) {
    const auto context = make_serial_context(isa.c_str());
    for_each_variant(TypeParam::info.name, same_dtypes, [&](const variant& v) {
      SCOPED_TRACE(isa);
      const auto check = [&](const step_record& r) { expect_bits(r, v, isa); };
      for (const auto& extents : {flat_tensor, small_matrices[2]}) {
        run_steps_with_one_special_value(context.get(), v, extents, check);
      }
    });
  }
}

/// Sums of several blocks, in tensors that are stepped in one go (up to 65536 elements) and pass by
/// pass.
TYPED_TEST(oracle_bits, of_large_tensors) {
  if (!has_passes<TypeParam>) GTEST_SKIP() << "elements do not depend on each other";
  const std::size_t block = 16384;
  const tensor_extents large[] = {{5 * block + 77},
                                  {3 * block - 5},
                                  {block + 16, {2, 8200}},
                                  {std::size_t{131} * 4099, {131, 4099}},
                                  {std::size_t{1101} * 15, {3, 5}},
                                  {std::size_t{2} * 700 * 40, {700, 40}},
                                  {std::size_t{3} * 5 * 520, {5, 520}}};
  const auto values = richest_options(TypeParam::info.name);
  for (const std::string& isa : available_isas()) {
    auto options = serial_options(isa.c_str());
    for (const std::size_t thread_count : {1U, 2U}) {
      options.thread_count = thread_count;
      if (thread_count > 1 && !has_own_threads()) options.parallel_for = run_on_a_thread_each;
      const auto context = make_context(options);
      for (const dtypes types : same_dtypes) {
        const variant v{TypeParam::info.name, values, types,
                        make_rule(TypeParam::info.name, values)};
        const auto check = [&](const step_record& r) { expect_bits(r, v, isa); };
        for (const auto& extents : large) {
          SCOPED_TRACE(isa + to_text(types) + to_text(extents) + ", threads " +
                       std::to_string(thread_count));
          run_ordinary_steps(context.get(), v, {extents}, {1, 2}, check);
          if (testing::Test::HasFailure()) return;
        }
      }
    }
  }
}

}  // namespace
}  // namespace gradstep_test
