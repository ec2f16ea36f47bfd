// What the C++ headers need to call the C interface. Programs include gradstep.hpp.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef GRADSTEP_C_CALLS_HPP
#define GRADSTEP_C_CALLS_HPP

#include <gradstep/gradstep.h>

#include <stdexcept>
#include <string>

namespace gradstep {

/// Thrown by a call that failed. what() is the sentence of gradstep_last_error().
class error : public std::runtime_error {
 public:
  error(gradstep_status status, const char* sentence)
      : std::runtime_error(sentence), status_(status) {}
  /// GRADSTEP_INVALID_ARGUMENT, for example; never GRADSTEP_OK.
  gradstep_status status() const noexcept { return status_; }

 private:
  gradstep_status status_;
};

/// Throws gradstep::error unless status is GRADSTEP_OK.
inline void throw_on_failure(gradstep_status status) {
  if (status != GRADSTEP_OK) throw error(status, gradstep_last_error());
}

/// A struct of the C interface: all fields 0, struct_size set.
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
