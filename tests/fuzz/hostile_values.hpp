// SPDX-License-Identifier: Apache-2.0
//
// Numbers and names for calls. The first choice of each list is an ordinary one.
#pragma once

#include <gradstep/gradstep.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "fuzz/fuzz_input.hpp"

namespace gradstep_test {

inline double hostile_real(fuzz_input& in) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  constexpr double values[] = {1,          0.5,   0.9,   0.999,     0,      1e-3,   1e-8,
                               2,          3,     10,    -0.0,      -1,     -0.5,   infinity,
                               NAN,        1e300, 1e-40, -infinity, -1e300, 5e-324, 0x1p53,
                               0x1p53 + 2, 65536, 1e39,  0.1,       100};
  const std::size_t choice = in.byte();
  return choice < std::size(values) ? values[choice] : choice > 240 ? in.number<double>() : 1;
}

/// Small indices and counts, and what lies beyond every end.
inline std::uint64_t hostile_size(fuzz_input& in) {
  constexpr std::uint64_t values[] = {0,
                                      1,
                                      2,
                                      3,
                                      4,
                                      5,
                                      6,
                                      7,
                                      8,
                                      100,
                                      SIZE_MAX,
                                      SIZE_MAX - 1,
                                      std::uint64_t{1} << 53,
                                      (std::uint64_t{1} << 53) + 1,
                                      std::uint64_t{1} << 63,
                                      std::uint64_t{1} << 32};
  return in.one_of(values);
}

/// Mostly the index of one of the first few.
inline std::uint64_t hostile_index(fuzz_input& in) {
  const std::uint8_t choice = in.byte();
  return choice < 224 ? choice % 4 : hostile_size(in);
}

/// A struct_size: mostly the struct's own. It may be that of an earlier or a later version.
inline std::size_t hostile_struct_size(fuzz_input& in, std::size_t own) {
  const std::uint8_t choice = in.byte();
  if (choice < 200) return own;
  const std::size_t others[] = {own - 8, own - 16, own - 24, own + 8,     own + 64, 4096,
                                4104,    0,        7,        8,           own + 1,  own - 1,
                                16,      SIZE_MAX, 4,        SIZE_MAX - 7};
  return others[choice % std::size(others)];
}

/// The names that the library knows, and names that no group or tensor may have.
class known_names {
 public:
  known_names() {
    for (std::size_t i = 0; i < gradstep_rule_count(); ++i) add_rule(gradstep_rule_name(i));
    for (std::size_t i = 0; i < gradstep_schedule_count(); ++i) {
      add_schedule(gradstep_schedule_name(i));
    }
    for (std::size_t i = 0; i < gradstep_isa_count(); ++i) isas.emplace_back(gradstep_isa_name(i));
    slots.insert(slots.end(), {"param", "average", "accumulated_grad"});
    wrong = {"",
             "\xff\xfe",
             "a\nb",
             std::string(255, 'n'),
             "adanw",
             "\xc3\xa4",
             std::string(256, 'n'),
             std::string(5000, '%'),
             "%s%n",
             "\xed\xa0\x80"};
  }

  std::vector<std::string> rules, schedules, isas, hyperparameters, parameters, slots, scalars,
      transforms, wrong;

 private:
  void add_rule(const char* name) {
    rules.emplace_back(name);
    gradstep_rule_info rule{};
    rule.struct_size = sizeof rule;
    gradstep_rule_describe(name, &rule);
    for (std::size_t i = 0; i < rule.hyperparameter_count; ++i) {
      gradstep_hyperparameter_info info{};
      info.struct_size = sizeof info;
      gradstep_rule_describe_hyperparameter(name, i, &info);
      add(hyperparameters, info.name);
    }
    for (std::size_t i = 0; i < rule.slot_count; ++i) {
      gradstep_slot_info info{};
      info.struct_size = sizeof info;
      gradstep_rule_describe_slot(name, i, &info);
      add(slots, info.name);
    }
    for (std::size_t i = 0; i < rule.scalar_count; ++i) {
      gradstep_scalar_info info{};
      info.struct_size = sizeof info;
      gradstep_rule_describe_scalar(name, i, &info);
      add(scalars, info.name);
    }
    for (std::size_t i = 0; i < rule.transform_count; ++i) {
      add(transforms, gradstep_rule_transform_name(name, i));
    }
  }
  void add_schedule(const char* name) {
    schedules.emplace_back(name);
    gradstep_schedule_info schedule{};
    schedule.struct_size = sizeof schedule;
    gradstep_schedule_describe(name, &schedule);
    for (std::size_t i = 0; i < schedule.hyperparameter_count; ++i) {
      gradstep_hyperparameter_info info{};
      info.struct_size = sizeof info;
      gradstep_schedule_describe_hyperparameter(name, i, &info);
      add(parameters, info.name);
    }
  }
  static void add(std::vector<std::string>& to, const char* name) {
    for (const auto& each : to) {
      if (each == name) return;
    }
    to.emplace_back(name);
  }
};

}  // namespace gradstep_test
