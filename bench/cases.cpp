// SPDX-License-Identifier: Apache-2.0
#include "cases.hpp"

#include <algorithm>

#include "dtype_cases.hpp"
#include "pass_cases.hpp"

namespace bench {
namespace {

constexpr std::size_t sizes[] = {small_size, medium_size, std::size_t{256} * 1024, cache_size,
                                 large_size};

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

/// How long to measure. Times in cache are steady soon; the memory's bandwidth is not.
double seconds_for(std::size_t elements, std::size_t variant_count) {
  if (elements < std::size_t{1024} * 1024) return 0.2;
  if (elements < large_size) return 0.6;
  return std::clamp(150.0 / static_cast<double>(variant_count), 1.0, 2.5);
}

/// For the case of the main claim.
constexpr double long_seconds = 8;

std::vector<std::size_t> thread_counts(const machine& m, std::size_t elements) {
  if (m.thread_count == 1 || elements < m.serial_below) return {1};
  return {1, m.thread_count};
}

void add_sizes(const machine& m, const rule_variant& v, std::size_t variant_count,
               std::vector<bench_case>& cases) {
  const bool is_main = v.name == main_rule;
  for (const std::int32_t type : {GRADSTEP_FLOAT32, GRADSTEP_FLOAT64}) {
    for (const std::size_t size : sizes) {
      for (const std::size_t threads : thread_counts(m, size)) {
        for (const std::string& isa : m.isas) {
          // Other instruction sets matter in cache, and float64 in memory. Most rules get a few of
          // these cases; the main rule gets all.
          const bool is_best = isa == m.best_isa;
          const bool is_medium = size == medium_size;
          if (!is_main && !is_medium && (type != GRADSTEP_FLOAT32 || !is_best)) continue;
          const bool is_claim = is_main && size == large_size && threads == m.thread_count &&
                                is_best && type == GRADSTEP_FLOAT32;
          cases.push_back({v, plain_storage(type), flat_layout(size), threads, isa,
                           is_claim ? long_seconds : seconds_for(size, variant_count)});
        }
      }
    }
  }
}

void add_lists(const machine& m, double seconds, std::vector<bench_case>& cases) {
  const rule_variant variant{main_rule, main_rule, {}};
  for (const layout& tensors : {small_layout(), gpt2_layout()}) {
    cases.push_back(
        {variant, plain_storage(GRADSTEP_FLOAT32), tensors, m.thread_count, m.best_isa, seconds});
    for (const std::size_t group_count : {1, 2}) {
      cases.push_back(optimizer_case(m, tensors, group_count, seconds));
    }
  }
}

std::string optimizer_name(std::size_t group_count) {
  if (group_count == 0) return "";
  if (group_count == 1) return "+optimizer";
  return "+optimizer-" + std::to_string(group_count) + "groups";
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

std::string bench_case::name() const {
  return "step/" + variant.name + flags_name(flags) + optimizer_name(group_count) + "/" +
         stored.name() + "/" + tensors.name + "/threads:" + std::to_string(threads) + "/isa:" + isa;
}

bench_case optimizer_case(const machine& m, const layout& tensors, std::size_t group_count,
                          double seconds) {
  bench_case c{{main_rule, main_rule, {}},
               plain_storage(GRADSTEP_FLOAT32),
               tensors,
               m.thread_count,
               m.best_isa,
               seconds};
  c.group_count = group_count;
  return c;
}

std::vector<bench_case> full_cases(const machine& m) {
  std::vector<bench_case> cases;
  const std::vector<rule_variant> variants = all_rule_variants();
  for (const rule_variant& v : variants) add_sizes(m, v, variants.size(), cases);
  add_lists(m, 3, cases);
  add_dtype_cases(m, cases);
  add_pass_cases(m, 8, cases);
  return cases;
}

std::vector<bench_case> quick_cases(const machine& m) {
  std::vector<bench_case> cases;
  const rule_variant main_variant{main_rule, main_rule, {}};
  for (const std::size_t size : sizes) {
    const double seconds = size == large_size ? long_seconds : 0.5;
    cases.push_back({main_variant, plain_storage(GRADSTEP_FLOAT32), flat_layout(size),
                     thread_counts(m, size).back(), m.best_isa, seconds});
  }
  add_lists(m, 2, cases);
  add_quick_dtype_cases(m, cases);
  const std::size_t others = gradstep_rule_count() - 1;
  for (std::size_t r = 0; r < gradstep_rule_count(); ++r) {
    const std::string name = gradstep_rule_name(r);
    if (name == main_rule) continue;
    const double seconds = std::min(2.5, 20.0 / static_cast<double>(others));
    cases.push_back({{name, name, {}},
                     plain_storage(GRADSTEP_FLOAT32),
                     flat_layout(large_size),
                     m.thread_count,
                     m.best_isa,
                     seconds});
  }
  add_pass_cases(m, 4, cases);
  return cases;
}

}  // namespace bench
