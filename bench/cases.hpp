// SPDX-License-Identifier: Apache-2.0
//
// The list of benchmarks. Rules and their variants come from the library's enumeration calls, so a
// new rule needs no line here.
#pragma once

#include <gradstep/gradstep.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "layout.hpp"
#include "machine.hpp"
#include "stored_dtypes.hpp"

namespace bench {

/// A rule with some hyper-parameters not at their defaults: "adam", "adam+amsgrad".
struct rule_variant {
  std::string name;
  std::string rule;
  std::vector<gradstep::setting> settings;
};

/// Each rule at its defaults, and once more for each hyper-parameter that changes which slots it
/// uses.
std::vector<rule_variant> all_rule_variants();

/// A step to compare with: of the same rule on as many elements, with arrays of its own.
struct rival_step {
  std::string name;  // empty: no rival
  storage stored;
  std::uint64_t flags;
};

struct bench_case {
  rule_variant variant;
  storage stored;
  layout tensors;
  std::size_t threads;
  std::string isa;
  double seconds;           // to measure for
  std::uint64_t flags = 0;  // of gradstep_apply_options
  rival_step rival = {};
  std::size_t group_count = 0;  // 0: measures gradstep_apply; else an optimizer with so many groups
  std::string rival_rule = {};  // a rule to compare with, on the same arrays; empty: none

  /// "step/adamw/float32/64M/threads:2/isa:avx512". Flags follow the rule: "adamw+clip-norm". So do
  /// an optimizer's groups: "adamw+optimizer", "adamw+optimizer-2groups".
  std::string name() const;
};

/// "+clip-norm" for GRADSTEP_APPLY_MAX_NORM and so on; "+complete" for complete_flags.
std::string flags_name(std::uint64_t flags);

/// An optimizer's step on a list, compared with gradstep_apply.
bench_case optimizer_case(const machine& m, const layout& tensors, std::size_t group_count,
                          double seconds);

/// Whether the case has roofs. If it compares steps that do the same work, or that work on the same
/// arrays, nothing else runs between them. The roof is in the row of another case then.
inline bool has_roofs(const bench_case& c) { return c.group_count == 0 && c.rival_rule.empty(); }

std::vector<bench_case> full_cases(const machine& m);
/// The cases of --quick, about two minutes: adamw at all sizes, all rules on large arrays, and what
/// the claims need.
std::vector<bench_case> quick_cases(const machine& m);

/// The rule of the baselines, and of claims that name no rule.
inline constexpr const char* main_rule = "adamw";
inline constexpr std::size_t small_size = 1024, medium_size = std::size_t{16} * 1024,
                             cache_size = std::size_t{4} * 1024 * 1024,
                             large_size = std::size_t{64} * 1024 * 1024;

}  // namespace bench
