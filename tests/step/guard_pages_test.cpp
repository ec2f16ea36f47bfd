// SPDX-License-Identifier: Apache-2.0
//
// Steps, norms and conversions access nothing outside the arrays: every array ends or begins at an
// unreadable page.
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
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/storages.hpp"
#include "support/stored_array.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

class guard_pages : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, guard_pages, testing::ValuesIn(rule_names()), rule_as_test_name);

// ---- Plain arrays -----------------------------------------------------------------------------

void move_to(const guarded_memory& memory, bool at_end, const number_array& from, void*& to) {
  to = memory.place(from.bytes(), at_end);
  std::memcpy(to, from.data(), from.bytes());
}

void step_between_guards(const variant& v, const std::vector<guarded_memory>& memory,
                         std::size_t count, bool at_end) {
  auto target = v.make(count);
  auto view = target.view();
  move_to(memory[0], at_end, target.param, view.tensor.param.data);
  move_to(memory[1], at_end, target.grad, view.tensor.grad.data);
  for (std::size_t i = 0; i < view.slots.size(); ++i) {
    if (target.slots[i]) move_to(memory[i + 2], at_end, *target.slots[i], view.slots[i].data);
  }
  apply_list(serial_context(), v.rule.get(), {view.tensor}, with_scalars_of(target, at_step(1)));
  auto wanted = v.make(count);
  apply_one(serial_context(), v.rule.get(), wanted, at_step(1));
  EXPECT_EQ(std::memcmp(view.tensor.param.data, wanted.param.data(), wanted.param.bytes()), 0);
}

TEST_P(guard_pages, are_not_touched_by_plain_steps) {
  const std::vector<guarded_memory> memory(2 + describe_rule(GetParam()).slot_count);
  for_each_variant(GetParam(), all_dtypes, [&](const variant& v) {
    for (std::size_t count = 0; count <= 130; ++count) {
      step_between_guards(v, memory, count, false);
      step_between_guards(v, memory, count, true);
    }
  });
}

TEST(guard_pages_of_the_norm, are_not_touched) {
  const guarded_memory memory;
  for (const std::int32_t dtype : {GRADSTEP_FLOAT32, GRADSTEP_FLOAT64}) {
    for (std::size_t count = 0; count <= 130; ++count) {
      for (const bool at_end : {false, true}) {
        auto tensor = sized<gradstep_tensor>();
        tensor.count = count;
        tensor.grad.dtype = dtype;
        number_array ones(dtype, count);
        ones.fill(1);
        move_to(memory, at_end, ones, tensor.grad.data);
        auto result = sized<gradstep_norm_result>();
        ASSERT_EQ(gradstep_gradient_norm(serial_context(), &tensor, 1, &result), GRADSTEP_OK);
        ASSERT_EQ(result.norm, std::sqrt(static_cast<double>(count)));
      }
    }
  }
}

// ---- Arrays of every dtype --------------------------------------------------------------------

/// Pages for any number of arrays. After a restart the same pages are used again.
class guarded_pool {
 public:
  void restart(bool at_end) {
    next_ = 0;
    at_end_ = at_end;
  }
  /// Memory at one end of a page.
  void* place(std::size_t bytes) {
    if (next_ == pages_.size()) pages_.emplace_back();
    return pages_[next_++].place(bytes, at_end_);
  }
  /// A copy of the numbers there.
  void* place(const number_array& numbers) {
    void* to = place(numbers.bytes());
    if (numbers.bytes() != 0) std::memcpy(to, numbers.data(), numbers.bytes());
    return to;
  }

 private:
  std::vector<guarded_memory> pages_;
  std::size_t next_ = 0;
  bool at_end_ = false;
};

/// An array in guarded memory, and the array it was copied from.
struct moved_array {
  void* from;
  number_array* to;
};

/// A view of a parameter whose arrays are copied into guarded memory.
class guarded_view {
 public:
  guarded_view(stored_parameter& target, guarded_pool& pool) : view(target.view()) {
    gradstep_tensor& t = view.tensor;
    t.param.data = move(pool, target.param.data);
    if (target.param.extra) t.param.extra = move(pool, *target.param.extra);
    t.grad.data = move(pool, target.grad.data);
    for (std::size_t s = 0; s < target.slots.size(); ++s) {
      if (!target.slots[s]) continue;
      view.slots[s].data = move(pool, target.slots[s]->data);
      if (target.slots[s]->extra) view.slots[s].extra = move(pool, *target.slots[s]->extra);
    }
    if (target.copy) t.copy.data = move(pool, target.copy->data);
    if (target.average) t.average.data = move(pool, target.average->data);
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

TEST_P(guard_pages, are_not_touched_by_steps_of_any_storage) {
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
          apply_views(context.get(), rule.get(), views, with_scalars_of(got, options));
          guarded.copy_back();
          expect_same_bits(got.snapshot(), wanted[0].snapshot());
        }
        if (HasFailure()) return;
      }
    }
  }
}

// ---- Matrices, whose slots of rows and columns have fewer numbers, and workspaces ---------------

constexpr matrix_shape shapes[] = {{1, 1}, {1, 40}, {40, 1}, {3, 3}, {31, 1},
                                   {2, 9}, {5, 17}, {17, 5}, {9, 33}};

void step_matrix_between_guards(const gradstep_context* context, const gradstep_rule* rule,
                                const std::string& rule_name, matrix_shape shape,
                                guarded_pool& pool) {
  const std::size_t count = 2 * shape.rows * shape.columns;
  std::vector<stored_parameter> wanted;
  wanted.emplace_back(rule, rule_name, storage{}, count, 1, 0, shape);
  stored_parameter got = wanted[0];
  apply_stored(context, rule, wanted, at_step(1));
  const guarded_view guarded(got, pool);
  std::size_t bytes = 0;
  expect_ok(gradstep_workspace_size(rule, &guarded.view.tensor, 1, &bytes));
  auto options = with_scalars_of(got, at_step(1));
  options.workspace = pool.place(bytes);
  options.workspace_size = bytes;
  apply_list(context, rule, {guarded.view.tensor}, options);
  guarded.copy_back();
  expect_same_bits(got.snapshot(), wanted[0].snapshot());
}

TEST_P(guard_pages, are_not_touched_by_steps_of_matrices) {
  guarded_pool pool;
  for (const auto& isa : available_isas()) {
    const auto context = make_serial_context(isa.c_str());
    for (const auto& options : option_combinations(GetParam())) {
      const auto rule = make_rule(GetParam(), options);
      for (const matrix_shape shape : shapes) {
        for (const bool at_end : {false, true}) {
          pool.restart(at_end);
          step_matrix_between_guards(context.get(), rule.get(), GetParam(), shape, pool);
        }
      }
      if (HasFailure()) return;
    }
  }
}

TEST(guard_pages_of_conversions, are_not_touched) {
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
        ASSERT_EQ(gradstep_array_write(&view, count, numbers), GRADSTEP_OK)
            << gradstep_last_error();
        ASSERT_EQ(gradstep_array_read(&view, count, numbers), GRADSTEP_OK) << gradstep_last_error();
        for (std::size_t i = 0; i < count; ++i) {
          ASSERT_NEAR(numbers[i], values.get(i), values.get(i) / 16 + 1e-4);
        }
      }
    }
  }
}

}  // namespace
}  // namespace gradstep_test
