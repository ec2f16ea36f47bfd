// SPDX-License-Identifier: Apache-2.0
#include "command_run.hpp"

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <memory>
#include <regex>
#include <stdexcept>

#include "../bound_thread.hpp"
#include "../claims.hpp"
#include "../facts/topology.hpp"
#include "../progress.hpp"
#include "../result_rows.hpp"
#include "../table.hpp"
#include "commands.hpp"
#include "result_file.hpp"

namespace bench {
namespace {

struct run_options {
  bool is_quick = false, is_standard = false, is_full = false, is_brief = false, only_lists = false;
  std::string filter;
  std::string cpus = "all";
  std::size_t visits = 0;  // 0: the mode's
  std::filesystem::path out = "gradstep-bench.json";
};

extent extent_of(const run_options& o) {
  if (o.is_quick) return extent::quick;
  // A filter chooses from all cases.
  return o.is_full || !o.filter.empty() ? extent::full : extent::standard;
}

std::string mode_of(const run_options& o) {
  if (!o.filter.empty()) return "selected";
  if (o.is_quick) return "quick";
  return o.is_full ? "full" : "standard";
}

std::vector<bench_case> chosen_cases(const machine& m, const run_options& o) {
  std::vector<bench_case> cases = cases_of(m, extent_of(o));
  if (o.filter.empty()) return cases;
  const std::regex wanted(o.filter, std::regex::extended);
  std::erase_if(cases, [&](const bench_case& c) { return !std::regex_search(c.name(), wanted); });
  if (cases.empty()) {
    throw std::invalid_argument("--filter=" + o.filter + " matches no case; --list names them all");
  }
  return cases;
}

/// Checked while the arguments are read.
std::string check_regex(const std::string& text) {
  try {
    const std::regex wanted(text, std::regex::extended);
    return {};
  } catch (const std::regex_error& error) {
    return "'" + text + "' is no extended regular expression: " + error.what();
  }
}

/// Binds the program to the CPUs that --cpus names, before it has other threads.
void bind_to(const std::string& cpus) {
  if (cpus == "all") return;
  const std::vector<std::vector<int>> nodes = cpus_of_nodes();
  std::vector<int> chosen;
  if (cpus == "cores") {
    chosen = one_cpu_per_core();
  } else {
    const std::size_t node = std::stoul(cpus.substr(cpus.find(':') + 1));
    if (node < nodes.size()) chosen = nodes[node];
  }
  if (chosen.empty()) {
    throw std::invalid_argument("--cpus is " + cpus + ", and this machine has " +
                                std::to_string(nodes.size()) + " nodes with CPUs for this program");
  }
  if (!bind_this_thread(chosen)) {
    throw std::runtime_error("--cpus is " + cpus + ", and the system does not bind this program");
  }
}

double memory_speed(const std::vector<bandwidth>& bandwidths) {
  return bandwidths.back().gb_per_second.median;
}

void measure(const run_options& o) {
  bind_to(o.cpus);
  const machine m = this_machine();
  const std::vector<bench_case> cases = chosen_cases(m, o);
  if (o.only_lists) {
    for (const bench_case& c : cases) std::puts(c.name().c_str());
    return;
  }
  finished_run run;
  const auto begin = std::chrono::steady_clock::now();
  const noise_meter meter;
  run.mode = mode_of(o);
  run.cpus = o.cpus;
  run.visits = o.visits == 0 ? visits_of(extent_of(o)) : o.visits;
  const bool is_whole = o.filter.empty() && !o.is_quick;
  run.bandwidths = measure_bandwidth(
      m, is_whole ? m.thread_counts
                  : std::vector<std::size_t>{m.thread_counts.front(), m.thread_count});
  const std::vector<planned_case> plan = plan_of(cases, memory_speed(run.bandwidths));
  std::fprintf(stderr, "%zu cases, %zu visits to each: about %s\n", plan.size(), run.visits,
               duration_text(expected_seconds(plan, run.visits)).c_str());
  run.cases = run_cases(m, plan, run.visits);
  run.meanwhile = meter.measured();
  run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  std::vector<row> rows;
  for (const measured_case& c : run.cases) rows.push_back(c.found);
  run.claims = judge(all_claims(m), rows);
  write_result(o.out, result_of(m, run));
  std::cout << (o.is_brief ? sentences_text(run.cases) : table_text(run.cases));
  if (!o.is_brief && !run.claims.empty()) std::cout << "\nClaims\n\n" << claims_text(run.claims);
  std::cout << std::flush;
  std::fprintf(stderr, "wrote %s\n", o.out.c_str());
}

}  // namespace

void add_run(CLI::App& app, int& status) {
  const auto o = std::make_shared<run_options>();
  CLI::App* const command = app.add_subcommand("run", "Measure this machine, and write a result");
  CLI::Option* const quick = command->add_flag(
      "--quick", o->is_quick, "what the claims need, and every rule: about a minute");
  command
      ->add_flag("--standard", o->is_standard,
                 "also every dtype, option of a rule and number of threads: the default")
      ->excludes(quick);
  command->add_flag("--full", o->is_full, "also every instruction set, and all mixtures of dtypes")
      ->excludes(quick);
  command
      ->add_option("--filter", o->filter, "only the cases whose name this regular expression finds")
      ->check(check_regex)
      ->type_name("REGEX");
  command
      ->add_option("--cpus", o->cpus, "all; cores: one CPU of each core; node:N: those of a node")
      ->check(CLI::IsMember({"all", "cores"}) |
              CLI::Validator(
                  [](const std::string& text) {
                    return std::regex_match(text, std::regex("node:[0-9]{1,4}"))
                               ? std::string()
                               : "'" + text + "' is not all, cores or node:N";
                  },
                  ""))
      ->type_name("CPUS");
  command->add_option("--visits", o->visits, "how often to come to each case")
      ->check(CLI::Range(1, 100))
      ->type_name("N");
  command->add_option("-o,--output", o->out, "the result to write")->type_name("FILE");
  command->add_flag("--list", o->only_lists, "print the names of the cases, and measure nothing");
  command->add_flag("--brief", o->is_brief, "print a sentence for each case");
  on_call(*command, status, [o] {
    measure(*o);
    return 0;
  });
}

}  // namespace bench
