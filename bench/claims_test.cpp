// SPDX-License-Identifier: Apache-2.0
//
// Checks the verdicts that print_claims() prints for narrow and wide intervals. Without a test
// framework, so that the benchmark needs no further dependency.
#include <cstdio>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

#include "cases.hpp"
#include "claims.hpp"
#include "interleave.hpp"
#include "pass_lists.hpp"

namespace {

using interval_of = std::function<bench::estimate(std::size_t row)>;

bench::machine a_machine() {
  bench::machine m;
  m.isas = {"baseline", "avx2"};
  m.best_isa = "avx2";
  m.thread_count = 2;
  m.serial_below = 32768;
  return m;
}

/// The output if each row of --quick has the interval in all its figures. Figures whose claim is an
/// upper limit get the inverse, so that a good interval is good for all claims.
std::string printed(const interval_of& interval) {
  const bench::machine m = a_machine();
  std::vector<bench::row> rows;
  for (const bench::bench_case& c : bench::quick_cases(m)) {
    bench::row r{c.name(), {}};
    const auto set = [&r](const std::string& name, double value, double low, double high) {
      r.counters[name] = value;
      r.counters[name + "_low"] = low;
      r.counters[name + "_high"] = high;
    };
    const bench::estimate e = interval(rows.size());
    set("percent_of_roof", 100 * e.median, 100 * e.low, 100 * e.high);
    for (const char* rival :
         {"careful", "flat", "apply", "separate", "float32", "bf16slots", "adamw"}) {
      set(std::string("over_") + rival, 1 / e.median, 1 / e.high, 1 / e.low);
    }
    rows.push_back(std::move(r));
  }
  std::ostringstream out;
  bench::print_claims(out, m, rows);
  return out.str();
}

std::size_t count_of(const std::string& text, const std::string& word) {
  std::size_t count = 0;
  for (auto at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++count;
  return count;
}

/// These have one claim each.
std::size_t count_of_other_one_pass_rules() {
  std::size_t count = 0;
  for (std::size_t r = 0; r < gradstep_rule_count(); ++r) {
    const std::string rule = gradstep_rule_name(r);
    if (rule != bench::main_rule && !bench::has_several_passes(rule)) ++count;
  }
  return count;
}

int failures = 0;

void expect(bool holds, const char* what, const std::string& text) {
  if (holds) return;
  ++failures;
  std::fprintf(stderr, "claims_test: %s:\n%s\n", what, text.c_str());
}

}  // namespace

int main() {
  const bench::estimate good{2, 1.98, 2.02}, bad{0.3, 0.295, 0.305};
  const bench::estimate wide{0.4, 0.2, 2}, wide_and_good{3, 2, 4};
  const std::size_t claims = count_of(printed([&](std::size_t) { return good; }), "  met\n");
  expect(claims == 17 + count_of_other_one_pass_rules(), "not every claim was found",
         printed([&](std::size_t) { return good; }));

  std::string text = printed([&](std::size_t) { return bad; });
  expect(count_of(text, "  MISSED\n") == claims, "a narrow interval is judged", text);
  expect(count_of(text, "busy") == 0, "a quiet machine is not called busy", text);

  text = printed([&](std::size_t) { return wide; });
  expect(count_of(text, "MISSED") + count_of(text, "met\n") == 0, "a busy machine's verdict", text);
  expect(count_of(text, "too busy to judge") == 1, "a busy machine is called so", text);

  // A single row's: at most two claims of it.
  text = printed([&](std::size_t row) { return row == 0 ? wide : bad; });
  expect(count_of(text, "  not judged\n") == 1, "one wide interval is not judged", text);
  expect(count_of(text, "  MISSED\n") == claims - 1, "the others are", text);
  expect(count_of(text, "Run the benchmark again") == 1, "what to do is said", text);

  text = printed([&](std::size_t row) { return row == 0 ? wide_and_good : good; });
  expect(count_of(text, "  met\n") == claims, "a wide one that is clear is judged", text);
  return failures == 0 ? 0 : 1;
}
