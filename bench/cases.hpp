// SPDX-License-Identifier: Apache-2.0
//
// Which benchmarks there are. Rules and their variants come from the library's enumeration calls: a
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

/// A rule with some hyper-parameters off their defaults: "adam", "adam+amsgrad".
struct rule_variant {
  std::string name;
  std::string rule;
  std::vector<gradstep::setting> settings;
};

/// Every rule as it is, and once more for each hyper-parameter that makes it use other slots.
std::vector<rule_variant> all_rule_variants();

/// Another step of the same rule on as many elements, to compare with: on arrays of its own.
struct rival_step {
  std::string name;  // empty: none
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
  std::size_t group_count = 0;  // of an optimizer whose step it is; 0: gradstep_apply's

  /// "step/adamw/float32/64M/threads:2/isa:avx512"; flags follow the rule: "adamw+clip-norm",
  /// and the optimizer's groups: "adamw+optimizer", "adamw+optimizer-2groups"
  std::string name() const;
};

/// "+clip-norm" for GRADSTEP_APPLY_MAX_NORM and so on; "+complete" for complete_flags.
std::string flags_name(std::uint64_t flags);

/// The optimizer's step on a list, beside gradstep_apply.
bench_case optimizer_case(const machine& m, const layout& tensors, std::size_t group_count,
                          double seconds);

std::vector<bench_case> full_cases(const machine& m);
/// About 90 seconds' worth: adamw at all sizes, every rule on large arrays, and what claims need.
std::vector<bench_case> quick_cases(const machine& m);

/// The rule that the baselines and the claims are about.
inline constexpr const char* main_rule = "adamw";
inline constexpr std::size_t small_size = 1024, medium_size = std::size_t{16} * 1024,
                             cache_size = std::size_t{4} * 1024 * 1024,
                             large_size = std::size_t{64} * 1024 * 1024;

}  // namespace bench
