// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace gradstep::internal {

/// Keeps the shared object that this code is part of, and what that object needs, in memory until
/// the process ends. The object is the library, or a host's plugin that has linked the library
/// statically. A worker thread sleeps in oneTBB's code, and may still be returning from ours when a
/// step is over: dlclose must take neither away.
void keep_code_loaded() noexcept;

}  // namespace gradstep::internal
