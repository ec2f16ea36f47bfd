// SPDX-License-Identifier: Apache-2.0
#include "commands.hpp"

#include <cstdio>
#include <exception>
#include <utility>

namespace bench {

void on_call(CLI::App& command, int& status, std::function<int()> work) {
  command.callback([name = command.get_name(), &status, work = std::move(work)] {
    try {
      status = work();
    } catch (const std::exception& error) {
      std::fprintf(stderr, "gradstep-bench %s: %s\n", name.c_str(), error.what());
      status = 2;
    }
  });
}

}  // namespace bench
