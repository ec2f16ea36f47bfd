// SPDX-License-Identifier: Apache-2.0
#include "runner.hpp"

#include <benchmark/benchmark.h>

#include <exception>
#include <map>
#include <numeric>
#include <stdexcept>

#include "progress.hpp"
#include "session.hpp"

namespace bench {
namespace {

/// Google Benchmark reports nothing by itself: figures are of several visits.
class no_reporter final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>&) override {}
};

/// What visits to all cases have found.
class collector {
 public:
  collector(const std::vector<bench_case>& cases, progress& shown, double gb_per_second)
      : cases_(cases), shown_(shown), gb_per_second_(gb_per_second), visits_(cases.size()) {}

  /// The whole measurement is one iteration of Google Benchmark, whose own loop would choose the
  /// number of rounds by the time of one contender. The iteration's time is the step's median.
  void visit_case(std::size_t index, benchmark::State& state) {
    const bench_case& c = cases_[index];
    shown_.begin(c.name());
    try {
      for (auto _ : state) {  // NOLINT(clang-analyzer-deadcode.DeadStores): benchmark's own idiom
        visits_[index].push_back(session_.measure(c));
        state.SetIterationTime(estimate_median(visits_[index].back().step).median * 1e-9);
      }
    } catch (const std::exception& error) {
      failure_ = c.name() + ": " + error.what();
      state.SkipWithError(failure_.c_str());
    }
    shown_.add(expected_seconds(c, gb_per_second_));
  }

  std::vector<measured_case> found(const machine& m) const {
    if (!failure_.empty()) throw std::runtime_error(failure_);
    std::vector<measured_case> result;
    for (std::size_t i = 0; i < cases_.size(); ++i) {
      const case_bytes bytes = bytes_of(cases_[i]);
      row r = figures_of(cases_[i].name(), visits_[i]);
      r.bytes_per_element = bytes.per_element;
      r.level = level_of(m.caches, bytes.of_arrays, cases_[i].threads);
      result.push_back({cases_[i], std::move(r)});
    }
    return result;
  }

 private:
  const std::vector<bench_case>& cases_;
  progress& shown_;
  double gb_per_second_;
  session session_;
  std::vector<std::vector<visit>> visits_;
  std::string failure_;
};

}  // namespace

double expected_seconds(const bench_case& c, double gb_per_second) {
  const case_bytes bytes = bytes_of(c);
  const double pass =
      bytes.per_element * static_cast<double>(c.tensors.total()) / gb_per_second / 1e9;
  const double contenders = 4, rounds = 3, warming_up = 1, preparing = 0.1;
  const double filling = 2 * static_cast<double>(bytes.of_arrays) / gb_per_second / 1e9;
  return std::max(c.seconds, rounds * contenders * pass) + warming_up * contenders * pass +
         filling + preparing;
}

std::vector<measured_case> run_cases(const machine& m, const std::vector<bench_case>& cases,
                                     std::size_t visits, double gb_per_second) {
  double weight = 0;
  for (const bench_case& c : cases) {
    weight += static_cast<double>(visits) * expected_seconds(c, gb_per_second);
  }
  progress shown(weight);
  collector all(cases, shown, gb_per_second);
  for (std::size_t i = 0; i < cases.size(); ++i) {
    benchmark::RegisterBenchmark(cases[i].name().c_str(),
                                 [&all, i](benchmark::State& s) { all.visit_case(i, s); })
        ->Iterations(1)
        ->UseManualTime();
  }
  for (std::size_t v = 0; v < visits; ++v) {
    no_reporter reporter;
    benchmark::RunSpecifiedBenchmarks(&reporter, ".");
  }
  benchmark::ClearRegisteredBenchmarks();
  return all.found(m);
}

}  // namespace bench
