// SPDX-License-Identifier: Apache-2.0
//
// Checks what machine_facts() says of this machine, and of others by their files.
#include "machine_facts.hpp"

#include "system_tree.hpp"
#include "machine_validity.hpp"

namespace {

using bench::answers_of;
using bench::cpuinfo;
using bench::expect;
using bench::expect_equal;
using bench::expect_valid_machine;
using bench::file_tree;
using bench::machine_facts;
using nlohmann::json;

json cache(int level, const char* kind, int bytes, int shared_by) {
  return {{"level", level}, {"kind", kind}, {"bytes", bytes}, {"shared_by", shared_by}};
}

void test_two_sockets() {
  const file_tree tree;
  write_two_sockets(tree);
  const json found = machine_facts(tree.root(), answers_of("x86_64", 8));
  expect_valid_machine(found, "two sockets");
  const json wanted = {
      {"cpu",
       {{"model", "Intel(R) Xeon(R) Platinum 8481C"},
        {"vendor", "GenuineIntel"},
        {"architecture", "x86_64"},
        {"family", 6},
        {"model_number", 143},
        {"stepping", 8},
        {"microarchitecture", "Sapphire Rapids"}}},
      {"cores", {{"sockets", 2}, {"physical", 4}, {"logical", 8}, {"usable", 8}, {"smt", "on"}}},
      {"caches",
       {cache(1, "data", 48 << 10, 2), cache(2, "unified", 2 << 20, 2),
        cache(3, "unified", 105 << 20, 4)}},
      {"numa_nodes", 2},
      {"memory_bytes", 1024000},
      {"frequency", {{"governor", "performance"}, {"driver", "intel_pstate"}, {"max_mhz", 3800.5}}},
      {"virtualised", "no"},
      {"huge_pages", "never"},
      {"system", "Linux 6.1"}};
  expect_equal(found, wanted, "two sockets");
}

void test_caches() {
  const file_tree tree;
  for (const int cpu : {0, 1}) tree.write_cache(cpu, 0, "1 Data", "32K", std::to_string(cpu));
  tree.write_cache(0, 1, "2 Unified", "", "0-1");
  tree.write_cache(0, 2, "3 Unified", "8M", "");
  tree.write_cache(1, 1, "2 Unified", "1M", "0-1");
  const json found = machine_facts(tree.root(), answers_of("x86_64", 2))["caches"];
  expect_equal(found, json({cache(1, "data", 32 << 10, 1), cache(2, "unified", 1 << 20, 2)}),
               "caches of which everything is known");
}

void test_memory_that_is_not_first() {
  const file_tree tree;
  tree.write("proc/meminfo", "HugePages_Total:   0\nMemTotal:   2 kB\nMemFree:   1 kB");
  const json found = machine_facts(tree.root(), answers_of("x86_64", 1));
  expect_equal(found["memory_bytes"], 2048, "the memory in the second line");
}

void test_usable() {
  const file_tree tree;
  write_two_sockets(tree);
  const auto usable = [&tree](int cpus) {
    return machine_facts(tree.root(), answers_of("x86_64", cpus))["cores"]["usable"];
  };
  expect_equal(usable(3), 3, "usable by affinity");
  tree.write("proc/self/cgroup", "0::/");
  tree.write("sys/fs/cgroup/cpu.max", "150000 100000");
  expect_equal(usable(8), 2, "usable by quota");
  expect_equal(usable(1), 1, "usable by affinity, under the quota");
}

void test_zen4_guest() {
  const file_tree tree;
  write_zen4_guest(tree);
  auto answers = answers_of("x86_64", 2);
  answers.cpuid = {true, {"KVMKVMKVM", ""}};
  json found = machine_facts(tree.root(), answers);
  expect_valid_machine(found, "a Zen 4 guest");
  expect_equal(found["cpu"]["microarchitecture"], "Zen 4", "a Zen 4 guest");
  expect_equal(found["virtualised"], "KVM", "a guest's hypervisor");
  expect_equal(found["frequency"], nullptr, "a guest's frequency");
  expect_equal(found["huge_pages"], nullptr, "huge pages of which nothing is said");
  expect_equal(found["cores"]["physical"], 1, "a guest's cores");
  expect_equal(found["cores"]["smt"], "on", "SMT that a guest sees");

  for (const int cpu : {0, 1}) tree.write_cpu(cpu, "topology/core_cpus_list", std::to_string(cpu));
  found = machine_facts(tree.root(), answers);
  expect_equal(found["cores"]["physical"], 2, "a guest's cores of one CPU");
  expect_equal(found["cores"]["smt"], "unknown", "SMT that a guest does not see");
  found = machine_facts(tree.root(), answers_of("x86_64", 2));
  expect_equal(found["cores"]["smt"], "off", "SMT without a hypervisor");
}

std::string arm_lines(const std::string& implementer, const std::string& part) {
  return "BogoMIPS\t: 243.75\nCPU implementer\t: " + implementer +
         "\nCPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: " + part + "\nCPU revision\t: 1\n";
}

void expect_arm(const std::string& implementer, const std::string& part, const std::string& model,
                const std::string& vendor, const json& microarchitecture) {
  const file_tree tree;
  tree.write("proc/cpuinfo", cpuinfo(2, arm_lines(implementer, part)));
  const json found = machine_facts(tree.root(), answers_of("aarch64", 2));
  expect_valid_machine(found, model);
  const json wanted = {{"model", model},
                       {"vendor", vendor},
                       {"architecture", "aarch64"},
                       {"family", nullptr},
                       {"model_number", std::stoi(part, nullptr, 16)},
                       {"stepping", nullptr},
                       {"microarchitecture", microarchitecture}};
  expect_equal(found["cpu"], wanted, model);
  expect_equal(found["virtualised"], nullptr, "the hypervisor under an " + model);
}

void test_arm() {
  expect_arm("0x41", "0xd0c", "Arm Neoverse N1", "Arm", "Neoverse N1");
  expect_arm("0x41", "0xd40", "Arm Neoverse V1", "Arm", "Neoverse V1");
  expect_arm("0x41", "0xd4f", "Arm Neoverse V2", "Arm", "Neoverse V2");
  expect_arm("0xc0", "0xac3", "Ampere Ampere-1", "Ampere", "Ampere-1");
  expect_arm("0x61", "0x000", "Apple part 0x0", "Apple", nullptr);
  expect_arm("0x99", "0xd0c", "implementer 0x99 part 0xd0c", "implementer 0x99", nullptr);
}

void test_arm_with_two_kinds_of_cores() {
  const file_tree tree;
  const std::string small = cpuinfo(4, arm_lines("0x61", "0x022"));
  tree.write("proc/cpuinfo", small + cpuinfo(4, arm_lines("0x61", "0x023")));
  json cpu = machine_facts(tree.root(), answers_of("aarch64", 8))["cpu"];
  expect_equal(cpu["microarchitecture"], "Icestorm and Firestorm", "two kinds of cores");
  tree.write("proc/cpuinfo", small + cpuinfo(4, arm_lines("0x61", "0xfff")));
  cpu = machine_facts(tree.root(), answers_of("aarch64", 8))["cpu"];
  expect_equal(cpu["microarchitecture"], nullptr, "two kinds of cores, one not known");
}

/// Some kernels of phones and boards have a model name.
void test_arm_with_a_model_name() {
  const file_tree tree;
  tree.write("proc/cpuinfo", cpuinfo(1, "model name\t: A  board\n" + arm_lines("0x41", "0xd08")));
  const json cpu = machine_facts(tree.root(), answers_of("aarch64", 1))["cpu"];
  expect_equal(cpu["model"], "A board", "an Arm CPU's model name");
  expect_equal(cpu["microarchitecture"], "Cortex-A72", "an Arm CPU with a model name");
}

void test_riscv() {
  const file_tree tree;
  tree.write("proc/cpuinfo",
             "processor\t: 0\nhart\t: 1\nuarch\t: sifive,u74-mc\nmvendorid\t: 0x489");
  const json found = machine_facts(tree.root(), answers_of("riscv64", 1));
  expect_valid_machine(found, "RISC-V");
  expect_equal(found["cpu"]["model"], "sifive,u74-mc", "the model of a RISC-V CPU");
  expect_equal(found["cpu"]["vendor"], "0x489", "the vendor of a RISC-V CPU");
}

void test_bare_tree() {
  const file_tree tree;
  for (const int usable : {0, 3}) {
    const json found = machine_facts(tree.root(), answers_of("x86_64", usable));
    expect_valid_machine(found, "a bare tree");
    const int cpus = std::max(1, usable);
    const json cores = {{"sockets", 1},
                        {"physical", cpus},
                        {"logical", cpus},
                        {"usable", cpus},
                        {"smt", "unknown"}};
    expect_equal(found["cores"], cores, "the cores of a bare tree");
    expect_equal(found["cpu"]["model"], "unknown", "the model of a bare tree");
    expect_equal(found["numa_nodes"], 1, "the nodes of a bare tree");
    expect_equal(found["caches"], json::array(), "the caches of a bare tree");
    for (const char* key : {"memory_bytes", "frequency", "huge_pages"}) {
      expect_equal(found[key], nullptr, std::string(key) + " of a bare tree");
    }
  }
}

void test_system() {
  const file_tree tree;
  const auto system = [&tree](const char* release) {
    auto answers = answers_of("x86_64", 1);
    answers.release = release;
    return machine_facts(tree.root(), answers)["system"];
  };
  expect_equal(system("6.18.44-fc-v782"), "Linux 6.18", "a release of three numbers");
  expect_equal(system("6.1-name"), "Linux 6.1", "a release of two numbers");
  expect_equal(system("6"), "Linux", "a release of one number");
  expect_equal(system("6.name"), "Linux", "a release without a second number");
  expect_equal(system("name"), "Linux", "a release of no number");
}

void test_nothing_personal() {
  const file_tree tree;
  write_two_sockets(tree);
  for (const char* file : {"sys_vendor", "product_name", "product_serial", "board_serial"}) {
    tree.write(std::string("sys/class/dmi/id/") + file, "SECRET");
  }
  tree.write("proc/sys/kernel/hostname", "SECRET");
  tree.write("proc/self/cgroup", "0::/SECRET");
  auto answers = answers_of("x86_64", 8);
  answers.release = "6.1.0-SECRET";
  answers.cpuid = {true, {"SECRET"}};
  const json found = machine_facts(tree.root(), answers);
  expect_equal(found["virtualised"], "yes", "a hypervisor without a known name");
  expect(found.dump().find("SECRET") == std::string::npos, "nothing personal: " + found.dump());
  expect(found.dump().find(tree.root().string()) == std::string::npos, "no path");
}

void test_this_machine() {
  const json found = machine_facts();
  expect_valid_machine(found, "this machine");
  expect_equal(found["cores"]["usable"] <= bench::ask_system().usable_cpus.size(), true,
               "no more CPUs than the affinity allows");
}

}  // namespace

int main() {
  test_two_sockets();
  test_caches();
  test_memory_that_is_not_first();
  test_usable();
  test_zen4_guest();
  test_arm();
  test_arm_with_two_kinds_of_cores();
  test_arm_with_a_model_name();
  test_riscv();
  test_bare_tree();
  test_system();
  test_nothing_personal();
  test_this_machine();
  return bench::failed() ? 1 : 0;
}
