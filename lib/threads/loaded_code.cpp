// SPDX-License-Identifier: Apache-2.0
#include "threads/loaded_code.hpp"

#include <atomic>

#if __has_include(<dlfcn.h>)
#include <dlfcn.h>
#endif

namespace gradstep::internal {

#if defined(RTLD_NODELETE) && defined(RTLD_NOLOAD)

void keep_code_loaded() noexcept {
  static std::atomic<bool> is_kept = false;
  if (is_kept.exchange(true, std::memory_order_relaxed)) return;
  Dl_info info;
  if (dladdr(reinterpret_cast<const void*>(&keep_code_loaded), &info) == 0) return;
  // In a program's own code dlopen() finds nothing to keep, and leaves an error to clear.
  if (dlopen(info.dli_fname, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE) == nullptr) dlerror();
}

#else

void keep_code_loaded() noexcept {}

#endif

}  // namespace gradstep::internal
