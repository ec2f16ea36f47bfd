// SPDX-License-Identifier: Apache-2.0
#include "catalogue/catalogue.hpp"

#include <cstdio>

#include "base/names.hpp"
#include "base/text.hpp"
#include "catalogue/value_check.hpp"

namespace gradstep::internal {

unknown_name unknown_entry(const definition_words& words, const char* name,
                           const known_names& known) noexcept {
  const auto nearest = suggest_names(name, known.count, known.at, known.entries);
  unknown_name result;
  std::snprintf(result.text, sizeof result.text, "%s_name = %s is no %s; known and nearest: %s",
                words.entry, quoted(name).text, words.entry, nearest.text);
  return result;
}

unknown_name unknown_hyperparameter(const definition& info, const char* name) noexcept {
  const auto all = info.hyperparameters;
  const auto at = [](const void* hyperparameters, std::size_t i) {
    return static_cast<const hyperparameter*>(hyperparameters)[i].name;
  };
  const auto nearest = suggest_names(name, all.size(), at, all.data());
  unknown_name result;
  std::snprintf(result.text, sizeof result.text, "name = %s is no %s of %s%s%s", quoted(name).text,
                info.words.hyperparameter, info.name,
                all.empty() ? ", which has none" : "; known and nearest: ", nearest.text);
  return result;
}

void set_defaults(const definition& info, double* values) noexcept {
  for (const hyperparameter& h : info.hyperparameters) *values++ = h.default_value;
}

double get_value(const definition& info, std::size_t index, const double* values) {
  const hyperparameter& h = info.hyperparameters[index];
  if (h.bounds.kind == value_kind::list) {
    refuse(GRADSTEP_INVALID_ARGUMENT, "%s is a list, not a number", h.name);
  }
  return values[index];
}

void set_value(const definition& info, std::size_t index, double value, double* values) {
  const hyperparameter& h = info.hyperparameters[index];
  if (h.bounds.kind == value_kind::list) {
    refuse(GRADSTEP_INVALID_ARGUMENT, "%s is a list: set it as a list", h.name);
  }
  check_value(h.name, value, h.bounds);
  values[index] = value;
}

}  // namespace gradstep::internal
