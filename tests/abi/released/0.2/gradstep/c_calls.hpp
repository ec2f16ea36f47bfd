// What the other C++ headers use to call the C interface. Programs include gradstep.hpp.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef GRADSTEP_C_CALLS_HPP
#define GRADSTEP_C_CALLS_HPP

#include <gradstep/gradstep.h>

#include <stdexcept>
#include <string>

namespace gradstep {

/// The exception that a failed call throws. what() is the sentence of gradstep_last_error().
class error : public std::runtime_error {
 public:
  error(gradstep_status status, const char* sentence)
      : std::runtime_error(sentence), status_(status) {}
  /// The status of the failed call, such as GRADSTEP_INVALID_ARGUMENT; never GRADSTEP_OK.
  gradstep_status status() const noexcept { return status_; }

 private:
  gradstep_status status_;
};

/// Throws gradstep::error unless status is GRADSTEP_OK.
inline void throw_on_failure(gradstep_status status) {
  if (status != GRADSTEP_OK) throw error(status, gradstep_last_error());
}

/// Returns a struct of the C interface with struct_size set and all other fields 0.
template <class Struct>
Struct sized() {
  Struct value{};
  value.struct_size = sizeof(Struct);
  return value;
}

/// A value for a hyper-parameter of a rule, or for a parameter of a schedule.
struct setting {
  std::string name;
  double value;
};

}  // namespace gradstep

#endif  // GRADSTEP_C_CALLS_HPP
