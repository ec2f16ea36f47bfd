// SPDX-License-Identifier: Apache-2.0
#include "cpu_facts.hpp"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "microarchitecture.hpp"
#include "or_null.hpp"
#include "system_files.hpp"

namespace bench {
namespace {

using properties = std::map<std::string, std::string>;

/// The properties of each CPU. Lines are "KEY : VALUE", and empty lines are between CPUs.
std::vector<properties> read_cpuinfo(const std::filesystem::path& root) {
  std::ifstream file(root / "proc/cpuinfo");
  std::vector<properties> cpus(1);
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(':');
    if (colon != std::string::npos) {
      cpus.back()[trimmed(line.substr(0, colon))] = trimmed(line.substr(colon + 1));
    } else if (!cpus.back().empty()) {
      cpus.emplace_back();
    }
  }
  return cpus;
}

std::optional<std::string> text_of(const properties& cpu, const char* key) {
  const auto found = cpu.find(key);
  if (found == cpu.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

std::optional<long long> integer_of(const properties& cpu, const char* key) {
  const auto text = text_of(cpu, key);
  return text ? parse_integer(*text) : std::nullopt;
}

/// White space within the name, which some CPUs have for alignment, becomes one space.
std::string one_spaced(const std::string& text) {
  std::string result;
  for (const char c : text) {
    if (c != ' ' || result.empty() || result.back() != ' ') result += c;
  }
  return result;
}

std::string in_hexadecimal(long long number) {
  char text[24];
  std::snprintf(text, sizeof text, "0x%llx", static_cast<unsigned long long>(number));
  return text;
}

nlohmann::json x86_facts(const properties& cpu, const std::string& architecture) {
  const std::string vendor = text_of(cpu, "vendor_id").value_or("unknown");
  const auto family = integer_of(cpu, "cpu family");
  const auto model = integer_of(cpu, "model");
  const auto stepping = integer_of(cpu, "stepping");
  std::optional<std::string> name;
  if (family && model) name = x86_microarchitecture({vendor, *family, *model, stepping});
  return {{"model", one_spaced(text_of(cpu, "model name").value_or("unknown"))},
          {"vendor", vendor},
          {"architecture", architecture},
          {"family", or_null(family)},
          {"model_number", or_null(model)},
          {"stepping", or_null(stepping)},
          {"microarchitecture", or_null(name)}};
}

struct arm_core {
  long long implementer;
  std::optional<long long> part;
  bool operator==(const arm_core&) const = default;
};

/// The kinds of cores, in the order of their first CPUs.
std::vector<arm_core> arm_cores(const std::vector<properties>& cpus) {
  std::vector<arm_core> cores;
  for (const properties& cpu : cpus) {
    const auto implementer = integer_of(cpu, "CPU implementer");
    if (!implementer) continue;
    const arm_core core{*implementer, integer_of(cpu, "CPU part")};
    if (std::find(cores.begin(), cores.end(), core) == cores.end()) cores.push_back(core);
  }
  return cores;
}

/// Nothing if that of one kind of cores is not known.
std::optional<std::string> joined_microarchitectures(const std::vector<arm_core>& cores) {
  std::vector<std::string> names;
  for (const arm_core& core : cores) {
    if (!core.part) return std::nullopt;
    const auto name = arm_microarchitecture(core.implementer, *core.part);
    if (!name) return std::nullopt;
    if (std::find(names.begin(), names.end(), *name) == names.end()) names.push_back(*name);
  }
  std::string joined;
  for (const std::string& name : names) joined += (joined.empty() ? "" : " and ") + name;
  return joined;
}

/// Linux gives no model name on AArch64.
std::string arm_model(const std::string& vendor, const arm_core& first,
                      const std::optional<std::string>& microarchitecture) {
  if (microarchitecture) return vendor + " " + *microarchitecture;
  return vendor + " part " + (first.part ? in_hexadecimal(*first.part) : "unknown");
}

nlohmann::json arm_facts(const std::vector<properties>& cpus, const std::vector<arm_core>& cores,
                         const std::string& architecture) {
  const arm_core& first = cores.front();
  const std::string vendor = arm_implementer(first.implementer)
                                 .value_or("implementer " + in_hexadecimal(first.implementer));
  const auto name = joined_microarchitectures(cores);
  const auto model = text_of(cpus.front(), "model name");
  return {{"model", model ? one_spaced(*model) : arm_model(vendor, first, name)},
          {"vendor", vendor},
          {"architecture", architecture},
          {"family", nullptr},
          {"model_number", or_null(first.part)},
          {"stepping", nullptr},
          {"microarchitecture", or_null(name)}};
}

/// RISC-V has "uarch" and "mvendorid".
nlohmann::json other_facts(const properties& cpu, const std::string& architecture) {
  auto model = text_of(cpu, "model name");
  if (!model) model = text_of(cpu, "uarch");
  auto vendor = text_of(cpu, "vendor_id");
  if (!vendor) vendor = text_of(cpu, "mvendorid");
  return {{"model", one_spaced(model.value_or("unknown"))},
          {"vendor", vendor.value_or("unknown")},
          {"architecture", architecture},
          {"family", nullptr},
          {"model_number", nullptr},
          {"stepping", nullptr},
          {"microarchitecture", nullptr}};
}

}  // namespace

nlohmann::json cpu_facts(const std::filesystem::path& root, const std::string& architecture) {
  const std::vector<properties> cpus = read_cpuinfo(root);
  const std::vector<arm_core> cores = arm_cores(cpus);
  if (!cores.empty()) return arm_facts(cpus, cores, architecture);
  if (cpus.front().count("cpu family") != 0) return x86_facts(cpus.front(), architecture);
  return other_facts(cpus.front(), architecture);
}

}  // namespace bench
