// SPDX-License-Identifier: Apache-2.0
//
// Tensors whose arrays are replaced, with another count or the same one.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "optimizer/optimizer_misuse.hpp"

namespace gradstep_test {
namespace {

using doubles = std::vector<double>;
using sources_list = std::vector<std::int64_t>;

class set_param : public optimizer_misuse {
 protected:
  gradstep_status set(std::size_t tensor, const gradstep_tensor& arrays,
                      const sources_list& sources = {}) {
    return gradstep_optimizer_set_param(get(), tensor, &arrays, sources.data(), sources.size());
  }
  /// The averages of tensor 0 become 0, 1, 2 ...
  void number_slots() {
    for (const char* name : {"exp_avg", "exp_avg_sq"}) {
      doubles values(20);
      for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<double>(i);
      const auto from = array_of(GRADSTEP_FLOAT64, values.data());
      expect_ok(gradstep_optimizer_import_array(get(), 0, name, &from, values.size()));
    }
  }
};

/// The new array overlaps the old one; the state and the step count go on.
TEST_F(set_param, of_arrays_that_moved) {
  number_array wide(GRADSTEP_FLOAT32, 21);
  auto tensor = fresh.tensor();
  tensor.param.data = wide.data();
  expect_ok(set(0, tensor));
  const auto slot = get_array(get(), 0, "exp_avg");
  tensor.param.data = static_cast<char*>(wide.data()) + 4;
  expect_ok(set(0, tensor));
  EXPECT_EQ(get_array(get(), 0, "exp_avg").data, slot.data);
  EXPECT_EQ(get_array(get(), 0, "param").data, tensor.param.data);
  EXPECT_EQ(describe_tensor(get(), 0).step_count, 1U);
  const auto bits = a.bits();
  step(get());
  EXPECT_EQ(a.bits(), bits);
  EXPECT_NE(wide.get(1), 0);
  expect_ok(add("t", a.tensor()));  // the old arrays are free
}

TEST_F(set_param, may_exchange_and_drop_gradients) {
  auto tensor = a.tensor();
  tensor.grad.data = nullptr;
  expect_ok(set(0, tensor));
  EXPECT_EQ(describe_tensor(get(), 0).has_grad, 0);
  tensor.grad = array_of(GRADSTEP_BFLOAT16, fresh.grad.data());
  expect_ok(set(0, tensor));
  EXPECT_EQ(describe_tensor(get(), 0).grad_dtype, GRADSTEP_BFLOAT16);
}

TEST_F(set_param, forgets_inspected_gradients) {
  expect_ok(gradstep_optimizer_inspect(get(), GRADSTEP_ALL_TENSORS, 1));
  expect_ok(set(0, a.tensor()));
  const auto inspected = inspected_step();
  expect_failure(gradstep_optimizer_step(get(), &inspected, nullptr), GRADSTEP_WRONG_ORDER,
                 {"\"a.weight\"", "not inspected"});
}

TEST_F(set_param, carries_items_in_any_order) {
  number_slots();
  plain_tensor larger(24);
  const sources_list sources{-1, 4, 0, 0, 3, -1};  // items of 4
  expect_ok(set(0, larger.tensor(), sources));
  doubles wanted;
  for (const std::int64_t source : sources) {
    for (int k = 0; k < 4; ++k) {
      wanted.push_back(source < 0 ? 0 : 4.0 * static_cast<double>(source) + k);
    }
  }
  EXPECT_EQ(read_array(get(), 0, "exp_avg"), wanted);
  EXPECT_EQ(read_array(get(), 0, "exp_avg_sq"), wanted);
  EXPECT_EQ(describe_tensor(get(), 0).count, 24U);
  EXPECT_EQ(describe_tensor(get(), 0).step_count, 1U);
  EXPECT_EQ(describe(get()).state_bytes, 24 * 4 * 2U);
  step(get());
}

TEST_F(set_param, carries_the_accumulated_gradient) {
  expect_ok(gradstep_optimizer_accumulate(get(), 0, 2));
  plain_tensor smaller(10);
  doubles wanted(10, 0.0);
  for (std::size_t i = 0; i < 5; ++i) wanted[5 + i] = 2 * a.grad.get(15 + i);
  expect_ok(set(0, smaller.tensor(), {-1, 3}));
  EXPECT_EQ(read_array(get(), 0, "accumulated_grad"), wanted);
  EXPECT_EQ(describe_tensor(get(), 0).accumulate_count, 1U);
  EXPECT_EQ(describe(get()).state_bytes, 10 * 4 * 3U);
  step(get());
}

TEST_F(set_param, prunes_everything_and_grows_again) {
  auto empty = fresh.tensor();
  empty.count = 0;
  expect_ok(set(0, empty));
  EXPECT_EQ(describe_tensor(get(), 0).count, 0U);
  EXPECT_EQ(describe(get()).state_bytes, 0U);
  step(get());
  expect_ok(set(0, empty));  // nothing moves
  expect_failure(set(0, fresh.tensor(), {0}), GRADSTEP_OUT_OF_RANGE, {"sources[0] = 0", "0 items"});
  expect_ok(set(0, fresh.tensor(), {-1, -1}));
  EXPECT_EQ(read_array(get(), 0, "exp_avg"), doubles(20, 0.0));
  step(get());
}

/// adafactor's sums over rows go along, those over the columns of the only matrix stay.
TEST_F(set_param, carries_rows_and_keeps_columns) {
  const auto adafactor = make_rule("adafactor");
  const auto group = add_group(get(), "factored", adafactor.get());
  auto points = fresh.tensor();
  points.rows = 5;
  points.columns = 4;
  const auto index = add_tensor(get(), group, "points", points);
  step(get());
  const auto rows = read_array(get(), index, "row_var"),
             columns = read_array(get(), index, "col_var");
  plain_tensor three(12);
  auto arrays = three.tensor();
  arrays.rows = 3;
  arrays.columns = 4;
  expect_ok(set(index, arrays, {4, -1, 1}));
  EXPECT_EQ(read_array(get(), index, "row_var"), (doubles{rows[4], 0, rows[1]}));
  EXPECT_EQ(read_array(get(), index, "col_var"), columns);
  step(get());
  // Items that are no whole rows cannot take the rows' numbers along.
  before = everything_in(get());
  refused(set(index, points, {0, 1, 2, 3, 4, 5, 0, 1, 2, 3}), GRADSTEP_UNSUPPORTED,
          {"row_var", "\"points\"", "one number per row", "items of 2 elements"});
}

TEST_F(set_param, of_an_8_bit_tensor) {
  auto narrow = group_options("narrow", adam.get());
  narrow.slot_dtype = GRADSTEP_S1E4M3_B256;
  const auto group = add_group(get(), narrow);
  plain_tensor large(5001), larger(6000);
  const auto index = add_tensor(get(), group, "large", large.tensor());
  step(get());
  const auto slot = read_array(get(), index, "exp_avg");
  sources_list sources;
  for (std::int64_t i = 0; i < 2000; ++i) sources.push_back((i * 7) % 1667);
  expect_ok(set(index, larger.tensor(), sources));
  const auto carried = read_array(get(), index, "exp_avg");
  EXPECT_EQ(get_array(get(), index, "exp_avg").dtype, GRADSTEP_S1E4M3_B256);
  for (std::size_t i = 0; i < 6000; ++i) {
    const double wanted = slot[static_cast<std::size_t>(sources[i / 3]) * 3 + i % 3];
    EXPECT_NEAR(carried[i], wanted, 1e-3) << i;  // the block's scale may be another
  }
  // Below 4096 elements, 8 bits would save little.
  plain_tensor small(30);
  expect_ok(set(index, small.tensor(), {5, 6, 7, 8, 9, 10, 11, 12, 13, 14}));
  EXPECT_EQ(get_array(get(), index, "exp_avg").dtype, GRADSTEP_FLOAT32);
  EXPECT_EQ(read_array(get(), index, "exp_avg")[0], carried[15]);
}

/// A slot that begins as the param: new items begin as the new param.
TEST_F(set_param, begins_slots_as_the_new_param) {
  const auto free = make_rule("schedule_free_adamw");
  const auto index = add_tensor(get(), add_group(get(), "free", free.get()), "f", fresh.tensor());
  step(get());
  const auto z = read_array(get(), index, "z");
  plain_tensor other(20, GRADSTEP_FLOAT32, 9);
  expect_ok(set(index, other.tensor(), {1, -1}));
  const auto carried = read_array(get(), index, "z");
  for (std::size_t i = 0; i < 10; ++i) {
    EXPECT_EQ(carried[i], z[10 + i]);
    EXPECT_EQ(carried[10 + i], other.param.get(10 + i));
  }
}

TEST_F(set_param, with_state_of_the_caller) {
  const auto momentum = make_rule("sgd", {{"momentum", 0.9}});
  const auto group = add_group(get(), "momentum", momentum.get());
  auto own = make_parameter("sgd", momentum.get(), 20, {}),
       other = make_parameter("sgd", momentum.get(), 20, {});
  auto view = own.view(), other_view = other.view();
  const auto index = add_tensor(get(), group, "own", view.tensor);
  step(get());
  before = everything_in(get());
  refused(set(index, without_slots(other_view.tensor)), GRADSTEP_INVALID_ARGUMENT,
          {"arrays.slots is NULL", "\"own\"", "caller's"});
  refused(set(index, other_view.tensor, {0}), GRADSTEP_INVALID_ARGUMENT,
          {"source_count = 1", "\"own\"", "caller's"});
  refused(set(0, view.tensor), GRADSTEP_INVALID_ARGUMENT, {"arrays.slot_count = 1"});
  expect_ok(set(index, other_view.tensor));
  EXPECT_EQ(get_array(get(), index, "momentum_buffer").data, other_view.slots[0].data);
  step(get());
}

/// One case per field, so it is long.
TEST_F(set_param, that_is_refused) {
  const auto with = [&](const std::function<void(gradstep_tensor&)>& change) {
    return fresh_tensor_with(change);
  };
  const struct {
    gradstep_tensor arrays;
    sources_list sources;
    gradstep_status status;
    std::vector<std::string> words;
  } cases[] = {
      {with([](auto& t) { t.count = 10; }),
       {},
       GRADSTEP_INVALID_ARGUMENT,
       {"arrays.count = 10", "20 elements", "source_count = 0"}},
      {with([](auto& t) { t.rows = 4, t.columns = 5; }),
       {},
       GRADSTEP_INVALID_ARGUMENT,
       {"arrays.rows = 4", "columns = 5"}},
      {with([](auto&) {}),
       {0, 1, 2},
       GRADSTEP_INVALID_ARGUMENT,
       {"arrays.count = 20", "multiple", "source_count = 3"}},
      {with([](auto& t) { t.count = 0; }),
       {0},
       GRADSTEP_INVALID_ARGUMENT,
       {"arrays.count = 0", "source_count = 1"}},
      {with([](auto& t) { t.count = 9; }),
       {0, 0, 0},
       GRADSTEP_INVALID_ARGUMENT,
       {"source_count = 3", "count = 20"}},
      {with([](auto&) {}),
       {0, 4},
       GRADSTEP_OUT_OF_RANGE,
       {"sources[1] = 4", "2 items of 10 elements"}},
      {with([](auto&) {}), {-2, 0}, GRADSTEP_OUT_OF_RANGE, {"sources[0] = -2", "-1"}},
      {with([](auto&) {}),
       {0, INT64_MIN},
       GRADSTEP_OUT_OF_RANGE,
       {"sources[1] = -9223372036854775808"}},
      {with([](auto& t) {
         t.param.dtype = GRADSTEP_FLOAT64;
         t.count = 10;
         t.grad.data = nullptr;
       }),
       {0},
       GRADSTEP_INVALID_ARGUMENT,
       {"arrays.param.dtype = 2", "float32"}},
      {with([](auto& t) { t.param.data = nullptr; }),
       {},
       GRADSTEP_INVALID_ARGUMENT,
       {"arrays.param.data is NULL"}},
      {with([&](auto& t) { t.param.data = b.param.data(); }),
       {},
       GRADSTEP_INVALID_ARGUMENT,
       {"arrays.param.data overlaps param.data", "\"b.weight\""}},
      {with([&](auto& t) { t.grad.data = b.grad.data(); }),
       {1, 0},
       GRADSTEP_INVALID_ARGUMENT,
       {"arrays.grad.data overlaps grad.data", "\"b.weight\""}},
      {with([](auto& t) { t.grad.data = t.param.data; }),
       {},
       GRADSTEP_INVALID_ARGUMENT,
       {"overlap", "grad.data", "param.data"}},
      {with([](auto& t) { t.flags = 1; }), {}, GRADSTEP_INVALID_ARGUMENT, {"arrays.flags = 0x1"}},
      {with([](auto& t) { t.struct_size = 7; }),
       {},
       GRADSTEP_INVALID_ARGUMENT,
       {"arrays.struct_size = 7"}},
  };
  for (const auto& [arrays, sources, status, words] : cases) {
    SCOPED_TRACE(words[0]);
    refused(set(0, arrays, sources), status, words);
  }
  const auto tensor = fresh.tensor();
  refused(gradstep_optimizer_set_param(get(), 0, nullptr, nullptr, 0), GRADSTEP_INVALID_ARGUMENT,
          {"arrays is NULL"});
  refused(gradstep_optimizer_set_param(get(), 0, &tensor, nullptr, 2), GRADSTEP_INVALID_ARGUMENT,
          {"sources is NULL", "source_count = 2"});
  refused(gradstep_optimizer_set_param(nullptr, 0, &tensor, nullptr, 0), GRADSTEP_INVALID_ARGUMENT,
          {"optimizer is NULL"});
  refused(set(2, tensor), GRADSTEP_OUT_OF_RANGE, {"tensor = 2"});
  // After a refusal the registry still has the tensor's own arrays.
  refused(add("t", a.tensor()), GRADSTEP_INVALID_ARGUMENT, {"overlaps param.data", "\"a.weight\""});
  auto grad = fresh.tensor();
  grad.grad.data = a.grad.data();
  refused(add("t", grad), GRADSTEP_INVALID_ARGUMENT, {"overlaps grad.data", "\"a.weight\""});
  step(get());
}

}  // namespace
}  // namespace gradstep_test
