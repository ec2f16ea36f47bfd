// SPDX-License-Identifier: Apache-2.0
//
// Momentum that begins after the first step. The buffer starts as the undamped gradient of the
// first step that uses it, as in PyTorch.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/number_array.hpp"
#include "support/optimizer_setup.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"

namespace gradstep_test {
namespace {

constexpr double rate = 0.5, momentum = 0.75, dampening = 0.5;

/// The params of a run with these momenta, one per step, by PyTorch's formula.
std::vector<double> reference_params(const std::vector<double>& momenta) {
  std::vector<double> params;
  double param = 0, buffer = 0;
  bool has_buffer = false;
  for (std::size_t step = 1; step <= momenta.size(); ++step) {
    const double g = static_cast<double>(step), mu = momenta[step - 1];
    double change = g;
    if (mu != 0) {
      buffer = has_buffer ? mu * buffer + (1 - dampening) * g : g;
      has_buffer = true;
      change = buffer;
    }
    params.push_back(param -= rate * change);
  }
  return params;
}

std::vector<double> optimizer_params(const std::vector<double>& momenta, bool owns_slots) {
  const auto context = make_serial_context();
  const auto sgd = make_rule("sgd", {{"lr", rate}, {"dampening", dampening}});
  const auto optimizer = make_optimizer(context.get());
  add_group(optimizer.get(), "all", sgd.get());
  plain_tensor a(3);
  a.param.fill(0);
  number_array buffer(GRADSTEP_FLOAT32, 3);
  buffer.fill(0);
  const gradstep_array slots[] = {buffer.view()};
  auto t = a.tensor();
  if (!owns_slots) {
    t.slots = slots;
    t.slot_count = 1;
  }
  add_tensor(optimizer.get(), 0, "a", t);
  std::vector<double> params;
  for (std::size_t i = 1; i <= momenta.size(); ++i) {
    expect_ok(
        gradstep_optimizer_set_hyperparameter(optimizer.get(), 0, "momentum", momenta[i - 1]));
    a.grad.fill(static_cast<double>(i));
    step(optimizer.get());
    params.push_back(a.param.get(0));
  }
  return params;
}

TEST(momentum_start, is_undamped_whenever_momentum_is_switched_on) {
  const std::vector<std::vector<double>> runs = {
      {momentum, momentum, momentum, momentum},
      {0, 0, momentum, momentum, momentum},
      {0, 0, momentum, 0, momentum, momentum},
      {momentum, 0, 0, momentum, momentum},
  };
  for (const auto& momenta : runs) {
    for (const bool owns_slots : {true, false}) {
      EXPECT_EQ(optimizer_params(momenta, owns_slots), reference_params(momenta));
    }
  }
}

/// A tensor that is added late, or that misses steps, starts its buffer in a step of its own.
TEST(momentum_start, is_undamped_for_each_tensor) {
  const auto context = make_serial_context();
  const auto sgd = make_rule("sgd", {{"lr", rate}, {"dampening", dampening}});
  const auto optimizer = make_optimizer(context.get());
  add_group(optimizer.get(), "all", sgd.get());
  plain_tensor first(3), late(3);
  for (plain_tensor* each : {&first, &late}) each->param.fill(0);
  add_tensor(optimizer.get(), 0, "first", first.tensor());
  const std::vector<double> momenta = {0, 0, momentum, momentum, momentum};
  for (std::size_t i = 1; i <= momenta.size(); ++i) {
    expect_ok(
        gradstep_optimizer_set_hyperparameter(optimizer.get(), 0, "momentum", momenta[i - 1]));
    if (i == 2) add_tensor(optimizer.get(), 0, "late", late.tensor());
    if (i == 3) expect_ok(gradstep_optimizer_set_frozen(optimizer.get(), 1, 1));
    if (i == 4) expect_ok(gradstep_optimizer_set_frozen(optimizer.get(), 1, 0));
    for (plain_tensor* each : {&first, &late}) each->grad.fill(static_cast<double>(i));
    step(optimizer.get());
  }
  EXPECT_EQ(first.param.get(0), reference_params(momenta).back());
  const double buffer = momentum * 4 + dampening * 5;
  EXPECT_EQ(late.param.get(0), -rate * (2 + 4 + buffer));
}

TEST(momentum_start, is_undamped_in_a_stateless_step_with_fresh_slots) {
  const auto context = make_serial_context();
  const auto rule =
      make_rule("sgd", {{"lr", rate}, {"momentum", momentum}, {"dampening", dampening}});
  auto target = make_parameter("sgd", rule.get(), 3, {});
  for (const bool is_fresh : {true, false}) {
    target.param.fill(0);
    target.slots[0]->fill(0);
    target.grad.fill(3);
    auto options = at_step(3);
    if (is_fresh) options.flags = GRADSTEP_APPLY_FRESH_SLOTS;
    apply_one(context.get(), rule.get(), target, options);
    EXPECT_EQ(target.param.get(0), is_fresh ? -rate * 3 : -rate * dampening * 3);
  }
}

}  // namespace
}  // namespace gradstep_test
