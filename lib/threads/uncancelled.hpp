// SPDX-License-Identifier: Apache-2.0
#pragma once

#if __has_include(<pthread.h>)
#include <pthread.h>
#endif

namespace gradstep::internal {

#if defined(PTHREAD_CANCEL_DISABLE)

/// While it lives, pthread_cancel() does not end the calling thread; a cancellation comes
/// afterwards. Code that waits or reads files needs this: a cancellation there would unwind the
/// stack through noexcept functions, which ends the process.
class uncancelled {
 public:
  uncancelled() noexcept { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
  ~uncancelled() { pthread_setcancelstate(before_, nullptr); }
  uncancelled(const uncancelled&) = delete;
  uncancelled& operator=(const uncancelled&) = delete;

 private:
  int before_ = 0;
};

#else

class uncancelled {};  // no cancellation without POSIX threads

#endif

}  // namespace gradstep::internal
