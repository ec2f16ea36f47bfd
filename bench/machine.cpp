// SPDX-License-Identifier: Apache-2.0
#include "machine.hpp"

#include <tbb/version.h>
#include <gradstep/gradstep.hpp>

#include "facts/machine_facts.hpp"

namespace bench {
namespace {

std::string compiler() {
#if defined(__clang__)
  return "clang " __clang_version__;
#else
  return "g++ " __VERSION__;
#endif
}

std::vector<std::size_t> counts_up_to(std::size_t thread_count) {
  std::vector<std::size_t> counts;
  for (std::size_t n = 1; n < thread_count; n *= 2) counts.push_back(n);
  counts.push_back(thread_count);
  return counts;
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
  m.thread_counts = counts_up_to(m.thread_count);
  const nlohmann::json facts = machine_facts();
  for (const nlohmann::json& c : facts["caches"]) {
    m.caches.push_back({c["level"], c["bytes"], c["shared_by"]});
  }
  m.node_count = facts["numa_nodes"];
  return m;
}

nlohmann::json software_facts(const machine& m) {
  return {{"gradstep", gradstep_version_text()},
          {"compiler", compiler()},
          {"build_type", GRADSTEP_BENCH_BUILD_TYPE},
          {"xsimd", GRADSTEP_BENCH_XSIMD_VERSION},
          {"tbb", TBB_runtime_version()},
          {"isas", m.isas}};
}

}  // namespace bench
