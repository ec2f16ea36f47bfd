// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gradstep/gradstep.h>

#include <exception>
#include <string>

namespace gradstep::internal {

/// What stops a call in a layer below the C interface, which makes it the call's status and
/// sentence. The sentence names the argument, its value and what is allowed.
class failure : public std::exception {
 public:
  failure(gradstep_status status, std::string sentence)
      : status_(status), sentence_(std::move(sentence)) {}
  gradstep_status status() const noexcept { return status_; }
  const char* what() const noexcept override { return sentence_.c_str(); }

 private:
  gradstep_status status_;
  std::string sentence_;
};

}  // namespace gradstep::internal
