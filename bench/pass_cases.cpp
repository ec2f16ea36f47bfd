// SPDX-License-Identifier: Apache-2.0
#include "pass_cases.hpp"

#include <algorithm>
#include <string>
#include <utility>

namespace bench {
namespace {

bench_case case_of(const machine& m, const std::string& rule, const layout& tensors,
                   double seconds) {
  return {{rule, rule, {}}, plain_storage(GRADSTEP_FLOAT32), tensors, m.thread_count, m.best_isa,
          seconds};
}

}  // namespace

bench_case lamb_case(const machine& m, double seconds) {
  return case_of(m, "lamb", flat_layout(large_size), seconds);
}

bench_case small_lamb_case(const machine& m, double seconds) {
  bench_case c = case_of(m, "lamb", small_layout(), seconds);
  c.rival_rule = main_rule;
  return c;
}

bench_case adafactor_case(const machine& m, double seconds) {
  return case_of(m, "adafactor", matrix_layout(8192, 8192), seconds);
}

void add_pass_cases(const machine& m, double seconds, std::vector<bench_case>& cases) {
  bench_case lamb = lamb_case(m, seconds);
  const auto is_lamb = [&](const bench_case& c) { return c.name() == lamb.name(); };
  cases.erase(std::remove_if(cases.begin(), cases.end(), is_lamb), cases.end());
  cases.push_back(std::move(lamb));
  cases.push_back(small_lamb_case(m, seconds / 2));
  cases.push_back(adafactor_case(m, seconds));
}

}  // namespace bench
