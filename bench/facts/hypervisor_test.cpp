// SPDX-License-Identifier: Apache-2.0
//
// Checks the hypervisor's name, by what CPUID, the kernel and the firmware say.
#include "hypervisor.hpp"

#include "system_tree.hpp"
#include "or_null.hpp"

namespace {

using bench::file_tree;
using bench::hypervisor_cpuid;

void expect_name(const file_tree& tree, const hypervisor_cpuid& cpuid, const nlohmann::json& wanted,
                 const std::string& what) {
  bench::expect_equal(bench::or_null(bench::hypervisor_name(tree.root(), cpuid)), wanted, what);
}

void test_signatures() {
  const file_tree tree;
  expect_name(tree, {false, {}}, "no", "no hypervisor");
  expect_name(tree, {true, {}}, "yes", "a hypervisor without a signature");
  expect_name(tree, {true, {"KVMKVMKVM", ""}}, "KVM", "KVM");
  expect_name(tree, {true, {"VMwareVMware", ""}}, "VMware", "VMware");
  expect_name(tree, {true, {"Microsoft Hv", "Microsoft Hv"}}, "Hyper-V", "Hyper-V");
  expect_name(tree, {true, {"XenVMMXenVMM", ""}}, "Xen", "Xen");
  expect_name(tree, {true, {"bhyve bhyve ", ""}}, "bhyve", "bhyve");
  expect_name(tree, {true, {"Microsoft Hv", "KVMKVMKVM"}}, "KVM", "KVM that shows Hyper-V's");
  expect_name(tree, {true, {"KVMKVMKVM", "leaf of CPU"}}, "KVM", "a second leaf of other content");
  expect_name(tree, {true, {"KVM", ""}}, "yes", "a part of a signature");
}

void test_firmware() {
  const file_tree tree;
  const hypervisor_cpuid arm;
  expect_name(tree, arm, nullptr, "an Arm CPU without firmware");
  const std::string folder = "sys/class/dmi/id/";
  tree.write(folder + "sys_vendor", "QEMU");
  expect_name(tree, arm, "QEMU", "the firmware of QEMU");
  expect_name(tree, {true, {"other"}}, "QEMU", "an unknown signature, and firmware");
  expect_name(tree, {false, {}}, "no", "CPUID is asked first");
  tree.write(folder + "product_name", "KVM Virtual Machine");
  expect_name(tree, arm, "KVM", "the firmware of KVM");
  tree.write(folder + "sys_vendor", "A maker of servers");
  tree.write(folder + "product_name", "Server 5");
  expect_name(tree, arm, nullptr, "the firmware of a server");
  tree.write(folder + "sys_vendor", "Amazon EC2");
  tree.write(folder + "product_name", "c7g.2xlarge");
  expect_name(tree, arm, "Nitro", "a virtual machine of Amazon");
  tree.write(folder + "product_name", "c7g.metal");
  expect_name(tree, arm, "no", "a machine of Amazon");
}

void test_kernel() {
  const file_tree tree;
  tree.write("sys/hypervisor/type", "xen");
  expect_name(tree, {}, "Xen", "Xen on Arm");
  expect_name(tree, {false, {}}, "Xen", "Xen that hides from CPUID");
}

void test_this_machine() {
  const auto cpuid = bench::read_hypervisor_cpuid();
  bench::expect(cpuid.signatures.size() == (cpuid.is_present == true ? 2 : 0),
                "signatures where there is a hypervisor, and nowhere else");
}

}  // namespace

int main() {
  test_signatures();
  test_firmware();
  test_kernel();
  test_this_machine();
  return bench::failed() ? 1 : 0;
}
