// SPDX-License-Identifier: Apache-2.0
//
// The sub-commands of gradstep-bench that read results. Each add_* registers one, with its options
// and help. When the app's parse() meets the command, it runs, says on standard error what went
// wrong, throws nothing of its own, and sets `status`, which must outlive the app, to the exit
// status:
//
//   0  all is well
//   1  validate: a file is no valid result. compare: a row is slower than --slower-than allows
//   2  wrong use, or a file that cannot be read or written
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>

namespace bench {

/// Lets the command do its work, whose result is the exit status. If the work throws, says why on
/// standard error, with the command's name, and the status is 2.
void on_call(CLI::App& command, int& status, std::function<int()> work);

/// `validate FILE...`: says of each file whether it is a valid result, and why not.
void add_validate(CLI::App& app, int& status);

/// `report [FILE...]`: makes one self-contained HTML page, and on demand a Markdown table.
void add_report(CLI::App& app, int& status);

/// `compare A B`: what differs in the machines, and which rows are slower or faster in B than in A.
void add_compare(CLI::App& app, int& status);

}  // namespace bench
