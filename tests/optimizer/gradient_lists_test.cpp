// SPDX-License-Identifier: Apache-2.0
//
// The gradients of many tensors are replaced by one call.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "optimizer/gradient_swaps.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

using gradient_lists = gradient_swaps;

TEST_F(gradient_lists, in_every_permutation) {
  std::vector<std::size_t> order(count);
  std::iota(order.begin(), order.end(), 0);
  std::vector<float> sums(count, 0.0F);
  do {
    std::vector<void*> list;
    for (std::size_t i = 0; i < count; ++i) list.push_back(grads[order[i]].data());
    expect_ok(gradstep_optimizer_set_grads(o, 0, count, list.data()));
    step(o);
    for (std::size_t i = 0; i < count; ++i) {
      sums[i] -= static_cast<float>(order[i] + 1);
      ASSERT_EQ(params[i], std::vector<float>(elements, sums[i]));
    }
  } while (std::next_permutation(order.begin(), order.end()));
}

TEST_F(gradient_lists, of_some_tensors_with_and_without_gradients) {
  void* const some[] = {nullptr, grads[2].data(), nullptr};
  expect_ok(gradstep_optimizer_set_grads(o, 1, 3, some));
  step(o);
  EXPECT_EQ(params[0][0], -1);
  EXPECT_EQ(params[1][0], 0);
  EXPECT_EQ(params[2][0], -3);
  EXPECT_EQ(params[3][0], 0);
  EXPECT_EQ(params[4][0], -5);
  EXPECT_EQ(describe_tensor(o, 1).has_grad, 0);
  void* const more[] = {grads[3].data(), grads[1].data()};
  expect_ok(gradstep_optimizer_set_grads(o, 1, 2, more));
  set(3, grads[2].data());  // the registry knows what the lists have changed
  step(o);
  EXPECT_EQ(params[1][0], -4);
  EXPECT_EQ(params[2][0], -5);
  EXPECT_EQ(params[3][0], -3);
  set(3, grads[1].data());
  expect_overlap(2, 3);
  expect_ok(gradstep_optimizer_set_grads(o, count, 0, nullptr));
  expect_ok(gradstep_optimizer_set_grads(o, 2, 0, nullptr));
}

/// Nothing has changed after a refusal: the next step subtracts every tensor's own gradient.
TEST_F(gradient_lists, that_are_refused) {
  const auto refused = [&](std::size_t first, const std::vector<void*>& list,
                           gradstep_status status, const std::vector<std::string>& words) {
    const auto before = everything_in(o);
    expect_failure(gradstep_optimizer_set_grads(o, first, list.size(), list.data()), status, words);
    EXPECT_EQ(everything_in(o), before);
    const auto params_before = params;
    step(o);
    for (std::size_t i = 0; i < count; ++i) {
      EXPECT_EQ(params[i][0], params_before[i][0] - static_cast<float>(i + 1)) << i;
    }
  };
  std::vector<float> large(3 * elements);
  const auto invalid = GRADSTEP_INVALID_ARGUMENT;
  refused(0, {grads[1].data(), grads[1].data()}, invalid, {"grads[", "overlaps", "\"t"});
  refused(2, {large.data(), large.data() + elements - 1}, invalid, {"grads[1]", "\"t2\""});
  refused(2, {grads[5].data()}, invalid, {"grads[0]", "the gradient of tensor \"t5\""});
  refused(2, {grads[2].data(), params[1].data() + 1}, invalid,
          {"grads[1] overlaps param", "\"t1\""});
  refused(0, {grads[0].data(), reinterpret_cast<char*>(large.data()) + 1}, invalid,
          {"grads[1]", "not aligned", "4 bytes"});
  refused(5, {grads[5].data(), nullptr}, GRADSTEP_OUT_OF_RANGE,
          {"first = 5", "count = 2", "6 tensors"});
  refused(SIZE_MAX, {nullptr, nullptr}, GRADSTEP_OUT_OF_RANGE, {"first = 18446744073709551615"});
  expect_failure(gradstep_optimizer_set_grads(o, 0, SIZE_MAX, nullptr), GRADSTEP_OUT_OF_RANGE,
                 {"count = 18446744073709551615"});
  expect_failure(gradstep_optimizer_set_grads(o, 0, 2, nullptr), invalid, {"grads is NULL"});
}

/// Gradients that overlapped before do not hinder a list of others, which may part them.
TEST_F(gradient_lists, beside_gradients_that_overlap) {
  set(1, grads[4].data());
  void* const others[] = {grads[3].data(), grads[2].data()};
  expect_ok(gradstep_optimizer_set_grads(o, 2, 2, others));
  expect_overlap(1, 4);
  void* const in_the_middle[] = {grads[4].data() + 1};
  expect_failure(gradstep_optimizer_set_grads(o, 2, 1, in_the_middle), GRADSTEP_INVALID_ARGUMENT,
                 {"grads[0] overlaps the gradient of tensor"});
  void* const parted[] = {grads[1].data()};
  expect_ok(gradstep_optimizer_set_grads(o, 4, 1, parted));
  step(o);
  EXPECT_EQ(params[1][0], -5);
  EXPECT_EQ(params[4][0], -2);
}

TEST_F(gradient_lists, random_places) {
  std::vector<float> large(12 * elements, 0.0F);
  std::vector<std::size_t> places(count);
  const auto reset = [&](std::size_t i) { return grads[i].data(); };
  for (std::uint64_t round = 0; round < 3000; ++round) {
    for (std::size_t i = 0; i < count; ++i) set(i, reset(i));
    const auto random = [&](std::uint64_t n, std::uint64_t salt) {
      return static_cast<std::size_t>((random_value(salt, round) + 2) / 4 * static_cast<double>(n));
    };
    const std::size_t first = random(count, 1), size = 1 + random(count - first, 2);
    std::vector<void*> list;
    bool overlap = false;
    for (std::size_t i = 0; i < size; ++i) {
      places[i] = random(11 * elements, 3 + i);
      list.push_back(large.data() + places[i]);
      for (std::size_t j = 0; j < i; ++j) {
        overlap |= std::max(places[i], places[j]) - std::min(places[i], places[j]) < elements;
      }
    }
    ASSERT_EQ(gradstep_optimizer_set_grads(o, first, size, list.data()),
              overlap ? GRADSTEP_INVALID_ARGUMENT : GRADSTEP_OK)
        << round;
    ASSERT_EQ(gradstep_optimizer_step(o, nullptr, nullptr), GRADSTEP_OK) << round;
  }
}

}  // namespace
}  // namespace gradstep_test
