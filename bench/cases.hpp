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

/// Where threads run, and which of them wrote the arrays first.
enum class placement {
  free,      // the system chooses each thread's CPU
  pinned,    // each worker keeps to a CPU
  one_touch  // pinned, and one thread alone wrote all arrays first: they are in its node's memory
};
/// As results have it: "free".
const char* name_of(placement p);

struct bench_case {
  rule_variant variant;
  storage stored;
  layout tensors;
  std::size_t threads;
  std::string isa;
  double seconds = 0;       // of a visit, at least; a visit has three rounds or more
  std::uint64_t flags = 0;  // of gradstep_apply_options
  rival_step rival = {};
  std::size_t group_count = 0;  // 0: measures gradstep_apply; else an optimizer with so many groups
  std::string rival_rule = {};  // a rule to compare with, on the same arrays; empty: none
  placement placed = placement::free;

  /// "step/adamw/float32/64M/threads:2/isa:avx512". Flags follow the rule: "adamw+clip-norm". So do
  /// an optimizer's groups: "adamw+optimizer", "adamw+optimizer-2groups". A placement other than
  /// free is at the end: "/placement:pinned".
  std::string name() const;
  /// What the step has beside its rule: "amsgrad+clip-norm"; often empty.
  std::string options_name() const;
};

/// "+clip-norm" for GRADSTEP_APPLY_MAX_NORM and so on; "+complete" for complete_flags.
std::string flags_name(std::uint64_t flags);

/// A case of plain float32 on the fastest instruction set.
bench_case float32_case(const machine& m, const std::string& rule, const layout& tensors,
                        std::size_t threads);

/// An optimizer's step on a list, compared with gradstep_apply.
bench_case optimizer_case(const machine& m, const layout& tensors, std::size_t group_count);

/// How much is measured, and so for how long.
enum class extent { quick, standard, full };

/// No two have the same name.
std::vector<bench_case> cases_of(const machine& m, extent e);
/// How often a run comes to each case.
std::size_t visits_of(extent e);

/// The rule of the baselines, and of claims that name no rule.
inline constexpr const char* main_rule = "adamw";
inline constexpr std::size_t small_size = 1024, medium_size = std::size_t{16} * 1024,
                             shared_size = std::size_t{256} * 1024,
                             cache_size = std::size_t{4} * 1024 * 1024,
                             // The tables of all rules and dtypes: beyond the caches of most CPUs.
    table_size = std::size_t{16} * 1024 * 1024, large_size = std::size_t{64} * 1024 * 1024;

}  // namespace bench
