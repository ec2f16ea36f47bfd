// SPDX-License-Identifier: Apache-2.0
#include "figures.hpp"

#include <algorithm>
#include <functional>

namespace bench {
namespace {

using samples = std::vector<double>;

samples quotients(const samples& numerators, const samples& denominators, double factor = 1) {
  samples result(numerators.size());
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i] = factor * numerators[i] / denominators[i];
  }
  return result;
}

double median(const samples& values) { return estimate_median(values).median; }

/// Of what a visit has of each round.
estimate estimate_of(const std::vector<visit>& visits,
                     const std::function<samples(const visit&)>& rounds_of) {
  samples all, medians;
  for (const visit& v : visits) {
    const samples rounds = rounds_of(v);
    all.insert(all.end(), rounds.begin(), rounds.end());
    medians.push_back(median(rounds));
  }
  estimate e = estimate_median(std::move(all));
  const auto [lowest, highest] = std::minmax_element(medians.begin(), medians.end());
  e.low = std::min(e.low, *lowest);
  e.high = std::max(e.high, *highest);
  return e;
}

}  // namespace

row figures_of(const std::string& name, const std::vector<visit>& visits) {
  row r;
  r.name = name;
  r.ns_per_element = estimate_of(visits, [](const visit& v) { return v.step; });
  r.bytes_ns = estimate_of(visits, [](const visit& v) { return v.bytes; }).median;
  r.arithmetic_ns = estimate_of(visits, [](const visit& v) { return v.arithmetic; }).median;
  r.percent_of_limit = estimate_of(visits, [&](const visit& v) {
    return quotients(r.is_bound_by_bytes() ? v.bytes : v.arithmetic, v.step, 100);
  });
  for (const auto& ratio : visits.front().ratios) {
    const std::string& rival = ratio.first;
    r.ratios[rival] = estimate_of(visits, [&](const visit& v) { return v.ratios.at(rival); });
  }
  for (const visit& v : visits) {
    r.visits.push_back(
        {median(v.step), median(quotients(v.step, v.bytes)), median(quotients(v.step, v.chain))});
    r.round_count += v.step.size();
  }
  return r;
}

}  // namespace bench
