// SPDX-License-Identifier: Apache-2.0
#pragma once

#if __has_include(<pthread.h>)
#include <pthread.h>
#endif

namespace gradstep::internal {

#if defined(PTHREAD_CANCEL_DISABLE)

/// While it lives, the calling thread is not cancelled: what waits or reads files would be left in
/// the middle, through functions that nothing may leave so. A cancellation comes afterwards.
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

class uncancelled {};

#endif

}  // namespace gradstep::internal
