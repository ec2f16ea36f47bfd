// SPDX-License-Identifier: Apache-2.0
#include "optimizer_contenders.hpp"

#include <memory>
#include <string>
#include <utility>

#include "stepper.hpp"

namespace bench {
namespace {

std::vector<gradstep::rule> group_rules(const rule_variant& variant, std::size_t group_count) {
  std::vector<gradstep::rule> rules;
  for (std::size_t g = 0; g < group_count; ++g) {
    rules.emplace_back(variant.rule, variant.settings);
    if (g % 2 == 1) rules.back().set("weight_decay", 0);
  }
  return rules;
}

contender optimizer_contender(const gradstep::context& context, const rule_variant& variant,
                              const std::vector<gradstep_tensor>& tensors,
                              std::size_t group_count) {
  const auto optimizer = std::make_shared<gradstep::optimizer>(context);
  for (const gradstep::rule& rule : group_rules(variant, group_count)) {
    optimizer->add_group("group " + std::to_string(optimizer->describe().group_count), rule);
  }
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    optimizer->add_tensor(i % group_count, "tensor " + std::to_string(i), tensors[i]);
  }
  return {"optimizer", [optimizer] { optimizer->step(); }};
}

contender apply_contender(const gradstep::context& context, const rule_variant& variant,
                          const std::vector<gradstep_tensor>& tensors, std::size_t group_count) {
  const auto rules =
      std::make_shared<std::vector<gradstep::rule>>(group_rules(variant, group_count));
  std::vector<stepper> steppers;
  for (std::size_t g = 0; g < group_count; ++g) {
    std::vector<gradstep_tensor> members;
    for (std::size_t i = g; i < tensors.size(); i += group_count) members.push_back(tensors[i]);
    steppers.emplace_back(context, (*rules)[g], std::move(members), apply_options(0));
  }
  // The steppers point to the rules, so the function keeps both.
  return {"apply", [rules, steppers]() mutable {
            for (stepper& step : steppers) step();
          }};
}

}  // namespace

std::vector<contender> optimizer_contenders(const gradstep::context& context,
                                            const rule_variant& variant,
                                            const std::vector<gradstep_tensor>& tensors,
                                            std::size_t group_count) {
  return {optimizer_contender(context, variant, tensors, group_count),
          apply_contender(context, variant, tensors, group_count)};
}

}  // namespace bench
