// SPDX-License-Identifier: Apache-2.0
//
// What the tests of schedules share.
#pragma once

#include "support/support.hpp"

namespace gradstep_test {

struct schedule_deleter {
  void operator()(gradstep_schedule* schedule) const { gradstep_schedule_destroy(schedule); }
};
using schedule_handle = std::unique_ptr<gradstep_schedule, schedule_deleter>;

inline constexpr double last_step = 0x1p53;

inline schedule_handle make_schedule(const std::string& name, const option_values& values = {}) {
  gradstep_schedule* raw = nullptr;
  EXPECT_EQ(gradstep_schedule_create(name.c_str(), &raw), GRADSTEP_OK) << gradstep_last_error();
  schedule_handle schedule(raw);
  for (const auto& [key, value] : values) {
    EXPECT_EQ(gradstep_schedule_set(schedule.get(), key.c_str(), value), GRADSTEP_OK)
        << gradstep_last_error();
  }
  return schedule;
}

inline void set_list(const schedule_handle& schedule, const std::string& name,
                     const std::vector<double>& values) {
  EXPECT_EQ(gradstep_schedule_set_list(schedule.get(), name.c_str(), values.data(), values.size()),
            GRADSTEP_OK)
      << gradstep_last_error();
}

inline schedule_handle make_sequence(const std::vector<const gradstep_schedule*>& parts,
                                     const std::vector<std::uint64_t>& lengths) {
  gradstep_schedule* raw = nullptr;
  EXPECT_EQ(gradstep_schedule_create_sequence(parts.data(), lengths.data(), parts.size(), &raw),
            GRADSTEP_OK)
      << gradstep_last_error();
  return schedule_handle(raw);
}

inline double lr_of(const schedule_handle& schedule, double base_lr, double t) {
  double lr = -1;
  EXPECT_EQ(gradstep_schedule_lr(schedule.get(), base_lr, t, &lr), GRADSTEP_OK)
      << gradstep_last_error();
  return lr;
}

inline double momentum_of(const schedule_handle& schedule, double t) {
  double momentum = -1;
  EXPECT_EQ(gradstep_schedule_momentum(schedule.get(), t, &momentum), GRADSTEP_OK)
      << gradstep_last_error();
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
  EXPECT_EQ(gradstep_schedule_describe(schedule_name.c_str(), &info), GRADSTEP_OK)
      << gradstep_last_error();
  std::vector<gradstep_hyperparameter_info> all(info.parameter_count);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = sized<gradstep_hyperparameter_info>();
    EXPECT_EQ(gradstep_schedule_parameter_describe(schedule_name.c_str(), i, &all[i]), GRADSTEP_OK)
        << gradstep_last_error();
  }
  return all;
}

inline bool has_parameter(const std::string& schedule_name, std::string_view name) {
  const auto all = parameters_of(schedule_name);
  return std::any_of(all.begin(), all.end(), [&](const auto& info) { return info.name == name; });
}

/// With 10 for every number that has no default (but a part for rates), and three milestones.
inline schedule_handle make_complete_schedule(const std::string& name,
                                              const option_values& values = {}) {
  auto schedule = make_schedule(name);
  for (const auto& info : parameters_of(name)) {
    if (info.kind == GRADSTEP_LIST) {
      set_list(schedule, info.name, {3, 8, 8});
    } else if (std::isnan(info.default_value)) {
      const double value = info.kind == GRADSTEP_INTEGER ? 10 : 0.5;
      EXPECT_EQ(gradstep_schedule_set(schedule.get(), info.name, value), GRADSTEP_OK);
    }
  }
  for (const auto& [key, value] : values) {
    EXPECT_EQ(gradstep_schedule_set(schedule.get(), key.c_str(), value), GRADSTEP_OK)
        << gradstep_last_error();
  }
  return schedule;
}

/// Close relative to `wanted`, or to `scale` where a difference leaves little of it.
inline void expect_close_to(double got, double wanted, double scale = 0) {
  EXPECT_NEAR(got, wanted, 1e-12 * std::max(std::abs(wanted), scale));
}

}  // namespace gradstep_test
