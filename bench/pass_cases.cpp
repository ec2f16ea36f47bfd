// SPDX-License-Identifier: Apache-2.0
#include "pass_cases.hpp"

namespace bench {

bench_case lamb_case(const machine& m) {
  return float32_case(m, "lamb", flat_layout(table_size), m.thread_count);
}

bench_case small_lamb_case(const machine& m) {
  bench_case c = float32_case(m, "lamb", small_layout(), m.thread_count);
  c.rival_rule = main_rule;
  return c;
}

bench_case adafactor_case(const machine& m) {
  return float32_case(m, "adafactor", matrix_layout(8192, 8192), m.thread_count);
}

void add_pass_cases(const machine& m, std::vector<bench_case>& cases) {
  cases.insert(cases.end(), {lamb_case(m), small_lamb_case(m), adafactor_case(m)});
}

}  // namespace bench
