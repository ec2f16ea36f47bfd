// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace gradstep_test {

/// Which requests for memory of this program and its shared libraries fail.
enum class failing { none, one, from_there_on };

/// From now on, counts requests for memory: malloc and its kin, so `new` too, and anonymous
/// mappings. The index-th request, from 0, fails, or all from there on.
void count_requests(failing how, std::size_t index) noexcept;
/// Stops counting; gives the count.
std::size_t counted_requests() noexcept;

/// How many blocks are allocated now, mappings among them.
std::ptrdiff_t live_blocks() noexcept;

}  // namespace gradstep_test
