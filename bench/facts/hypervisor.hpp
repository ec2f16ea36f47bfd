// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace bench {

/// What the instruction CPUID says of a hypervisor.
struct hypervisor_cpuid {
  /// Whether there is one. Nothing: the CPU has no such instruction.
  std::optional<bool> is_present;
  /// Of the leaves at 0x40000000 and 0x40000100, 12 characters without zeros at the end. KVM and
  /// Xen have theirs at the second if they show that of Hyper-V at the first.
  std::vector<std::string> signatures;
};

hypervisor_cpuid read_hypervisor_cpuid();

/// The hypervisor's name, "no", or "yes": there is one whose name is not known. Nothing: not known,
/// as on an Arm CPU whose firmware does not name one. root is the folder that holds /sys.
std::optional<std::string> hypervisor_name(const std::filesystem::path& root,
                                           const hypervisor_cpuid& cpuid);

}  // namespace bench
