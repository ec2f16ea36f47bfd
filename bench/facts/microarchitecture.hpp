// SPDX-License-Identifier: Apache-2.0
//
// Names of microarchitectures by the numbers with which CPUs identify themselves. A number that is
// not in the tables, or that CPUs of more than one kind have, has no name.
#pragma once

#include <optional>
#include <string>

namespace bench {

/// As CPUID tells it, family and model with their extensions.
struct x86_identity {
  std::string vendor;  // "AuthenticAMD", "GenuineIntel"
  long long family;
  long long model;
  std::optional<long long> stepping;
};

/// For Intel the name of the generation, as "Sapphire Rapids": it tells the cores of servers from
/// those of clients. A CPU that has two kinds of AMD cores has both names, joined by "and".
std::optional<std::string> x86_microarchitecture(const x86_identity& cpu);

/// By the implementer and the part number of the register MIDR_EL1.
std::optional<std::string> arm_microarchitecture(long long implementer, long long part);

/// "Arm", "Ampere". Nothing: not known.
std::optional<std::string> arm_implementer(long long implementer);

}  // namespace bench
