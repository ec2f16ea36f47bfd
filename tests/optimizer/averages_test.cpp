// SPDX-License-Identifier: Apache-2.0
//
// Moving averages in an optimizer: where they begin, what they count, and which tensors have one.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "support/arrays.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/number_array.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

constexpr std::size_t all = GRADSTEP_ALL_TENSORS;
constexpr std::uint64_t equal = GRADSTEP_APPLY_AVERAGE | GRADSTEP_APPLY_AVERAGE_EQUAL;

gradstep_optimizer_options averaging(std::uint64_t flags, double decay = 0) {
  auto options = sized<gradstep_optimizer_options>();
  options.flags = flags;
  options.average_decay = decay;
  return options;
}

/// An optimizer with one group. Tensors of 163 elements are added one by one; `average` is garbage
/// before the first step.
class averaging_model {
 public:
  explicit averaging_model(const gradstep_optimizer_options& options = averaging(0),
                           const char* rule_name = "sgd",
                           const gradstep_context* context = serial_context())
      : optimizer_(make_optimizer(context, options)) {
    add_group(get(), "all", make_rule(rule_name, {{"lr", 0.5}}).get());
  }

  std::size_t add(bool has_average = true) {
    const std::size_t index = tensors_.size();
    tensors_.emplace_back(count, GRADSTEP_FLOAT32, index + 1);
    averages_.emplace_back(GRADSTEP_FLOAT32, count);
    averages_.back().fill(1e30);
    auto tensor = tensors_[index].tensor();
    if (has_average) tensor.average = averages_[index].view();
    return add_tensor(get(), 0, numbered_name(index), tensor);
  }
  void set_options(const gradstep_optimizer_options& options) {
    expect_ok(gradstep_optimizer_set_options(get(), &options));
  }
  void set_gradients(std::uint64_t seed) {
    for (std::size_t i = 0; i < tensors_.size(); ++i) tensors_[i].set_gradient(100 * seed + i);
  }
  /// A step with gradients of its own.
  gradstep_apply_result step() {
    set_gradients(++seed_);
    return gradstep_test::step(get());
  }
  void start(std::size_t tensor) { expect_ok(gradstep_optimizer_start_average(get(), tensor)); }

  std::vector<double> param(std::size_t i) const { return read_array(get(), i, "param"); }
  std::vector<double> average(std::size_t i) const { return read_array(get(), i, "average"); }
  std::uint64_t average_count(std::size_t i) const {
    return describe_tensor(get(), i).average_count;
  }
  number_array& grad(std::size_t i) { return tensors_[i].grad; }
  number_array& average_array(std::size_t i) { return averages_[i]; }
  gradstep_optimizer* get() const { return optimizer_.get(); }

  static constexpr std::size_t count = 163;

 private:
  optimizer_handle optimizer_;
  std::vector<plain_tensor> tensors_;
  std::vector<number_array> averages_;
  std::uint64_t seed_ = 0;
};

void expect_near(const std::vector<double>& got, const std::vector<double>& wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    ASSERT_NEAR(got[i], wanted[i], 4e-6 * (1 + std::abs(wanted[i]))) << i;
  }
}

/// average <- decay average + (1 - decay) param.
void move(std::vector<double>& average, const std::vector<double>& param, double decay) {
  for (std::size_t i = 0; i < average.size(); ++i) {
    average[i] = decay * average[i] + (1 - decay) * param[i];
  }
}

const std::vector<double> untouched(averaging_model::count, static_cast<float>(1e30));

TEST(averages, begin_with_the_first_step_that_has_them) {
  averaging_model m;
  m.add();
  for (int i = 0; i < 3; ++i) m.step();
  EXPECT_EQ(m.average(0), untouched);
  EXPECT_EQ(m.average_count(0), 0U);
  m.set_options(averaging(GRADSTEP_APPLY_AVERAGE, 0.75));
  m.step();
  auto wanted = m.param(0);
  EXPECT_EQ(m.average(0), wanted);
  EXPECT_EQ(m.average_count(0), 1U);
  for (std::uint64_t n = 2; n <= 5; ++n) {
    m.step();
    move(wanted, m.param(0), 0.75);
    expect_near(m.average(0), wanted);
    EXPECT_EQ(m.average_count(0), n);
  }
  m.set_options(averaging(0));
  m.step();
  expect_near(m.average(0), wanted);
  EXPECT_EQ(m.average_count(0), 5U);
}

TEST(averages, may_begin_with_the_initial_params) {
  averaging_model m(averaging(GRADSTEP_APPLY_AVERAGE, 0.9));
  m.add();
  m.start(0);
  auto wanted = m.param(0);
  EXPECT_EQ(m.average(0), wanted);
  EXPECT_EQ(m.average_count(0), 1U);
  for (int i = 0; i < 4; ++i) {
    m.step();
    move(wanted, m.param(0), 0.9);
    expect_near(m.average(0), wanted);
  }
  EXPECT_EQ(m.average_count(0), 5U);
}

TEST(averages, of_frozen_tensors_are_started_by_the_caller) {
  averaging_model m(averaging(GRADSTEP_APPLY_AVERAGE, 0.5));
  const auto frozen = m.add(), moving = m.add(), without = m.add(false);
  expect_ok(gradstep_optimizer_set_frozen(m.get(), frozen, 1));
  m.step();
  EXPECT_EQ(m.average(frozen), untouched);
  EXPECT_EQ(m.average_count(frozen), 0U);
  EXPECT_EQ(m.average_count(without), 0U);
  m.start(all);
  EXPECT_EQ(m.average(frozen), m.param(frozen));
  EXPECT_EQ(m.average(moving), m.param(moving));
  m.step();
  EXPECT_EQ(m.average(frozen), m.param(frozen));
  EXPECT_EQ(m.average_count(frozen), 1U);
  EXPECT_EQ(m.average_count(moving), 2U);
  EXPECT_EQ(m.average_count(without), 0U);
  auto wanted = m.param(frozen);
  expect_ok(gradstep_optimizer_set_frozen(m.get(), frozen, 0));
  m.step();
  move(wanted, m.param(frozen), 0.5);
  expect_near(m.average(frozen), wanted);
}

/// One tensor takes part in every step, one joins late, one is left out of a step, and one has no
/// average.
TEST(averages, with_equal_weights_are_the_mean_of_each_tensors_own_params) {
  averaging_model m(averaging(equal));
  for (const bool has_average : {true, true, false}) m.add(has_average);
  std::vector<std::vector<double>> sums(4, std::vector<double>(averaging_model::count));
  std::vector<std::uint64_t> counts(4);
  for (int i = 0; i < 7; ++i) {
    if (i == 2) m.add();
    if (i == 4) expect_ok(gradstep_optimizer_set_grad(m.get(), 1, nullptr));
    m.step();
    for (const std::size_t t : {0, 1, 3}) {
      if ((t == 3 && i < 2) || (t == 1 && i == 4)) continue;
      const auto param = m.param(t);
      for (std::size_t k = 0; k < param.size(); ++k) sums[t][k] += param[k];
      ++counts[t];
      auto mean = sums[t];
      for (double& x : mean) x /= static_cast<double>(counts[t]);
      expect_near(m.average(t), mean);
      EXPECT_EQ(m.average_count(t), counts[t]);
    }
    if (i == 4) expect_ok(gradstep_optimizer_set_grad(m.get(), 1, m.grad(1).data()));
  }
}

TEST(averages, that_the_caller_has_written_go_on_with_their_count) {
  averaging_model m(averaging(equal));
  m.add();
  m.average_array(0).fill(3);
  expect_ok(gradstep_optimizer_set_average_count(m.get(), 0, 7));
  EXPECT_EQ(m.average_count(0), 7U);
  m.step();
  auto wanted = m.param(0);
  for (double& x : wanted) x = (7 * 3 + x) / 8;
  expect_near(m.average(0), wanted);
  EXPECT_EQ(m.average_count(0), 8U);
  expect_ok(gradstep_optimizer_set_average_count(m.get(), all, 0));
  m.step();
  EXPECT_EQ(m.average(0), m.param(0));
  EXPECT_EQ(m.average_count(0), 1U);
}

TEST(averages, do_not_count_steps_that_are_skipped_or_stopped) {
  averaging_model skipped(averaging(equal | GRADSTEP_APPLY_CHECK_FINITE));
  skipped.add();
  skipped.step();
  const auto before = skipped.average(0);
  skipped.grad(0).fill(std::numeric_limits<double>::infinity());
  EXPECT_EQ(step(skipped.get()).is_skipped, 1);
  EXPECT_EQ(skipped.average_count(0), 1U);
  EXPECT_EQ(skipped.average(0), before);

  averaging_model stopped(averaging(equal), "prodigy");
  stopped.add();
  stopped.grad(0).fill(0);
  EXPECT_EQ(step(stopped.get()).is_stopped, 1);
  EXPECT_EQ(stopped.average_count(0), 0U);
  EXPECT_EQ(stopped.average(0), untouched);
}

/// Two tensors of one group whose averages have different counts: one is started, the other not.
std::vector<double> averages_after_steps(const char* rule_name, std::uint64_t flags,
                                         const gradstep_context* context, bool is_by_tensor) {
  averaging_model m(averaging(flags, flags == equal ? 0 : 0.9), rule_name, context);
  for (int i = 0; i < 3; ++i) m.add();
  m.start(1);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    if (!is_by_tensor) {
      m.step();
      continue;
    }
    m.set_gradients(i);
    expect_ok(gradstep_optimizer_begin_step(m.get(), nullptr));
    for (const std::size_t t : {2, 0, 1}) expect_ok(gradstep_optimizer_step_tensor(m.get(), t));
    expect_ok(gradstep_optimizer_end_step(m.get(), nullptr));
  }
  EXPECT_EQ(m.average_count(0), 3U);
  EXPECT_EQ(m.average_count(1), 4U);
  return everything_in(m.get());
}

TEST(averages, have_the_same_bits_however_the_step_is_split) {
  const auto split = make_context(split_options(3));
  for (const char* rule_name : {"sgd", "adamw", "nadam", "lamb", "adafactor", "prodigy"}) {
    for (const std::uint64_t flags : {std::uint64_t{GRADSTEP_APPLY_AVERAGE}, equal}) {
      SCOPED_TRACE(rule_name);
      const auto wanted = averages_after_steps(rule_name, flags, serial_context(), false);
      EXPECT_EQ(averages_after_steps(rule_name, flags, split.get(), false), wanted);
      if (rule_name == std::string("prodigy")) continue;
      EXPECT_EQ(averages_after_steps(rule_name, flags, split.get(), true), wanted);
    }
  }
}

// ---- What start_average copies ------------------------------------------------------------------

TEST(start_average, converts_params_of_every_dtype) {
  const auto split = make_context(split_options(2));
  constexpr std::size_t count = 700;
  for (const std::int32_t dtype :
       {GRADSTEP_FLOAT32, GRADSTEP_FLOAT64, GRADSTEP_BFLOAT16, GRADSTEP_FLOAT16}) {
    const auto optimizer = make_optimizer(split.get());
    add_group(optimizer.get(), "all", make_rule("sgd").get());
    std::vector<std::uint64_t> memory(count);
    std::vector<double> values(count), average(count);
    auto tensor = sized<gradstep_tensor>();
    tensor.count = count;
    tensor.param = array_of(dtype, memory.data());
    tensor.grad = array_of(GRADSTEP_FLOAT32, nullptr);
    const bool is_wide = dtype == GRADSTEP_FLOAT64;
    tensor.average = array_of(is_wide ? GRADSTEP_FLOAT64 : GRADSTEP_FLOAT32, average.data());
    for (std::size_t i = 0; i < count; ++i) values[i] = random_value(7, i);
    values[3] = dtype == GRADSTEP_FLOAT64 ? 1e-320 : 0x1p-24;  // a denormal of its dtype
    expect_ok(gradstep_array_write(&tensor.param, count, values.data()));
    expect_ok(gradstep_array_read(&tensor.param, count, values.data()));
    const auto index = add_tensor(optimizer.get(), 0, std::to_string(dtype), tensor);
    expect_ok(gradstep_optimizer_start_average(optimizer.get(), index));
    EXPECT_EQ(read_array(optimizer.get(), index, "average"), values) << dtype;
  }
}

TEST(start_average, takes_the_lower_halves_and_leaves_gaps_alone) {
  constexpr std::size_t rows = 5, columns = 6, pitch = 9, average_pitch = 11;
  std::vector<std::uint16_t> upper(rows * pitch), lower(rows * pitch);
  std::vector<float> average(rows * average_pitch, -1);
  const auto value = [](std::size_t r, std::size_t c) {
    return static_cast<float>(random_value(r, c));
  };
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      const auto bits = std::bit_cast<std::uint32_t>(value(r, c));
      upper[r * pitch + c] = static_cast<std::uint16_t>(bits >> 16);
      lower[r * pitch + c] = static_cast<std::uint16_t>(bits);
    }
  }
  auto tensor = sized<gradstep_tensor>();
  tensor.count = rows * columns;
  tensor.rows = rows;
  tensor.columns = columns;
  tensor.param = array_of(GRADSTEP_BFLOAT16, upper.data(), lower.data());
  tensor.param.pitch = pitch;
  tensor.grad = array_of(GRADSTEP_FLOAT32, nullptr);
  tensor.average = array_of(average.data());
  tensor.average.pitch = average_pitch;
  const auto optimizer = make_optimizer(serial_context());
  add_group(optimizer.get(), "all", make_rule("sgd").get());
  add_tensor(optimizer.get(), 0, "matrix", tensor);
  expect_ok(gradstep_optimizer_start_average(optimizer.get(), 0));
  for (std::size_t i = 0; i < average.size(); ++i) {
    const std::size_t r = i / average_pitch, c = i % average_pitch;
    EXPECT_EQ(average[i], c < columns ? value(r, c) : -1) << i;
  }
}

// ---- Misuse -------------------------------------------------------------------------------------

TEST(averages, wrong_calls_change_nothing) {
  averaging_model m(averaging(GRADSTEP_APPLY_AVERAGE, 0.5));
  m.add();
  m.add(false);
  m.step();
  const auto refused = [&](gradstep_status got, gradstep_status wanted,
                           const std::vector<std::string>& words) {
    expect_failure(got, wanted, words);
  };
  const auto both_refused = [&](std::size_t tensor, gradstep_status wanted,
                                const std::vector<std::string>& words) {
    const auto before = everything_in(m.get());
    refused(gradstep_optimizer_start_average(m.get(), tensor), wanted, words);
    refused(gradstep_optimizer_set_average_count(m.get(), tensor, 1), wanted, words);
    EXPECT_EQ(everything_in(m.get()), before);
  };
  both_refused(2, GRADSTEP_OUT_OF_RANGE, {"tensor = 2", "2 tensors"});
  both_refused(1, GRADSTEP_UNSUPPORTED, {"tensor 1, \"t1\", has no average"});
  constexpr std::uint64_t most = std::uint64_t{1} << 53;
  for (const std::size_t tensor : {std::size_t{0}, all}) {
    refused(gradstep_optimizer_set_average_count(m.get(), tensor, most + 1), GRADSTEP_OUT_OF_RANGE,
            {"count = 9007199254740993 is above 2^53"});
  }
  EXPECT_EQ(m.average_count(0), 1U);
  expect_ok(gradstep_optimizer_begin_step(m.get(), nullptr));
  both_refused(0, GRADSTEP_WRONG_ORDER, {"inside a step"});
  both_refused(all, GRADSTEP_WRONG_ORDER, {"inside a step"});
  expect_ok(gradstep_optimizer_end_step(m.get(), nullptr));
}

TEST(averages, end_at_the_largest_count) {
  averaging_model m(averaging(GRADSTEP_APPLY_AVERAGE, 0.5));
  m.add();
  expect_ok(gradstep_optimizer_set_average_count(m.get(), 0, std::uint64_t{1} << 53));
  const auto before = everything_in(m.get());
  expect_failure(gradstep_optimizer_step(m.get(), nullptr, nullptr), GRADSTEP_OUT_OF_RANGE,
                 {"tensor \"t0\" has an average_count of 2^53"});
  EXPECT_EQ(everything_in(m.get()), before);
  m.set_options(averaging(0));
  m.step();
  EXPECT_EQ(m.average_count(0), std::uint64_t{1} << 53);
}

}  // namespace
}  // namespace gradstep_test
