// SPDX-License-Identifier: Apache-2.0
//
// The rules against runs recorded elsewhere: of the published formulas
// (tests/golden/make_traces.py) and of PyTorch (tests/golden/record_torch_traces.py). So a formula
// that is wrong in the library is found.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "support/context_setup.hpp"
#include "support/parameter.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/test_paths.hpp"

namespace gradstep_test {
namespace {

using numbers = std::vector<double>;

/// A recorded run of one rule. If params_f32 is empty, the float32 run is compared with params_f64.
struct trace {
  std::string name;
  std::string rule_name;
  option_values options;
  std::vector<numbers> params_f64;  // after each step
  std::vector<numbers> params_f32;
};

/// Runs with the same start and gradients.
struct trace_file {
  numbers start;
  std::vector<numbers> grads;  // of each step
  std::vector<trace> traces;
};

// ---- Comparison -------------------------------------------------------------------------------

/// The params after each step of the library.
std::vector<numbers> replay(const trace_file& file, const trace& wanted, std::int32_t dtype) {
  const auto rule = make_rule(wanted.rule_name, wanted.options);
  auto target = make_parameter(wanted.rule_name, rule.get(), file.start.size(), {dtype, dtype});
  for (std::size_t i = 0; i < file.start.size(); ++i) target.param.set(i, file.start[i]);
  std::vector<numbers> params;
  for (std::size_t step = 1; step <= file.grads.size(); ++step) {
    for (std::size_t i = 0; i < file.start.size(); ++i) {
      target.grad.set(i, file.grads[step - 1][i]);
    }
    apply_one(serial_context(), rule.get(), target, at_step(step));
    params.emplace_back();
    for (std::size_t i = 0; i < file.start.size(); ++i) {
      params.back().push_back(target.param.get(i));
    }
  }
  return params;
}

/// The largest |p| of the element's run, including its start.
double largest(const trace_file& file, const std::vector<numbers>& params, std::size_t i) {
  double result = std::abs(file.start[i]);
  for (const auto& step : params) result = std::max(result, std::abs(step[i]));
  return result;
}

/// Each element agrees to tolerance * largest(): a param may pass through zero.
void expect_close(const trace_file& file, const std::vector<numbers>& got,
                  const std::vector<numbers>& wanted, double tolerance) {
  ASSERT_EQ(got.size(), wanted.size());
  for (std::size_t i = 0; i < file.start.size(); ++i) {
    const double bound = tolerance * largest(file, wanted, i);
    for (std::size_t step = 0; step < wanted.size(); ++step) {
      ASSERT_NEAR(got[step][i], wanted[step][i], bound) << "element " << i << ", step " << step + 1;
    }
  }
}

void expect_trace(const trace_file& file, const trace& wanted) {
  SCOPED_TRACE(wanted.name);
  expect_close(file, replay(file, wanted, GRADSTEP_FLOAT64), wanted.params_f64, 1e-12);
  const auto& wanted_f32 = wanted.params_f32.empty() ? wanted.params_f64 : wanted.params_f32;
  constexpr double float32_tolerance = 16 * 0x1p-23;
  expect_close(file, replay(file, wanted, GRADSTEP_FLOAT32), wanted_f32, float32_tolerance);
}

// ---- Files of traces --------------------------------------------------------------------------

double parse(const std::string& text) {
  char* end = nullptr;
  const double value = std::strtod(text.c_str(), &end);
  EXPECT_EQ(*end, '\0') << "not a number: " << text;
  return value;
}

numbers parse_rest(std::istringstream& words) {
  numbers values;
  for (std::string word; words >> word;) values.push_back(parse(word));
  return values;
}

trace parse_case(std::istringstream& words) {
  trace result;
  words >> result.name >> result.rule_name;
  for (std::string word; words >> word;) {
    const auto equals = word.find('=');
    result.options.emplace_back(word.substr(0, equals), parse(word.substr(equals + 1)));
  }
  return result;
}

trace_file read_traces(const std::string& path) {
  trace_file file;
  std::ifstream stream(path);
  EXPECT_TRUE(stream) << "cannot read " << path;
  for (std::string line; std::getline(stream, line);) {
    std::istringstream words(line);
    std::string key;
    std::size_t step = 0;
    words >> key;
    if (key == "grad" || key == "param" || key == "param32") words >> step;
    if (key == "start") file.start = parse_rest(words);
    if (key == "grad") file.grads.push_back(parse_rest(words));
    if (key == "case") file.traces.push_back(parse_case(words));
    if (key == "param") file.traces.back().params_f64.push_back(parse_rest(words));
    if (key == "param32") file.traces.back().params_f32.push_back(parse_rest(words));
  }
  return file;
}

TEST(golden, published_formulas) {
  const auto file = read_traces(golden_file("traces.txt"));
  EXPECT_EQ(file.start.size(), 23U);
  EXPECT_EQ(file.grads.size(), 20U);
  EXPECT_GE(file.traces.size(), 18U);
  for (const auto& wanted : file.traces) expect_trace(file, wanted);
}

TEST(golden, every_rule_has_a_trace) {
  const auto file = read_traces(golden_file("traces.txt"));
  for (const auto& name : rule_names()) {
    EXPECT_TRUE(std::any_of(file.traces.begin(), file.traces.end(),
                            [&](const trace& one) { return one.rule_name == name; }))
        << name << " has no case in tests/golden/make_traces.py";
  }
}

TEST(golden, pytorch) {
  const auto file = read_traces(golden_file("torch_traces.txt"));
  EXPECT_EQ(file.start.size(), 37U);
  EXPECT_EQ(file.grads.size(), 24U);
  EXPECT_GE(file.traces.size(), 18U);
  for (const auto& wanted : file.traces) {
    EXPECT_EQ(wanted.params_f32.size(), 24U) << wanted.name;
    expect_trace(file, wanted);
  }
}

}  // namespace
}  // namespace gradstep_test
