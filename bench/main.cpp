// SPDX-License-Identifier: Apache-2.0
//
// The program gradstep_bench. --help shows its options.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string_view>

#include "cases.hpp"
#include "claims.hpp"
#include "machine.hpp"
#include "reporter.hpp"
#include "session.hpp"

namespace {

void print_help() {
  std::puts(
      "usage: gradstep_bench [--quick] [--brief] [--benchmark_filter=REGEX] "
      "[--benchmark_out=FILE.json]\n"
      "\n"
      "Measures steps of the optimizer against the roof, the time that the same bytes take to "
      "move\n"
      "with no arithmetic, and prints a table and the claims.\n"
      "\n"
      "  --quick                    about two minutes: adamw at all sizes, every rule on large "
      "arrays,\n"
      "                             narrow dtypes, the complete step, what the claims need\n"
      "  --brief                    a sentence for each instead of the table and the claims\n"
      "  --benchmark_filter=REGEX   those whose name matches, as in\n"
      "                             step/adamw/float32/16K/threads:1/isa:avx2, or\n"
      "                             step/adamw/f32+bf16grad+8bitslots/64M: narrow gradient and "
      "slots\n"
      "                             step/adamw.clip-norm/: an option beside the step without it\n"
      "                             step/adamw.complete/: all options, and the same work in "
      "passes\n"
      "                             step/adamw.optimizer: an optimizer's step beside "
      "gradstep_apply\n"
      "                             step/lamb/float32/1000-small: beside adamw on the same "
      "arrays\n"
      "                             step/adafactor/float32/8192x8192: a matrix, in three passes\n"
      "  --benchmark_list_tests     print the names and stop\n"
      "  --benchmark_repetitions=N  each N times\n"
      "  --benchmark_out=FILE       also write all figures as JSON\n"
      "\n"
      "How long each is measured is fixed, whatever --benchmark_min_time says.");
}

struct options {
  bool is_quick = false;
  bool is_brief = false;
  bool has_output_file = false;
};

/// Whether the caller asked for an output file. Google Benchmark takes that option for itself, but
/// ends the program if it gets a reporter for a file that nobody asked for.
bool names_output_file(int argc, char** argv) {
  const char* text = std::getenv("BENCHMARK_OUT");
  if (text != nullptr && *text != '\0') return true;
  const std::string_view option = "--benchmark_out=";
  return std::any_of(argv + 1, argv + argc, [option](std::string_view argument) {
    return argument.substr(0, option.size()) == option && argument.size() > option.size();
  });
}

/// Reads the arguments that Google Benchmark has left. False, with a message, if one is unknown.
bool read_own_options(int argc, char** argv, options& result) {
  for (int i = 1; i < argc; ++i) {
    if (std::string_view(argv[i]) == "--quick") {
      result.is_quick = true;
    } else if (std::string_view(argv[i]) == "--brief") {
      result.is_brief = true;
    } else {
      std::fprintf(stderr,
                   "gradstep_bench: '%s' is no option or its value is not allowed; see --help\n",
                   argv[i]);
      return false;
    }
  }
  return true;
}

int run(const options& o) {
  const bench::machine m = bench::this_machine();
  for (const auto& [key, value] : m.context) benchmark::AddCustomContext(key, value);
  bench::session session;
  for (const bench::bench_case& c : o.is_quick ? bench::quick_cases(m) : bench::full_cases(m)) {
    benchmark::RegisterBenchmark(c.name().c_str(),
                                 [&session, c](benchmark::State& s) { session.run(c, s); })
        ->Iterations(1)
        ->UseManualTime();
  }
  bench::table_reporter table(m);
  bench::brief_reporter brief;
  bench::json_reporter json;
  benchmark::BenchmarkReporter* shown = &table;
  if (o.is_brief) shown = &brief;
  const std::size_t matched =
      benchmark::RunSpecifiedBenchmarks(shown, o.has_output_file ? &json : nullptr);
  if (matched == 0) {
    std::fprintf(stderr, "gradstep_bench: no name matches --benchmark_filter=%s%s\n",
                 benchmark::GetBenchmarkFilter().c_str(), o.is_quick ? " among --quick's" : "");
    return 1;
  }
  if (!table.rows().empty()) bench::print_claims(std::cout, m, table.rows());
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  options o;
  o.has_output_file = names_output_file(argc, argv);
  benchmark::Initialize(&argc, argv, print_help);
  if (!read_own_options(argc, argv, o)) return 2;
  try {
    return run(o);
  } catch (const std::exception& error) {  // GRADSTEP_ISA or GRADSTEP_THREADS, say
    std::fprintf(stderr, "gradstep_bench: %s\n", error.what());
    return 1;
  }
}
