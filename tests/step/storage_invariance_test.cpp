// SPDX-License-Identifier: Apache-2.0
//
// In every dtype and with every option, stochastic rounding included, the bits depend on the
// numbers alone: not on threads, pieces, addresses, the caller's own splitting, or the instruction
// set (among those with fused multiply-add).
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "step/storage_invariance.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/host_pools.hpp"
#include "support/rule_setup.hpp"
#include "support/storages.hpp"
#include "support/stored_array.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {
namespace {

INSTANTIATE_TEST_SUITE_P(rules, storage_invariance, testing::ValuesIn(rule_names()),
                         rule_as_test_name);

constexpr std::size_t split_count = 2603;  // 41 pieces of 64, or 11 blocks, the last ones short

// ---- Threads and pools ------------------------------------------------------------------------

TEST_P(storage_invariance, threads) {
  std::vector<context_handle> contexts;
  for (std::size_t n = 1; n <= 8; ++n) contexts.push_back(make_context(split_options(n)));
  for_each_storage(true, [&](const storage& how, std::uint64_t flags) {
    const auto wanted = serial_bits(how, flags, split_count);
    for (std::size_t i = 0; i < contexts.size(); ++i) {
      SCOPED_TRACE(std::to_string(i + 1) + " threads");
      auto target = make(how, split_count);
      const auto result = run_stored(contexts[i].get(), rule_.get(), target, flags);
      EXPECT_GT(result.piece_count, 1U) << "nothing was split";
      expect_same_bits(target.snapshot(), wanted);
    }
  });
}

TEST_P(storage_invariance, lists_on_threads) {
  const auto serial = make_serial_context();
  const auto split = make_context(split_options(4));
  std::vector<stored_parameter> wanted;
  for (const auto& how : full_storages()) {
    for (const std::size_t count : {1U, 100U, 300U, 2000U}) wanted.push_back(make(how, count));
  }
  auto got = wanted;
  for (std::uint64_t step = 1; step <= 3; ++step) {
    const auto options = apply_options(all_flags, step);
    for (auto* list : {&got, &wanted}) {
      for (auto& each : *list) each.set_gradient(step);
    }
    apply_stored(serial.get(), rule_.get(), wanted, options);
    EXPECT_GT(apply_stored(split.get(), rule_.get(), got, options).piece_count, 1U);
  }
  for (std::size_t i = 0; i < got.size(); ++i) {
    expect_same_bits(got[i].snapshot(), wanted[i].snapshot());
  }
}

TEST_P(storage_invariance, host_pools) {
  for (const auto& parallel_for : {run_on_new_threads, run_in_reverse, run_rounding_upward}) {
    counting_pool pool;
    auto options = split_options(8);
    options.parallel_for = parallel_for;
    options.pool = &pool;
    const auto context = make_context(options);
    for_each_storage(true, [&](const storage& how, std::uint64_t flags) {
      pool.tasks = 0;
      auto target = make(how, split_count);
      EXPECT_GT(run_stored(context.get(), rule_.get(), target, flags).piece_count, 1U);
      EXPECT_GT(pool.tasks, 3U) << "three steps gave the pool no more than one task each";
      expect_same_bits(target.snapshot(), serial_bits(how, flags, split_count));
    });
  }
}

// ---- Addresses, the caller's own splitting ----------------------------------------------------

TEST_P(storage_invariance, addresses) {
  const auto context = make_serial_context();
  constexpr std::size_t count = 531;
  for_each_storage(true, [&](const storage& how, std::uint64_t flags) {
    const auto wanted = serial_bits(how, flags, count);
    const std::size_t step = element_size(how.param);
    for (std::size_t offset = step; offset < 64; offset += step) {
      SCOPED_TRACE("offset " + std::to_string(offset));
      auto target = make(how, count, offset);
      run_stored(context.get(), rule_.get(), target, flags);
      expect_same_bits(target.snapshot(), wanted);
    }
  });
}

/// Each array in turn stands at every address that its dtype allows; the other arrays stay.
TEST_P(storage_invariance, addresses_of_each_array) {
  const auto context = make_serial_context();
  constexpr std::size_t count = 290;
  for_each_storage(true, [&](const storage& how, std::uint64_t flags) {
    const auto wanted = serial_bits(how, flags, count);
    std::size_t array_count = 0;
    make(how, count).for_each_array([&](auto&&...) { ++array_count; });
    for (std::size_t moved = 0; moved < array_count; ++moved) {
      for (std::size_t unit = 1; unit < 64; unit += 3) {
        auto target = make(how, count);
        std::size_t index = 0;
        target.for_each_array([&](const std::string&, stored_array& array) {
          if (index++ != moved) return;
          const std::size_t offset = unit * element_size(array.dtype()) % 64;
          stored_array other(array.dtype(), count, offset, array.is_split());
          std::memcpy(other.data.data(), array.data.data(), array.data.bytes());
          if (array.extra) {
            std::memcpy(other.extra->data(), array.extra->data(), array.extra->bytes());
          }
          array = other;
        });
        run_stored(context.get(), rule_.get(), target, flags);
        SCOPED_TRACE("array " + std::to_string(moved) + ", " + std::to_string(unit));
        expect_same_bits(target.snapshot(), wanted);
      }
    }
  });
}

/// Three steps of one parameter in pieces of the given counts. Each piece has the key of the whole,
/// its own first_index, and its own scalars.
void step_in_pieces(const gradstep_context* context, const gradstep_rule* rule,
                    stored_parameter& target, std::uint64_t flags, std::uint64_t first_of_whole,
                    const std::vector<std::size_t>& counts) {
  std::vector<std::vector<double>> scalars(counts.size(), target.scalars);
  for (std::uint64_t step = 1; step <= 3; ++step) {
    target.set_gradient(step);
    std::vector<stored_view> views;
    std::size_t first = 0;
    for (std::size_t i = 0; i < counts.size(); ++i) {
      views.push_back(target.view(first, counts[i]));
      views.back().tensor.first_index = first_of_whole + first;
      views.back().tensor.key = 77;
      if (!scalars[i].empty()) views.back().tensor.scalars = scalars[i].data();
      first += counts[i];
    }
    ASSERT_EQ(first, target.size());
    apply_views(context, rule, views, apply_options(flags, step));
  }
  target.scalars = scalars[0];
  for (std::size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    EXPECT_EQ(scalars[i], target.scalars) << "piece " << i;
  }
}

TEST_P(storage_invariance, split_by_the_caller) {
  if (sums_before_it_updates(rule_.get())) GTEST_SKIP() << "this rule sums over whole tensors";
  const auto serial = make_serial_context();
  const auto split = make_context(split_options(3));
  for_each_storage(false, [&](const storage& how, std::uint64_t flags) {
    // 8-bit arrays may be cut between blocks only, other arrays anywhere.
    std::vector<std::vector<std::size_t>> cuts = {{256, 768}, {512, 256, 256}, {768, 0, 256}};
    if (!is_blocked(how.slot)) cuts.insert(cuts.end(), {{1, 1023}, {255, 2, 767}, {300, 7, 717}});
    // The parameter itself may be a piece of a larger whole, far from its start.
    for (const std::uint64_t first_of_whole : {std::uint64_t{0}, std::uint64_t{1} << 60}) {
      auto wanted = make(how, 1024);
      step_in_pieces(serial.get(), rule_.get(), wanted, flags, first_of_whole, {1024});
      for (const auto& counts : cuts) {
        for (const auto* context : {serial.get(), split.get()}) {
          auto target = make(how, 1024);
          step_in_pieces(context, rule_.get(), target, flags, first_of_whole, counts);
          expect_same_bits(target.snapshot(), wanted.snapshot());
        }
      }
    }
  });
}

/// A rule that sums over tensors refuses every piece of one, and changes nothing.
TEST_P(storage_invariance, a_piece_of_a_sum_is_refused) {
  if (!sums_before_it_updates(rule_.get())) GTEST_SKIP() << "this rule treats every element alike";
  auto target = make(full_storages()[0], 1024);
  const auto before = target.bytes();
  const auto options = with_scalars_of(target, apply_options(all_flags));
  const auto step = [&](std::uint64_t first_index, std::uint64_t whole_count) {
    auto view = target.view();
    view.tensor.first_index = first_index;
    view.tensor.whole_count = whole_count;
    return gradstep_apply(serial_context(), rule_.get(), &view.tensor, 1, &options, nullptr);
  };
  expect_failure(step(256, 0), GRADSTEP_UNSUPPORTED,
                 {"tensors[0]", "first_index = 256", GetParam(), "whole tensors"});
  expect_failure(step(0, 1025), GRADSTEP_UNSUPPORTED, {"tensors[0]", "whole_count = 1025"});
  expect_failure(step(1024, 2048), GRADSTEP_UNSUPPORTED, {"first_index = 1024", "count = 1024"});
  EXPECT_TRUE(target.bytes() == before);
  expect_ok(step(0, 1024));
}

// The library makes random bits for several blocks at once. A piece may begin at any of those
// blocks.
TEST_P(storage_invariance, many_blocks_from_any_one_on) {
  if (sums_before_it_updates(rule_.get())) GTEST_SKIP() << "this rule sums over whole tensors";
  const auto serial = make_serial_context();
  constexpr std::size_t count = 37 * 256 + 9;
  for_each_storage(false, [&](const storage& how, std::uint64_t flags) {
    if (how.slot == GRADSTEP_FLOAT32 || how.slot == GRADSTEP_FLOAT64) return;
    for (const std::uint64_t block : {std::uint64_t{0}, std::uint64_t{7}, std::uint64_t{15}}) {
      const std::uint64_t first_of_whole = block * 256;
      auto wanted = make(how, count);
      std::vector<std::size_t> single_blocks(count / 256, 256);
      single_blocks.push_back(count % 256);
      step_in_pieces(serial.get(), rule_.get(), wanted, flags, first_of_whole, single_blocks);
      auto target = make(how, count);
      step_in_pieces(serial.get(), rule_.get(), target, flags, first_of_whole, {count});
      expect_same_bits(target.snapshot(), wanted.snapshot());
    }
  });
}

// ---- Instruction sets -------------------------------------------------------------------------

TEST_P(storage_invariance, fused_instruction_sets) {
  const auto isas = fused_isas();
  if (isas.size() < 2) GTEST_SKIP() << "this machine has " << isas.size() << " fused ISA(s)";
  std::vector<context_handle> contexts;
  contexts.reserve(isas.size());
  for (const auto& isa : isas) contexts.push_back(make_serial_context(isa.c_str()));
  for_each_storage(true, [&](const storage& how, std::uint64_t flags) {
    for (const std::size_t count : {1U, 3U, 16U, 67U, 515U, 1000U}) {
      std::vector<std::uint64_t> wanted;
      for (std::size_t i = 0; i < isas.size(); ++i) {
        SCOPED_TRACE(isas[i] + ", count " + std::to_string(count));
        ASSERT_EQ(isa_in_use(contexts[i].get()), isas[i]);
        auto target = make(how, count);
        run_stored(contexts[i].get(), rule_.get(), target, flags);
        if (i == 0) wanted = target.snapshot();
        expect_same_bits(target.snapshot(), wanted);
      }
    }
  });
}

}  // namespace
}  // namespace gradstep_test
