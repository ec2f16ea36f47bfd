// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>

namespace bench {

/// `run`: measures this machine, prints a table and the claims, and writes a result. `status` is as
/// in commands.hpp.
void add_run(CLI::App& app, int& status);

}  // namespace bench
