// SPDX-License-Identifier: Apache-2.0
//
// Steps that a rule stops, steps that are skipped, and calls that are refused: no byte of an array
// or a scalar changes, except that ZERO_GRAD zeroes gradients.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "step/mixed_list.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/storages.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {
namespace {

const std::vector<tensor_size> sizes = {{300, {}}, {70001, {}}, {70 * 40, {70, 40}}, {0, {}}};

/// The same lists, before and after a step that must not change them.
class unchanged_list {
 public:
  unchanged_list(const rule_case& c, const storage& how)
      : rule(make_rule(c.rule_name, c.values)),
        list(make_mixed_list(rule.get(), c.rule_name, how, sizes)),
        how_(how) {
    apply_stored(serial_context(), rule.get(), list, options(1));
    for (auto& each : list) each.set_gradient(2);
  }

  gradstep_apply_options options(std::uint64_t step) const {
    return apply_options(how_.flags | GRADSTEP_APPLY_AVERAGE, step);
  }

  /// One step after which all bytes must be as before, but for gradients that are zeroed.
  gradstep_apply_result step(const gradstep_context* context,
                             const gradstep_apply_options& options) {
    auto wanted = list;
    if ((options.flags & GRADSTEP_APPLY_ZERO_GRAD) != 0) {
      for (auto& each : wanted) zero(each);
    }
    const auto result = apply_stored(context, rule.get(), list, options);
    EXPECT_TRUE(bytes_of(list) == bytes_of(wanted)) << "a byte has changed";
    return result;
  }

  static void zero(stored_parameter& p) {
    if (p.size() != 0) std::memset(p.grad.data.data(), 0, p.grad.data.bytes());
  }

  rule_handle rule;
  std::vector<stored_parameter> list;

 private:
  storage how_;
};

/// Calls body(context, list) for every case, storage, and for one thread and three.
template <class Body>
void for_each_list(const Body& body) {
  const auto split = make_context(split_options(3));
  for (const auto& c : rule_cases()) {
    for (storage how : mixed_storages()) {
      how.flags &= ~std::uint64_t{GRADSTEP_APPLY_ZERO_GRAD | GRADSTEP_APPLY_MAX_NORM};
      for (const auto* context :
           {serial_context(), static_cast<const gradstep_context*>(split.get())}) {
        SCOPED_TRACE(case_as_text(c) + to_text(how));
        unchanged_list list(c, how);
        body(context, c, list);
        if (testing::Test::HasFailure()) return;
      }
    }
  }
}

TEST(stopped_steps, without_a_gradient_prodigy_changes_nothing) {
  for_each_list([&](const gradstep_context* context, const rule_case& c, unchanged_list& u) {
    if (!has_shared_scalars(c.rule_name)) return;
    // s decays to 0 with float32 slots only if it is 0 from the start.
    for (auto& each : u.list) {
      unchanged_list::zero(each);
      each.slots[2]->narrow(std::vector<double>(each.size(), 0.0));
    }
    for (const std::uint64_t flags : {UINT64_C(0), GRADSTEP_APPLY_ZERO_GRAD}) {
      auto options = u.options(2);
      options.flags |= flags;
      const auto result = u.step(context, options);
      EXPECT_EQ(result.is_stopped, 1);
      EXPECT_EQ(result.is_skipped, 0);
      EXPECT_GE(result.piece_count, 1U);
    }
    // Negative zeros are zero too, and ZERO_GRAD makes them 0.
    for (auto& each : u.list) {
      each.grad.narrow(std::vector<double>(each.size(), -0.0));
    }
    auto options = u.options(2);
    options.flags |= GRADSTEP_APPLY_ZERO_GRAD;
    EXPECT_EQ(u.step(context, options).is_stopped, 1);
    // The step after a stopped one has the same t, and goes on.
    for (auto& each : u.list) each.set_gradient(2);
    const auto before = bytes_of(u.list);
    EXPECT_EQ(apply_stored(context, u.rule.get(), u.list, u.options(2)).is_stopped, 0);
    EXPECT_FALSE(bytes_of(u.list) == before);
  });
}

TEST(stopped_steps, other_rules_go_on_without_a_gradient) {
  for_each_list([&](const gradstep_context* context, const rule_case& c, unchanged_list& u) {
    if (has_shared_scalars(c.rule_name)) return;
    for (auto& each : u.list) unchanged_list::zero(each);
    EXPECT_EQ(apply_stored(context, u.rule.get(), u.list, u.options(2)).is_stopped, 0);
    for (auto& each : u.list) {
      for (std::size_t i = 0; i < each.size(); ++i) {
        ASSERT_TRUE(std::isfinite(each.param.widen(i))) << "element " << i;
      }
    }
  });
}

TEST(skipped_steps, change_no_array_and_no_scalar) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for_each_list([&](const gradstep_context* context, const rule_case&, unchanged_list& u) {
    std::vector<double> grad(u.list[1].size(), 1.0);
    grad[70'000] = infinity;
    for (const std::uint64_t flags :
         {UINT64_C(0), GRADSTEP_APPLY_MAX_NORM, GRADSTEP_APPLY_ZERO_GRAD}) {
      u.list[1].grad.narrow(grad);
      auto options = u.options(2);
      options.flags |= flags | GRADSTEP_APPLY_CHECK_FINITE;
      const auto result = u.step(context, options);
      EXPECT_EQ(result.is_skipped, 1);
      EXPECT_EQ(result.is_stopped, 0);
      EXPECT_EQ(result.non_finite_count, 1U);
    }
  });
}

/// A call that is refused, for each reason that has to do with passes, scalars and workspaces.
TEST(refused_steps, change_no_array_and_no_scalar) {
  for_each_list([&](const gradstep_context* context, const rule_case& c, unchanged_list& u) {
    const auto before = bytes_of(u.list);
    const auto refused = [&](const std::vector<stored_view>& views,
                             const gradstep_apply_options& options, gradstep_status status) {
      std::vector<gradstep_tensor> tensors;
      for (const auto& view : views) tensors.push_back(view.tensor);
      EXPECT_EQ(
          gradstep_apply(context, u.rule.get(), tensors.data(), tensors.size(), &options, nullptr),
          status);
      EXPECT_TRUE(bytes_of(u.list) == before) << gradstep_last_error();
    };
    const auto good = with_scalars_of(u.list[0], u.options(2));
    auto views = views_of(u.list);
    views[2].tensor.scalar_count += 1;
    refused(views, good, GRADSTEP_INVALID_ARGUMENT);
    views = views_of(u.list);
    auto options = good;
    options.scalar_count += 1;
    refused(views, options, GRADSTEP_INVALID_ARGUMENT);
    options = good;
    options.workspace_size = 8;  // workspace is NULL
    refused(views, options, GRADSTEP_INVALID_ARGUMENT);
    views[1].tensor.whole_count = 70002;
    if (sums_before_it_updates(u.rule.get())) refused(views, good, GRADSTEP_UNSUPPORTED);
    views = views_of(u.list);
    views[2].tensor.rows = 71;
    refused(views, good, GRADSTEP_INVALID_ARGUMENT);
    if (describe_rule(c.rule_name).transform_count == 0) return;
    views = views_of(u.list);
    auto evaluated = u.list[1].scalars;
    evaluated.back() = 1;
    views[1].tensor.scalars = evaluated.data();
    refused(views, good, GRADSTEP_WRONG_ORDER);
  });
}

}  // namespace
}  // namespace gradstep_test
