// SPDX-License-Identifier: Apache-2.0
//
// The bits of a step depend on the numbers alone: not on threads, pieces, addresses, the list that
// a tensor is in, or the instruction set (among those with fused multiply-add).
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "step/serial_bits.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/host_pools.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"

namespace gradstep_test {
namespace {

class invariance : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, invariance, testing::ValuesIn(rule_names()), rule_as_test_name);

void expect_same_when_split(const gradstep_context* context, const variant& v,
                            const std::vector<std::uint64_t>& wanted) {
  auto target = v.make(split_count);
  EXPECT_GT(run_steps(context, v.rule.get(), target), 1U) << "nothing was split";
  expect_same_bits(target.snapshot(), wanted);
}

// ---- Threads and pools ------------------------------------------------------------------------

TEST_P(invariance, threads) {
  std::vector<context_handle> contexts;
  for (std::size_t n = 1; n <= 8; ++n) contexts.push_back(make_context(split_options(n)));
  for_each_variant(GetParam(), all_dtypes, [&](const variant& v) {
    const auto wanted = serial_bits(v);
    for (std::size_t i = 0; i < contexts.size(); ++i) {
      SCOPED_TRACE(std::to_string(i + 1) + " threads");
      expect_same_when_split(contexts[i].get(), v, wanted);
    }
  });
}

void check_pool(const std::string& rule_name, gradstep_parallel_for parallel_for) {
  counting_pool pool;
  auto options = split_options(8);
  options.parallel_for = parallel_for;
  options.pool = &pool;
  const auto context = make_context(options);
  for_each_variant(rule_name, all_dtypes, [&](const variant& v) {
    const auto wanted = serial_bits(v);
    pool.tasks = 0;
    expect_same_when_split(context.get(), v, wanted);
    EXPECT_GT(pool.tasks, 3U) << "three steps gave the pool no more than one task each";
  });
}

TEST_P(invariance, host_pool_of_eight_threads) { check_pool(GetParam(), run_on_new_threads); }

TEST_P(invariance, host_pool_that_runs_backwards) { check_pool(GetParam(), run_in_reverse); }

// ---- Counts, addresses, lists -----------------------------------------------------------------

std::vector<std::size_t> all_counts() {
  std::vector<std::size_t> counts(201);
  std::iota(counts.begin(), counts.end(), std::size_t{0});
  counts.insert(counts.end(), {211, 251, 257, 509, 521, 1021, 1031, 2039, 2053, 4093, 4099, 4999});
  return counts;
}

/// Fewer elements have the bits of the first of many, unless the rule sums over them.
TEST_P(invariance, counts) {
  const auto serial = make_serial_context();
  const auto split = make_context(split_options(2));
  for_each_variant(GetParam(), all_dtypes, [&](const variant& v) {
    auto longest = v.make(5003);
    run_steps(serial_context(), v.rule.get(), longest);
    for (const std::size_t count : all_counts()) {
      SCOPED_TRACE("count " + std::to_string(count));
      auto target = v.make(count);
      // Only some counts are split: to wake a thread takes longer than these steps.
      const bool use_split = count % 50 == 17 || count > 200;
      run_steps(use_split ? split.get() : serial.get(), v.rule.get(), target);
      const bool is_prefix = count != 0 && !sums_before_it_updates(v.rule.get());
      expect_same_bits(target.snapshot(),
                       is_prefix ? longest.snapshot(count) : serial_bits(v, count));
      if (HasFailure()) return;
    }
  });
}

TEST_P(invariance, addresses) {
  const auto context = make_serial_context();
  constexpr std::size_t count = 131;
  for_each_variant(GetParam(), all_dtypes, [&](const variant& v) {
    const auto wanted = serial_bits(v, count);
    const std::size_t step = element_size(v.types.param);
    for (std::size_t offset = step; offset < 64; offset += step) {
      SCOPED_TRACE("offset " + std::to_string(offset));
      auto target = v.make(count, offset);
      run_steps(context.get(), v.rule.get(), target);
      expect_same_bits(target.snapshot(), wanted);
    }
  });
}

/// Three steps of one parameter as a list of tensors of the given counts, each with its own
/// scalars.
void step_in_parts(const gradstep_context* context, const variant& v, parameter& target,
                   const std::vector<std::size_t>& counts) {
  std::vector<std::vector<double>> scalars(counts.size(), target.scalars);
  for (std::uint64_t step = 1; step <= 3; ++step) {
    target.set_random_gradient(step);
    std::vector<tensor_view> views;
    std::vector<gradstep_tensor> list;
    std::size_t first = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      views.push_back(target.view(first, counts[i]));
      list.push_back(views.back().tensor);
      if (!scalars[i].empty()) list.back().scalars = scalars[i].data();
      first += counts[i];
    }
    EXPECT_EQ(first, target.param.size());
    apply_list(context, v.rule.get(), list, at_step(step));
  }
  target.scalars = scalars.back();
}

TEST_P(invariance, one_tensor_in_two) {
  if (sums_before_it_updates(make_rule(GetParam()).get())) GTEST_SKIP() << "it sums over tensors";
  const auto context = make_serial_context();
  const auto split = make_context(split_options(3));
  for_each_variant(GetParam(), all_dtypes, [&](const variant& v) {
    const auto wanted = serial_bits(v, 300);
    for (const std::size_t first : {1U, 7U, 31U, 64U, 101U, 256U, 299U}) {
      for (const auto* each : {context.get(), split.get()}) {
        auto target = v.make(300);
        step_in_parts(each, v, target, {first, 300 - first});
        expect_same_bits(target.snapshot(), wanted);
      }
    }
  });
}

TEST_P(invariance, one_tensor_as_a_list_of_many) {
  if (sums_before_it_updates(make_rule(GetParam()).get())) GTEST_SKIP() << "it sums over tensors";
  std::vector<std::size_t> counts(40);
  std::iota(counts.begin(), counts.end(), std::size_t{0});
  counts.push_back(split_count - std::accumulate(counts.begin(), counts.end(), std::size_t{0}));
  const auto serial = make_serial_context();
  const auto split = make_context(split_options(4));
  for_each_variant(GetParam(), all_dtypes, [&](const variant& v) {
    const auto wanted = serial_bits(v);
    for (const auto* each : {serial.get(), split.get()}) {
      auto target = v.make(split_count);
      step_in_parts(each, v, target, counts);
      expect_same_bits(target.snapshot(), wanted);
    }
  });
}

// ---- Instruction sets -------------------------------------------------------------------------

parameter run_with_isa(const variant& v, const std::string& isa, std::size_t count) {
  const auto context = make_serial_context(isa.c_str());
  EXPECT_EQ(isa_in_use(context.get()), isa);
  auto target = v.make(count);
  run_steps(context.get(), v.rule.get(), target);
  return target;
}

TEST_P(invariance, fused_instruction_sets) {
  const auto isas = fused_isas();
  if (isas.size() < 2) GTEST_SKIP() << "this machine has " << isas.size() << " fused ISA(s)";
  for_each_variant(GetParam(), all_dtypes, [&](const variant& v) {
    for (const std::size_t count : {1U, 3U, 16U, 67U, 515U}) {
      const auto wanted = run_with_isa(v, isas.front(), count).snapshot();
      for (const auto& isa : isas) {
        SCOPED_TRACE(isa + " against " + isas.front() + ", count " + std::to_string(count));
        expect_same_bits(run_with_isa(v, isa, count).snapshot(), wanted);
      }
    }
  });
}

TEST_P(invariance, baseline_is_close) {
  for_each_variant(GetParam(), all_dtypes, [&](const variant& v) {
    const double bound = v.types.param == GRADSTEP_FLOAT32 ? 1e-5 : 1e-13;
    const auto wanted = run_with_isa(v, "baseline", 515);
    for (const auto& isa : available_isas()) {
      SCOPED_TRACE(isa);
      const auto got = run_with_isa(v, isa, 515);
      for (std::size_t i = 0; i < 515; ++i) {
        const double scale = std::max(std::abs(wanted.param.get(i)), 0.1);  // p may cross 0
        ASSERT_NEAR(got.param.get(i), wanted.param.get(i), bound * scale) << "element " << i;
      }
    }
  });
}

}  // namespace
}  // namespace gradstep_test
