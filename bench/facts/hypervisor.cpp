// SPDX-License-Identifier: Apache-2.0
#include "hypervisor.hpp"

#include "system_files.hpp"

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>

#include <cstring>
#endif

namespace bench {
namespace {

namespace fs = std::filesystem;

struct known_name {
  const char* text;
  const char* hypervisor;
};

constexpr known_name signatures[] = {
    {"KVMKVMKVM", "KVM"},          {"Linux KVM Hv", "KVM"},         {"VMwareVMware", "VMware"},
    {"Microsoft Hv", "Hyper-V"},   {"XenVMMXenVMM", "Xen"},         {"bhyve bhyve ", "bhyve"},
    {"BHyVE BHyVE ", "bhyve"},     {"TCGTCGTCGTCG", "QEMU"},        {"VBoxVBoxVBox", "VirtualBox"},
    {"prl hyperv  ", "Parallels"}, {" lrpepyh  vr", "Parallels"},   {"ACRNACRNACRN", "ACRN"},
    {"___ NVMM ___", "NVMM"},      {"OpenBSDVMM58", "OpenBSD VMM"}, {"Jailhouse", "Jailhouse"},
};

/// How the texts begin that firmware has for the maker, the product and the BIOS. Amazon's is not
/// here: it has machines without a hypervisor too.
constexpr known_name firmware_texts[] = {
    {"KVM", "KVM"},
    {"OpenStack", "KVM"},
    {"KubeVirt", "KVM"},
    {"QEMU", "QEMU"},
    {"VMware", "VMware"},
    {"innotek GmbH", "VirtualBox"},
    {"VirtualBox", "VirtualBox"},
    {"Xen", "Xen"},
    {"Parallels", "Parallels"},
    {"BHYVE", "bhyve"},
    {"Virtual Machine", "Hyper-V"},
    {"Apple Virtualization", "Apple Virtualization"},
};

/// The last one known: a hypervisor that shows the signature of another has its own after it.
std::optional<std::string> name_by_signatures(const std::vector<std::string>& found) {
  std::optional<std::string> name;
  for (const std::string& signature : found) {
    for (const known_name& known : signatures) {
      if (signature == known.text) name = known.hypervisor;
    }
  }
  return name;
}

std::optional<std::string> name_by_firmware(const fs::path& root) {
  const fs::path folder = root / "sys/class/dmi/id";
  const std::string vendor = read_line(folder / "sys_vendor").value_or("");
  const std::string product = read_line(folder / "product_name").value_or("");
  const std::string bios = read_line(folder / "bios_vendor").value_or("");
  if (vendor == "Amazon EC2") {
    return product.find(".metal") == std::string::npos ? "Nitro" : "no";
  }
  for (const std::string& text : {product, vendor, bios}) {
    for (const known_name& known : firmware_texts) {
      if (text.rfind(known.text, 0) == 0) return known.hypervisor;
    }
  }
  return std::nullopt;
}

/// Xen and a few others make themselves known to Linux.
std::optional<std::string> name_by_kernel(const fs::path& root) {
  auto type = read_line(root / "sys/hypervisor/type");
  if (type == "xen") return "Xen";
  return type;
}

}  // namespace

hypervisor_cpuid read_hypervisor_cpuid() {
  hypervisor_cpuid result;
#if defined(__x86_64__) || defined(__i386__)
  constexpr unsigned hypervisor_bit = 1u << 31;
  unsigned a = 0, b = 0, c = 0, d = 0;
  result.is_present = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & hypervisor_bit) != 0;
  if (!*result.is_present) return result;
  for (const unsigned leaf : {0x40000000u, 0x40000100u}) {
    __cpuid(leaf, a, b, c, d);
    char text[13] = {};
    std::memcpy(text, &b, 4);
    std::memcpy(text + 4, &c, 4);
    std::memcpy(text + 8, &d, 4);
    result.signatures.emplace_back(text);
  }
#endif
  return result;
}

std::optional<std::string> hypervisor_name(const fs::path& root, const hypervisor_cpuid& cpuid) {
  if (auto name = name_by_signatures(cpuid.signatures)) return name;
  if (auto name = name_by_kernel(root)) return name;
  if (cpuid.is_present == false) return "no";
  auto name = name_by_firmware(root);
  if (!name && cpuid.is_present == true) return "yes";
  return name;
}

}  // namespace bench
