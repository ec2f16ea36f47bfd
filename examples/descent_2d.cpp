// SPDX-License-Identifier: Apache-2.0
//
// Minimises a function of two variables with any rule of the library, in float64, and prints the
// last point. With the conventions of a textbook it prints the textbook's digits:
//
//     descent_2d --set lr=0.4                    epoch 20, x1: -0.943467, x2: -0.000073
#include <CLI/CLI.hpp>
#include <gradstep/gradstep.hpp>

#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#include "command_line.hpp"
#include "output_file.hpp"

namespace {

using point = std::array<double, 2>;

struct objective {
  const char* name;
  double (*value)(const point&);
  point (*gradient)(const point&);
};

double square(double x) { return x * x; }

constexpr std::array objectives{
    objective{"ellipse", [](const point& x) { return 0.1 * square(x[0]) + 2 * square(x[1]); },
              [](const point& x) {
                return point{0.2 * x[0], 4 * x[1]};
              }},
    objective{"bowl", [](const point& x) { return square(x[0]) + 2 * square(x[1]); },
              [](const point& x) {
                return point{2 * x[0], 4 * x[1]};
              }},
    objective{"rosenbrock",
              [](const point& x) { return square(1 - x[0]) + 100 * square(x[1] - square(x[0])); },
              [](const point& x) {
                const double off_valley = x[1] - square(x[0]);
                return point{-2 * (1 - x[0]) - 400 * x[0] * off_valley, 200 * off_valley};
              }},
};

struct arguments {
  const objective* function = &objectives[0];
  std::string rule = "sgd";
  std::vector<gradstep::setting> settings;
  point start{-5, -2};
  std::uint64_t steps = 20;
  std::string csv;
};

const objective& find_objective(const std::string& name) {
  std::vector<std::string> names;
  for (const objective& candidate : objectives) {
    if (candidate.name == name) return candidate;
    names.emplace_back(candidate.name);
  }
  throw std::runtime_error("--function: '" + name + "' is not one of " + examples::join(names));
}

point parse_point(const std::string& text) {
  const std::size_t comma = text.find(',');
  if (comma == std::string::npos) {
    throw std::runtime_error("--start: '" + text +
                             "' is not two numbers with a comma between them, such as -5,-2");
  }
  return {examples::parse_number("--start, first coordinate", text.substr(0, comma)),
          examples::parse_number("--start, second coordinate", text.substr(comma + 1))};
}

void declare(CLI::App& app, arguments& a) {
  app.add_option_function<std::string>(
         "--function", [&a](const std::string& text) { a.function = &find_objective(text); },
         "ellipse (default): 0.1 x1^2 + 2 x2^2; bowl: x1^2 + 2 x2^2;\n"
         "rosenbrock: (1 - x1)^2 + 100 (x2 - x1^2)^2")
      ->type_name("NAME");
  app.add_option("--rule", a.rule,
                 "one of " + examples::join(examples::rule_names()) + " (default sgd)")
      ->type_name("NAME");
  examples::add_set_option(app, a.settings);
  app.add_option_function<std::string>(
         "--start", [&a](const std::string& text) { a.start = parse_point(text); },
         "where to begin (default -5,-2)")
      ->type_name("X1,X2");
  examples::add_count_option(app, "--steps", a.steps, 0, 100'000'000, "number of steps");
  app.add_option("--csv", a.csv, "write the path to this file: epoch,x1,x2,f")->type_name("FILE");
}

bool is_finite(const point& x) { return std::isfinite(x[0]) && std::isfinite(x[1]); }

/// Calls visit(epoch, x) for the start and after each step; returns the last x.
template <class Visit>
point descend(const arguments& a, const gradstep::rule& rule, Visit visit) {
  const gradstep::context context;
  point x = a.start;
  point gradient{};
  gradstep::parameter<double> parameter(rule, x.data(), gradient.data(), x.size());
  bool was_finite = true;
  visit(std::uint64_t{0}, x);
  for (std::uint64_t epoch = 1; epoch <= a.steps; ++epoch) {
    gradient = a.function->gradient(x);
    parameter.step(context, rule, epoch);
    visit(epoch, x);
    if (was_finite && !is_finite(x)) {
      std::fprintf(stderr, "descent_2d: diverged at epoch %llu; try a lower lr\n",
                   static_cast<unsigned long long>(epoch));
      was_finite = false;
    }
  }
  return x;
}

point descend_to_csv(const arguments& a, const gradstep::rule& rule) {
  examples::output_file csv("--csv", a.csv);
  csv.stream() << "epoch,x1,x2,f\n";
  const point x = descend(a, rule, [&](std::uint64_t epoch, const point& at) {
    csv.stream() << epoch << ',' << at[0] << ',' << at[1] << ',' << a.function->value(at) << '\n';
  });
  csv.close();
  return x;
}

/// The same text as Python's f"{x:f}": C's %f, but a NaN without a sign.
std::string fixed(double x) {
  if (std::isnan(x)) return "nan";
  std::array<char, 400> text{};  // 309 digits before the point at most
  std::snprintf(text.data(), text.size(), "%f", x);
  return text.data();
}

void run(const arguments& a) {
  const gradstep::rule rule(a.rule, a.settings);
  const point x = a.csv.empty() ? descend(a, rule, [](std::uint64_t, const point&) {})
                                : descend_to_csv(a, rule);
  std::printf("epoch %llu, x1: %s, x2: %s\n", static_cast<unsigned long long>(a.steps),
              fixed(x[0]).c_str(), fixed(x[1]).c_str());
  examples::flush_output();
}

}  // namespace

int main(int argc, char** argv) {
  return examples::run_program("descent_2d",
                               "Minimises a function of two variables with a rule of gradstep.",
                               argc, argv, declare, run);
}
