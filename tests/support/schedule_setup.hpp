// SPDX-License-Identifier: Apache-2.0
//
// Schedules for tests. Tests read their names and parameters from the library.
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "support/comparison.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {

struct schedule_deleter {
  void operator()(gradstep_schedule* schedule) const { gradstep_schedule_destroy(schedule); }
};
using schedule_handle = std::unique_ptr<gradstep_schedule, schedule_deleter>;

inline constexpr double last_step = 0x1p53;

inline void set_values(const schedule_handle& schedule, const option_values& values) {
  for (const auto& [name, value] : values) {
    expect_ok(gradstep_schedule_set(schedule.get(), name.c_str(), value));
  }
}

inline schedule_handle make_schedule(const std::string& name, const option_values& values = {}) {
  gradstep_schedule* raw = nullptr;
  expect_ok(gradstep_schedule_create(name.c_str(), &raw));
  schedule_handle schedule(raw);
  set_values(schedule, values);
  return schedule;
}

inline void set_list(const schedule_handle& schedule, const std::string& name,
                     const std::vector<double>& values) {
  expect_ok(gradstep_schedule_set_list(schedule.get(), name.c_str(), values.data(), values.size()));
}

inline schedule_handle make_sequence(const std::vector<const gradstep_schedule*>& parts,
                                     const std::vector<std::uint64_t>& lengths) {
  gradstep_schedule* raw = nullptr;
  expect_ok(gradstep_schedule_create_sequence(parts.data(), lengths.data(), parts.size(), &raw));
  return schedule_handle(raw);
}

inline double lr_of(const schedule_handle& schedule, double base_lr, double t) {
  double lr = -1;
  expect_ok(gradstep_schedule_lr(schedule.get(), base_lr, t, &lr));
  return lr;
}

inline double momentum_of(const schedule_handle& schedule, double t) {
  double momentum = -1;
  expect_ok(gradstep_schedule_momentum(schedule.get(), t, &momentum));
  return momentum;
}

inline std::vector<std::string> schedule_names() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < gradstep_schedule_count(); ++i) {
    names.emplace_back(gradstep_schedule_name(i));
  }
  return names;
}

inline std::vector<gradstep_hyperparameter_info> parameters_of(const std::string& schedule_name) {
  auto info = sized<gradstep_schedule_info>();
  expect_ok(gradstep_schedule_describe(schedule_name.c_str(), &info));
  std::vector<gradstep_hyperparameter_info> all(info.hyperparameter_count);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = sized<gradstep_hyperparameter_info>();
    expect_ok(gradstep_schedule_describe_hyperparameter(schedule_name.c_str(), i, &all[i]));
  }
  return all;
}

inline bool has_parameter(const std::string& schedule_name, std::string_view name) {
  const auto all = parameters_of(schedule_name);
  return std::any_of(all.begin(), all.end(), [&](const auto& info) { return info.name == name; });
}

/// A schedule with every parameter set. A parameter without a default is 10 if it counts steps, 0.5
/// if it is a rate, {3, 8, 8} if it is a list.
inline schedule_handle make_complete_schedule(const std::string& name,
                                              const option_values& values = {}) {
  auto schedule = make_schedule(name);
  for (const auto& info : parameters_of(name)) {
    if (info.kind == GRADSTEP_LIST) {
      set_list(schedule, info.name, {3, 8, 8});
    } else if (std::isnan(info.default_value)) {
      set_values(schedule, {{info.name, info.kind == GRADSTEP_INTEGER ? 10 : 0.5}});
    }
  }
  set_values(schedule, values);
  return schedule;
}

/// Expects `wanted` to 1e-12 max(|wanted|, scale). A difference of large numbers needs a scale.
inline void expect_close_to(double got, double wanted, double scale = 0) {
  EXPECT_NEAR(got, wanted, 1e-12 * std::max(std::abs(wanted), scale));
}

}  // namespace gradstep_test
