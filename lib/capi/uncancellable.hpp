// SPDX-License-Identifier: Apache-2.0
#pragma once

#if defined(__unix__) || defined(__APPLE__)
#include <pthread.h>
#endif

namespace gradstep::internal {

/// Puts off a pthread_cancel of the calling thread to the end of the scope, for calls that open,
/// read or write files: glibc unwinds a cancelled thread with an exception, which no caller in C
/// expects, and aborts the process where it is caught.
class uncancellable {
 public:
  uncancellable(const uncancellable&) = delete;
  uncancellable& operator=(const uncancellable&) = delete;

#if (defined(__unix__) || defined(__APPLE__)) && defined(PTHREAD_CANCEL_DISABLE)
  uncancellable() noexcept { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state_); }
  ~uncancellable() { pthread_setcancelstate(state_, nullptr); }

 private:
  int state_ = PTHREAD_CANCEL_ENABLE;
#else
  uncancellable() noexcept {}
#endif
};

}  // namespace gradstep::internal
