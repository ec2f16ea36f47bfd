// What all C++ headers of gradstep share: include gradstep.hpp.
//
// SPDX-License-Identifier: Apache-2.0
#ifndef GRADSTEP_C_CALLS_HPP
#define GRADSTEP_C_CALLS_HPP

#include <gradstep/gradstep.h>

#include <stdexcept>
#include <string>

namespace gradstep {

/// A call that failed: what() is gradstep_last_error()'s sentence.
class error : public std::runtime_error {
 public:
  error(gradstep_status status, const char* sentence)
      : std::runtime_error(sentence), status_(status) {}
  /// GRADSTEP_INVALID_ARGUMENT and so on, never GRADSTEP_OK.
  gradstep_status status() const noexcept { return status_; }

 private:
  gradstep_status status_;
};

/// Throws error unless the status is GRADSTEP_OK.
inline void throw_on_failure(gradstep_status status) {
  if (status != GRADSTEP_OK) throw error(status, gradstep_last_error());
}

/// A zeroed struct of the C interface with its struct_size set.
template <class Struct>
Struct sized() {
  Struct value{};
  value.struct_size = sizeof(Struct);
  return value;
}

struct setting {
  std::string name;
  double value;
};

}  // namespace gradstep

#endif  // GRADSTEP_C_CALLS_HPP
