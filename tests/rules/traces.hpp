// SPDX-License-Identifier: Apache-2.0
//
// Reads recorded runs of rules. The programs in tests/golden that wrote them describe the lines:
// make_traces.py, make_pass_traces.py and record_torch_traces.py.
#pragma once

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "support/rule_setup.hpp"

namespace gradstep_test {

using numbers = std::vector<double>;

/// The params around the transforms "evaluate" and "train" of a rule.
struct transform_trace {
  std::size_t step = 0;  // they follow this step
  numbers evaluated;     // the params after "evaluate"
  numbers trained;       // the params after "train"; the next step starts from them
};

struct state_trace {
  std::string name;
  std::size_t step = 0;  // the state after this step
  numbers values;        // of all tensors, one after another
};

/// The shape of a tensor. All 0: it is flat.
struct trace_shape {
  std::size_t matrices = 0, rows = 0, columns = 0;
};

/// A recorded run of one rule.
struct trace {
  std::string name;
  std::string rule_name;
  option_values options;
  trace_shape shape;
  std::vector<std::size_t>
      tensor_sizes;  // their elements, one tensor after another, are the params
  numbers start;
  std::vector<numbers> grads;       // of each step
  std::vector<numbers> params_f64;  // after each step
  std::vector<numbers> params_f32;  // empty: compare the float32 run with params_f64
  std::vector<std::size_t> stopped_steps;
  std::vector<transform_trace> transforms;
  std::vector<state_trace> states_f64, states_f32;
};

/// Collects the traces of a file, line by line.
class trace_reader {
 public:
  void read_line(const std::string& line) {
    std::istringstream words(line);
    std::string key;
    words >> key;
    if (key.empty() || key[0] == '#') return;
    if (key == "count" || key == "steps") return;  // the lines that follow show both
    if (key == "start") {
      start_ = rest(words);
      grads_.clear();
    } else if (key == "grad") {
      step(words);
      grads_.push_back(rest(words));
    } else if (key == "case") {
      traces_.push_back(read_case(words));
    } else {
      ASSERT_FALSE(traces_.empty()) << "no case before: " << line;
      read_result(key, words, traces_.back());
    }
  }
  std::vector<trace> take() { return std::move(traces_); }

 private:
  static double parse(const std::string& text) {
    char* end = nullptr;
    const double value = std::strtod(text.c_str(), &end);
    EXPECT_EQ(*end, '\0') << "not a number: " << text;
    return value;
  }

  static std::size_t step(std::istringstream& words) {
    std::size_t number = 0;
    EXPECT_TRUE(words >> number) << "not a step in: " << words.str();
    return number;
  }

  static numbers rest(std::istringstream& words) {
    numbers values;
    for (std::string word; words >> word;) values.push_back(parse(word));
    return values;
  }

  static std::vector<std::size_t> sizes(const std::string& text, char separator) {
    std::vector<std::size_t> values;
    std::istringstream words(text);
    for (std::string word; std::getline(words, word, separator);) {
      values.push_back(static_cast<std::size_t>(parse(word)));
    }
    return values;
  }

  static trace_shape shape_of(const std::string& text) {
    std::vector<std::size_t> extents = sizes(text, 'x');
    if (extents.size() == 2) extents.insert(extents.begin(), 1);
    EXPECT_EQ(extents.size(), 3U) << "not a shape: " << text;
    extents.resize(3);
    return {extents[0], extents[1], extents[2]};
  }

  trace read_case(std::istringstream& words) const {
    trace result;
    result.start = start_;
    result.grads = grads_;
    result.tensor_sizes = {start_.size()};
    words >> result.name >> result.rule_name;
    for (std::string word; words >> word;) {
      const auto equals = word.find('=');
      const std::string key = word.substr(0, equals), text = word.substr(equals + 1);
      if (key == "shape") {
        result.shape = shape_of(text);
      } else if (key == "split") {
        result.tensor_sizes = sizes(text, ',');
      } else {
        result.options.emplace_back(key, parse(text));
      }
    }
    return result;
  }

  static void read_result(const std::string& key, std::istringstream& words, trace& into) {
    if (key == "state" || key == "state32") {
      state_trace state;
      words >> state.name;
      state.step = step(words);
      state.values = rest(words);
      (key == "state" ? into.states_f64 : into.states_f32).push_back(state);
      return;
    }
    const std::size_t number = step(words);
    if (key == "param") {
      into.params_f64.push_back(rest(words));
    } else if (key == "param32") {
      into.params_f32.push_back(rest(words));
    } else if (key == "stopped") {
      into.stopped_steps.push_back(number);
    } else if (key == "evaluated") {
      into.transforms.push_back({number, rest(words), {}});
    } else if (key == "trained" && !into.transforms.empty()) {
      into.transforms.back().trained = rest(words);
    } else {
      ADD_FAILURE() << "unknown line: " << words.str();
    }
  }

  numbers start_;
  std::vector<numbers> grads_;
  std::vector<trace> traces_;
};

/// The traces of a file. Words that are not as they should be fail the test.
inline std::vector<trace> read_traces(const std::string& path) {
  trace_reader reader;
  std::ifstream stream(path);
  EXPECT_TRUE(stream) << "cannot read " << path;
  for (std::string line; std::getline(stream, line);) reader.read_line(line);
  return reader.take();
}

}  // namespace gradstep_test
