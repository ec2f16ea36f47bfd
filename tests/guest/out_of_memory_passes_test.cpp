// SPDX-License-Identifier: Apache-2.0
//
// Requests for memory of rules that have passes and scalars. A stateless step without a workspace
// allocates one before it changes anything. An optimizer's step allocates nothing.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "guest/failing_memory.hpp"
#include "guest/out_of_memory_support.hpp"
#include "step/mixed_list.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {
namespace {

const std::vector<tensor_size> sizes = {{300, {}}, {70'001, {}}, {70 * 9, {70, 9}}};

/// A list, and a step of it. Everything that the call needs is made before.
struct stateless_step {
  explicit stateless_step(const rule_case& c, bool has_workspace)
      : rule(make_rule(c.rule_name, c.values)),
        list(make_mixed_list(rule.get(), c.rule_name, {}, sizes)),
        views(views_of(list)) {
    for (const auto& view : views) tensors.push_back(view.tensor);
    options = with_scalars_of(list[0], apply_options(0));
    if (!has_workspace) return;
    expect_ok(gradstep_workspace_size(rule.get(), tensors.data(), tensors.size(),
                                      &options.workspace_size));
    workspace.resize(options.workspace_size + 1);
    options.workspace = workspace.data();
  }
  /// The first tensor alone, with its arrays as arguments.
  gradstep_status call_with_arrays() {
    const gradstep_tensor& t = tensors[0];
    auto with_step = options;
    with_step.scalars = nullptr;
    with_step.scalar_count = 0;
    void* slots[8] = {};
    for (std::size_t s = 0; s < t.slot_count; ++s) slots[s] = t.slots[s].data;
    double* const scalars = t.scalars != nullptr ? t.scalars : options.scalars;
    return gradstep_apply_arrays(serial_context(), rule.get(), 1, t.count, t.rows, t.columns,
                                 t.param.dtype, t.param.data, t.grad.dtype, t.grad.data, 0,
                                 slots[0], slots[1], slots[2], slots[3], slots[4], slots[5],
                                 slots[6], slots[7], scalars, &with_step, nullptr);
  }
  gradstep_status call() const {
    return gradstep_apply(serial_context(), rule.get(), tensors.data(), tensors.size(), &options,
                          nullptr);
  }
  std::vector<double> state() {
    std::vector<double> all;
    for (const std::byte each : bytes_of(list)) all.push_back(std::to_integer<int>(each));
    return all;
  }

  rule_handle rule;
  std::vector<stored_parameter> list;
  std::vector<stored_view> views;
  std::vector<gradstep_tensor> tensors;
  std::vector<std::byte> workspace;
  gradstep_apply_options options;
};

/// The requests that a call makes.
template <class Call>
std::size_t requests_of(const Call& call) {
  count_requests(failing::none, SIZE_MAX);
  const gradstep_status status = call();
  const std::size_t count = counted_requests();
  expect_ok(status);
  return count;
}

TEST(out_of_memory_in_passes, stateless_steps) {
  ASSERT_NE(serial_context(), nullptr);  // the first call makes it
  for (const auto& c : rule_cases()) {
    SCOPED_TRACE(case_as_text(c));
    fail_each_request(c.rule_name, [&] {
      const auto step = std::make_shared<stateless_step>(c, false);
      return attempt{GRADSTEP_OK, [=] { return step->call(); }, [=] { return step->state(); }};
    });
    fail_each_request(c.rule_name, [&] {
      const auto step = std::make_shared<stateless_step>(c, false);
      return attempt{GRADSTEP_OK, [=] { return step->call_with_arrays(); },
                     [=] { return step->state(); }};
    });
    stateless_step without(c, false), with(c, true);
    const bool needs_memory = sums_before_it_updates(without.rule.get());
    EXPECT_EQ(requests_of([&] { return without.call(); }) != 0, needs_memory);
    EXPECT_EQ(requests_of([&] { return with.call(); }), 0U);
    EXPECT_EQ(with.state(), without.state());
  }
}

/// An optimizer with some tensors of the rule, and one that is still to be added.
struct optimizer_of {
  explicit optimizer_of(const rule_case& c)
      : rule(make_rule(c.rule_name, c.values)),
        list(make_mixed_list(rule.get(), c.rule_name, {}, sizes)) {
    add_group(optimizer.get(), "all", rule.get());
    for (std::size_t i = 0; i < list.size(); ++i) {
      views.push_back(list[i].view());
      if (i + 1 < list.size()) {
        add_tensor(optimizer.get(), 0, numbered_name(i), without_slots(views[i].tensor));
      }
    }
  }
  gradstep_status add_last() const {
    const auto tensor = without_slots(views.back().tensor);
    return gradstep_optimizer_add_tensor(optimizer.get(), 0, "last", &tensor, nullptr);
  }

  rule_handle rule;
  std::vector<stored_parameter> list;
  std::vector<stored_view> views;
  optimizer_handle optimizer = make_optimizer(serial_context());
};

TEST(out_of_memory_in_passes, optimizers) {
  for (const auto& c : rule_cases()) {
    SCOPED_TRACE(case_as_text(c));
    fail_each_request("add_tensor", [&] {
      const auto model = std::make_shared<optimizer_of>(c);
      return attempt{GRADSTEP_OK, [=] { return model->add_last(); },
                     [=] { return everything_in(model->optimizer.get()); }};
    });
    fail_each_request("add_group", [&] {
      const auto model = std::make_shared<optimizer_of>(c);
      return attempt{GRADSTEP_OK,
                     [=] {
                       const auto options = group_options("another", model->rule.get());
                       return gradstep_optimizer_add_group(model->optimizer.get(), &options,
                                                           nullptr);
                     },
                     [=] { return everything_in(model->optimizer.get()); }};
    });
    optimizer_of model(c);
    expect_ok(model.add_last());
    for (int step = 0; step < 3; ++step) {
      EXPECT_EQ(requests_of([&] {
                  return gradstep_optimizer_step(model.optimizer.get(), nullptr, nullptr);
                }),
                0U);
    }
    for (std::size_t i = 0; i < describe_rule(c.rule_name).transform_count; ++i) {
      const char* const name = gradstep_rule_transform_name(c.rule_name, i);
      EXPECT_EQ(
          requests_of([&] { return gradstep_optimizer_transform(model.optimizer.get(), 0, name); }),
          0U);
    }
  }
}

/// One more slot, and a larger workspace.
TEST(out_of_memory_in_passes, a_hyperparameter_that_needs_more) {
  fail_each_request("beta1", [] {
    const auto model = std::make_shared<optimizer_of>(rule_case{"adafactor", {}});
    return attempt{GRADSTEP_OK,
                   [=] {
                     return gradstep_optimizer_set_hyperparameter(model->optimizer.get(), 0,
                                                                  "beta1", 0.9);
                   },
                   [=] { return everything_in(model->optimizer.get()); }};
  });
}

}  // namespace
}  // namespace gradstep_test
