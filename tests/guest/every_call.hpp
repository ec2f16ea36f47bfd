// SPDX-License-Identifier: Apache-2.0
//
// Every call of the library, for programs that watch what calls do to a process.
#pragma once

#include <string>

#include <gradstep/gradstep.hpp>

/// Makes every call on the context, in a file at `path` too. Throws if a call fails that should
/// succeed. Returns whether the calls that should fail did.
bool make_every_call(const gradstep::context& context, const std::string& path);

/// Those that need no optimizer: steps of arrays, of all rules. Throws as make_every_call.
void make_stateless_calls(const gradstep::context& context);

/// Who makes a step: the calling thread; a host's pool or an arena, in pieces.
enum class threading { serial, host_pool, own_arena };

/// Without oneTBB, own_arena is serial.
gradstep::context make_context(const char* isa, threading kind);
