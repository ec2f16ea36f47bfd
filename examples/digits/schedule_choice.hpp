// SPDX-License-Identifier: Apache-2.0
//
// The schedule that the command line asks for. Its time is the step: one for each batch.
#ifndef GRADSTEP_EXAMPLES_DIGITS_SCHEDULE_CHOICE_HPP
#define GRADSTEP_EXAMPLES_DIGITS_SCHEDULE_CHOICE_HPP

#include <gradstep/gradstep.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "../command_line.hpp"
#include "training_options.hpp"

namespace digits {

struct schedule_choice {
  std::string name;  ///< empty: none
  std::vector<gradstep::setting> settings;
  std::vector<examples::list_setting> lists;
};

inline std::vector<gradstep_hyperparameter_info> parameters_of(const std::string& schedule) {
  auto info = gradstep::sized<gradstep_schedule_info>();
  gradstep::throw_on_failure(gradstep_schedule_describe(schedule.c_str(), &info));
  std::vector<gradstep_hyperparameter_info> parameters(
      info.hyperparameter_count, gradstep::sized<gradstep_hyperparameter_info>());
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    gradstep::throw_on_failure(
        gradstep_schedule_describe_hyperparameter(schedule.c_str(), i, &parameters[i]));
  }
  return parameters;
}

inline bool has_total_steps(const std::string& schedule) {
  const auto parameters = parameters_of(schedule);
  return std::any_of(parameters.begin(), parameters.end(),
                     [](const auto& p) { return std::string(p.name) == "total_steps"; });
}

/// The chosen schedule. total_steps, unless chosen, is such that warm-up and schedule end with the
/// run, which has `steps` steps.
inline gradstep::schedule make_schedule(const schedule_choice& choice, std::uint64_t steps) {
  gradstep::schedule schedule(choice.name, choice.settings);
  for (const auto& [name, values] : choice.lists) schedule.set(name, values);
  const bool is_chosen = std::any_of(choice.settings.begin(), choice.settings.end(),
                                     [](const auto& s) { return s.name == "total_steps"; });
  if (!is_chosen && has_total_steps(choice.name)) {
    const double rest = static_cast<double>(steps) - schedule.get("warmup_steps");
    if (rest < 1 && steps > 0) {
      throw std::runtime_error("warmup_steps leaves nothing of the run's " + std::to_string(steps) +
                               " steps: set total_steps too");
    }
    schedule.set("total_steps", std::max(1.0, rest));
  }
  gradstep::throw_on_failure(gradstep_schedule_check(schedule.get()));
  return schedule;
}

/// A line for the schedule and for each of its values, in a fixed order, with all defaults.
inline std::vector<std::string> describe(const schedule_choice& choice,
                                         const gradstep::schedule& schedule) {
  std::vector<std::string> lines{"--schedule " + choice.name};
  for (const auto& parameter : parameters_of(choice.name)) {
    if (parameter.kind == GRADSTEP_LIST) continue;
    lines.push_back("--schedule-set " + std::string(parameter.name) + "=" +
                    examples::shortest(schedule.get(parameter.name)));
  }
  std::map<std::string, std::vector<double>> lists;  // the last list of a name counts
  for (const auto& [name, values] : choice.lists) lists[name] = values;
  for (const auto& [name, values] : lists) {
    for (std::size_t i = 0; i < values.size(); ++i) {
      lines.push_back("--schedule-list " + name + "[" + std::to_string(i) +
                      "]=" + examples::shortest(values[i]));
    }
  }
  return lines;
}

/// Sets the schedule of a run over that many images, if one was chosen.
inline void choose_schedule(training_options& training, const schedule_choice& choice,
                            std::uint64_t image_count) {
  if (choice.name.empty()) {
    if (choice.settings.empty() && choice.lists.empty()) return;
    throw std::runtime_error(
        "--schedule-set and --schedule-list: say with --schedule of which schedule");
  }
  try {
    training.schedule = std::make_shared<const gradstep::schedule>(
        make_schedule(choice, training.epochs * training.batch_count(image_count)));
  } catch (const std::runtime_error& refusal) {
    throw std::runtime_error("--schedule " + choice.name + ": " + refusal.what() +
                             " (--schedule-set NAME=VALUE, --schedule-list NAME=X,X,X)");
  }
  training.schedule_record = describe(choice, *training.schedule);
}

}  // namespace digits

#endif  // GRADSTEP_EXAMPLES_DIGITS_SCHEDULE_CHOICE_HPP
