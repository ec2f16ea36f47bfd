// SPDX-License-Identifier: Apache-2.0
#include "cases.hpp"

#include <algorithm>
#include <set>
#include <utility>

#include "dtype_cases.hpp"
#include "pass_cases.hpp"

namespace bench {
namespace {

constexpr std::size_t sizes[] = {small_size, medium_size, shared_size, cache_size, large_size};

std::vector<bool> used_slots(const gradstep::rule& rule) {
  float element = 0;
  const auto tensor = gradstep::tensor_of(&element, &element, 1);
  std::vector<bool> used;
  for (std::size_t s = 0; s < rule.slot_count(); ++s) {
    used.push_back(rule.slot_layout(s, tensor).is_used != 0);
  }
  return used;
}

/// A usual value other than the default 0: 1 for a whole number, else a decay rate within the
/// bounds.
double raised(const gradstep_hyperparameter_info& info) {
  return info.kind == GRADSTEP_REAL ? std::min(0.9, (info.minimum + info.maximum) / 2) : 1;
}

/// Whether raising the hyper-parameter changes which slots the rule uses, without a conflict.
bool uses_other_slots(const std::string& name, const gradstep_hyperparameter_info& info) {
  const gradstep::rule plain(name);
  gradstep::rule changed(name);
  changed.set(info.name, raised(info));
  return gradstep_rule_check(changed.get()) == GRADSTEP_OK &&
         used_slots(changed) != used_slots(plain);
}

/// Long enough for the cases of the claims.
constexpr double long_seconds = 1;

/// Of a visit. The memory's speed is unsteady.
double seconds_for(const layout& tensors) { return tensors.total() <= shared_size ? 0.06 : 0.5; }

std::vector<std::size_t> thread_counts(const machine& m, std::size_t elements) {
  if (m.thread_count == 1 || elements < m.serial_below) return {1};
  return {1, m.thread_count};
}

bench_case case_of(const rule_variant& v, const storage& stored, const layout& tensors,
                   std::size_t threads, const std::string& isa) {
  return {v, stored, tensors, threads, isa, seconds_for(tensors)};
}

/// The main rule at all sizes, and on each instruction set in cache and in memory.
void add_sizes(const machine& m, std::vector<bench_case>& cases) {
  for (const std::size_t size : sizes) {
    for (const std::size_t threads : thread_counts(m, size)) {
      cases.push_back(float32_case(m, main_rule, flat_layout(size), threads));
      if (size == large_size) cases.back().seconds = long_seconds;
    }
  }
  for (const std::string& isa : m.isas) {
    for (const auto& [size, threads] :
         {std::pair{medium_size, std::size_t{1}}, std::pair{large_size, m.thread_count}}) {
      cases.push_back(float32_case(m, main_rule, flat_layout(size), threads));
      cases.back().isa = isa;
    }
  }
}

/// A rule in a storage: in cache, and in memory.
void add_places(const rule_variant& v, const storage& stored, const std::string& isa,
                const std::vector<std::size_t>& memory_threads, std::vector<bench_case>& cases) {
  cases.push_back(case_of(v, stored, flat_layout(medium_size), 1, isa));
  for (const std::size_t threads : memory_threads) {
    cases.push_back(case_of(v, stored, flat_layout(table_size), threads, isa));
  }
}

/// Rules with the storages in which they are compared.
void add_table(const std::vector<rule_variant>& variants, const std::vector<storage>& storages,
               const std::vector<std::string>& isas, const std::vector<std::size_t>& memory_threads,
               std::vector<bench_case>& cases) {
  for (const rule_variant& v : variants) {
    for (const storage& stored : storages) {
      for (const std::string& isa : isas) {
        add_places(v, stored, isa, memory_threads, cases);
      }
    }
  }
}

/// Lists of tensors, as the tensors of one apply and of an optimizer with one group or two.
void add_lists(const machine& m, std::vector<bench_case>& cases) {
  for (const layout& tensors : {small_layout(), gpt2_layout()}) {
    cases.push_back(float32_case(m, main_rule, tensors, m.thread_count));
    for (const std::size_t group_count : {1, 2}) {
      cases.push_back(optimizer_case(m, tensors, group_count));
    }
  }
}

/// The same, without those that take the longest.
void add_claimed_lists(const machine& m, std::vector<bench_case>& cases) {
  cases.push_back(float32_case(m, main_rule, small_layout(), m.thread_count));
  cases.push_back(optimizer_case(m, small_layout(), 1));
  cases.push_back(optimizer_case(m, small_layout(), 2));
  cases.push_back(optimizer_case(m, gpt2_layout(), 1));
}

/// From 1 thread to all, where the system places them, and pinned; if the machine has several
/// memories, with all arrays in one of them.
void add_scaling(const machine& m, std::vector<bench_case>& cases) {
  for (const std::size_t threads : m.thread_counts) {
    for (const layout& tensors : {flat_layout(table_size), small_layout()}) {
      for (const placement placed : {placement::free, placement::pinned, placement::one_touch}) {
        if (placed != placement::free && threads == 1) continue;
        if (placed == placement::one_touch && m.node_count == 1) continue;
        cases.push_back(float32_case(m, main_rule, tensors, threads));
        cases.back().placed = placed;
      }
    }
  }
}

std::vector<rule_variant> rules_at_defaults() {
  std::vector<rule_variant> rules;
  for (std::size_t r = 0; r < gradstep_rule_count(); ++r) {
    const std::string name = gradstep_rule_name(r);
    rules.push_back({name, name, {}});
  }
  return rules;
}

std::string optimizer_name(std::size_t group_count) {
  if (group_count == 0) return "";
  if (group_count == 1) return "+optimizer";
  return "+optimizer-" + std::to_string(group_count) + "groups";
}

/// Without those that have the name of an earlier one.
std::vector<bench_case> distinct(std::vector<bench_case> cases) {
  std::set<std::string> names;
  const auto is_known = [&](const bench_case& c) { return !names.insert(c.name()).second; };
  std::vector<bench_case> kept;
  for (bench_case& c : cases) {
    if (!is_known(c)) kept.push_back(std::move(c));
  }
  return kept;
}

}  // namespace

std::vector<rule_variant> all_rule_variants() {
  std::vector<rule_variant> variants;
  for (std::size_t r = 0; r < gradstep_rule_count(); ++r) {
    const std::string name = gradstep_rule_name(r);
    const gradstep::rule rule(name);
    variants.push_back({name, name, {}});
    for (std::size_t i = 0; i < rule.info().hyperparameter_count; ++i) {
      auto info = gradstep::sized<gradstep_hyperparameter_info>();
      gradstep::throw_on_failure(gradstep_rule_describe_hyperparameter(name.c_str(), i, &info));
      if (info.default_value != 0 || !uses_other_slots(name, info)) continue;
      variants.push_back({name + "+" + info.name, name, {{info.name, raised(info)}}});
    }
  }
  return variants;
}

const char* name_of(placement p) {
  constexpr const char* names[] = {"free", "pinned", "one_touch"};  // in placement's order
  return names[static_cast<std::size_t>(p)];
}

std::string bench_case::options_name() const {
  const std::string options =
      variant.name.substr(variant.rule.size()) + flags_name(flags) + optimizer_name(group_count);
  return options.empty() ? options : options.substr(1);  // without the first "+"
}

std::string bench_case::name() const {
  const std::string options = options_name();
  return "step/" + variant.rule + (options.empty() ? "" : "+") + options + "/" + stored.name() +
         "/" + tensors.name + "/threads:" + std::to_string(threads) + "/isa:" + isa +
         (placed == placement::free ? "" : std::string("/placement:") + name_of(placed));
}

bench_case float32_case(const machine& m, const std::string& rule, const layout& tensors,
                        std::size_t threads) {
  return case_of({rule, rule, {}}, plain_storage(GRADSTEP_FLOAT32), tensors, threads, m.best_isa);
}

bench_case optimizer_case(const machine& m, const layout& tensors, std::size_t group_count) {
  bench_case c = float32_case(m, main_rule, tensors, m.thread_count);
  c.group_count = group_count;
  return c;
}

std::vector<bench_case> cases_of(const machine& m, extent e) {
  std::vector<bench_case> cases;
  // Of cases with the same name the first stays, so those of the claims come first.
  add_sizes(m, cases);
  add_claimed_lists(m, cases);
  add_pass_cases(m, cases);
  add_claimed_dtype_cases(m, cases);
  if (e == extent::quick) {
    add_table(rules_at_defaults(), {plain_storage(GRADSTEP_FLOAT32)}, {m.best_isa},
              {m.thread_count}, cases);
  } else if (e == extent::standard) {
    add_lists(m, cases);
    add_scaling(m, cases);
    add_table(all_rule_variants(), table_storages(), {m.best_isa}, {m.thread_count}, cases);
    add_table(rules_at_defaults(), {plain_storage(GRADSTEP_FLOAT32)}, m.isas, {}, cases);
  } else {
    add_lists(m, cases);
    add_scaling(m, cases);
    std::vector<std::size_t> one_and_all = {1};
    if (m.thread_count > 1) one_and_all.push_back(m.thread_count);
    add_table(all_rule_variants(), table_storages(), m.isas, one_and_all, cases);
    add_dtype_cases(m, cases);
  }
  cases = distinct(std::move(cases));
  if (e == extent::full) {  // so many that each has to be short
    for (bench_case& c : cases) c.seconds = std::min(c.seconds, 0.2);
  }
  return cases;
}

std::size_t visits_of(extent e) { return e == extent::standard ? 5 : 3; }

}  // namespace bench
