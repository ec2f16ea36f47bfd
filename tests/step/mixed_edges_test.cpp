// SPDX-License-Identifier: Apache-2.0
//
// Guard pages around every array of the mixed-precision step and of the conversions, and what does
// not depend on the arrays that are there.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/dtype_lists.hpp"
#include "support/guarded_memory.hpp"
#include "support/number_array.hpp"
#include "support/rule_setup.hpp"
#include "support/storages.hpp"
#include "support/stored_array.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

class mixed_edges : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, mixed_edges, testing::ValuesIn(rule_names()), rule_as_test_name);

/// Pages for as many arrays as one asks for, the same ones again after a restart.
class guarded_pool {
 public:
  void restart(bool at_end) {
    next_ = 0;
    at_end_ = at_end;
  }
  /// A copy of the numbers at one end of a page.
  void* place(const number_array& numbers) {
    if (next_ == pages_.size()) pages_.emplace_back();
    void* to = pages_[next_++].place(numbers.bytes(), at_end_);
    if (numbers.bytes() != 0) std::memcpy(to, numbers.data(), numbers.bytes());
    return to;
  }

 private:
  std::vector<guarded_memory> pages_;
  std::size_t next_ = 0;
  bool at_end_ = false;
};

/// An array in guarded memory and where its bytes go back to.
struct moved_array {
  void* from;
  number_array* to;
};

class guarded_view {
 public:
  guarded_view(stored_parameter& target, guarded_pool& pool) : view(target.view()) {
    gradstep_tensor& t = view.tensor;
    t.param = move(pool, target.param.data);
    if (target.param.extra)
      t.param_low = static_cast<std::uint16_t*>(move(pool, *target.param.extra));
    t.grad = move(pool, target.grad.data);
    for (std::size_t s = 0; s < target.slots.size(); ++s) {
      if (!target.slots[s]) continue;
      view.slots[s] = move(pool, target.slots[s]->data);
      if (!target.slots[s]->extra) continue;
      view.slot_scales[s] = static_cast<float*>(move(pool, *target.slots[s]->extra));
    }
    if (target.copy) t.param_copy = move(pool, target.copy->data);
    if (target.average) t.average = move(pool, target.average->data);
  }

  void copy_back() const {
    for (const auto& [from, to] : arrays_) {
      if (to->bytes() != 0) std::memcpy(to->data(), from, to->bytes());
    }
  }

  stored_view view;

 private:
  void* move(guarded_pool& pool, number_array& numbers) {
    arrays_.push_back({pool.place(numbers), &numbers});
    return arrays_.back().from;
  }

  std::vector<moved_array> arrays_;
};

std::vector<std::size_t> counts_to_try() {
  std::vector<std::size_t> counts;
  for (std::size_t count = 0; count <= 70; ++count) counts.push_back(count);
  counts.insert(counts.end(), {127, 128, 129, 255, 256, 257, 300, 511, 512});
  return counts;
}

TEST_P(mixed_edges, nothing_outside_the_arrays_is_touched) {
  const auto rule = make_rule(GetParam(), richest_options(GetParam()));
  guarded_pool pool;
  for (const auto& isa : available_isas()) {
    const auto context = make_serial_context(isa.c_str());
    for (storage how : full_storages()) {
      SCOPED_TRACE(isa + ", " + to_text(how));
      for (const std::size_t count : counts_to_try()) {
        std::vector<stored_parameter> wanted;
        wanted.emplace_back(rule.get(), GetParam(), how, count);
        stored_parameter target = wanted[0];
        const auto options = apply_options(how.flags | all_flags);
        apply_stored(context.get(), rule.get(), wanted, options);
        for (const bool at_end : {false, true}) {
          pool.restart(at_end);
          stored_parameter got = target;
          std::vector<stored_view> views;
          guarded_view guarded(got, pool);
          views.push_back(std::move(guarded.view));
          apply_views(context.get(), rule.get(), views, options);
          guarded.copy_back();
          expect_same_bits(got.snapshot(), wanted[0].snapshot());
        }
        if (HasFailure()) return;
      }
    }
  }
}

TEST(array_conversions, touch_nothing_outside_the_arrays) {
  guarded_pool pool;
  std::vector<stored_array> kinds;
  for (const std::int32_t dtype : float_dtypes) kinds.emplace_back(dtype, 0);
  for (const std::int32_t dtype : blocked_dtypes) kinds.emplace_back(dtype, 0);
  kinds.emplace_back(GRADSTEP_BFLOAT16, 0, 0, true);
  for (const auto& kind : kinds) {
    for (const std::size_t count : counts_to_try()) {
      for (const bool at_end : {false, true}) {
        pool.restart(at_end);
        stored_array array(kind.dtype(), count, 0, kind.is_split());
        number_array values(GRADSTEP_FLOAT64, count);
        for (std::size_t i = 0; i < count; ++i) values.set(i, std::abs(random_value(3, i)));
        auto view = array.view();
        view.data = pool.place(array.data);
        if (array.extra) view.extra = pool.place(*array.extra);
        auto* numbers = static_cast<double*>(pool.place(values));
        ASSERT_EQ(gradstep_array_write(&view, numbers), GRADSTEP_OK) << gradstep_last_error();
        ASSERT_EQ(gradstep_array_read(&view, numbers), GRADSTEP_OK) << gradstep_last_error();
        for (std::size_t i = 0; i < count; ++i) {
          ASSERT_NEAR(numbers[i], values.get(i), values.get(i) / 16 + 1e-4);
        }
      }
    }
  }
}

// ---- Options that have nothing to do ----------------------------------------------------------

TEST_P(mixed_edges, an_average_is_left_alone_without_its_flag) {
  const auto rule = make_rule(GetParam());
  const auto context = make_serial_context();
  stored_parameter target(rule.get(), GetParam(), {.has_average = true}, 300);
  target.average->narrow(std::vector<double>(300, 42));
  run_stored(context.get(), rule.get(), target, 0);
  for (std::size_t i = 0; i < 300; ++i) ASSERT_EQ(target.average->widen(i), 42);
  run_stored(context.get(), rule.get(), target, GRADSTEP_APPLY_AVERAGE, 1);
  for (std::size_t i = 0; i < 300; ++i) ASSERT_EQ(target.average->widen(i), target.param.widen(i));
}

/// Float32, float64 and lower halves hold all that is computed; a copy is rounded to nearest.
TEST_P(mixed_edges, rounding_flags_change_nothing_where_nothing_is_rounded) {
  const auto rule = make_rule(GetParam());
  const auto context = make_serial_context();
  const storage exact[] = {
      {.copy = GRADSTEP_BFLOAT16},
      {.copy = GRADSTEP_FLOAT16},
      {.param = GRADSTEP_FLOAT64, .slot = GRADSTEP_FLOAT64, .copy = GRADSTEP_FLOAT16},
      {.param = GRADSTEP_BFLOAT16, .copy = GRADSTEP_FLOAT16, .is_split = true}};
  for (const storage& how : exact) {
    stored_parameter wanted(rule.get(), GetParam(), how, 300);
    stored_parameter target = wanted;
    run_stored(context.get(), rule.get(), wanted, 0);
    run_stored(context.get(), rule.get(), target,
               GRADSTEP_APPLY_STOCHASTIC_PARAM | GRADSTEP_APPLY_NEAREST_SLOTS);
    expect_same_bits(target.snapshot(), wanted.snapshot());
  }
}

TEST_P(mixed_edges, an_unused_slot_needs_neither_dtype_nor_scales) {
  for (const auto& values : option_combinations(GetParam())) {
    const auto rule = make_rule(GetParam(), values);
    stored_parameter target(rule.get(), GetParam(), {.slot = GRADSTEP_UNSIGNED8}, 300);
    std::vector<stored_view> views;
    views.push_back(target.view());
    for (std::size_t s = 0; s < target.slots.size(); ++s) {
      if (!target.slots[s]) views[0].slot_dtypes[s] = 99;
    }
    apply_views(make_serial_context().get(), rule.get(), views, apply_options(0));
  }
}

TEST_P(mixed_edges, no_slot_dtypes_means_the_type_of_the_arithmetic) {
  const auto rule = make_rule(GetParam());
  const auto context = make_serial_context();
  for (const std::int32_t dtype : float_dtypes) {
    const storage how{.param = dtype,
                      .slot = dtype == GRADSTEP_FLOAT64 ? GRADSTEP_FLOAT64 : GRADSTEP_FLOAT32};
    std::vector<stored_parameter> wanted;
    wanted.emplace_back(rule.get(), GetParam(), how, 300);
    stored_parameter target = wanted[0];
    apply_stored(context.get(), rule.get(), wanted, apply_options(0));
    std::vector<stored_view> views;
    views.push_back(target.view());
    views[0].tensor.slot_dtypes = nullptr;
    views[0].tensor.slot_scales = nullptr;
    apply_views(context.get(), rule.get(), views, apply_options(0));
    expect_same_bits(target.snapshot(), wanted[0].snapshot());
  }
}

}  // namespace
}  // namespace gradstep_test
