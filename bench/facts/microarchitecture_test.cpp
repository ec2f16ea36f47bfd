// SPDX-License-Identifier: Apache-2.0
//
// Checks the names of microarchitectures, and that what is not known has none.
#include "microarchitecture.hpp"

#include "system_tree.hpp"
#include "or_null.hpp"

namespace {

using bench::expect_equal;
using bench::or_null;

struct x86_case {
  const char* vendor;
  int family, model, stepping;
  const char* name;  // null: not known
};

constexpr const char* amd = "AuthenticAMD";
constexpr const char* intel = "GenuineIntel";

constexpr x86_case x86_cases[] = {
    {amd, 0x17, 0x01, 2, "Zen 1"},
    {amd, 0x17, 0x08, 2, "Zen+"},
    {amd, 0x17, 0x11, 0, "Zen 1"},
    {amd, 0x17, 0x18, 1, "Zen+"},
    {amd, 0x17, 0x31, 0, "Zen 2"},
    {amd, 0x17, 0x71, 0, "Zen 2"},
    {amd, 0x17, 0xa0, 0, "Zen 2"},
    {amd, 0x17, 0x80, 0, nullptr},
    {amd, 0x17, 0xb0, 0, nullptr},
    {amd, 0x19, 0x01, 1, "Zen 3"},
    {amd, 0x19, 0x0f, 0, "Zen 3"},
    {amd, 0x19, 0x10, 0, "Zen 4"},
    {amd, 0x19, 0x11, 1, "Zen 4"},
    {amd, 0x19, 0x21, 0, "Zen 3"},
    {amd, 0x19, 0x44, 1, "Zen 3+"},
    {amd, 0x19, 0x50, 0, "Zen 3"},
    {amd, 0x19, 0x61, 2, "Zen 4"},
    {amd, 0x19, 0x77, 0, "Zen 4"},
    {amd, 0x19, 0x78, 0, "Zen 4 and Zen 4c"},
    {amd, 0x19, 0x80, 0, nullptr},
    {amd, 0x19, 0xa0, 2, "Zen 4c"},
    {amd, 0x19, 0xb0, 0, nullptr},
    {amd, 0x1a, 0x02, 1, "Zen 5"},
    {amd, 0x1a, 0x11, 0, "Zen 5c"},
    {amd, 0x1a, 0x24, 0, "Zen 5 and Zen 5c"},
    {amd, 0x1a, 0x30, 0, nullptr},
    {amd, 0x1a, 0x44, 0, "Zen 5"},
    {amd, 0x1a, 0x50, 0, nullptr},
    {amd, 0x1a, 0x70, 0, "Zen 5"},
    {amd, 0x1a, 0x78, 0, nullptr},
    {amd, 0x1b, 0x00, 0, nullptr},
    {amd, 0x15, 0x01, 0, nullptr},
    {intel, 6, 0x3c, 3, "Haswell"},
    {intel, 6, 0x3f, 2, "Haswell"},
    {intel, 6, 0x4f, 1, "Broadwell"},
    {intel, 6, 0x55, 4, "Skylake Server"},
    {intel, 6, 0x55, 7, "Cascade Lake"},
    {intel, 6, 0x55, 10, "Cooper Lake"},
    {intel, 6, 0x55, 11, "Cooper Lake"},
    {intel, 6, 0x55, 8, nullptr},
    {intel, 6, 0x9e, 13, "Skylake"},
    {intel, 6, 0x6a, 6, "Ice Lake"},
    {intel, 6, 0x8f, 8, "Sapphire Rapids"},
    {intel, 6, 0xcf, 2, "Emerald Rapids"},
    {intel, 6, 0xad, 1, "Granite Rapids"},
    {intel, 6, 0xaf, 3, "Sierra Forest"},
    {intel, 6, 0x97, 2, "Alder Lake"},
    {intel, 6, 0xb7, 1, "Raptor Lake"},
    {intel, 6, 0xaa, 4, "Meteor Lake"},
    {intel, 6, 0xbd, 1, "Lunar Lake"},
    {intel, 6, 0xc6, 2, "Arrow Lake"},
    {intel, 6, 0xbf, 2, nullptr},
    {intel, 6, 0x01, 0, nullptr},
    {intel, 15, 0x3c, 0, nullptr},
    {intel, 0x19, 0x11, 0, nullptr},
    {"HygonGenuine", 0x17, 0x31, 0, nullptr},
};

void test_x86() {
  for (const x86_case& c : x86_cases) {
    const auto name = bench::x86_microarchitecture({c.vendor, c.family, c.model, c.stepping});
    const nlohmann::json wanted =
        c.name == nullptr ? nlohmann::json(nullptr) : nlohmann::json(c.name);
    expect_equal(or_null(name), wanted,
                 std::string(c.vendor) + " " + std::to_string(c.family) + "/" +
                     std::to_string(c.model) + "/" + std::to_string(c.stepping));
  }
  const auto unknown_stepping = bench::x86_microarchitecture({intel, 6, 0x55, std::nullopt});
  expect_equal(or_null(unknown_stepping), nullptr, "0x55 without a stepping");
  const auto any_stepping = bench::x86_microarchitecture({intel, 6, 0x8f, std::nullopt});
  expect_equal(or_null(any_stepping), "Sapphire Rapids", "0x8f without a stepping");
}

void expect_arm(long long implementer, long long part, const nlohmann::json& wanted) {
  expect_equal(or_null(bench::arm_microarchitecture(implementer, part)), wanted,
               "Arm " + std::to_string(implementer) + "/" + std::to_string(part));
}

void test_arm() {
  expect_arm(0x41, 0xd08, "Cortex-A72");
  expect_arm(0x41, 0xd0c, "Neoverse N1");
  expect_arm(0x41, 0xd40, "Neoverse V1");
  expect_arm(0x41, 0xd49, "Neoverse N2");
  expect_arm(0x41, 0xd4f, "Neoverse V2");
  expect_arm(0x41, 0xd84, "Neoverse V3");
  expect_arm(0x41, 0xd8e, "Neoverse N3");
  expect_arm(0xc0, 0xac3, "Ampere-1");
  expect_arm(0xc0, 0xac4, "Ampere-1A");
  expect_arm(0x61, 0x023, "Firestorm");
  expect_arm(0x61, 0x000, nullptr);
  expect_arm(0xc0, 0xd0c, nullptr);
  expect_arm(0x41, 0xfff, nullptr);
  expect_equal(or_null(bench::arm_implementer(0xc0)), "Ampere", "the implementer 0xc0");
  expect_equal(or_null(bench::arm_implementer(0x99)), nullptr, "an unknown implementer");
}

}  // namespace

int main() {
  test_x86();
  test_arm();
  return bench::failed() ? 1 : 0;
}
