// SPDX-License-Identifier: Apache-2.0
//
// An optimizer whose tensors have gaps between rows has the bits, and writes the checkpoints, of
// one whose tensors have none.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "step/gapped_parameter.hpp"
#include "support/checkpoint_files.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/scratch_folder.hpp"
#include "support/sized_struct.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {
namespace {

constexpr matrix_shape shape{70, 33};

/// An optimizer of one tensor, whose arrays have gaps or not. The library owns its slots.
class gapped_model {
 public:
  gapped_model(const std::string& rule_name, const storage& how, bool has_gaps)
      : rule(make_rule(rule_name, richest_options(rule_name))),
        target(without_slots(stored_parameter(rule.get(), rule_name, how,
                                              2 * shape.rows * shape.columns, 1, 0, shape))),
        gapped_(rule_name, target),
        has_gaps_(has_gaps) {
    auto options = sized<gradstep_optimizer_options>();
    options.flags = how.flags | GRADSTEP_APPLY_MAX_NORM | GRADSTEP_APPLY_CHECK_FINITE |
                    GRADSTEP_APPLY_ZERO_GRAD | GRADSTEP_APPLY_AVERAGE;
    options.max_norm = 20;
    options.average_decay = 0.9;
    options.seed = rounding_seed;
    optimizer = make_optimizer(serial_context(), options);
    add_group(optimizer.get(), "all", rule.get());
    const auto view = has_gaps ? gapped_.view() : target.view();
    add_tensor(optimizer.get(), 0, "weight", without_slots(view.tensor));
  }

  /// Accumulates two gradients and steps, or steps with one.
  gradstep_apply_result round(std::uint64_t t, bool accumulates) {
    set_gradient(t);
    if (accumulates) {
      expect_ok(gradstep_optimizer_accumulate(optimizer.get(), 0, 0.5));
      take_out();
      set_gradient(t + 1);
      expect_ok(gradstep_optimizer_accumulate(optimizer.get(), 0, 0.5));
    }
    const auto result = step(optimizer.get());
    take_out();
    return result;
  }
  void make_infinite() {
    std::vector<double> grad(target.size(), 1.0);
    grad.back() = INFINITY;
    target.grad.narrow(grad);
    if (has_gaps_) gapped_.copy_in();
  }
  void take_out() {
    if (has_gaps_) gapped_.copy_out();
  }
  void put_in() {
    if (has_gaps_) gapped_.copy_in();
  }
  bool gaps_are_untouched() const { return gapped_.gaps_are_untouched(); }

  rule_handle rule;
  stored_parameter target;
  optimizer_handle optimizer;

 private:
  static stored_parameter without_slots(stored_parameter made) {
    for (auto& slot : made.slots) slot.reset();
    return made;
  }
  static gradstep_tensor without_slots(const gradstep_tensor& tensor) {
    return gradstep_test::without_slots(tensor);
  }

  void set_gradient(std::uint64_t t) {
    target.set_gradient(t);
    put_in();
  }

  gapped_parameter gapped_;
  bool has_gaps_;
};

class gapped_checkpoint : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(rules, gapped_checkpoint, testing::ValuesIn(rule_names()),
                         rule_as_test_name);

std::vector<storage> gapped_storages() {
  return {
      {.copy = GRADSTEP_BFLOAT16, .has_average = true},
      {.param = GRADSTEP_BFLOAT16, .grad = GRADSTEP_FLOAT16, .is_split = true, .has_average = true},
      {.param = GRADSTEP_FLOAT64, .grad = GRADSTEP_FLOAT64, .slot = GRADSTEP_FLOAT64}};
}

TEST_P(gapped_checkpoint, has_the_bytes_of_one_without_gaps) {
  const scratch_folder folder;
  for (const auto& how : gapped_storages()) {
    SCOPED_TRACE(to_text(how));
    gapped_model with(GetParam(), how, true), without(GetParam(), how, false);
    for (std::uint64_t t = 1; t <= 3; ++t) {
      const auto a = with.round(t, t == 2), b = without.round(t, t == 2);
      EXPECT_EQ(a.grad_norm, b.grad_norm);
      EXPECT_EQ(a.clip_factor, b.clip_factor);
      expect_same_bits(with.target.snapshot(), without.target.snapshot());
    }
    for (auto* model : {&with, &without}) {
      model->make_infinite();
      EXPECT_EQ(step(model->optimizer.get()).is_skipped, 1);
      model->take_out();
      expect_ok(gradstep_optimizer_accumulate(model->optimizer.get(), 0, 0.5));
    }
    expect_same_bits(with.target.snapshot(), without.target.snapshot());
    EXPECT_TRUE(with.gaps_are_untouched());
    save(with.optimizer, folder / "with");
    save(without.optimizer, folder / "without");
    expect_same_bytes(read_bytes(folder / "with"), read_bytes(folder / "without"));
    if (HasFailure()) return;
  }
}

TEST_P(gapped_checkpoint, is_loaded_with_gaps_and_without) {
  const scratch_folder folder;
  for (const auto& how : gapped_storages()) {
    gapped_model saved(GetParam(), how, false);
    saved.round(1, false);
    save(saved.optimizer, folder / "state");
    saved.round(2, true);
    for (const bool has_gaps : {true, false}) {
      SCOPED_TRACE(to_text(how) + (has_gaps ? ", gaps" : ", no gaps"));
      gapped_model loaded(GetParam(), how, has_gaps);
      loaded.target.param.narrow(std::vector<double>(loaded.target.size(), 7.0));
      loaded.put_in();
      load(loaded.optimizer, folder / "state");
      loaded.take_out();
      loaded.round(2, true);
      if (loaded.target.copy) loaded.target.copy = saved.target.copy;  // no part of a checkpoint
      expect_same_bits(loaded.target.snapshot(), saved.target.snapshot());
      EXPECT_TRUE(!has_gaps || loaded.gaps_are_untouched());
    }
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace gradstep_test
