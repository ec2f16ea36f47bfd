// SPDX-License-Identifier: Apache-2.0
//
// The memory that an optimizer allocates beside its slots: under 1152 bytes per tensor, and none in
// a step. It is counted in this program's operator new, which the library uses too.
#include <gtest/gtest.h>
#include <gradstep/gradstep.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include "support/counted_memory.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {
namespace {

constexpr std::size_t tensor_count = 1000, elements = 100;

struct model {
  std::vector<float> params = std::vector<float>(tensor_count * elements, 0.5F);
  std::vector<float> grads = std::vector<float>(tensor_count * elements, 0.1F);
};

/// Adds a tensor with a name of 30 characters.
void add_tensor(gradstep_optimizer* optimizer, model& m, std::size_t index) {
  const auto tensor = gradstep::tensor_of(m.params.data() + index * elements,
                                          m.grads.data() + index * elements, elements);
  const std::string name = "transformer.layer.weight." + std::to_string(10000 + index);
  gradstep::throw_on_failure(
      gradstep_optimizer_add_tensor(optimizer, 0, name.c_str(), &tensor, nullptr));
}

void add_tensors(gradstep_optimizer* optimizer, model& m) {
  for (std::size_t i = 0; i < tensor_count; ++i) add_tensor(optimizer, m, i);
}

/// One thread, because oneTBB allocates when it wakes its workers first.
gradstep_context_options one_thread() {
  auto options = gradstep::sized<gradstep_context_options>();
  options.thread_count = 1;
  return options;
}

class optimizer_memory : public testing::Test {
 public:
  optimizer_memory() {
    auto options = gradstep::sized<gradstep_optimizer_options>();
    options.flags = GRADSTEP_APPLY_MAX_NORM;
    options.max_norm = 1;
    gradstep::throw_on_failure(gradstep_optimizer_create(context_.get(), &options, &optimizer));
    auto group = gradstep::sized<gradstep_group_options>();
    group.name = "all";
    group.rule = rule_.get();
    gradstep::throw_on_failure(gradstep_optimizer_add_group(optimizer, &group, nullptr));
  }
  ~optimizer_memory() override { gradstep_optimizer_destroy(optimizer); }
  optimizer_memory(const optimizer_memory&) = delete;
  optimizer_memory& operator=(const optimizer_memory&) = delete;

 protected:
  gradstep::context context_{one_thread()};
  gradstep::rule rule_{"adamw"};
  model arrays;
  gradstep_optimizer* optimizer = nullptr;
};

TEST_F(optimizer_memory, a_tensor_takes_little_more_than_a_kilobyte_beside_its_slots) {
  const std::size_t before = held_bytes();
  // Lists grow by more than one tensor at a time, so the memory per tensor depends on the count.
  constexpr std::size_t least = 64;
  std::size_t best = SIZE_MAX, worst = 0;
  for (std::size_t count = 1; count <= tensor_count; ++count) {
    add_tensor(optimizer, arrays, count - 1);
    const std::size_t per_tensor = (held_bytes() - before) / count;
    if (count < least) continue;
    best = std::min(best, per_tensor);
    worst = std::max(worst, per_tensor);
  }
  std::printf("%zu to %zu bytes a tensor\n", best, worst);
  EXPECT_GT(best, sizeof(gradstep_tensor));  // otherwise nothing was counted
  EXPECT_LT(worst, 1200U);
  auto info = gradstep::sized<gradstep_optimizer_info>();
  gradstep::throw_on_failure(gradstep_optimizer_describe(optimizer, &info));
  EXPECT_EQ(info.state_bytes, tensor_count * elements * 2 * sizeof(float));
}

TEST_F(optimizer_memory, a_step_allocates_nothing) {
  add_tensors(optimizer, arrays);
  // Some tensors miss some steps, so their step counts and batches differ.
  for (std::size_t step = 0; step < 5; ++step) {
    for (std::size_t i = 0; i < tensor_count; i += 7) {
      gradstep::throw_on_failure(gradstep_optimizer_set_frozen(optimizer, i, (i + step) % 3 == 0));
    }
    const std::size_t before = allocation_count();
    gradstep::throw_on_failure(gradstep_optimizer_step(optimizer, nullptr, nullptr));
    EXPECT_EQ(allocation_count(), before);
  }
}

TEST_F(optimizer_memory, a_step_tensor_by_tensor_allocates_nothing) {
  add_tensors(optimizer, arrays);
  auto inspected = gradstep::sized<gradstep_step_options>();
  inspected.flags = GRADSTEP_STEP_INSPECTED;
  for (std::size_t step = 0; step < 3; ++step) {
    const std::size_t before = allocation_count();
    for (std::size_t i = 0; i < tensor_count; ++i) {
      gradstep::throw_on_failure(
          gradstep_optimizer_set_grad(optimizer, i, arrays.grads.data() + i * elements));
      gradstep::throw_on_failure(gradstep_optimizer_inspect(optimizer, i, 1));
    }
    gradstep::throw_on_failure(gradstep_optimizer_begin_step(optimizer, &inspected));
    for (std::size_t i = 0; i < tensor_count; ++i) {
      gradstep::throw_on_failure(gradstep_optimizer_step_tensor(optimizer, i));
    }
    gradstep::throw_on_failure(gradstep_optimizer_end_step(optimizer, nullptr));
    EXPECT_EQ(allocation_count(), before);
  }
}

/// With the optimizer's own clipping, which reads all gradients, and without it.
TEST_F(optimizer_memory, a_step_that_clips_a_group_alone_allocates_nothing) {
  add_tensors(optimizer, arrays);
  gradstep::throw_on_failure(gradstep_optimizer_set_group_max_norm(optimizer, 0, 1));
  for (int step = 0; step < 2; ++step) {
    const std::size_t before = allocation_count();
    gradstep::throw_on_failure(gradstep_optimizer_step(optimizer, nullptr, nullptr));
    EXPECT_EQ(allocation_count(), before);
    const auto plain = gradstep::sized<gradstep_optimizer_options>();
    gradstep::throw_on_failure(gradstep_optimizer_set_options(optimizer, &plain));
  }
}

/// Rules with passes need memory beside the slots, which is there when the tensors are.
TEST_F(optimizer_memory, a_step_of_any_rule_allocates_nothing) {
  constexpr std::size_t count = 300'000, rows = 75;
  std::vector<float> params(count + 600, 0.5F), grads(count + 600, 0.1F);
  auto large = gradstep::tensor_of(params.data(), grads.data(), count);
  auto small = gradstep::tensor_of(params.data() + count, grads.data() + count, 600);
  large.rows = small.rows = rows;
  large.columns = count / rows;
  small.columns = 600 / rows;
  for (std::size_t i = 0; i < gradstep_rule_count(); ++i) {
    SCOPED_TRACE(gradstep_rule_name(i));
    const gradstep::rule rule(gradstep_rule_name(i));
    gradstep_optimizer* with_rule = nullptr;
    gradstep::throw_on_failure(gradstep_optimizer_create(context_.get(), nullptr, &with_rule));
    auto group = gradstep::sized<gradstep_group_options>();
    group.name = "all";
    group.rule = rule.get();
    gradstep::throw_on_failure(gradstep_optimizer_add_group(with_rule, &group, nullptr));
    gradstep::throw_on_failure(gradstep_optimizer_add_tensor(with_rule, 0, "l", &large, nullptr));
    gradstep::throw_on_failure(gradstep_optimizer_add_tensor(with_rule, 0, "s", &small, nullptr));
    for (int step = 0; step < 3; ++step) {
      const std::size_t before = allocation_count();
      gradstep::throw_on_failure(gradstep_optimizer_step(with_rule, nullptr, nullptr));
      EXPECT_EQ(allocation_count(), before);
      // Other step counts, and so more batches.
      gradstep::throw_on_failure(gradstep_optimizer_set_frozen(with_rule, 1, step == 0 ? 1 : 0));
    }
    gradstep_optimizer_destroy(with_rule);
  }
}

}  // namespace
}  // namespace gradstep_test
