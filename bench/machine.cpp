// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <tbb/version.h>
#include <gradstep/gradstep.hpp>

#include <fstream>

namespace bench {
namespace {

/// The rest of the file's line that begins with "KEY :". With an empty key: the first line.
std::string read_line(const char* path, const std::string& key) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    if (line.compare(0, key.size(), key) != 0) continue;
    if (key.empty()) return line;
    const std::size_t begin = line.find_first_not_of(" \t", line.find(':') + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "unknown";
}

std::string join(const std::vector<std::string>& texts) {
  std::string joined;
  for (const std::string& text : texts) joined += (joined.empty() ? "" : " ") + text;
  return joined;
}

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

std::vector<std::pair<std::string, std::string>> context_of(const machine& m) {
  return {{"cpu", read_line("/proc/cpuinfo", "model name")},
          {"isa", m.best_isa},
          {"isas", join(m.isas)},
          {"threads", std::to_string(m.thread_count)},
          {"serial_below", std::to_string(m.serial_below)},
          {"compiler", compiler()},
          {"build_type", GRADSTEP_BENCH_BUILD_TYPE},
          {"gradstep", gradstep_version_text()},
          {"xsimd", GRADSTEP_BENCH_XSIMD_VERSION},
          {"tbb", TBB_runtime_version()},
          {"huge_pages", "asked for (madvise); the system's setting: " +
                             read_line("/sys/kernel/mm/transparent_hugepage/enabled", "")}};
}

}  // namespace

machine this_machine() {
  machine m;
  for (std::size_t i = 0; i < gradstep_isa_count(); ++i) {
    if (gradstep_isa_is_available(i) != 0) m.isas.emplace_back(gradstep_isa_name(i));
  }
  const gradstep_context_info info = gradstep::context().describe();
  m.best_isa = info.isa;
  m.thread_count = info.thread_count;
  m.serial_below = info.serial_below;
  m.context = context_of(m);
  return m;
}

}  // namespace bench
