// SPDX-License-Identifier: Apache-2.0
//
// The schedule that the command line asks for. Its time is the step, one for each batch.
#ifndef GRADSTEP_EXAMPLES_DIGITS_SCHEDULE_CHOICE_HPP
#define GRADSTEP_EXAMPLES_DIGITS_SCHEDULE_CHOICE_HPP

#include <gradstep/gradstep.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "../common.hpp"
#include "training_options.hpp"

namespace digits {

struct schedule_choice {
  std::string name;  ///< empty: none
  std::vector<gradstep::setting> settings;
  std::vector<examples::list_setting> lists;
};

inline bool has_parameter(const std::string& schedule, const std::string& name) {
  auto info = gradstep::sized<gradstep_schedule_info>();
  gradstep::check(gradstep_schedule_describe(schedule.c_str(), &info));
  for (std::size_t i = 0; i < info.parameter_count; ++i) {
    auto parameter = gradstep::sized<gradstep_hyperparameter_info>();
    gradstep::check(gradstep_schedule_parameter_describe(schedule.c_str(), i, &parameter));
    if (parameter.name == name) return true;
  }
  return false;
}

/// As chosen; total_steps, unless chosen, such that schedule and warm-up end with the run.
inline gradstep::schedule make_schedule(schedule_choice& choice, std::uint64_t steps) {
  gradstep::schedule schedule(choice.name, choice.settings);
  for (const auto& [name, values] : choice.lists) schedule.set(name, values);
  const bool is_chosen = std::any_of(choice.settings.begin(), choice.settings.end(),
                                     [](const auto& s) { return s.name == "total_steps"; });
  if (!is_chosen && has_parameter(choice.name, "total_steps")) {
    const double rest = static_cast<double>(steps) - schedule.get("warmup_steps");
    choice.settings.push_back({"total_steps", std::max(1.0, rest)});
    schedule.set("total_steps", choice.settings.back().value);
  }
  gradstep::check(gradstep_schedule_check(schedule.get()));
  return schedule;
}

/// "multistep gamma=0.5 milestones=30,60"
inline std::string describe(const schedule_choice& choice) {
  std::string text = choice.name;
  for (const gradstep::setting& s : choice.settings) {
    text += " " + s.name + "=" + examples::shortest(s.value);
  }
  for (const auto& [name, values] : choice.lists) {
    std::vector<std::string> texts(values.size());
    std::transform(values.begin(), values.end(), texts.begin(), examples::shortest);
    text += " " + name + "=" + examples::join(texts, ",");
  }
  return text;
}

/// Fills in the schedule of a run over so many images, when there is to be one.
inline void choose_schedule(training_options& training, schedule_choice choice,
                            std::uint64_t image_count) {
  if (!choice.name.empty()) {
    training.schedule = make_schedule(choice, training.epochs * training.batch_count(image_count));
    training.schedule_text = describe(choice);
  } else if (!choice.settings.empty() || !choice.lists.empty()) {
    throw std::runtime_error(
        "--schedule-set and --schedule-list: say with --schedule of which schedule");
  }
}

}  // namespace digits

#endif  // GRADSTEP_EXAMPLES_DIGITS_SCHEDULE_CHOICE_HPP
