// SPDX-License-Identifier: Apache-2.0
//
// Struct sizes that no version can have, in structs at the end of a page: refused before the bytes
// beyond the page are read.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/guarded_memory.hpp"
#include "support/optimizer_setup.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/wrong_structs.hpp"

namespace gradstep_test {
namespace {

constexpr std::size_t impossible_sizes[] = {
    0, 1, 7, 4097, 4100, 4104, 8192, 1 << 20, SIZE_MAX / 2 + 1, SIZE_MAX - 7, SIZE_MAX};

class struct_sizes : public testing::Test {
 protected:
  struct_sizes() {
    add_group(optimizer.get(), "all", rule.get());
    auto parameter = first.tensor();
    add_tensor(optimizer.get(), 0, "first", parameter);
  }

  /// Calls call(pointer) with the struct at the end of a page, once for each impossible size. It
  /// must be refused and unchanged.
  template <class Struct, class Call>
  void refused(const Struct& good, const Call& call, const char* name) {
    const guarded_memory memory;
    auto* const at = static_cast<Struct*>(memory.place(sizeof(Struct), true));
    *at = good;
    at->struct_size = sizeof(Struct);
    EXPECT_EQ(call(at), GRADSTEP_OK) << gradstep_last_error();
    for (const std::size_t size : impossible_sizes) {
      *at = good;
      at->struct_size = size;
      const Struct before = *at;
      expect_failure(call(at), GRADSTEP_INVALID_ARGUMENT,
                     {std::string(name) + ".struct_size = " + std::to_string(size)});
      // Every byte, padding too. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison)
      EXPECT_EQ(std::memcmp(at, &before, sizeof before), 0) << name;
    }
    // A size that no compiler gives a struct, though the memory is there.
    larger<Struct> odd;
    odd.known = good;
    odd.known.struct_size = sizeof(Struct) + 3;
    expect_failure(call(&odd.known), GRADSTEP_INVALID_ARGUMENT, {"struct_size", "multiple of"});
  }

  context_handle context = make_serial_context();
  rule_handle rule = make_rule("sgd");
  plain_tensor first{20}, second{20};
  optimizer_handle optimizer = make_optimizer(context.get());
  gradstep_optimizer* o = optimizer.get();
};

TEST_F(struct_sizes, of_options) {
  refused(
      serial_options(),
      [](auto* s) {
        gradstep_context* made = nullptr;
        const auto status = gradstep_context_create(s, &made);
        gradstep_context_destroy(made);
        return status;
      },
      "options");
  refused(
      sized<gradstep_optimizer_options>(),
      [&](auto* s) {
        gradstep_optimizer* made = nullptr;
        const auto status = gradstep_optimizer_create(context.get(), s, &made);
        gradstep_optimizer_destroy(made);
        return status;
      },
      "options");
  refused(
      sized<gradstep_optimizer_options>(),
      [&](auto* s) { return gradstep_optimizer_set_options(o, s); }, "options");
  refused(
      group_options("again", rule.get()),
      [&](auto* s) { return gradstep_optimizer_add_group(o, s, nullptr); }, "options");
  refused(
      sized<gradstep_step_options>(),
      [&](auto* s) { return gradstep_optimizer_step(o, s, nullptr); }, "options");
  const auto view = second.tensor();
  refused(
      at_step(1),
      [&](auto* s) { return gradstep_apply(context.get(), rule.get(), &view, 0, s, nullptr); },
      "options");
}

TEST_F(struct_sizes, of_tensors) {
  const auto options = at_step(1);
  const std::vector<gradstep_array> slots(1);
  auto tensor = second.tensor();
  tensor.slots = slots.data();
  tensor.slot_count = 1;
  refused(
      tensor,
      [&](auto* s) { return gradstep_apply(context.get(), rule.get(), s, 1, &options, nullptr); },
      "tensors[0]");
  auto norm = sized<gradstep_norm_result>();
  refused(
      tensor, [&](auto* s) { return gradstep_gradient_norm(context.get(), s, 1, &norm); },
      "tensors[0]");
  std::string name = "second";
  refused(
      second.tensor(),
      [&](auto* s) {
        name += "_";
        return gradstep_optimizer_add_tensor(o, 0, name.c_str(), s, nullptr);
      },
      "tensor");
  auto layout = sized<gradstep_slot_layout>();
  refused(
      second.tensor(),
      [&](auto* s) { return gradstep_rule_slot_layout(rule.get(), 0, s, 0, &layout); }, "tensor");
}

TEST_F(struct_sizes, of_a_list_whose_elements_differ) {
  const auto options = at_step(1);
  std::vector<gradstep_tensor> list = {first.tensor(), second.tensor()};
  const std::vector<gradstep_array> slots(1);
  for (auto& tensor : list) {
    tensor.slots = slots.data();
    tensor.slot_count = 1;
  }
  for (const std::size_t size : impossible_sizes) {
    list[1].struct_size = size;
    expect_failure(gradstep_apply(context.get(), rule.get(), list.data(), 2, &options, nullptr),
                   GRADSTEP_INVALID_ARGUMENT,
                   {"tensors[1].struct_size = " + std::to_string(size), "differs"});
  }
  expect_failure(
      gradstep_apply(context.get(), rule.get(), list.data(), SIZE_MAX / 2, &options, nullptr),
      GRADSTEP_OUT_OF_RANGE, {"tensor_count"});
}

TEST_F(struct_sizes, of_what_the_caller_keeps) {
  auto plateau = make_plateau(0.1);
  refused(
      plateau, [&](auto* s) { return gradstep_optimizer_set_plateau(o, 0, s); }, "plateau");
  refused(
      plateau, [&](auto* s) { return gradstep_optimizer_get_plateau(o, 0, s); }, "plateau");
  refused(
      plateau, [](auto* s) { return gradstep_plateau_report(s, 1, nullptr); }, "plateau");
  refused(
      plateau, [](auto* s) { return gradstep_plateau_init(s, 1); }, "plateau");
  auto scaler = make_loss_scaler();
  refused(
      scaler, [&](auto* s) { return gradstep_optimizer_set_loss_scaler(o, s); }, "scaler");
  refused(
      scaler, [&](auto* s) { return gradstep_optimizer_get_loss_scaler(o, s); }, "scaler");
  refused(
      scaler, [](auto* s) { return gradstep_loss_scaler_update(s, 0); }, "scaler");
  refused(
      scaler, [](auto* s) { return gradstep_loss_scaler_init(s); }, "scaler");
}

TEST_F(struct_sizes, of_structs_that_the_library_fills) {
  const auto filled = [&]<class Struct>(const Struct& empty, const auto& call, const char* name) {
    refused(empty, call, name);
  };
  filled(
      gradstep_context_info{}, [&](auto* s) { return gradstep_context_describe(context.get(), s); },
      "info");
  filled(
      gradstep_rule_info{}, [](auto* s) { return gradstep_rule_describe("sgd", s); }, "info");
  filled(
      gradstep_hyperparameter_info{},
      [](auto* s) { return gradstep_rule_describe_hyperparameter("sgd", 0, s); }, "info");
  filled(
      gradstep_slot_info{}, [](auto* s) { return gradstep_rule_describe_slot("sgd", 0, s); },
      "info");
  filled(
      gradstep_scalar_info{}, [](auto* s) { return gradstep_rule_describe_scalar("nadam", 0, s); },
      "info");
  filled(
      gradstep_slot_layout{},
      [&, tensor = second.tensor()](auto* s) {
        return gradstep_rule_slot_layout(rule.get(), 0, &tensor, 0, s);
      },
      "layout");
  filled(
      gradstep_schedule_info{}, [](auto* s) { return gradstep_schedule_describe("cosine", s); },
      "info");
  filled(
      gradstep_optimizer_info{}, [&](auto* s) { return gradstep_optimizer_describe(o, s); },
      "info");
  filled(
      gradstep_group_info{}, [&](auto* s) { return gradstep_optimizer_describe_group(o, 0, s); },
      "info");
  filled(
      gradstep_tensor_info{}, [&](auto* s) { return gradstep_optimizer_describe_tensor(o, 0, s); },
      "info");
  filled(
      gradstep_norm_result{},
      [&](auto* s) { return gradstep_gradient_norm(context.get(), nullptr, 0, s); }, "result");
  filled(
      gradstep_apply_result{}, [&](auto* s) { return gradstep_optimizer_step(o, nullptr, s); },
      "result");
}

}  // namespace
}  // namespace gradstep_test
