// SPDX-License-Identifier: Apache-2.0
//
// The headers in a program that is built with the warnings of a careful one (SDL 14326).
// Hosts have macros of short names.
#define check(expression) static_assert(false, #expression)
#include <gradstep/gradstep.hpp>
