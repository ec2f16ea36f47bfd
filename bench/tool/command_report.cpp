// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "commands.hpp"
#include "files.hpp"
#include "markdown_table.hpp"
#include "page_template.hpp"
#include "result_file.hpp"
#include "shown_text.hpp"

namespace bench {
namespace {

struct report_options {
  std::vector<std::string> files{"gradstep-bench.json"};
  std::string page = "gradstep-bench.html";
  std::string table;  ///< empty: none
};

/// An output must not replace an input.
void refuse_input(const report_options& o, const std::string& output) {
  for (const std::string& file : o.files) {
    std::error_code ignored;
    if (std::filesystem::equivalent(file, output, ignored)) {
      throw std::runtime_error(shown_path(output) +
                               " is a result to read; the report needs another name");
    }
  }
}

void report(const report_options& o) {
  refuse_input(o, o.page);
  if (!o.table.empty()) refuse_input(o, o.table);
  std::vector<nlohmann::json> results;
  std::size_t row_count = 0;
  for (const std::string& file : o.files) {
    results.push_back(read_result(file));
    row_count += results.back()["rows"].size();
  }
  write_text(o.page, make_page(results));
  std::printf("Wrote %s: a page of %s with %s.\n", shown_path(o.page).c_str(),
              counted(results.size(), "result").c_str(), counted(row_count, "row").c_str());
  if (o.table.empty()) return;
  write_text(o.table, markdown_tables(results));
  std::printf("Wrote %s: tables in Markdown.\n", shown_path(o.table).c_str());
}

}  // namespace

void add_report(CLI::App& app, int& status) {
  CLI::App* command = app.add_subcommand(
      "report",
      "Makes one HTML page from results: charts, machines, all rows. The page needs no other file\n"
      "and no network. Exit status: 0 written, 2 a file cannot be read or written or is no "
      "result.");
  const auto options = std::make_shared<report_options>();
  command->add_option("FILE", options->files, "Result files, as `run` writes them")
      ->capture_default_str();
  command->add_option("-o,--output", options->page, "The page")->capture_default_str();
  command->add_option(
      "--table", options->table,
      "Writes tables in Markdown too: rules and dtypes by instruction set and threads");
  on_call(*command, status, [options] {
    report(*options);
    return 0;
  });
}

}  // namespace bench
