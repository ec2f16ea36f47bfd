// SPDX-License-Identifier: Apache-2.0
#include "result_rows.hpp"

#include <gradstep/gradstep.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <ctime>

#include "facts/machine_facts.hpp"

namespace bench {
namespace {

using nlohmann::json;

/// Six digits: more would say nothing, and make files long.
double rounded(double value) {
  if (value == 0) return value;
  const double unit = std::pow(10, std::floor(std::log10(std::abs(value))) - 5);
  // Divided by a power of ten where the unit is one: the shortest text then has six digits.
  return unit < 1 ? std::round(value / unit) / std::round(1 / unit)
                  : std::round(value / unit) * unit;
}

json json_of(const estimate& e) {
  return {{"median", rounded(e.median)}, {"low", rounded(e.low)}, {"high", rounded(e.high)}};
}

std::string utc_date() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[16];
  std::strftime(text, sizeof text, "%Y-%m-%d", &utc);
  return text;
}

const char* library_name(std::int32_t dtype) { return type_of(dtype).library_name; }

json dtypes_of(const storage& s) {
  json names = {{"param", library_name(s.param)},
                {"grad", library_name(s.grad)},
                {"slots", library_name(s.slots)}};
  if (s.copy != 0) names["copy"] = library_name(s.copy);
  return names;
}

/// What tells apart steps of equal dtypes, too.
std::string variant_of(const bench_case& c) {
  const std::string options = c.options_name();
  if (!c.stored.is_split) return options;
  return options.empty() ? "split" : "split+" + options;
}

json visits_of(const row& r) {
  json visits = json::array();
  for (const visit_figures& v : r.visits) {
    visits.push_back({{"ns_per_element", rounded(v.ns_per_element)},
                      {"over_bytes", rounded(v.over_bytes)},
                      {"over_chain", rounded(v.over_chain)}});
  }
  return visits;
}

json json_of(const bench_case& c, const row& r) {
  json ratios = json::object();
  for (const auto& [name, ratio] : r.ratios) ratios[name] = json_of(ratio);
  return {{"name", r.name},
          {"contender", "gradstep"},
          {"rule", c.variant.rule},
          {"variant", variant_of(c)},
          {"dtypes", dtypes_of(c.stored)},
          {"layout", c.tensors.name},
          {"elements", c.tensors.total()},
          {"tensors", c.tensors.counts.size()},
          {"threads", c.threads},
          {"placement", name_of(c.placed)},
          {"isa", c.isa},
          {"bytes_per_element", r.bytes_per_element},
          {"ns_per_element", json_of(r.ns_per_element)},
          {"limit",
           {{"bytes_ns", rounded(r.bytes_ns)},
            {"arithmetic_ns", rounded(r.arithmetic_ns)},
            {"binds", r.is_bound_by_bytes() ? "bytes" : "arithmetic"},
            {"level", r.level}}},
          {"percent_of_limit", json_of(r.percent_of_limit)},
          {"ratios", ratios},
          {"visits", visits_of(r)},
          {"rounds", r.round_count},
          {"verdict", r.is_busy() ? "too busy" : "ok"}};
}

json json_of(const judged_claim& c) {
  return {{"text", c.what.text},
          {"row", c.what.row},
          {"figure", json_of(c.figure)},
          {"limit", rounded(c.what.limit)},
          {"is_minimum", c.what.is_minimum},
          {"verdict", c.verdict}};
}

json noise_of(const finished_run& run) {
  const auto busy = static_cast<std::size_t>(
      std::count_if(run.cases.begin(), run.cases.end(),
                    [](const measured_case& c) { return c.found.is_busy(); }));
  json result = {{"verdict", 4 * busy > run.cases.size() ? "too busy" : "quiet"},
                 {"wide_rows", busy},
                 {"other_cpus", nullptr},
                 {"stolen_cpus", nullptr}};
  if (run.meanwhile) {
    result["other_cpus"] = rounded(run.meanwhile->other_cpus);
    result["stolen_cpus"] = rounded(run.meanwhile->stolen_cpus);
  }
  return result;
}

}  // namespace

json result_of(const machine& m, const finished_run& run) {
  json machine = machine_facts();
  machine["bandwidth"] = json::array();
  for (const bandwidth& b : run.bandwidths) {
    machine["bandwidth"].push_back(
        {{"level", b.level}, {"threads", b.threads}, {"gb_per_second", json_of(b.gb_per_second)}});
  }
  json rows = json::array(), claims = json::array();
  for (const auto& [c, r] : run.cases) rows.push_back(json_of(c, r));
  for (const judged_claim& c : run.claims) claims.push_back(json_of(c));
  return {{"schema", "gradstep-bench-result"},
          {"schema_version", 1},
          {"program", {{"name", "gradstep-bench"}, {"version", gradstep_version_text()}}},
          {"run",
           {{"mode", run.mode},
            {"cpus", run.cpus},
            {"date", utc_date()},
            {"seconds", std::round(run.seconds)},
            {"visits", run.visits}}},
          {"machine", std::move(machine)},
          {"software", software_facts(m)},
          {"noise", noise_of(run)},
          {"rows", std::move(rows)},
          {"claims", std::move(claims)}};
}

}  // namespace bench
