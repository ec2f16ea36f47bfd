// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "commands.hpp"
#include "files.hpp"
#include "result_file.hpp"
#include "shown_text.hpp"

namespace bench {
namespace {

/// Prints what the file is. Returns the exit status that it alone would give.
int validate(const std::string& file) {
  try {
    const nlohmann::json result = read_result(file);
    std::printf("%s is a valid result with %s\n", shown_path(file).c_str(),
                counted(result["rows"].size(), "row").c_str());
    return 0;
  } catch (const invalid_result& error) {
    std::printf("%s\n", error.what());
    return 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "gradstep-bench validate: %s\n", error.what());
    return 2;
  }
}

}  // namespace

void add_validate(CLI::App& app, int& status) {
  CLI::App* command =
      app.add_subcommand("validate",
                         "Says whether files are valid results, and why not.\n"
                         "Exit status: 0 all are, 1 one is not, 2 one cannot be read.");
  const auto files = std::make_shared<std::vector<std::string>>();
  command->add_option("FILE", *files, "Result files, as `run` writes them")->required();
  command->callback([files, &status] {
    for (const std::string& file : *files) status = std::max(status, validate(file));
  });
}

}  // namespace bench
