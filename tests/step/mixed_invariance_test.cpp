// SPDX-License-Identifier: Apache-2.0
//
// In every dtype and with every option, stochastic rounding included: the bits depend neither on
// threads, pieces, addresses or the caller's own splitting, nor on the instruction set (among those
// with fused multiply-add) or the host's floating-point environment.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cfenv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

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

class mixed_invariance : public testing::TestWithParam<std::string> {
 protected:
  stored_parameter make(const storage& how, std::size_t count, std::size_t offset = 0) const {
    return {rule_.get(), GetParam(), how, count, 1, offset};
  }

  /// body(storage, flags) of each storage with all options, the norm left out where asked: its sum
  /// over several tensors is added in another order than over one.
  template <class Body>
  static void for_each_storage(bool has_norm, const Body& body) {
    const std::uint64_t flags = has_norm ? all_flags : all_flags & ~GRADSTEP_APPLY_MAX_NORM;
    for (const storage& how : full_storages()) {
      SCOPED_TRACE(to_text(how));
      body(how, how.flags | flags);
      if (HasFailure()) return;
    }
  }

  std::vector<std::uint64_t> serial_bits(const storage& how, std::uint64_t flags,
                                         std::size_t count) const {
    static const context_handle context = make_serial_context();
    auto target = make(how, count);
    run_stored(context.get(), rule_.get(), target, flags);
    return target.snapshot();
  }

  rule_handle rule_ = make_rule(GetParam(), richest_options(GetParam()));
};
INSTANTIATE_TEST_SUITE_P(rules, mixed_invariance, testing::ValuesIn(rule_names()),
                         rule_as_test_name);

constexpr std::size_t split_count = 2603;  // 41 pieces of 64, or 11 blocks, the last ones short

// ---- Threads and pools ------------------------------------------------------------------------

TEST_P(mixed_invariance, threads) {
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

TEST_P(mixed_invariance, lists_on_threads) {
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

TEST_P(mixed_invariance, host_pools) {
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

TEST_P(mixed_invariance, addresses) {
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

/// Slots, gradients, copies and averages at every address that their element allows, the param's
/// apart: for_each_array's one after another, the others where they were.
TEST_P(mixed_invariance, addresses_of_each_array) {
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

/// The same parameter as pieces of the given counts, which say where they are from.
void step_in_pieces(const gradstep_context* context, const gradstep_rule* rule,
                    stored_parameter& target, std::uint64_t flags, std::uint64_t first_of_whole,
                    const std::vector<std::size_t>& counts) {
  for (std::uint64_t step = 1; step <= 3; ++step) {
    target.set_gradient(step);
    std::vector<stored_view> views;
    std::size_t first = 0;
    for (const std::size_t count : counts) {
      views.push_back(target.view(first, count));
      views.back().tensor.first_index = first_of_whole + first;
      views.back().tensor.key = 77;
      first += count;
    }
    ASSERT_EQ(first, target.size());
    apply_views(context, rule, views, apply_options(flags, step));
  }
}

TEST_P(mixed_invariance, split_by_the_caller) {
  const auto serial = make_serial_context();
  const auto split = make_context(split_options(3));
  for_each_storage(false, [&](const storage& how, std::uint64_t flags) {
    // Blocks of 8 bits are kept whole; all else may be cut anywhere.
    std::vector<std::vector<std::size_t>> cuts = {{256, 768}, {512, 256, 256}, {768, 0, 256}};
    if (!is_blocked(how.slot)) cuts.insert(cuts.end(), {{1, 1023}, {255, 2, 767}, {300, 7, 717}});
    // Far into a whole whose other pieces are elsewhere, too.
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

// Random bits are made for several blocks at once: the piece begins anywhere among those.
TEST_P(mixed_invariance, many_blocks_from_any_one_on) {
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

TEST_P(mixed_invariance, fused_instruction_sets) {
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

// ---- The host's floating-point environment ----------------------------------------------------

/// Three steps with `enter()` before and `leave()` after each, which must find what enter set.
template <class Enter, class Leave>
std::vector<std::uint64_t> bits_under(const gradstep_context* context, const gradstep_rule* rule,
                                      stored_parameter target, std::uint64_t flags,
                                      const Enter& enter, const Leave& leave) {
  for (std::uint64_t step = 1; step <= 3; ++step) {
    target.set_gradient(step);
    const auto view = target.view();
    const auto options = apply_options(flags, step);
    enter();
    const auto status = gradstep_apply(context, rule, &view.tensor, 1, &options, nullptr);
    leave();
    EXPECT_EQ(status, GRADSTEP_OK);
  }
  return target.snapshot();
}

TEST_P(mixed_invariance, rounding_mode_of_the_host) {
  const auto serial = make_serial_context();
  const auto split = make_context(split_options(2));
  for_each_storage(true, [&](const storage& how, std::uint64_t flags) {
    const auto wanted = serial_bits(how, flags, 700);
    for (const int mode : {FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO}) {
      SCOPED_TRACE("fesetround " + std::to_string(mode));
      for (const auto* context : {serial.get(), split.get()}) {
        const auto leave = [mode] {
          const int mode_after = std::fegetround();
          std::fesetround(FE_TONEAREST);
          EXPECT_EQ(mode_after, mode);
        };
        const auto got = bits_under(
            context, rule_.get(), make(how, 700), flags, [mode] { std::fesetround(mode); }, leave);
        expect_same_bits(got, wanted);
      }
    }
  });
}

#if defined(__x86_64__)

TEST_P(mixed_invariance, flush_to_zero_of_the_host) {
  constexpr unsigned denormals_are_zero = 1U << 6, flush_to_zero = 1U << 15;
  const unsigned normal = _mm_getcsr() & ~0x3FU;
  const auto serial = make_serial_context();
  const auto split = make_context(split_options(2));
  for_each_storage(true, [&](const storage& how, std::uint64_t flags) {
    const auto wanted = serial_bits(how, flags, 700);
    for (const unsigned csr : {normal | flush_to_zero, normal | denormals_are_zero,
                               normal | flush_to_zero | denormals_are_zero}) {
      for (const auto* context : {serial.get(), split.get()}) {
        const auto leave = [normal, csr] {
          const unsigned after = _mm_getcsr();
          _mm_setcsr(normal);
          EXPECT_EQ(after, csr);
        };
        const auto got = bits_under(
            context, rule_.get(), make(how, 700), flags, [csr] { _mm_setcsr(csr); }, leave);
        expect_same_bits(got, wanted);
      }
    }
  });
}

#endif  // __x86_64__

}  // namespace
}  // namespace gradstep_test
