// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <exception>
#include <string>

namespace gradstep::internal {

/// The most bytes of an error sentence, including its terminating 0. A longer sentence is cut.
inline constexpr std::size_t sentence_size = 4096;

/// The reason why a call stops. The C interface turns it into the call's status and sentence. The
/// sentence names the argument, its value and the allowed values.
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

/// Throws a failure whose sentence is the format, as printf would write it. Numbers of type double
/// go through to_text(): printf follows the host's locale.
[[noreturn, gnu::format(printf, 2, 3)]] void refuse(gradstep_status status, const char* format,
                                                    ...);

}  // namespace gradstep::internal
