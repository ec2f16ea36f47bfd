// SPDX-License-Identifier: Apache-2.0
//
// Named transforms of params in stateless calls.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
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

constexpr const char* rule_name = "schedule_free_adamw";
constexpr double beta1 = 0.8;

/// A list after two steps.
class transforms : public testing::Test {
 protected:
  std::vector<stored_parameter> stepped(const storage& how) const {
    auto list = make_mixed_list(rule.get(), rule_name, how,
                                {{300, {}}, {70001, {}}, {40 * 30, {40, 30}}, {0, {}}});
    for (std::uint64_t step = 1; step <= 2; ++step) {
      for (auto& each : list) each.set_gradient(step);
      apply_stored(serial_context(), rule.get(), list,
                   apply_options(how.flags & ~std::uint64_t{GRADSTEP_APPLY_ZERO_GRAD}, step));
    }
    return list;
  }

  gradstep_status transform(std::vector<stored_parameter>& list, const char* name,
                            const gradstep_context* context = serial_context()) const {
    const auto views = views_of(list);
    std::vector<gradstep_tensor> tensors;
    for (const auto& view : views) {
      tensors.push_back(view.tensor);
      tensors.back().grad.data = nullptr;
    }
    return gradstep_transform(context, rule.get(), tensors.data(), tensors.size(), name);
  }

  rule_handle rule = make_rule(rule_name, {{"beta1", beta1}, {"lr", 0.1}, {"weight_decay", 0.1}});
};

TEST_F(transforms, evaluate_gives_the_averaged_params_and_train_gives_them_back) {
  const auto split = make_context(split_options(3));
  for (storage how : mixed_storages()) {
    how.flags &= ~std::uint64_t{GRADSTEP_APPLY_STOCHASTIC_PARAM};
    SCOPED_TRACE(to_text(how));
    const double unit = how.param == GRADSTEP_BFLOAT16 ? 0x1p-8 : 0x1p-22;
    const auto before = stepped(how);
    auto list = before;
    expect_ok(transform(list, "evaluate", split.get()));
    for (std::size_t t = 0; t < list.size(); ++t) {
      EXPECT_EQ(list[t].scalars[2], list[t].size() == 0 ? 0 : 1);
      bool differs = false;
      for (std::size_t i = 0; i < list[t].size(); ++i) {
        const double y = before[t].param.widen(i), z = before[t].slots[0]->widen(i);
        const double x = y + (1 - 1 / beta1) * (z - y);
        const double got = list[t].param.widen(i);
        ASSERT_NEAR(got, x, unit * (std::abs(x) + std::abs(z) + std::abs(y))) << i;
        differs |= got != y;
        const double copied = list[t].copy ? list[t].copy->widen(i) : got;
        ASSERT_NEAR(copied, got, 0x1p-8 * std::abs(got) + 1e-7);
      }
      EXPECT_EQ(differs, list[t].size() != 0);
    }
    expect_ok(transform(list, "train", split.get()));
    for (std::size_t t = 0; t < list.size(); ++t) {
      EXPECT_EQ(list[t].scalars, before[t].scalars);
      for (std::size_t i = 0; i < list[t].size(); ++i) {
        const double y = before[t].param.widen(i), z = before[t].slots[0]->widen(i);
        ASSERT_NEAR(list[t].param.widen(i), y, 4 * unit * (std::abs(y) + std::abs(z)));
      }
    }
  }
}

TEST_F(transforms, leave_slots_averages_and_gradients_alone) {
  for (const storage& how : mixed_storages()) {
    auto before = stepped(how);
    auto list = before;
    expect_ok(transform(list, "evaluate"));
    for (std::size_t t = 0; t < list.size(); ++t) {
      std::vector<std::vector<std::uint64_t>> bits[2];
      for (auto* each : {&before[t], &list[t]}) {
        each->for_each_array([&](const std::string& name, const stored_array& array) {
          if (name == "param" || name == "copy") return;
          bits[each == &list[t]].emplace_back();
          for (std::size_t i = 0; i < array.size(); ++i) {
            bits[each == &list[t]].back().push_back(array.bits(i));
          }
        });
      }
      EXPECT_EQ(bits[0], bits[1]);
      list[t].scalars.back() = before[t].scalars.back();
      EXPECT_EQ(list[t].scalars, before[t].scalars);
    }
  }
}

TEST_F(transforms, do_not_depend_on_threads_and_instruction_sets) {
  for (const storage& how : mixed_storages()) {
    const auto start = stepped(how);
    auto wanted = start;
    expect_ok(transform(wanted, "evaluate"));
    for (const auto& isa : fused_isas()) {
      const auto context = make_context(split_options(4, isa.c_str()));
      auto list = start;
      expect_ok(transform(list, "evaluate", context.get()));
      EXPECT_TRUE(bytes_of(list) == bytes_of(wanted)) << isa;
    }
  }
}

TEST_F(transforms, come_in_order_and_steps_in_between_are_refused) {
  auto list = stepped({});
  const auto trained = bytes_of(list);
  expect_failure(transform(list, "train"), GRADSTEP_WRONG_ORDER,
                 {"tensors[0].scalars[2]", "is_evaluated", "is 0", "train needs 1"});
  EXPECT_TRUE(bytes_of(list) == trained);
  expect_ok(transform(list, "evaluate"));
  const auto evaluated = bytes_of(list);
  expect_failure(transform(list, "evaluate"), GRADSTEP_WRONG_ORDER,
                 {"tensors[0].scalars[2]", "is 1", "evaluate needs 0"});
  const auto views = views_of(list);
  std::vector<gradstep_tensor> tensors;
  for (const auto& view : views) tensors.push_back(view.tensor);
  const auto options = apply_options(0, 3);
  expect_failure(
      gradstep_apply(serial_context(), rule.get(), tensors.data(), tensors.size(), &options,
                     nullptr),
      GRADSTEP_WRONG_ORDER,
      {"tensors[0]", "is_evaluated", "a step needs 0", "transform \"train\" comes first"});
  EXPECT_TRUE(bytes_of(list) == evaluated);
  // One tensor that is still to be evaluated spoils the list.
  list[1].scalars[2] = 0;
  expect_failure(transform(list, "train"), GRADSTEP_WRONG_ORDER, {"tensors[1].scalars[2]"});
  list[1].scalars[2] = 1;
  expect_ok(transform(list, "train"));
  apply_stored(serial_context(), rule.get(), list, options);
}

TEST_F(transforms, that_are_unknown) {
  auto list = stepped({});
  const auto before = bytes_of(list);
  expect_failure(transform(list, "evaluat"), GRADSTEP_UNKNOWN_NAME,
                 {"name = \"evaluat\"", rule_name, "evaluate"});
  expect_failure(transform(list, nullptr), GRADSTEP_INVALID_ARGUMENT, {"name"});
  EXPECT_TRUE(bytes_of(list) == before);
  for (const auto& name : rule_names()) {
    const auto count = describe_rule(name).transform_count;
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_NE(gradstep_rule_transform_name(name.c_str(), i), nullptr);
    }
    EXPECT_EQ(gradstep_rule_transform_name(name.c_str(), count), nullptr);
    EXPECT_EQ(gradstep_rule_transform_name(name.c_str(), SIZE_MAX), nullptr);
    if (count != 0) continue;
    expect_failure(gradstep_transform(serial_context(), make_rule(name).get(), nullptr, 0, "train"),
                   GRADSTEP_UNKNOWN_NAME, {"\"train\"", name, "has none"});
  }
  EXPECT_EQ(gradstep_rule_transform_name("schedule_free", 0), nullptr);
  EXPECT_EQ(gradstep_rule_transform_name(nullptr, 0), nullptr);
}

TEST_F(transforms, check_their_arguments) {
  auto list = stepped({});
  auto view = list[0].view();
  const auto call = [&](const gradstep_context* context, const gradstep_rule* r, std::size_t n) {
    return gradstep_transform(context, r, &view.tensor, n, "evaluate");
  };
  expect_failure(call(nullptr, rule.get(), 1), GRADSTEP_INVALID_ARGUMENT, {"context"});
  expect_failure(call(serial_context(), nullptr, 1), GRADSTEP_INVALID_ARGUMENT, {"rule"});
  view.tensor.scalars = nullptr;
  expect_failure(call(serial_context(), rule.get(), 1), GRADSTEP_INVALID_ARGUMENT, {"scalars"});
  view = list[0].view();
  view.slots[0].data = nullptr;
  expect_failure(call(serial_context(), rule.get(), 1), GRADSTEP_INVALID_ARGUMENT, {"slots[0]"});
  view = list[0].view();
  view.tensor.struct_size = 3;
  expect_failure(call(serial_context(), rule.get(), 1), GRADSTEP_INVALID_ARGUMENT, {"struct_size"});
  expect_ok(call(serial_context(), rule.get(), 0));
}

}  // namespace
}  // namespace gradstep_test
