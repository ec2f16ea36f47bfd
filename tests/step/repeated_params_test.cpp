// SPDX-License-Identifier: Apache-2.0
//
// A param that belongs to two entries of a list, in whole or in part, is refused.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {
namespace {

/// A list of tensors of 8 elements, without gaps between their arrays.
struct listed {
  explicit listed(std::size_t count) : params(8 * count), grads(8 * count), before(params) {
    for (std::size_t i = 0; i < count; ++i) {
      auto tensor = sized<gradstep_tensor>();
      tensor.count = 8;
      tensor.param = array_of(params.data() + 8 * i);
      tensor.grad = array_of(grads.data() + 8 * i);
      tensor.slot_count = 1;
      tensors.push_back(tensor);
    }
  }
  gradstep_status apply() {
    const auto options = at_step(1);
    return gradstep_apply(context.get(), rule.get(), tensors.data(), tensors.size(), &options,
                          nullptr);
  }
  void expect_refused(std::size_t first, std::size_t second) {
    std::fill(grads.begin(), grads.end(), 1.0F);
    expect_failure(apply(), GRADSTEP_INVALID_ARGUMENT,
                   {"tensors[" + std::to_string(first) + "].param.data",
                    "tensors[" + std::to_string(second) + "].param.data"});
    EXPECT_EQ(params, before);
  }

  context_handle context = make_serial_context();
  rule_handle rule = make_rule("sgd");
  std::vector<float> params, grads, before;
  std::vector<gradstep_tensor> tensors;
};

TEST(repeated_params, are_refused) {
  for (const std::size_t count : {2U, 3U, 31U, 40U, 1000U}) {
    using places = std::vector<std::pair<std::size_t, std::size_t>>;
    for (const auto& [from, to] : places{{0, 1}, {0, count - 1}, {count / 2, count - 1}}) {
      if (from == to) continue;
      listed list(count);
      list.tensors[to].param = list.tensors[from].param;
      SCOPED_TRACE(std::to_string(count) + ": " + std::to_string(from));
      list.expect_refused(from, to);
    }
  }
}

TEST(repeated_params, that_overlap_in_part_are_refused) {
  for (const std::ptrdiff_t shift : {-1, 1}) {
    listed list(3);
    list.tensors[2].param.data = static_cast<float*>(list.tensors[1].param.data) + shift;
    if (shift < 0) list.tensors[0].count = 0;
    list.expect_refused(1, 2);
  }
  listed inside(2);
  inside.tensors[1].param.data = inside.params.data() + 2;
  inside.tensors[1].count = 3;
  inside.expect_refused(0, 1);
}

TEST(repeated_params, are_not_found_where_there_are_none) {
  for (const std::size_t count : {1U, 2U, 31U, 33U, 1000U, 5000U}) {
    listed list(count);
    EXPECT_EQ(list.apply(), GRADSTEP_OK) << gradstep_last_error();
    std::reverse(list.tensors.begin(), list.tensors.end());
    EXPECT_EQ(list.apply(), GRADSTEP_OK) << gradstep_last_error();
    for (std::size_t i = 0; i < count; ++i) std::swap(list.tensors[i], list.tensors[i * i % count]);
    EXPECT_EQ(list.apply(), GRADSTEP_OK) << gradstep_last_error();
  }
}

}  // namespace
}  // namespace gradstep_test
