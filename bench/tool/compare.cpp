// SPDX-License-Identifier: Apache-2.0
#include "compare.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <utility>

#include "student_t.hpp"

namespace bench {
namespace {

using nlohmann::json;

const std::string over_bytes = "over_bytes";
const std::string over_chain = "over_chain";
const std::string step_time = "ns_per_element";

double square(double x) { return x * x; }

double mean_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

double variance_of(const std::vector<double>& values) {
  double sum = 0;
  for (const double value : values) sum += square(value - mean_of(values));
  return sum / static_cast<double>(values.size() - 1);
}

double median_of(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  return (values[(n - 1) / 2] + values[n / 2]) / 2;
}

/// The logarithms of a row's visits. Empty: a visit lacks the measure.
std::vector<double> samples_of(const json& row, const std::string& measure) {
  std::vector<double> samples;
  for (const json& visit : row.at("visits")) {
    if (!visit.contains(measure)) return {};
    samples.push_back(std::log(visit.at(measure).get<double>()));
  }
  return samples;
}

/// The variance that the row's own 95 % interval of its median tells, of the logarithm.
double variance_by_interval(const json& row) {
  const json& e = row.at(step_time);
  return square(std::log(e.at("high").get<double>() / e.at("low").get<double>()) / (2 * 1.96));
}

/// Which rows vary alike, and are compared alike: those that arithmetic binds, and the others.
bool is_arithmetic(const json& row) {
  return row.contains("limit") && row["limit"]["binds"] == "arithmetic";
}

/// The median over a file's rows, of one of the two kinds, of the variance between their visits.
double typical_variance(const json& rows, const std::string& measure, bool of_arithmetic) {
  std::vector<double> variances;
  std::vector<double> by_intervals;
  for (const json& row : rows) {
    if (is_arithmetic(row) != of_arithmetic) continue;
    const std::vector<double> samples = samples_of(row, measure);
    if (samples.size() > 1) variances.push_back(variance_of(samples));
    by_intervals.push_back(variance_by_interval(row));
  }
  if (variances.empty()) variances = by_intervals;
  return variances.empty() ? 0 : median_of(variances);
}

/// What two rows are compared by, if the CPUs are of one model.
const std::string& best_measure(const json& a, const json& b) {
  const auto have = [&](const std::string& measure) {
    return !samples_of(a, measure).empty() && !samples_of(b, measure).empty();
  };
  if ((is_arithmetic(a) || is_arithmetic(b)) && have(over_chain)) return over_chain;
  return have(over_bytes) ? over_bytes : step_time;
}

/// Samples that lie too far from their median are moved towards it.
std::vector<double> clipped(std::vector<double> samples, double typical) {
  const double middle = median_of(samples);
  const double most = farthest_sample * std::sqrt(typical);
  for (double& sample : samples) sample = std::clamp(sample, middle - most, middle + most);
  return samples;
}

/// The mean of a row's samples, and how certain it is.
struct moderated_mean {
  double mean;
  double variance;  // of the mean
  double degrees;
};

moderated_mean moderate(const std::vector<double>& samples, double typical) {
  const auto n = static_cast<double>(samples.size());
  const double own = samples.size() > 1 ? (n - 1) * variance_of(samples) : 0;
  const double degrees = n - 1 + prior_degrees;
  return {mean_of(samples), (own + prior_degrees * typical) / degrees / n, degrees};
}

/// Welch's interval of the difference of two means, whose logarithms these are.
ratio_interval ratio_of(const moderated_mean& a, const moderated_mean& b) {
  const double variance = a.variance + b.variance + 2 * square(between_runs);
  const double degrees =
      square(variance) / (square(a.variance) / a.degrees + square(b.variance) / b.degrees);
  const double half = two_sided_t(ratio_confidence, degrees) * std::sqrt(variance);
  const double middle = b.mean - a.mean;
  return {std::exp(middle), std::exp(middle - half), std::exp(middle + half)};
}

/// The rows of a result with what moderates their variances.
class measured_rows {
 public:
  explicit measured_rows(const json& result) : rows_(result.at("rows")) {
    if (rows_.empty()) return;
    for (const std::string& measure : {over_bytes, over_chain, step_time}) {
      for (const bool of_arithmetic : {false, true}) {
        typical_[{measure, of_arithmetic}] = typical_variance(rows_, measure, of_arithmetic);
      }
    }
    for (const json& row : rows_) by_name_[key_of(row)] = &row;
  }

  using key = std::pair<std::string, std::string>;

  static key key_of(const json& row) {
    return {row.at("name").get<std::string>(), row.at("contender").get<std::string>()};
  }

  const json& all() const { return rows_; }

  /// The row of the same name and contender, or null.
  const json* find(const json& row) const {
    const auto found = by_name_.find(key_of(row));
    return found == by_name_.end() ? nullptr : found->second;
  }

  moderated_mean mean(const json& row, const std::string& measure) const {
    const double typical = typical_.at({measure, is_arithmetic(row)});
    return moderate(clipped(samples_of(row, measure), typical), typical);
  }

 private:
  const json& rows_;
  std::map<std::pair<std::string, bool>, double> typical_;
  std::map<key, const json*> by_name_;
};

std::vector<row_name> missing_in(const measured_rows& other, const measured_rows& here) {
  std::vector<row_name> missing;
  for (const json& row : here.all()) {
    if (other.find(row)) continue;
    auto [name, contender] = measured_rows::key_of(row);
    missing.push_back({std::move(name), std::move(contender)});
  }
  return missing;
}

}  // namespace

std::string in_words(change verdict) {
  switch (verdict) {
    case change::slower:
      return "slower";
    case change::faster:
      return "faster";
    case change::too_busy:
      return "too busy";
    case change::none:
      break;
  }
  return "no difference";
}

change judge(const ratio_interval& r, double smallest_percent) {
  const double smallest = 1 + smallest_percent / 100;
  if (r.low > 1 && r.ratio >= smallest) return change::slower;
  if (r.high < 1 && r.ratio <= 1 / smallest) return change::faster;
  return r.high > r.ratio * (1 + widest_half) ? change::too_busy : change::none;
}

comparison compare_results(const json& a, const json& b, double smallest_percent) {
  const measured_rows of_a(a);
  const measured_rows of_b(b);
  const bool is_one_model = a["machine"]["cpu"]["model"] == b["machine"]["cpu"]["model"];
  comparison result;
  for (const json& row : of_a.all()) {
    const json* other = of_b.find(row);
    if (!other) continue;
    const std::string& measure = is_one_model ? best_measure(row, *other) : step_time;
    const ratio_interval ratio = ratio_of(of_a.mean(row, measure), of_b.mean(*other, measure));
    auto [name, contender] = measured_rows::key_of(row);
    result.rows.push_back(
        {{std::move(name), std::move(contender)}, measure, ratio, judge(ratio, smallest_percent)});
  }
  result.only_a = missing_in(of_b, of_a);
  result.only_b = missing_in(of_a, of_b);
  return result;
}

std::size_t count_of(const comparison& c, change verdict) {
  return static_cast<std::size_t>(
      std::count_if(c.rows.begin(), c.rows.end(),
                    [verdict](const compared_row& row) { return row.verdict == verdict; }));
}

bool has_slower_row(const comparison& c, double percent) {
  return std::any_of(c.rows.begin(), c.rows.end(), [percent](const compared_row& row) {
    return row.verdict == change::slower && row.ratio.ratio >= 1 + percent / 100;
  });
}

}  // namespace bench
