// SPDX-License-Identifier: Apache-2.0
//
// Tensors exchange their gradients, in any permutation, by one set_grad after another. While two
// gradients overlap, every call that looks at them is refused.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "optimizer/gradient_swaps.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

TEST_F(gradient_swaps, every_permutation) {
  std::vector<std::size_t> order(count), present(count);
  std::iota(order.begin(), order.end(), 0);
  std::vector<float> sums(count, 0.0F);
  do {
    for (std::size_t i = 0; i < count; ++i) set(i, grads[order[i]].data());
    step(o);
    for (std::size_t i = 0; i < count; ++i) {
      sums[i] -= static_cast<float>(order[i] + 1);
      ASSERT_EQ(params[i], std::vector<float>(elements, sums[i]));
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(gradient_swaps, two_that_overlap_are_refused_until_they_are_parted) {
  set(1, grads[4].data());
  expect_overlap(1, 4);
  expect_ok(gradstep_optimizer_inspect(o, 0, 1));  // neither of the two
  set(4, grads[1].data());
  step(o);
  EXPECT_EQ(params[1][0], -5);
  EXPECT_EQ(params[4][0], -2);
  set(1, grads[1].data());
  expect_overlap(1, 4);
  set(4, nullptr);
  step(o);
  EXPECT_EQ(params[1][0], -7);
}

TEST_F(gradient_swaps, parts_that_overlap) {
  std::vector<float> large(5 * elements, 1.0F);
  set(0, large.data());
  set(1, large.data() + elements - 1);
  expect_overlap(0, 1);
  set(1, large.data() + elements);  // side by side
  step(o);
  set(3, large.data() + elements / 2);
  EXPECT_EQ(gradstep_optimizer_step(o, nullptr, nullptr), GRADSTEP_INVALID_ARGUMENT);
  expect_failure(gradstep_optimizer_inspect(o, 1, 1), GRADSTEP_INVALID_ARGUMENT, {"\"t3\""});
  expect_failure(gradstep_optimizer_inspect(o, 0, 1), GRADSTEP_INVALID_ARGUMENT, {"\"t3\""});
  set(3, large.data() + 2 * elements);
  step(o);
}

TEST_F(gradient_swaps, many_in_one_place) {
  for (std::size_t i = 0; i < count; ++i) set(i, grads[0].data());
  for (std::size_t i = 0; i + 1 < count; ++i) {
    EXPECT_EQ(gradstep_optimizer_step(o, nullptr, nullptr), GRADSTEP_INVALID_ARGUMENT);
    set(i, grads[count - 1 - i].data());
  }
  step(o);
  EXPECT_EQ(params[0][0], -6);
  EXPECT_EQ(params[count - 1][0], -1);
}

TEST_F(gradient_swaps, other_arrays_are_never_overlapped) {
  for (std::size_t tensor : {0, 1}) {
    expect_failure(gradstep_optimizer_set_grad(o, tensor, params[1].data() + 1),
                   GRADSTEP_INVALID_ARGUMENT, {"grad overlaps param", "\"t1\""});
  }
  std::vector<float> free_place(elements);
  auto tensor = sized<gradstep_tensor>();
  tensor.count = elements;
  tensor.param = array_of(free_place.data());
  tensor.grad = array_of(grads[2].data());
  expect_failure(gradstep_optimizer_add_tensor(o, 0, "new", &tensor, nullptr),
                 GRADSTEP_INVALID_ARGUMENT, {"tensor.grad.data overlaps grad.data", "\"t2\""});
  // A param at the end of a gradient, and one just after it, while two gradients overlap.
  std::vector<float> large(3 * elements);
  set(0, large.data());
  set(1, large.data());
  tensor.grad.data = nullptr;
  tensor.param.data = large.data() + elements - 1;
  expect_failure(gradstep_optimizer_add_tensor(o, 0, "new", &tensor, nullptr),
                 GRADSTEP_INVALID_ARGUMENT, {"tensor.param.data overlaps grad.data"});
  tensor.param.data = large.data() + elements;
  expect_ok(gradstep_optimizer_add_tensor(o, 0, "new", &tensor, nullptr));
  expect_overlap(0, 1);
  set(1, grads[1].data());
  step(o);
}

TEST_F(gradient_swaps, inside_a_step) {
  expect_ok(gradstep_optimizer_begin_step(o, nullptr));
  set(0, grads[1].data());
  for (const std::size_t tensor : {0, 1}) {
    expect_failure(gradstep_optimizer_step_tensor(o, tensor), GRADSTEP_INVALID_ARGUMENT,
                   {"\"t0\"", "\"t1\"", "overlap"});
  }
  expect_ok(gradstep_optimizer_step_tensor(o, 2));
  set(1, grads[0].data());
  expect_ok(gradstep_optimizer_step_tensor(o, 0));
  expect_ok(gradstep_optimizer_step_tensor(o, 1));
  expect_ok(gradstep_optimizer_end_step(o, nullptr));
  EXPECT_EQ(params[0][0], -2);
  EXPECT_EQ(params[1][0], -1);
}

/// The test knows which gradients overlap, because it compares every pair.
TEST_F(gradient_swaps, random_places) {
  std::vector<float> large(8 * elements, 0.0F);
  std::vector<std::size_t> places(count, SIZE_MAX);
  for (std::size_t i = 0; i < count; ++i) set(i, nullptr);
  for (std::uint64_t round = 0; round < 3000; ++round) {
    const auto random = [&](std::uint64_t n, std::uint64_t salt) {
      return static_cast<std::size_t>((random_value(salt, round) + 2) / 4 * static_cast<double>(n));
    };
    const std::size_t tensor = random(count, 1);
    const std::size_t place = random(7 * elements + 10, 2);
    const bool is_none = place > 7 * elements;
    places[tensor] = is_none ? SIZE_MAX : place;
    set(tensor, is_none ? nullptr : large.data() + place);
    bool overlap = false;
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (places[i] == SIZE_MAX || places[j] == SIZE_MAX) continue;
        overlap |= std::max(places[i], places[j]) - std::min(places[i], places[j]) < elements;
      }
    }
    ASSERT_EQ(gradstep_optimizer_step(o, nullptr, nullptr),
              overlap ? GRADSTEP_INVALID_ARGUMENT : GRADSTEP_OK)
        << round;
  }
}

}  // namespace
}  // namespace gradstep_test
