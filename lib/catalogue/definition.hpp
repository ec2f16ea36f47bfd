// SPDX-License-Identifier: Apache-2.0
//
// A definition: the name, the texts and the hyper-parameters of a rule or of a schedule. Each has a
// struct with `static constexpr ... info`, a definition, and finds its values by name:
//
//     static double lr(const settings<exponential>& s, double base, double t) {
//       return base * finite_power(s["gamma"], t);
//
// The templates below take that struct as their Owner. Rules stand in unnamed namespaces, so each
// instruction set gets its own copy of what it instantiates.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "catalogue/hyperparameter.hpp"

namespace gradstep::internal {

/// What error sentences call the entries of a catalogue and their values.
struct definition_words {
  const char* entry;           // "rule"; the argument that names one is rule_name
  const char* hyperparameter;  // "hyper-parameter"
};

struct definition {
  definition_words words;
  const char* name;
  const char* summary;
  const char* formula;
  const char* source;
  std::span<const hyperparameter> hyperparameters;
};

/// No definition has more.
inline constexpr std::size_t max_hyperparameters = 16;

/// The values of a definition's hyper-parameters.
struct parameter_values {
  const double* numbers;              // in the definition's order; of a list: its length
  std::span<const double> list = {};  // no definition has two
};

/// The entries of a catalogue, as types.
template <class... Types>
struct type_list {};

namespace {

constexpr std::size_t no_index = static_cast<std::size_t>(-1);

/// The index of the hyper-parameter of that name; no_index: there is none.
constexpr std::size_t find_hyperparameter(const definition& info, std::string_view name) {
  for (std::size_t i = 0; i < info.hyperparameters.size(); ++i) {
    if (info.hyperparameters[i].name == name) return i;
  }
  return no_index;
}

/// Not constexpr: reaching it ends the compilation with its name in the message.
inline void there_is_no_hyperparameter_of_that_name() {}

}  // namespace

/// The name of one of Owner's hyper-parameters, resolved while compiling: a misspelt name does not
/// compile.
template <class Owner>
struct key {
  std::size_t index;
  // NOLINTNEXTLINE(google-explicit-constructor): h["lr"] is the point
  consteval key(const char* name) : index(find_hyperparameter(Owner::info, name)) {
    if (index == no_index) there_is_no_hyperparameter_of_that_name();
  }
};

/// The values of Owner's hyper-parameters by name, as numbers of type Real.
template <class Owner, class Real = double>
struct named_values {
  const double* values;

  explicit named_values(const double* numbers) : values(numbers) {}
  Real operator[](key<Owner> k) const { return static_cast<Real>(values[k.index]); }
  bool is_set(key<Owner> k) const { return values[k.index] != 0; }
};

/// A static sentence that says which of Owner's values do not go together; null: all do. An Owner
/// without a function `conflict` accepts all.
template <class Owner, class Values>
const char* conflict_of(const Values& values) {
  if constexpr (requires { Owner::conflict(values); }) {
    return Owner::conflict(values);
  } else {
    return nullptr;
  }
}

}  // namespace gradstep::internal
