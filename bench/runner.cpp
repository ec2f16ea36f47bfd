// SPDX-License-Identifier: Apache-2.0
#include "runner.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

#include "progress.hpp"

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
  collector(const std::vector<planned_case>& plan, progress& shown)
      : plan_(plan), shown_(shown), visits_(plan.size()) {}

  /// The whole measurement is one iteration of Google Benchmark, whose own loop would choose the
  /// number of rounds by the time of one contender. The iteration's time is the step's median.
  void visit_case(std::size_t index, benchmark::State& state) {
    const bench_case& c = plan_[index].what;
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
    shown_.add(plan_[index].seconds);
  }

  std::vector<measured_case> found(const machine& m) const {
    if (!failure_.empty()) throw std::runtime_error(failure_);
    std::vector<measured_case> result;
    for (std::size_t i = 0; i < plan_.size(); ++i) {
      const auto& [c, bytes, seconds] = plan_[i];
      row r = figures_of(c.name(), visits_[i]);
      r.bytes_per_element = bytes.per_element;
      r.level = level_of(m.caches, bytes.of_arrays, c.threads);
      result.push_back({c, std::move(r)});
    }
    return result;
  }

 private:
  const std::vector<planned_case>& plan_;
  progress& shown_;
  session session_;
  std::vector<std::vector<visit>> visits_;
  std::string failure_;
};

double visit_seconds(const bench_case& c, const case_bytes& bytes, double gb_per_second) {
  const double pass =
      bytes.per_element * static_cast<double>(c.tensors.total()) / gb_per_second / 1e9;
  const double contenders = 4, rounds = 3, warming_up = 1, preparing = 0.1;
  const double filling = 2 * static_cast<double>(bytes.of_arrays) / gb_per_second / 1e9;
  return std::max(c.seconds, rounds * contenders * pass) + warming_up * contenders * pass +
         filling + preparing;
}

}  // namespace

std::vector<planned_case> plan_of(const std::vector<bench_case>& cases, double gb_per_second) {
  std::vector<planned_case> plan;
  for (const bench_case& c : cases) {
    const case_bytes bytes = bytes_of(c);
    plan.push_back({c, bytes, visit_seconds(c, bytes, gb_per_second)});
  }
  return plan;
}

double expected_seconds(const std::vector<planned_case>& plan, std::size_t visits) {
  double seconds = 0;
  for (const planned_case& c : plan) seconds += c.seconds;
  return seconds * static_cast<double>(visits);
}

std::vector<measured_case> run_cases(const machine& m, const std::vector<planned_case>& plan,
                                     std::size_t visits) {
  progress shown(expected_seconds(plan, visits));
  collector all(plan, shown);
  for (std::size_t i = 0; i < plan.size(); ++i) {
    benchmark::RegisterBenchmark(plan[i].what.name().c_str(),
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
