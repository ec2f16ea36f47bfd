// SPDX-License-Identifier: Apache-2.0
//
// What users of other optimizers, of libraries for threads, SIMD or file formats have reported in
// public, tried on this library. Each test names its reports.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "guest/public_reports_support.hpp"
#include "support/checkpoint_files.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/scratch_folder.hpp"
#include "support/sized_struct.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

constexpr double largest = std::numeric_limits<double>::max();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

// ---- State and checkpoints ---------------------------------------------------------------------

// "Never" is often written as the largest integer. JSON readers that use doubles do not load
// numbers beyond 2^53.
TEST(public_reports, the_largest_integers_are_saved_and_loaded) {
  const scratch_folder folder;
  one_tensor_model model("sgd"), other("sgd");
  auto scaler = make_loss_scaler();
  scaler.growth_interval = scaler.steps_in_a_row = UINT64_MAX;
  expect_ok(gradstep_optimizer_set_loss_scaler(model.optimizer.get(), &scaler));
  auto plateau = make_plateau(0.1);
  plateau.patience = plateau.cooldown = plateau.bad_count = plateau.cooldown_left = UINT64_MAX;
  expect_ok(gradstep_optimizer_set_plateau(model.optimizer.get(), model.group, &plateau));
  save(model.optimizer, folder / "file");
  load(other.optimizer, folder / "file");
  auto got_scaler = sized<gradstep_loss_scaler>();
  expect_ok(gradstep_optimizer_get_loss_scaler(other.optimizer.get(), &got_scaler));
  EXPECT_EQ(std::memcmp(&got_scaler, &scaler, sizeof scaler), 0);
  auto got_plateau = sized<gradstep_plateau>();
  expect_ok(gradstep_optimizer_get_plateau(other.optimizer.get(), other.group, &got_plateau));
  EXPECT_EQ(std::memcmp(&got_plateau, &plateau, sizeof plateau), 0);
}

/// Names with dots, slashes, quotes and format directives, and names that look like the arrays of
/// other tensors or like keys of the format.
const std::vector<std::string> odd_names = {"w",
                                            "w.exp_avg",
                                            "w.exp_avg.scale",
                                            "w.param",
                                            "w.",
                                            ".w",
                                            ".",
                                            "/",
                                            "a/b/../c",
                                            "__metadata__",
                                            "\xce\xb2",
                                            "e\xcc\x81",
                                            "\xc3\xa9",
                                            "quote\"\\back",
                                            "gradstep.state",
                                            "%s%n%d",
                                            "null",
                                            "{}",
                                            "sp ace",
                                            "\xf0\x9f\x98\x80"};

TEST(public_reports, names_that_look_like_something_else) {
  const scratch_folder folder;
  const auto context = make_serial_context();
  const auto rule = make_rule("adam");
  const auto build = [&](std::vector<plain_tensor>& tensors,
                         const std::vector<std::string>& order) {
    auto optimizer = make_optimizer(context.get());
    auto options = group_options("group", rule.get());
    options.slot_dtype = GRADSTEP_E5M3_B256;
    const std::size_t group = add_group(optimizer.get(), options);
    tensors.reserve(order.size());
    for (const std::string& name : order) {
      tensors.emplace_back(5000, GRADSTEP_FLOAT32, std::hash<std::string>()(name));
      add_tensor(optimizer.get(), group, name, tensors.back().tensor());
    }
    return optimizer;
  };
  std::vector<plain_tensor> tensors, others;
  const auto optimizer = build(tensors, odd_names);
  step(optimizer.get());
  save(optimizer, folder / "file");
  const auto other = build(others, {odd_names.rbegin(), odd_names.rend()});
  EXPECT_EQ(load(other, folder / "file").loaded_count, odd_names.size());
  for (std::size_t i = 0; i < odd_names.size(); ++i) {
    std::size_t at = 0;
    expect_ok(gradstep_optimizer_find_tensor(other.get(), odd_names[i].c_str(), &at));
    for (const char* array : {"param", "exp_avg", "exp_avg_sq"}) {
      EXPECT_EQ(read_array(other.get(), at, array), read_array(optimizer.get(), i, array))
          << odd_names[i] << " " << array;
    }
  }
}

// ---- Steps -------------------------------------------------------------------------------------

// An empty tensor at the end of a list made other optimizers leave out the tensors before it
// (PyTorch 100701, TransformerEngine 3207), or write out of bounds (TransformerEngine 3202).
TEST(public_reports, empty_tensors_anywhere_in_a_list) {
  constexpr std::size_t count = 5;
  const scratch_folder folder;
  const auto context = make_serial_context();
  const auto rule = make_rule("adam");
  for (unsigned empties = 0; empties < 1U << count; ++empties) {
    auto options = sized<gradstep_optimizer_options>();
    options.flags = GRADSTEP_APPLY_MAX_NORM;
    options.max_norm = 100;
    const auto optimizer = make_optimizer(context.get(), options);
    const std::size_t group = add_group(optimizer.get(), "group", rule.get());
    std::vector<plain_tensor> tensors;
    double squares = 0;
    for (std::size_t i = 0; i < count; ++i) {
      const bool is_empty = (empties >> i & 1) != 0;
      tensors.emplace_back(is_empty ? 0 : 1, GRADSTEP_FLOAT32, i);
      if (!is_empty) squares += tensors[i].grad.get(0) * tensors[i].grad.get(0);
    }
    for (std::size_t i = 0; i < count; ++i) {
      add_tensor(optimizer.get(), group, std::to_string(i), tensors[i].tensor());
    }
    std::vector<std::vector<std::uint64_t>> before;
    for (const auto& t : tensors) before.push_back(t.bits());
    EXPECT_NEAR(step(optimizer.get()).grad_norm, std::sqrt(squares), 1e-12);
    for (std::size_t i = 0; i < count; ++i) {
      const bool is_changed = tensors[i].bits() != before[i];
      EXPECT_EQ(is_changed, tensors[i].param.size() != 0) << "empties " << empties << ", " << i;
    }
    save(optimizer, folder / "file");
    EXPECT_EQ(load(optimizer, folder / "file").loaded_count, count);
  }
}

// eps = 1e-8 is 0 in float16, so Adam divided 0 by 0 (optax 1754, chainer 6299).
TEST(public_reports, a_zero_gradient_moves_no_float16_param) {
  const auto context = make_serial_context();
  for (const std::string& rule_name : rule_names()) {
    const auto rule = make_rule(rule_name, {{"weight_decay", 0}});
    for (const std::int32_t dtype : {GRADSTEP_FLOAT16, GRADSTEP_BFLOAT16}) {
      const std::uint16_t one = dtype == GRADSTEP_FLOAT16 ? 0x3c00 : 0x3f80;
      std::vector<std::uint16_t> param(300, one), grad(300, 0);
      auto tensor = sized<gradstep_tensor>();
      tensor.count = param.size();
      tensor.param = array_of(dtype, param.data());
      tensor.grad = array_of(dtype, grad.data());
      const auto optimizer = make_optimizer(context.get());
      add_tensor(optimizer.get(), add_group(optimizer.get(), "group", rule.get()), "tensor",
                 tensor);
      for (int i = 0; i < 3; ++i) step(optimizer.get());
      EXPECT_EQ(param, std::vector<std::uint16_t>(300, one)) << rule_name << " dtype " << dtype;
    }
  }
}

// Other libraries applied weight decay and `maximize` to the gradients in place (PyTorch 12218,
// 92706).
TEST(public_reports, gradients_may_be_where_nothing_can_be_written) {
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  const std::size_t count = page / sizeof(float);
  void* pages = mmap(nullptr, page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(pages, MAP_FAILED);
  for (std::size_t i = 0; i < count; ++i) {
    static_cast<float*>(pages)[i] = static_cast<float>(random_value(1, i));
  }
  ASSERT_EQ(mprotect(pages, page, PROT_READ), 0);
  for (const std::string& rule_name : rule_names()) {
    one_tensor_model model(rule_name, {{"weight_decay", 0.1}, {"maximize", 1}},
                           GRADSTEP_APPLY_MAX_NORM | GRADSTEP_APPLY_CHECK_FINITE, count);
    gradstep_optimizer* const o = model.optimizer.get();
    expect_ok(gradstep_optimizer_set_grad(o, model.tensor, pages));
    expect_ok(gradstep_optimizer_inspect(o, model.tensor, 1));
    expect_ok(gradstep_optimizer_accumulate(o, model.tensor, 0.5));
    step(o);
    step(o);
    EXPECT_EQ(describe_tensor(o, model.tensor).step_count, 2u) << rule_name;
  }
  munmap(pages, page);
}

// In other libraries frozen tensors decayed, and counted in the norm of the others (ocannl 673,
// Muon 54).
TEST(public_reports, a_frozen_tensor_neither_decays_nor_counts_in_the_norm) {
  for (const std::string& rule_name : rule_names()) {
    one_tensor_model model(rule_name, {{"weight_decay", 0.1}},
                           GRADSTEP_APPLY_MAX_NORM | GRADSTEP_APPLY_CHECK_FINITE);
    gradstep_optimizer* const o = model.optimizer.get();
    const double norm = step(o).grad_norm;
    plain_tensor frozen(8), without(8);
    frozen.grad.fill(nan);
    without.grad.fill(largest);
    auto tensor = without.tensor();
    tensor.grad.data = nullptr;
    add_tensor(o, model.group, "without", tensor);
    const std::size_t at = add_tensor(o, model.group, "frozen", frozen.tensor());
    expect_ok(gradstep_optimizer_set_frozen(o, at, 1));
    const auto before = frozen.bits(), before_without = without.bits();
    const auto result = step(o);
    EXPECT_EQ(result.is_skipped, 0) << rule_name;
    EXPECT_EQ(result.grad_norm, norm) << rule_name;
    EXPECT_EQ(frozen.bits(), before) << rule_name;
    EXPECT_EQ(without.bits(), before_without) << rule_name;
  }
}

}  // namespace
}  // namespace gradstep_test
