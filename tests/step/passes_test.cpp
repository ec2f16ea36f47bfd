// SPDX-License-Identifier: Apache-2.0
//
// The bits of rules that have passes or scalars, over lists of small and large tensors, flat and
// with rows and columns. They do not depend on threads, pieces, pools, addresses, workspaces, the
// place in the list, or the instruction set (among those with fused multiply-add).
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "step/mixed_list.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/host_pools.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/storages.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {
namespace {

constexpr std::uint64_t steps = 2;

/// The lists of a case and a storage: as they begin, the gradients of each step, and what the steps
/// make of them on one thread.
class mixed_run {
 public:
  mixed_run(const rule_case& c, const storage& how)
      : rule_(make_rule(c.rule_name, c.values)),
        how_(how),
        start_(make_mixed_list(rule_.get(), c.rule_name, how, mixed_sizes())) {
    for (std::uint64_t step = 1; step <= steps; ++step) {
      for (auto& each : start_) each.set_gradient(step);
      gradients_.emplace_back();
      for (auto& each : start_) gradients_.back().push_back(each.grad);
    }
    auto list = start_;
    run(serial_context(), list);
    wanted_ = bytes_of(list);
    auto untouched = start_;
    EXPECT_FALSE(wanted_ == bytes_of(untouched)) << "the steps changed nothing";
  }

  /// Steps of a list that begins as this one's.
  std::uint64_t run(const gradstep_context* context, std::vector<stored_parameter>& list,
                    std::size_t workspace_offset = no_workspace) {
    std::uint64_t pieces = 0;
    for (std::uint64_t step = 1; step <= steps; ++step) {
      for (std::size_t i = 0; i < list.size(); ++i) copy_numbers(gradients_[step - 1][i], list[i]);
      auto options = apply_options(how_.flags, step);
      std::vector<std::byte> memory;
      if (workspace_offset != no_workspace) add_workspace(list, workspace_offset, memory, options);
      pieces += apply_stored(context, rule_.get(), list, options).piece_count;
    }
    return pieces;
  }

  void expect_same(const gradstep_context* context, const std::string& text,
                   std::size_t workspace_offset = no_workspace) {
    SCOPED_TRACE(text);
    auto list = start_;
    pieces_ = run(context, list, workspace_offset);
    EXPECT_TRUE(bytes_of(list) == wanted_) << "other bits";
  }

  /// Of the last expect_same.
  std::uint64_t pieces() const { return pieces_; }

  static constexpr std::size_t no_workspace = SIZE_MAX;

 private:
  static void copy_numbers(const stored_array& from, stored_parameter& to) {
    if (from.size() != 0) std::memcpy(to.grad.data.data(), from.data.data(), from.data.bytes());
  }

  void add_workspace(std::vector<stored_parameter>& list, std::size_t offset,
                     std::vector<std::byte>& memory, gradstep_apply_options& options) {
    const auto views = views_of(list);
    std::vector<gradstep_tensor> tensors;
    for (const auto& view : views) tensors.push_back(view.tensor);
    expect_ok(gradstep_workspace_size(rule_.get(), tensors.data(), tensors.size(),
                                      &options.workspace_size));
    memory.assign(offset + options.workspace_size, std::byte{0xA5});
    options.workspace = memory.data() + offset;
  }

  rule_handle rule_;
  storage how_;
  std::vector<stored_parameter> start_;
  std::vector<std::vector<stored_array>> gradients_;
  std::vector<std::byte> wanted_;
  std::uint64_t pieces_ = 0;
};

template <class Body>
void for_each_run(const Body& body) {
  for (const auto& c : rule_cases()) {
    for (const auto& how : mixed_storages()) {
      SCOPED_TRACE(case_as_text(c) + to_text(how));
      mixed_run run(c, how);
      body(run);
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(passes, threads_and_pieces_do_not_change_the_bits) {
  std::vector<context_handle> contexts;
  for (const std::size_t n : {1U, 2U, 3U, 4U}) {
    auto options = split_options(n);
    options.piece_size = n == 3 ? 50'000 : 64;
    contexts.push_back(make_context(options));
    options.flags &= ~std::uint64_t{GRADSTEP_CONTEXT_PIECE_SIZE};
    contexts.push_back(make_context(options));
  }
  for_each_run([&](mixed_run& run) {
    for (std::size_t i = 0; i < contexts.size(); ++i) {
      run.expect_same(contexts[i].get(), "context " + std::to_string(i));
      EXPECT_TRUE(i < 2 || run.pieces() > 2 * steps) << "nothing was split";
    }
  });
}

TEST(passes, host_pools_do_not_change_the_bits) {
  for (const auto& parallel_for : {run_on_new_threads, run_in_reverse, run_rounding_upward}) {
    counting_pool pool;
    auto options = split_options(4);
    options.piece_size = 4096;
    options.parallel_for = parallel_for;
    options.pool = &pool;
    const auto context = make_context(options);
    for_each_run([&](mixed_run& run) { run.expect_same(context.get(), "pool"); });
    EXPECT_GT(pool.tasks, 100U);
  }
}

TEST(passes, a_workspace_at_any_address_does_not_change_the_bits) {
  const auto split = make_context(split_options(2));
  for_each_run([&](mixed_run& run) {
    for (const std::size_t offset : {0U, 1U, 33U}) {
      run.expect_same(serial_context(), "serial, workspace + " + std::to_string(offset), offset);
    }
    run.expect_same(split.get(), "split, workspace + 7", 7);
  });
}

TEST(passes, fused_instruction_sets_have_the_same_bits) {
  const auto isas = fused_isas();
  if (isas.size() < 2) GTEST_SKIP() << "this machine has " << isas.size() << " fused ISA(s)";
  if (!fuses(isa_in_use(serial_context()))) GTEST_SKIP() << "the runs to compare with do not fuse";
  for_each_run([&](mixed_run& run) {
    for (const auto& isa : isas) run.expect_same(make_serial_context(isa.c_str()).get(), isa);
  });
}

TEST(passes, addresses_do_not_change_the_bits) {
  const std::vector<tensor_size> sizes = {{70 * 7, {70, 7}}, {531, {}}, {2 * 4100, {1, 4100}}};
  for (const auto& c : rule_cases()) {
    const auto rule = make_rule(c.rule_name, c.values);
    for (const auto& how : mixed_storages()) {
      SCOPED_TRACE(case_as_text(c) + to_text(how));
      std::vector<std::uint64_t> wanted;
      for (std::size_t offset = 0; offset < 64; offset += 8) {
        auto list = make_mixed_list(rule.get(), c.rule_name, how, sizes, offset);
        for (std::uint64_t step = 1; step <= 3; ++step) {
          for (auto& each : list) each.set_gradient(step);
          apply_stored(serial_context(), rule.get(), list, apply_options(how.flags, step));
        }
        std::vector<std::uint64_t> got;
        for (auto& each : list) {
          const auto more = each.snapshot();
          got.insert(got.end(), more.begin(), more.end());
        }
        if (offset == 0) wanted = got;
        expect_same_bits(got, wanted);
      }
    }
  }
}

/// A tensor has the bits that it has alone, wherever it stands in a list. Not so for the norm, and
/// for rules that sum over all tensors.
TEST(passes, the_place_in_the_list_does_not_change_the_bits) {
  const auto split = make_context(split_options(3));
  for (const auto& c : rule_cases()) {
    if (has_shared_scalars(c.rule_name)) continue;
    const auto rule = make_rule(c.rule_name, c.values);
    for (const auto& how : mixed_storages()) {
      SCOPED_TRACE(case_as_text(c) + to_text(how));
      const auto options = apply_options(how.flags & ~std::uint64_t{GRADSTEP_APPLY_MAX_NORM});
      const auto start = make_mixed_list(rule.get(), c.rule_name, how, mixed_sizes());
      auto alone = start, reversed = start;
      std::vector<stored_view> views;
      for (std::size_t i = start.size(); i-- > 0;) {
        views.push_back(reversed[i].view());
        views.back().tensor.key = i + 1;
        std::vector<stored_view> one;
        one.push_back(alone[i].view());
        one.back().tensor.key = i + 1;
        apply_views(serial_context(), rule.get(), one, options);
      }
      apply_views(split.get(), rule.get(), views, options);
      EXPECT_TRUE(bytes_of(alone) == bytes_of(reversed));
    }
  }
}

/// With the order of the list the order of adding changes, and so may the last bits, but no more.
TEST(passes, a_sum_over_all_adds_in_the_order_of_the_list) {
  const rule_case c = rule_cases().back();
  const auto rule = make_rule(c.rule_name, c.values);
  auto list = make_mixed_list(rule.get(), c.rule_name, {}, mixed_sizes());
  auto reversed = make_mixed_list(rule.get(), c.rule_name, {}, mixed_sizes());
  std::reverse(reversed.begin(), reversed.end());
  for (std::uint64_t step = 1; step <= 12; ++step) {  // always in one direction, so that d grows
    apply_stored(serial_context(), rule.get(), list, apply_options(0, step));
    apply_stored(serial_context(), rule.get(), reversed, apply_options(0, step));
  }
  EXPECT_GT(list[0].shared_scalars[0], 0.01) << "d has not grown";
  for (std::size_t i = 0; i < 3; ++i) {
    const double wanted = list[0].shared_scalars[i];
    EXPECT_NEAR(reversed[0].shared_scalars[i], wanted, 1e-6 * wanted);
  }
}

}  // namespace
}  // namespace gradstep_test
