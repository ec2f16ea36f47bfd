// SPDX-License-Identifier: Apache-2.0
//
// Evaluates any schedule of the library step by step, for plots:
//
//     schedule_curve --schedule cosine --set total_steps=100 --set warmup_steps=10 --csv cosine.csv
#include <CLI/CLI.hpp>
#include <gradstep/gradstep.hpp>

#include <cmath>
#include <cstdint>
#include <cstdio>
#include <string>
#include <vector>

#include "command_line.hpp"
#include "output_file.hpp"

namespace {

struct arguments {
  std::string schedule = "cosine";
  std::vector<gradstep::setting> settings;
  std::vector<examples::list_setting> lists;
  double base_lr = 0.1;
  std::uint64_t steps = 100;
  std::string csv;
};

void declare(CLI::App& app, arguments& a) {
  app.add_option("--schedule", a.schedule,
                 "one of " + examples::join(examples::schedule_names()) + " (default cosine)")
      ->type_name("NAME");
  examples::add_set_option(app, a.settings, "a parameter of the schedule");
  examples::add_list_option(app, a.lists, "--list");
  examples::add_number_option(
      app, "--base-lr", [&a](double lr) { a.base_lr = lr; }, [](double lr) { return lr >= 0; },
      "from 0 on", "the base rate (default 0.1)");
  examples::add_count_option(app, "--steps", a.steps, 1, 10'000'000, "number of steps");
  app.add_option("--csv", a.csv, "write the curve to this file: step,lr,momentum")
      ->type_name("FILE");
}

gradstep::schedule make_schedule(const arguments& a) {
  gradstep::schedule schedule(a.schedule, a.settings);
  for (const auto& [name, values] : a.lists) schedule.set(name, values);
  return schedule;
}

/// NaN if the schedule does not drive the momentum.
double momentum_at(const gradstep::schedule& schedule, double t) {
  double momentum = std::nan("");
  const gradstep_status status = gradstep_schedule_momentum(schedule.get(), t, &momentum);
  if (status != GRADSTEP_UNSUPPORTED) gradstep::throw_on_failure(status);
  return momentum;
}

void write_csv(const arguments& a, const gradstep::schedule& schedule) {
  examples::output_file csv("--csv", a.csv);
  csv.stream() << "step,lr,momentum\n";
  for (std::uint64_t step = 0; step < a.steps; ++step) {
    const auto t = static_cast<double>(step);
    csv.stream() << step << ',' << schedule.lr(a.base_lr, t) << ',';
    if (const double momentum = momentum_at(schedule, t); !std::isnan(momentum)) {
      csv.stream() << momentum;
    }
    csv.stream() << '\n';
  }
  csv.close();
}

void run(const arguments& a) {
  const gradstep::schedule schedule = make_schedule(a);
  const std::uint64_t last = a.steps - 1;
  std::string line = a.schedule + ":";
  for (const std::uint64_t step : {std::uint64_t{0}, last / 2, last}) {
    char text[64];
    std::snprintf(text, sizeof text, " lr %.6g at step %llu%s",
                  schedule.lr(a.base_lr, static_cast<double>(step)),
                  static_cast<unsigned long long>(step), step == last ? "" : ",");
    line += text;
    if (step == last) break;
  }
  if (!a.csv.empty()) write_csv(a, schedule);
  std::printf("%s\n", line.c_str());
  examples::flush_output();
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program("schedule_curve", "Evaluates a learning-rate schedule of gradstep.",
                               argc, argv, declare, run);
}
