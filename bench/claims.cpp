// SPDX-License-Identifier: Apache-2.0
#include "claims.hpp"

#include <cstdio>

#include "cases.hpp"

namespace bench {
namespace {

struct claim {
  std::string text;
  std::string row;      // the benchmark's name
  std::string counter;  // of its figures
  bool is_minimum;      // the limit
  double limit;
};

std::string row_name(const machine& m, const rule_variant& v, const layout& tensors,
                     std::size_t threads) {
  return bench_case{v, float32, tensors, threads, m.best_isa, 0}.name();
}

std::vector<claim> main_claims(const machine& m) {
  const rule_variant v{main_rule, main_rule, {}};
  const auto name = [&](const layout& tensors, std::size_t threads) {
    return row_name(m, v, tensors, threads);
  };
  return {
      {"64M elements, all threads: % of the roof", name(flat_layout(large_size), m.thread_count),
       "percent_of_roof", true, 95},
      {"16K elements, one thread: time / careful loop", name(flat_layout(medium_size), 1),
       "over_careful", false, 1.05},
      {"1K elements, one gradstep_apply: time / careful loop", name(flat_layout(small_size), 1),
       "over_careful", false, 2},
      {"1000 small tensors: time / one flat tensor", name(small_layout(), m.thread_count),
       "over_flat", false, 1.15},
  };
}

/// Every other rule that was measured.
std::vector<claim> rule_claims(const machine& m) {
  std::vector<claim> claims;
  for (const rule_variant& v : all_rule_variants()) {
    if (v.name == main_rule) continue;
    claims.push_back({v.name + ", 64M elements, all threads: % of its roof",
                      row_name(m, v, flat_layout(large_size), m.thread_count), "percent_of_roof",
                      true, 93});
  }
  return claims;
}

const row* find_row(const std::vector<row>& rows, const claim& c) {
  const row* found = nullptr;  // the last, when a benchmark was repeated
  for (const row& r : rows) {
    if (r.name == c.row && r.has(c.counter)) found = &r;
  }
  return found;
}

void print_claim(std::ostream& out, const claim& c, const row& r) {
  const double value = r.counters.at(c.counter);
  const bool is_met = c.is_minimum ? value >= c.limit : value <= c.limit;
  char text[256];
  std::snprintf(text, sizeof text, "%-58s %7.3f  (%.3f to %.3f)  %s %-5g %s\n", c.text.c_str(),
                value, r.counters.at(c.counter + "_low"), r.counters.at(c.counter + "_high"),
                c.is_minimum ? ">=" : "<=", c.limit, is_met ? "met" : "MISSED");
  out << text;
}

}  // namespace

void print_claims(std::ostream& out, const machine& m, const std::vector<row>& rows) {
  out << "\nClaims (" << main_rule << " where no rule is named; float32, " << m.best_isa << ", "
      << m.thread_count << " threads; median and its 95 % interval)\n\n";
  for (const claim& c : main_claims(m)) {
    const row* r = find_row(rows, c);
    if (r == nullptr) {
      out << c.text << ": not measured in this run\n";
    } else {
      print_claim(out, c, *r);
    }
  }
  for (const claim& c : rule_claims(m)) {
    if (const row* r = find_row(rows, c)) print_claim(out, c, *r);
  }
  out << std::flush;
}

}  // namespace bench
