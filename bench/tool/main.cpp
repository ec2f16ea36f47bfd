// SPDX-License-Identifier: Apache-2.0
//
// The program gradstep-bench.
#include <gradstep/gradstep.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "command_run.hpp"
#include "commands.hpp"

namespace {

bool has_command(const CLI::App& app, const char* name) {
  const std::vector<const CLI::App*> all = app.get_subcommands({});
  return std::any_of(all.begin(), all.end(),
                     [name](const CLI::App* command) { return command->check_name(name); });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Measures optimizer steps of gradstep on this machine; shows and compares results.",
               "gradstep-bench");
  app.set_version_flag("--version", gradstep_version_text());
  app.require_subcommand(1);
  int status = 0;
  bench::add_run(app, status);
  bench::add_report(app, status);
  bench::add_compare(app, status);
  bench::add_validate(app, status);
  if (argc > 1 && argv[1][0] != '-' && !has_command(app, argv[1])) {
    std::fprintf(stderr,
                 "gradstep-bench: there is no command '%s'; there are run, report, compare and "
                 "validate\n",
                 argv[1]);
    return 2;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return status;
}
