// SPDX-License-Identifier: Apache-2.0
//
// The rules against runs recorded elsewhere: of the published formulas
// (tests/golden/make_traces.py, make_pass_traces.py) and of PyTorch
// (tests/golden/record_torch_traces.py). So a formula that is wrong in the library is found.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "rules/traces.hpp"
#include "support/context_setup.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/test_paths.hpp"

namespace gradstep_test {
namespace {

// ---- Comparison -------------------------------------------------------------------------------

/// The tensors of a trace, stepped by the library.
class replayed_run {
 public:
  replayed_run(const trace& wanted, std::int32_t dtype)
      : wanted_(wanted), rule_(make_rule(wanted.rule_name, wanted.options)) {
    for (const std::size_t count : wanted.tensor_sizes) {
      tensors_.push_back(make_parameter(wanted.rule_name, rule_.get(), count, {dtype, dtype}, 0,
                                        {wanted.shape.rows, wanted.shape.columns}));
    }
    shared_ = tensors_[0].shared_scalars;
    set_params(wanted.start);
    for (parameter& tensor : tensors_) tensor.start_slots_as_param(rule_.get());
  }

  /// Makes a step; whether the rule stopped it.
  bool step(const numbers& grads) {
    std::size_t at = 0;
    for (parameter& tensor : tensors_) {
      for (std::size_t i = 0; i < tensor.grad.size(); ++i) tensor.grad.set(i, grads[at++]);
    }
    auto options = at_step(step_count_ + 1);
    options.scalars = shared_.empty() ? nullptr : shared_.data();
    options.scalar_count = shared_.size();
    const auto list = views();
    const bool is_stopped =
        apply_list(serial_context(), rule_.get(), tensors_of(list), options).is_stopped != 0;
    if (!is_stopped) ++step_count_;
    return is_stopped;
  }

  void transform(const char* name) {
    const auto list = views();
    const auto tensors = tensors_of(list);
    expect_ok(
        gradstep_transform(serial_context(), rule_.get(), tensors.data(), tensors.size(), name));
  }

  numbers params() const {
    numbers all;
    for (const parameter& tensor : tensors_) append(tensor.param, all);
    return all;
  }

  /// A slot or a scalar of all tensors by its name.
  numbers state(const std::string& name) const {
    numbers all;
    const auto slots = slot_names_of(wanted_.rule_name);
    const auto slot = std::find(slots.begin(), slots.end(), name);
    for (const parameter& tensor : tensors_) {
      if (slot != slots.end()) append(*tensor.slots[slot - slots.begin()], all);
    }
    for (const auto& info : scalars_of(wanted_.rule_name)) {
      if (info.name != name) continue;
      if (info.scope == GRADSTEP_SCOPE_ALL) return {shared_[info.index]};
      for (const parameter& tensor : tensors_) all.push_back(tensor.scalars[info.index]);
    }
    return all;
  }

 private:
  static void append(const number_array& array, numbers& all) {
    for (std::size_t i = 0; i < array.size(); ++i) all.push_back(array.get(i));
  }
  void set_params(const numbers& values) {
    std::size_t at = 0;
    for (parameter& tensor : tensors_) {
      for (std::size_t i = 0; i < tensor.param.size(); ++i) tensor.param.set(i, values[at++]);
    }
  }
  std::vector<tensor_view> views() {
    std::vector<tensor_view> all;
    for (parameter& tensor : tensors_) all.push_back(tensor.view());
    return all;
  }
  static std::vector<gradstep_tensor> tensors_of(const std::vector<tensor_view>& list) {
    std::vector<gradstep_tensor> all;
    for (const tensor_view& view : list) all.push_back(view.tensor);
    return all;
  }

  const trace& wanted_;
  rule_handle rule_;
  std::vector<parameter> tensors_;
  numbers shared_;
  std::uint64_t step_count_ = 0;
};

/// The largest |p| of the element's run, including its start.
double largest(const trace& of, const std::vector<numbers>& params, std::size_t i) {
  double result = std::abs(of.start[i]);
  for (const auto& step : params) result = std::max(result, std::abs(step[i]));
  return result;
}

/// Each element agrees to tolerance * largest(): a param may pass through zero.
void expect_close(const trace& of, const std::vector<numbers>& got,
                  const std::vector<numbers>& wanted, double tolerance) {
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < of.start.size(); ++i) {
    const double bound = tolerance * largest(of, wanted, i);
    for (std::size_t step = 0; step < wanted.size(); ++step) {
      ASSERT_NEAR(got[step][i], wanted[step][i], bound) << "element " << i << ", step " << step + 1;
    }
  }
}

/// is_param: the numbers are params at some moment of the run. Else they are state, whose averages
/// may cancel: each agrees to tolerance times the largest.
void expect_close(const trace& of, const numbers& got, const numbers& wanted, double tolerance,
                  const std::string& what, bool is_param) {
  ASSERT_EQ(got.size(), wanted.size()) << what;
  double largest_state = 0;
  for (const double value : wanted) largest_state = std::max(largest_state, std::abs(value));
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const double size = is_param ? largest(of, of.params_f64, i) : largest_state;
    ASSERT_NEAR(got[i], wanted[i], tolerance * size) << what << ", element " << i;
  }
}

/// Replays a trace and compares everything that it has.
void expect_run(const trace& wanted, std::int32_t dtype, double tolerance) {
  const bool is_float32 = dtype == GRADSTEP_FLOAT32;
  const auto& wanted_params =
      is_float32 && !wanted.params_f32.empty() ? wanted.params_f32 : wanted.params_f64;
  const auto& states =
      is_float32 && !wanted.states_f32.empty() ? wanted.states_f32 : wanted.states_f64;
  replayed_run run(wanted, dtype);
  std::vector<numbers> params;
  for (std::size_t step = 1; step <= wanted.grads.size(); ++step) {
    const auto& stopped = wanted.stopped_steps;
    EXPECT_EQ(run.step(wanted.grads[step - 1]),
              std::find(stopped.begin(), stopped.end(), step) != stopped.end())
        << "step " << step;
    params.push_back(run.params());
    for (const auto& [name, at, values] : states) {
      if (is_float32 && wanted.rule_name == "prodigy") continue;
      if (at == step) expect_close(wanted, run.state(name), values, tolerance, name, false);
    }
    for (const auto& [at, evaluated, trained] : wanted.transforms) {
      if (at != step) continue;
      run.transform("evaluate");
      expect_close(wanted, run.params(), evaluated, tolerance, "evaluated", true);
      run.transform("train");
      expect_close(wanted, run.params(), trained, tolerance, "trained", true);
    }
  }
  expect_close(wanted, params, wanted_params, tolerance);
}

/// prodigy's d comes from p0 - p. A float32 param that has moved by n units is wrong by up to 1 / n
/// of that, so d and what depends on it are less exact than other numbers in float32.
double float32_tolerance(const trace& wanted) {
  return (wanted.rule_name == "prodigy" ? 1024 : 16) * 0x1p-23;
}

void expect_trace(const trace& wanted, double tolerance_f64) {
  SCOPED_TRACE(wanted.name);
  {
    SCOPED_TRACE("float64");
    expect_run(wanted, GRADSTEP_FLOAT64, tolerance_f64);
  }
  SCOPED_TRACE("float32");
  expect_run(wanted, GRADSTEP_FLOAT32, float32_tolerance(wanted));
}

// ---- Tests ------------------------------------------------------------------------------------

/// The recorded params, gradients and transforms have a number for each element.
void expect_complete(const trace& one) {
  SCOPED_TRACE(one.name);
  const std::size_t count = one.start.size();
  EXPECT_GT(count, 0U);
  EXPECT_EQ(one.params_f64.size(), one.grads.size());
  std::vector<numbers> arrays = one.grads;
  for (const auto& list : {one.params_f64, one.params_f32}) {
    arrays.insert(arrays.end(), list.begin(), list.end());
  }
  for (const auto& transform : one.transforms) {
    arrays.push_back(transform.evaluated);
    arrays.push_back(transform.trained);
  }
  for (const auto& array : arrays) EXPECT_EQ(array.size(), count);
  const auto& [matrices, rows, columns] = one.shape;
  if (matrices != 0) {
    EXPECT_EQ(matrices * rows * columns, count);
  }
  EXPECT_EQ(std::accumulate(one.tensor_sizes.begin(), one.tensor_sizes.end(), std::size_t{0}),
            count);
}

/// The traces of a file of tests/golden.
std::vector<trace> golden_traces(const char* file, std::size_t least_count) {
  auto traces = read_traces(golden_file(file));
  EXPECT_GE(traces.size(), least_count) << file;
  for (const auto& one : traces) expect_complete(one);
  return traces;
}

TEST(golden, published_formulas) {
  for (const auto& wanted : golden_traces("traces.txt", 18)) {
    EXPECT_EQ(wanted.start.size(), 23U);
    EXPECT_EQ(wanted.grads.size(), 20U);
    expect_trace(wanted, 1e-12);
  }
}

TEST(golden, formulas_of_several_passes) {
  for (const auto& wanted : golden_traces("pass_traces.txt", 39)) expect_trace(wanted, 1e-12);
}

TEST(golden, every_rule_has_a_trace) {
  auto traces = golden_traces("traces.txt", 18);
  for (auto& one : golden_traces("pass_traces.txt", 39)) traces.push_back(std::move(one));
  for (const auto& name : rule_names()) {
    EXPECT_TRUE(std::any_of(traces.begin(), traces.end(),
                            [&](const trace& one) { return one.rule_name == name; }))
        << name << " has no case in tests/golden/make_traces.py or make_pass_traces.py";
  }
}

/// PyTorch keeps a product of NAdam in float32, so even its float64 run is not more exact.
double pytorch_tolerance(const trace& wanted) { return wanted.rule_name == "nadam" ? 1e-5 : 1e-12; }

TEST(golden, pytorch) {
  for (const auto& wanted : golden_traces("torch_traces.txt", 21)) {
    EXPECT_EQ(wanted.start.size(), 37U);
    EXPECT_EQ(wanted.grads.size(), 24U);
    EXPECT_EQ(wanted.params_f32.size(), 24U) << wanted.name;
    expect_trace(wanted, pytorch_tolerance(wanted));
  }
}

TEST(golden, pytorch_with_matrices) {
  for (const auto& wanted : golden_traces("torch_matrix_traces.txt", 4)) {
    EXPECT_EQ(wanted.params_f32.size(), 16U) << wanted.name;
    EXPECT_GT(wanted.shape.rows, 0U) << wanted.name;
    for (const auto* states : {&wanted.states_f64, &wanted.states_f32}) {
      ASSERT_EQ(states->size(), 2U) << wanted.name;
      EXPECT_EQ((*states)[0].name, "row_var");
      EXPECT_EQ((*states)[0].values.size(), wanted.shape.matrices * wanted.shape.rows);
      EXPECT_EQ((*states)[1].name, "col_var");
      EXPECT_EQ((*states)[1].values.size(), wanted.shape.matrices * wanted.shape.columns);
    }
    expect_trace(wanted, 1e-12);
  }
}

}  // namespace
}  // namespace gradstep_test
