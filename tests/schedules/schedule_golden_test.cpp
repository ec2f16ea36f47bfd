// SPDX-License-Identifier: Apache-2.0
//
// PyTorch's schedulers, recorded by tests/golden/record_schedules.py.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "support/schedule_setup.hpp"
#include "support/test_paths.hpp"

namespace gradstep_test {
namespace {

using nlohmann::json;

const json& recorded() {
  static const json all = json::parse(std::ifstream(golden_file("schedules.json")));
  return all;
}

schedule_handle schedule_of(const json& recorded_case) {
  auto schedule = make_schedule(recorded_case.at("schedule").get<std::string>());
  for (const auto& [name, value] : recorded_case.at("values").items()) {
    if (value.is_array()) {
      set_list(schedule, name, value.get<std::vector<double>>());
    } else {
      EXPECT_EQ(gradstep_schedule_set(schedule.get(), name.c_str(), value.get<double>()),
                GRADSTEP_OK)
          << gradstep_last_error();
    }
  }
  return schedule;
}

schedule_handle sequence_of(const json& parts) {
  std::vector<schedule_handle> handles;
  std::vector<const gradstep_schedule*> pointers;
  std::vector<std::uint64_t> lengths;
  for (const auto& part : parts) {
    handles.push_back(schedule_of(part));
    pointers.push_back(handles.back().get());
    lengths.push_back(part.at("steps").get<std::uint64_t>());
  }
  return make_sequence(pointers, lengths);
}

TEST(schedule_golden, rates_and_momentum_of_pytorch) {
  const double base = recorded().at("base_lr").get<double>();
  std::size_t momentum_count = 0;
  ASSERT_GE(recorded().at("schedules").size(), 48U);
  for (const auto& one : recorded().at("schedules")) {
    const bool is_sequence = one.contains("parts");
    SCOPED_TRACE((is_sequence ? one.at("parts") : one.at("schedule")).dump() + " " +
                 one.value("values", json()).dump());
    const auto schedule = is_sequence ? sequence_of(one.at("parts")) : schedule_of(one);
    for (const auto& point : one.at("points")) {
      const auto t = point.at(0).get<double>();
      SCOPED_TRACE(t);
      expect_close_to(lr_of(schedule, base, t), point.at(1).get<double>(), 1e-3 * base);
      if (point.size() < 3) continue;
      expect_close_to(momentum_of(schedule, t), point.at(2).get<double>());
      ++momentum_count;
    }
  }
  EXPECT_GT(momentum_count, 500U);
}

}  // namespace
}  // namespace gradstep_test
