// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string>

#include "commands.hpp"
#include "compare_output.hpp"
#include "files.hpp"
#include "result_file.hpp"
#include "shown_text.hpp"

namespace bench {
namespace {

struct compare_options {
  std::string a;
  std::string b;
  double slower_than = 5;
  double smallest = default_smallest_percent;
  bool has_all = false;
  std::string json;  ///< empty: none
};

void warn_of_noise(const char* name, const nlohmann::json& result) {
  if (result["noise"]["verdict"] == "quiet") return;
  std::printf("%s was measured on a machine that was too busy. Do not rely on it.\n", name);
}

/// Returns the exit status.
int compare(const compare_options& o) {
  const nlohmann::json a = read_result(o.a);
  const nlohmann::json b = read_result(o.b);
  const auto differences = machine_differences(a, b);
  const comparison compared = compare_results(a, b, o.smallest);
  if (!o.json.empty()) write_result(o.json, json_of(differences, compared));
  std::printf("A is %s, B is %s.\n", shown_path(o.a).c_str(), shown_path(o.b).c_str());
  warn_of_noise("A", a);
  warn_of_noise("B", b);
  std::printf("%s%s", text_of(differences).c_str(), text_of(compared, o.has_all).c_str());
  if (!has_slower_row(compared, o.slower_than)) return 0;
  std::printf("A row is slower by %g %% or more.\n", o.slower_than);
  return 1;
}

void add_options(CLI::App& command, compare_options& o) {
  command.add_option("A", o.a, "The result to compare with")->required();
  command.add_option("B", o.b, "The result that may be slower or faster")->required();
  command
      .add_option("--slower-than", o.slower_than,
                  "Exit status 1 if a row is slower by at least this, in percent")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_option("--smallest", o.smallest, "Smaller changes are no difference, in percent")
      ->check(CLI::NonNegativeNumber)
      ->capture_default_str();
  command.add_flag("--all", o.has_all, "Shows all rows, not those alone that differ");
  command.add_option("--json", o.json, "Writes the comparison to this file too");
}

}  // namespace

void add_compare(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand(
      "compare",
      "Compares two results: what differs in the machines, and B's times over A's with 99 %\n"
      "intervals. A row is slower or faster if its interval excludes 1 and the change is at\n"
      "least --smallest; it is too busy to compare if the interval reaches farther than 8 %.\n"
      "Exit status: 0 fine, 1 a row is slower than --slower-than allows, 2 a file cannot be read "
      "or\n"
      "is no result.");
  const auto options = std::make_shared<compare_options>();
  add_options(*command, *options);
  on_call(*command, status, [options] { return compare(*options); });
}

}  // namespace bench
