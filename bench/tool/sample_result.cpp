// SPDX-License-Identifier: Apache-2.0
#include "sample_result.hpp"

namespace bench {

using nlohmann::json;

json sample_row(const std::string& name, const std::vector<double>& visits) {
  json row = json::parse(R"({
    "contender": "gradstep", "rule": "adamw", "layout": "64M", "elements": 67108864, "tensors": 1,
    "threads": 1, "isa": "avx2", "verdict": "ok",
    "dtypes": {"param": "float32", "grad": "float32", "slots": "float32"},
    "ns_per_element": {"median": 1.0, "low": 0.99, "high": 1.01}, "visits": []})");
  row["name"] = name;
  for (const double ns : visits) row["visits"].push_back({{"ns_per_element", ns}});
  return row;
}

json sample_result(const std::vector<json>& rows) {
  json result = json::parse(R"({
    "schema": "gradstep-bench-result", "schema_version": 1,
    "program": {"name": "gradstep-bench", "version": "1.0.0"},
    "run": {"mode": "quick", "date": "2026-01-31", "seconds": 60, "visits": 3},
    "machine": {
      "cpu": {"model": "A CPU", "vendor": "V", "architecture": "x86_64"},
      "cores": {"sockets": 1, "physical": 2, "logical": 2, "usable": 2, "smt": "off"},
      "caches": [{"level": 1, "kind": "data", "bytes": 32768, "shared_by": 1}], "numa_nodes": 1,
      "bandwidth": [{"level": "memory", "threads": 1,
                     "gb_per_second": {"median": 20, "low": 19, "high": 21}}]},
    "software": {"gradstep": "1.0.0", "compiler": "GCC 12.2.0", "isas": ["baseline", "avx2"]},
    "noise": {"verdict": "quiet", "other_cpus": 0.1, "wide_rows": 0}})");
  result["rows"] = rows;
  return result;
}

}  // namespace bench
