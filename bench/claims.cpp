// SPDX-License-Identifier: Apache-2.0
#include "claims.hpp"

#include <algorithm>
#include <cstdio>

#include "cases.hpp"
#include "dtype_cases.hpp"
#include "pass_cases.hpp"
#include "pass_lists.hpp"

namespace bench {
namespace {

constexpr const char* of_the_limit = "";

/// Shares of what the machine allows. Whether that is memory or arithmetic, the row says.
std::vector<claim> limit_claims(const machine& m) {
  const auto main_name = [&](std::size_t size) {
    return float32_case(m, main_rule, flat_layout(size), m.thread_count).name();
  };
  return {
      {"adamw, float32, 64M: % of the limit", main_name(large_size), of_the_limit, true, 85},
      {"bfloat16 gradients and slots, 64M: % of the limit", bfloat16_case(m).name(), of_the_limit,
       true, 85},
      {"bfloat16 gradients, 8-bit slots, 64M: % of the limit", eight_bit_case(m).name(),
       of_the_limit, true, 85},
      {"complete step, 64M: % of the limit", complete_case(m, large_size).name(), of_the_limit,
       true, 80},
      {"adafactor, 8192 x 8192: % of the limit", adafactor_case(m).name(), of_the_limit, true, 70},
  };
}

/// Rules that sum before they update have a part that one thread does, between their passes.
std::vector<claim> rule_claims(const machine& m) {
  std::vector<claim> claims;
  for (std::size_t r = 0; r < gradstep_rule_count(); ++r) {
    const std::string rule = gradstep_rule_name(r);
    claims.push_back({rule + ", float32, 16M: % of the limit",
                      float32_case(m, rule, flat_layout(table_size), m.thread_count).name(),
                      of_the_limit, true, has_several_passes(rule) ? 70. : 80.});
  }
  return claims;
}

/// Times beside other programs on the same arrays.
std::vector<claim> ratio_claims(const machine& m) {
  const auto main_name = [&](const layout& tensors, std::size_t threads) {
    return float32_case(m, main_rule, tensors, threads).name();
  };
  const auto optimizer = [&](const layout& tensors, std::size_t groups) {
    return optimizer_case(m, tensors, groups).name();
  };
  // lamb moves 44 bytes per element, adamw 28.
  const double lamb_over_adamw = 1.25 * 44 / 28;
  return {
      {"16K, one thread: time / careful loop", main_name(flat_layout(medium_size), 1), "careful",
       false, 1.25},
      {"1K, one gradstep_apply: time / careful loop", main_name(flat_layout(small_size), 1),
       "careful", false, 2},
      {"1000 small tensors: time / one flat tensor", main_name(small_layout(), m.thread_count),
       "flat", false, 1.25},
      {"optimizer, 1000 small tensors: time / gradstep_apply", optimizer(small_layout(), 1),
       "apply", false, 1.15},
      {"optimizer, 1000 small, two groups: time / two applies", optimizer(small_layout(), 2),
       "apply", false, 1.15},
      {"optimizer, GPT-2 small: time / gradstep_apply", optimizer(gpt2_layout(), 1), "apply", false,
       1.05},
      {"complete step, 64M: time / separate passes", complete_case(m, large_size).name(),
       "separate", false, 1 / 1.3},
      {"lamb, 1000 small tensors: time / adamw", small_lamb_case(m).name(), main_rule, false,
       lamb_over_adamw},
  };
}

bool is_met(const claim& c, double value) {
  return c.is_minimum ? value >= c.limit : value <= c.limit;
}

std::string verdict_of(const claim& c, const estimate& e) {
  if (is_wide(e) && !(is_met(c, e.low) && is_met(c, e.high))) return "too busy";
  return is_met(c, e.median) ? "met" : "missed";
}

/// Null if the row is not there.
const estimate* figure_of(const claim& c, const std::vector<row>& rows) {
  const auto found =
      std::find_if(rows.begin(), rows.end(), [&](const row& r) { return r.name == c.row; });
  if (found == rows.end()) return nullptr;
  if (c.ratio.empty()) return &found->percent_of_limit;
  const auto ratio = found->ratios.find(c.ratio);
  return ratio == found->ratios.end() ? nullptr : &ratio->second;
}

}  // namespace

std::vector<claim> all_claims(const machine& m) {
  std::vector<claim> claims = limit_claims(m);
  for (const auto& more : {rule_claims(m), ratio_claims(m)}) {
    claims.insert(claims.end(), more.begin(), more.end());
  }
  return claims;
}

std::vector<judged_claim> judge(const std::vector<claim>& claims, const std::vector<row>& rows) {
  std::vector<judged_claim> judged;
  for (const claim& c : claims) {
    const estimate* const figure = figure_of(c, rows);
    if (figure != nullptr) judged.push_back({c, *figure, verdict_of(c, *figure)});
  }
  return judged;
}

std::string claims_text(const std::vector<judged_claim>& claims) {
  std::string text;
  for (const auto& [c, e, verdict] : claims) {
    char line[256];
    std::snprintf(line, sizeof line, "%-56s %8.3f  (%.3f to %.3f)  %s %.3g  %s\n", c.text.c_str(),
                  e.median, e.low, e.high, c.is_minimum ? ">=" : "<=", c.limit, verdict.c_str());
    text += line;
  }
  return text;
}

}  // namespace bench
