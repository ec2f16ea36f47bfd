// SPDX-License-Identifier: Apache-2.0
#include "claims.hpp"

#include <algorithm>
#include <cstdio>
#include <string_view>

#include "cases.hpp"
#include "dtype_cases.hpp"
#include "interleave.hpp"
#include "listed_passes.hpp"
#include "pass_cases.hpp"
#include "pass_lists.hpp"
#include "separate_step.hpp"

namespace bench {
namespace {

struct claim {
  std::string text;
  std::string row;      // the benchmark's name
  std::string counter;  // the name of the figure in that row
  bool is_minimum;      // true: the figure must be >= limit; false: <= limit
  double limit;
  double numerator = 0;  // not 0: the claim is about numerator / figure
};

std::string row_name(const machine& m, const rule_variant& v, const layout& tensors,
                     std::size_t threads) {
  return bench_case{v, plain_storage(GRADSTEP_FLOAT32), tensors, threads, m.best_isa, 0}.name();
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

std::vector<claim> optimizer_claims(const machine& m) {
  const auto name = [&](const layout& tensors, std::size_t group_count) {
    return optimizer_case(m, tensors, group_count, 0).name();
  };
  return {
      {"optimizer, 1000 small tensors: time / gradstep_apply", name(small_layout(), 1),
       "over_apply", false, 1.15},
      {"optimizer, 1000 small, two groups: time / two applies", name(small_layout(), 2),
       "over_apply", false, 1.15},
      {"optimizer, GPT-2 small: time / gradstep_apply", name(gpt2_layout(), 1), "over_apply", false,
       1.03},
      {"optimizer, GPT-2 small, two groups: time / two applies", name(gpt2_layout(), 2),
       "over_apply", false, 1.03},
  };
}

std::vector<claim> mixed_claims(const machine& m) {
  const std::string complete = complete_case(m, large_size, 0).name();
  const std::string bfloat16 = bfloat16_case(m, 0).name();
  const std::string eight_bit = eight_bit_case(m, 0).name();
  return {
      {"complete step, 64M elements, all threads: % of its roof", complete, "percent_of_roof", true,
       90},
      {"complete step, 64M: time of separate passes / time", complete, "over_separate", true, 1.3,
       1},
      {"bf16 grads and slots, 64M: % of its roof", bfloat16, "percent_of_roof", true, 90},
      {"bf16 grads and slots, 64M: time of float32 / time", bfloat16, "over_float32", true, 1.5, 1},
      {"bf16 grads, 8-bit slots, 64M: % of its roof", eight_bit, "percent_of_roof", true, 80},
      {"bf16 grads, 8-bit slots, 64M: time of bf16 slots / time", eight_bit, "over_bf16slots", true,
       1, 1},
  };
}

/// Rules that sum before they update. A roof of theirs goes through the same passes.
std::vector<claim> pass_claims(const machine& m) {
  // lamb moves 44 bytes per element, adamw 28.
  const double lamb_over_adamw = 1.25 * 44 / 28;
  return {
      {"lamb, 64M elements, all threads: time / roof", lamb_case(m, 0).name(), "percent_of_roof",
       false, 1.15, 100},
      {"lamb, 1000 small tensors: time / adamw", small_lamb_case(m, 0).name(),
       std::string("over_") + main_rule, false, lamb_over_adamw},
      {"adafactor, 8192 x 8192, all threads: time / roof", adafactor_case(m, 0).name(),
       "percent_of_roof", false, 1.2, 100},
  };
}

/// The claim for each rule of one pass but the main one.
std::vector<claim> rule_claims(const machine& m) {
  std::vector<claim> claims;
  for (const rule_variant& v : all_rule_variants()) {
    if (v.name == main_rule || has_several_passes(v.rule)) continue;
    claims.push_back({v.name + ", 64M elements, all threads: % of its roof",
                      row_name(m, v, flat_layout(large_size), m.thread_count), "percent_of_roof",
                      true, 93});
  }
  return claims;
}

const row* find_row(const std::vector<row>& rows, const claim& c) {
  const row* found = nullptr;  // the last row, if a benchmark was repeated
  for (const row& r : rows) {
    if (r.name == c.row && r.has(c.counter)) found = &r;
  }
  return found;
}

estimate figure_of(const claim& c, const row& r) {
  const auto counter = [&](const char* suffix) { return r.counters.at(c.counter + suffix); };
  const double n = c.numerator;
  if (n == 0) return {counter(""), counter("_low"), counter("_high")};
  return {n / counter(""), n / counter("_high"), n / counter("_low")};
}

struct measured_claim {
  claim what;
  estimate figure;
};

/// The claims whose rows this run has measured.
std::vector<measured_claim> measured_claims(const machine& m, const std::vector<row>& rows) {
  std::vector<measured_claim> measured;
  for (const auto& claims :
       {main_claims(m), optimizer_claims(m), mixed_claims(m), pass_claims(m), rule_claims(m)}) {
    for (const claim& c : claims) {
      if (const row* r = find_row(rows, c)) measured.push_back({c, figure_of(c, *r)});
    }
  }
  return measured;
}

bool is_met(const claim& c, double value) {
  return c.is_minimum ? value >= c.limit : value <= c.limit;
}

/// A wide interval that lies wholly on the good side of the limit still says "met".
const char* verdict(const claim& c, const estimate& e) {
  if (is_wide(e) && !(is_met(c, e.low) && is_met(c, e.high))) return "not judged";
  return is_met(c, e.median) ? "met" : "MISSED";
}

void print_claim(std::ostream& out, const measured_claim& m, bool is_judged) {
  const auto& [c, e] = m;
  char text[256];
  std::snprintf(text, sizeof text, "%-58s %7.3f  (%.3f to %.3f)  %s %g%s%s\n", c.text.c_str(),
                e.median, e.low, e.high, c.is_minimum ? ">=" : "<=", c.limit, is_judged ? "  " : "",
                is_judged ? verdict(c, e) : "");
  out << text;
}

/// With more than a quarter of all intervals wide, the narrow ones say little either.
bool is_busy(const std::vector<measured_claim>& claims, std::size_t wide) {
  return 4 * wide > claims.size();
}

/// Prints a warning if the machine was busy, or if some claims were not judged.
void print_judgement(std::ostream& out, const std::vector<measured_claim>& claims,
                     std::size_t wide) {
  std::size_t unjudged = 0;
  for (const auto& [c, e] : claims) unjudged += std::string_view(verdict(c, e)) == "not judged";
  if (is_busy(claims, wide)) {
    out << "\nThis machine is too busy to judge: " << wide << " of " << claims.size()
        << " intervals are wider than " << 100 * widest_interval
        << " % of their median.\nRun the benchmark again when nothing else runs.\n";
  } else if (unjudged != 0) {
    out << "\nNot judged: intervals wider than " << 100 * widest_interval
        << " % of the median. Run the benchmark again when nothing else runs.\n";
  }
}

void print_passes(std::ostream& out, const char* title, const std::vector<listed_pass>& passes) {
  double bytes = 0;
  for (const auto& p : passes) bytes += p.second;
  out << "  " << title << ": " << bytes << " bytes an element in " << passes.size() << " passes\n";
  for (const auto& [text, pass_bytes] : passes) out << "    " << pass_bytes << "  " << text << "\n";
}

}  // namespace

void print_claims(std::ostream& out, const machine& m, const std::vector<row>& rows) {
  const std::vector<measured_claim> claims = measured_claims(m, rows);
  if (claims.empty()) return;
  const auto wide = static_cast<std::size_t>(std::count_if(
      claims.begin(), claims.end(), [](const measured_claim& c) { return is_wide(c.figure); }));
  out << "\nClaims (" << main_rule << " where no rule is named; float32, " << m.best_isa << ", "
      << m.thread_count << " threads; median and its 95 % interval)\n\n";
  for (const measured_claim& c : claims) print_claim(out, c, !is_busy(claims, wide));
  print_judgement(out, claims, wide);
  out << "\nA step moves\n";
  print_passes(out, "lamb", list_passes(lamb_case(m, 0)));
  print_passes(out, "adafactor on matrices", list_passes(adafactor_case(m, 0)));
  out << "\nThe complete step (unscale, finite check, clip by norm, adamw, bfloat16 copy, average, "
         "zero\ngrad) moves\n";
  print_passes(out, "one gradstep_apply", list_passes(complete_case(m, large_size, 0)));
  print_passes(out, "separate passes", separate_step::passes());
  out << std::flush;
}

}  // namespace bench
