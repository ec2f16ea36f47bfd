// SPDX-License-Identifier: Apache-2.0
//
// The headers compile under the warnings of a careful program (SDL 14326), and beside a host's
// macros of short names.
#define check(expression) static_assert(false, #expression)
#include <gradstep/gradstep.hpp>
