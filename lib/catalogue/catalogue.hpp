// SPDX-License-Identifier: Apache-2.0
//
// Catalogues: the rules and the schedules as run-time values. An Entry has
//
//     info        a pointer to a definition, or to a struct that is derived from it
//     conflict    a function of parameter_values: null, or a static sentence that says which
//                 values do not go together
//
// and whatever else its kind needs. No catalogue is empty.
#pragma once

#include <string_view>

#include "base/failure.hpp"
#include "catalogue/definition.hpp"

namespace gradstep::internal {

// ---- Entries by name --------------------------------------------------------------------------

/// The sentence about an unknown name, with the known names that are nearest to it.
struct unknown_name {
  char text[640];
};

template <class Entry>
const char* name_at(std::span<const Entry> catalogue, std::size_t index) noexcept {
  return catalogue[index].info->name;
}

/// Null: there is none of that name.
template <class Entry>
const Entry* find_entry(std::span<const Entry> catalogue, std::string_view name) noexcept {
  for (const Entry& candidate : catalogue) {
    if (candidate.info->name == name) return &candidate;
  }
  return nullptr;
}

/// The names of `count` entries: at(entries, i) is the i-th.
struct known_names {
  std::size_t count;
  const char* (*at)(const void* entries, std::size_t index);
  const void* entries;
};
unknown_name unknown_entry(const definition_words& words, const char* name,
                           const known_names& known) noexcept;

/// For a name that find_entry does not find.
template <class Entry>
unknown_name unknown_entry(std::span<const Entry> catalogue, const char* name) noexcept {
  const auto at = [](const void* entries, std::size_t i) {
    return static_cast<const Entry*>(entries)[i].info->name;
  };
  return unknown_entry(catalogue.front().info->words, name,
                       {catalogue.size(), at, catalogue.data()});
}

/// The entry of that name. Throws failure (UNKNOWN_NAME).
template <class Entry>
const Entry& find_entry_or_refuse(std::span<const Entry> catalogue, const char* name) {
  if (const Entry* found = find_entry(catalogue, name)) return *found;
  refuse(GRADSTEP_UNKNOWN_NAME, "%s", unknown_entry(catalogue, name).text);
}

// ---- Values of hyper-parameters ---------------------------------------------------------------

/// For a name that find_hyperparameter does not find.
unknown_name unknown_hyperparameter(const definition& info, const char* name) noexcept;

void set_defaults(const definition& info, double* values) noexcept;

/// Throws failure: INVALID_ARGUMENT for a list.
double get_value(const definition& info, std::size_t index, const double* values);

/// Throws failure: INVALID_ARGUMENT for a list, OUT_OF_RANGE; then the values stay as they were.
void set_value(const definition& info, std::size_t index, double value, double* values);

/// Throws failure (INVALID_ARGUMENT) unless the values go together.
template <class Entry>
void check_conflict(const Entry& entry, const parameter_values& values) {
  const char* conflict = entry.conflict(values);
  if (conflict != nullptr) {
    refuse(GRADSTEP_INVALID_ARGUMENT, "%s: %s", entry.info->name, conflict);
  }
}

}  // namespace gradstep::internal
