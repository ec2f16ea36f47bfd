// SPDX-License-Identifier: Apache-2.0
//
// The forms of output: the table, brief sentences, and the JSON file.
#pragma once

#include <benchmark/benchmark.h>

#include <map>
#include <string>
#include <vector>

#include "machine.hpp"

namespace bench {

/// One benchmark's figures.
struct row {
  std::string name;
  std::map<std::string, double> counters;

  bool has(const std::string& counter) const { return counters.count(counter) != 0; }
};

class table_reporter final : public benchmark::BenchmarkReporter {
 public:
  explicit table_reporter(const machine& m) : machine_(m) {}

  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;

  /// All rows so far, for the claims.
  const std::vector<row>& rows() const { return rows_; }

 private:
  const machine& machine_;
  std::vector<row> rows_;
};

/// A sentence per benchmark.
class brief_reporter final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context& context) override;
  void ReportRuns(const std::vector<Run>& runs) override;
};

/// Google Benchmark's own JSON, but with names as they were registered, without
/// "/iterations:1/manual_time", and without CPU times, which would be of all contenders and rounds.
class json_reporter final : public benchmark::JSONReporter {
 public:
  void ReportRuns(const std::vector<Run>& runs) override;
};

}  // namespace bench
