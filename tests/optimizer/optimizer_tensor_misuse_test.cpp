// SPDX-License-Identifier: Apache-2.0
//
// Wrong tensors given to an optimizer: each gives its status and a sentence that names the argument
// and its value, and changes nothing.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "optimizer/optimizer_misuse.hpp"
#include "support/comparison.hpp"
#include "support/number_array.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/parameter.hpp"

namespace gradstep_test {
namespace {

/// One case per field, so it is long.
TEST_F(optimizer_misuse, fields_of_tensors) {
  char* const bytes = static_cast<char*>(fresh.param.data());
  const struct {
    gradstep_tensor tensor;
    gradstep_status status;
    std::vector<std::string> words;
  } cases[] = {
      {fresh_tensor_with([](auto& t) { t.param.data = nullptr; }),
       GRADSTEP_INVALID_ARGUMENT,
       {"tensor.param.data is NULL"}},
      {fresh_tensor_with([&](auto& t) { t.param.data = bytes + 1; }),
       GRADSTEP_INVALID_ARGUMENT,
       {"tensor.param.data", "aligned", "4 bytes"}},
      {fresh_tensor_with([&](auto& t) { t.grad.data = bytes + 4; }),
       GRADSTEP_INVALID_ARGUMENT,
       {"arrays of tensor overlap", "grad.data", "param.data"}},
      {fresh_tensor_with([](auto& t) { t.param.dtype = 9; }),
       GRADSTEP_INVALID_ARGUMENT,
       {"tensor.param.dtype = 9"}},
      {fresh_tensor_with([](auto& t) { t.grad.dtype = 0; }),
       GRADSTEP_INVALID_ARGUMENT,
       {"tensor.grad.dtype = 0"}},
      {fresh_tensor_with([](auto& t) { t.slot_count = 3; }),
       GRADSTEP_INVALID_ARGUMENT,
       {"tensor.slots is NULL", "slot_count"}},
      {fresh_tensor_with([](auto& t) { t.count = SIZE_MAX / 8; }),
       GRADSTEP_OUT_OF_RANGE,
       {"tensor.count", "memory"}},
      {fresh_tensor_with([](auto& t) { t.flags = 1; }),
       GRADSTEP_INVALID_ARGUMENT,
       {"tensor.flags = 0x1"}},
      {fresh_tensor_with([&](auto& t) { t.copy = array_of(GRADSTEP_FLOAT64, bytes); }),
       GRADSTEP_INVALID_ARGUMENT,
       {"tensor.copy.dtype = 2"}},
      {fresh_tensor_with([](auto& t) { t.scalar_count = 1; }),
       GRADSTEP_INVALID_ARGUMENT,
       {"tensor.scalar_count = 1"}},
      {fresh_tensor_with([](auto& t) { t.rows = 3; }),
       GRADSTEP_INVALID_ARGUMENT,
       {"tensor.rows = 3", "columns = 0"}},
      {fresh_tensor_with([](auto& t) { t.whole_count = 19; }),
       GRADSTEP_INVALID_ARGUMENT,
       {"tensor.whole_count = 19", "20"}},
      {fresh_tensor_with([](auto& t) {
         t.grad = array_of(9, nullptr);  // absent, but set_grad will need its dtype
       }),
       GRADSTEP_INVALID_ARGUMENT,
       {"tensor.grad.dtype = 9"}},
      {fresh_tensor_with([](auto& t) { t.struct_size = 7; }),
       GRADSTEP_INVALID_ARGUMENT,
       {"tensor.struct_size = 7"}},
  };
  for (const auto& [tensor, status, words] : cases) refused(add("t", tensor), status, words);
}

TEST_F(optimizer_misuse, more_memory_than_there_is) {
  auto tensor = fresh.tensor();
  tensor.count = std::size_t{1} << 46;  // the param's own 2^48 bytes cannot be checked
  tensor.grad.data = nullptr;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): nothing may be there
  tensor.param.data = reinterpret_cast<void*>(std::uintptr_t{1} << 47);
  refused(add("t", tensor), GRADSTEP_OUT_OF_MEMORY, {"memory"});
  // The largest count that passes the checks: two slots of as many doubles take 2^64 bytes.
  tensor.count = SIZE_MAX / 16;
  tensor.param.dtype = GRADSTEP_FLOAT64;
  refused(add("t", tensor), GRADSTEP_OUT_OF_MEMORY, {"memory"});
}

TEST_F(optimizer_misuse, state_of_the_caller) {
  auto own = make_parameter("adam", adam.get(), 20, {});
  const auto view = own.view();
  auto missing = view.tensor;
  const gradstep_array slots[] = {view.slots[0], {}, {}};
  missing.slots = slots;
  refused(add("t", missing), GRADSTEP_INVALID_ARGUMENT, {"tensor.slots[1].data is NULL"});
  auto few = view.tensor;
  few.slot_count = 2;
  refused(add("t", few), GRADSTEP_INVALID_ARGUMENT, {"tensor.slot_count = 2", "3 slots"});
  // A slot that the rule may use later is checked too.
  auto crooked = view.tensor;
  const gradstep_array with_unused[] = {
      view.slots[0], view.slots[1],
      array_of(GRADSTEP_FLOAT32, static_cast<char*>(fresh.grad.data()) + 1)};
  crooked.slots = with_unused;
  refused(add("t", crooked), GRADSTEP_INVALID_ARGUMENT, {"tensor.slots[2].data", "aligned"});
  refused(gradstep_optimizer_set_hyperparameter(get(), 1, "momentum", 0.9),
          GRADSTEP_INVALID_ARGUMENT, {"momentum_buffer", "\"b.weight\"", "caller"});
}

TEST_F(optimizer_misuse, eight_bit_state_begins_at_a_block) {
  auto options = group_options("narrow", adam.get());
  options.slot_dtype = GRADSTEP_S1E4M3_B256;
  const std::size_t group = add_group(get(), options);
  before = everything_in(get());
  plain_tensor large(5000);
  auto tensor = large.tensor();
  tensor.first_index = 100;
  refused(add("t", tensor, group), GRADSTEP_INVALID_ARGUMENT,
          {"tensor.first_index = 100", "256", "slot_dtype"});
}

/// One case per pair of arrays, so it is long.
TEST_F(optimizer_misuse, arrays_of_two_tensors_overlap) {
  const auto at = [](number_array& array, std::ptrdiff_t bytes) {
    return static_cast<char*>(array.data()) + bytes;
  };
  number_array spare(GRADSTEP_FLOAT32, 20);
  const struct {
    gradstep_tensor tensor;
    std::vector<std::string> words;
  } cases[] = {
      {fresh_tensor_with([&](auto& t) { t.param.data = a.param.data(); }),
       {"tensor.param.data overlaps param.data", "\"a.weight\""}},
      {fresh_tensor_with([&](auto& t) { t.param.data = at(a.param, 76); }),
       {"tensor.param.data overlaps param.data"}},
      {fresh_tensor_with([&](auto& t) { t.param.data = at(a.param, -76); }),
       {"tensor.param.data overlaps param.data"}},
      {fresh_tensor_with([&](auto& t) { t.grad.data = a.grad.data(); }),
       {"tensor.grad.data overlaps grad.data"}},
      {fresh_tensor_with([&](auto& t) { t.grad.data = b.param.data(); }),
       {"tensor.grad.data overlaps param.data", "\"b.weight\""}},
      {fresh_tensor_with([&](auto& t) { t.average = a.grad.view(); }),
       {"tensor.average.data overlaps grad.data"}},
      {fresh_tensor_with([&](auto& t) { t.copy = array_of(GRADSTEP_FLOAT16, a.grad.data()); }),
       {"tensor.copy.data overlaps grad.data"}},
  };
  for (const auto& [tensor, words] : cases) {
    refused(add("t", tensor), GRADSTEP_INVALID_ARGUMENT, words);
  }
  refused(gradstep_optimizer_set_grad(get(), 0, at(a.param, 4)), GRADSTEP_INVALID_ARGUMENT,
          {"grad overlaps param.data", "\"a.weight\""});
  refused(gradstep_optimizer_set_grad(get(), 0, at(spare, 2)), GRADSTEP_INVALID_ARGUMENT,
          {"grad", "aligned", "4 bytes"});
  // A refused call keeps the old gradient registered. After a gradient is replaced, its memory is
  // free for other arrays.
  refused(add("t", cases[3].tensor), GRADSTEP_INVALID_ARGUMENT,
          {"tensor.grad.data overlaps grad.data"});
  expect_ok(gradstep_optimizer_set_grad(get(), 0, at(a.grad, 0)));
  expect_ok(gradstep_optimizer_set_grad(get(), 0, spare.data()));
  expect_ok(add("t", cases[3].tensor));
}

}  // namespace
}  // namespace gradstep_test
