// SPDX-License-Identifier: Apache-2.0
//
// Lists of small and large tensors, flat and with rows and columns, and rules that have passes or
// scalars, with options that use all of their parts.
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "support/matrix_shape.hpp"
#include "support/rule_setup.hpp"
#include "support/storages.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {

struct rule_case {
  const char* rule_name;
  option_values values;
};

inline std::string case_as_text(const rule_case& c) {
  return std::string(c.rule_name) + " " + to_text(c.values);
}

/// prodigy's d0 is so large that its params move.
inline const std::vector<rule_case>& rule_cases() {
  static const std::vector<rule_case> all = {
      {"nadam", {{"weight_decay", 0.1}, {"decoupled_weight_decay", 1}}},
      {"schedule_free_adamw", {{"weight_decay", 0.1}, {"warmup_steps", 2}}},
      {"lamb", {}},
      {"lamb", {{"weight_decay", 0}, {"grad_averaging", 0}, {"always_adapt", 1}}},
      {"adafactor", {{"weight_decay", 0.1}}},
      {"adafactor",
       {{"beta1", 0.9}, {"hugging_face", 1}, {"relative_step", 1}, {"weight_decay", 0.1}}},
      {"prodigy", {{"d0", 0.01}, {"weight_decay", 0.1}, {"bias_correction", 1}}},
  };
  return all;
}

struct tensor_size {
  std::size_t count;
  matrix_shape shape;
};

/// Larger and smaller than what a thread steps at once (65536 elements), with more rows and columns
/// than a tile has (64 and 4096), and batches of small matrices.
inline const std::vector<tensor_size>& mixed_sizes() {
  static const std::vector<tensor_size> all = {{5, {}},
                                               {70 * 4300, {70, 4300}},
                                               {40 * 35, {7, 5}},
                                               {70001, {}},
                                               {0, {3, 2}},
                                               {2 * 100 * 37, {100, 37}},
                                               {300007, {}},
                                               {15000, {3, 5000}},
                                               {2100 * 35, {7, 5}}};
  return all;
}

/// Params and slots of 32 bits, and of fewer bits with everything that a step can write.
inline std::vector<storage> mixed_storages() {
  return {{},
          {.param = GRADSTEP_BFLOAT16,
           .grad = GRADSTEP_FLOAT16,
           .slot = GRADSTEP_E5M3_B256,
           .copy = GRADSTEP_FLOAT16,
           .has_average = true,
           .flags = all_flags | GRADSTEP_APPLY_STOCHASTIC_PARAM}};
}

inline std::vector<stored_parameter> make_mixed_list(const gradstep_rule* rule,
                                                     const std::string& rule_name,
                                                     const storage& how,
                                                     const std::vector<tensor_size>& sizes,
                                                     std::size_t offset = 0) {
  std::vector<stored_parameter> list;
  for (const auto& [count, shape] : sizes) {
    list.emplace_back(rule, rule_name, how, count, list.size() + 1, offset, shape);
  }
  return list;
}

/// The bytes of all arrays and scalars of a list.
inline std::vector<std::byte> bytes_of(std::vector<stored_parameter>& list) {
  std::vector<std::byte> all;
  for (auto& each : list) {
    const auto more = each.bytes();
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

}  // namespace gradstep_test
