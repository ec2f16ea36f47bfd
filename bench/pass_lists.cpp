// SPDX-License-Identifier: Apache-2.0
#include "pass_lists.hpp"

#include <gradstep/gradstep.hpp>

#include <algorithm>
#include <iterator>
#include <string>

namespace bench {
namespace {

struct listed_rule {
  std::string_view rule;
  bool is_matrix;  // the tensors have rows and columns, and the rule treats such tensors otherwise
  pass_list passes;
};

/// Names of slots that a variant does not use are skipped.
const listed_rule listed_rules[] = {
    {"adafactor", false, {{{"param", "grad", "variance"}}, {}}},
    {"adafactor", true, {{{"param", "grad"}, {"grad"}}, {}}},
    {"lamb", false, {{{"param", "grad", "exp_avg", "exp_avg_sq"}}, {}}},
    {"prodigy", false, {{{"param", "grad", "s", "p0"}}, {"p0"}}},
};

}  // namespace

const pass_list& passes_of(std::string_view rule, bool is_matrix) {
  static const pass_list update_alone;
  const auto find = [rule](bool with_shape) {
    return std::find_if(
        std::begin(listed_rules), std::end(listed_rules),
        [=](const listed_rule& r) { return r.rule == rule && r.is_matrix == with_shape; });
  };
  auto found = find(is_matrix);
  if (found == std::end(listed_rules)) found = find(false);
  return found == std::end(listed_rules) ? update_alone : found->passes;
}

bool has_several_passes(std::string_view rule) {
  float element = 0;
  const auto tensor = gradstep::tensor_of(&element, &element, 1);
  const gradstep::rule created{std::string(rule)};
  std::size_t bytes = 0;
  gradstep::throw_on_failure(gradstep_workspace_size(created.get(), &tensor, 1, &bytes));
  return bytes != 0;
}

}  // namespace bench
