// SPDX-License-Identifier: Apache-2.0
#include "microarchitecture.hpp"

namespace bench {
namespace {

struct implementer_name {
  long long implementer;
  const char* name;
};

constexpr implementer_name implementers[] = {
    {0x41, "Arm"},       {0x42, "Broadcom"}, {0x43, "Cavium"},    {0x46, "Fujitsu"},
    {0x48, "HiSilicon"}, {0x4e, "NVIDIA"},   {0x50, "APM"},       {0x51, "Qualcomm"},
    {0x53, "Samsung"},   {0x61, "Apple"},    {0x6d, "Microsoft"}, {0xc0, "Ampere"},
};

struct arm_part {
  long long implementer, part;
  const char* name;
};

constexpr arm_part parts[] = {
    {0x41, 0xd03, "Cortex-A53"},    {0x41, 0xd04, "Cortex-A35"},
    {0x41, 0xd05, "Cortex-A55"},    {0x41, 0xd07, "Cortex-A57"},
    {0x41, 0xd08, "Cortex-A72"},    {0x41, 0xd09, "Cortex-A73"},
    {0x41, 0xd0a, "Cortex-A75"},    {0x41, 0xd0b, "Cortex-A76"},
    {0x41, 0xd0c, "Neoverse N1"},   {0x41, 0xd0d, "Cortex-A77"},
    {0x41, 0xd0e, "Cortex-A76AE"},  {0x41, 0xd40, "Neoverse V1"},
    {0x41, 0xd41, "Cortex-A78"},    {0x41, 0xd42, "Cortex-A78AE"},
    {0x41, 0xd44, "Cortex-X1"},     {0x41, 0xd46, "Cortex-A510"},
    {0x41, 0xd47, "Cortex-A710"},   {0x41, 0xd48, "Cortex-X2"},
    {0x41, 0xd49, "Neoverse N2"},   {0x41, 0xd4a, "Neoverse E1"},
    {0x41, 0xd4b, "Cortex-A78C"},   {0x41, 0xd4c, "Cortex-X1C"},
    {0x41, 0xd4d, "Cortex-A715"},   {0x41, 0xd4e, "Cortex-X3"},
    {0x41, 0xd4f, "Neoverse V2"},   {0x41, 0xd80, "Cortex-A520"},
    {0x41, 0xd81, "Cortex-A720"},   {0x41, 0xd82, "Cortex-X4"},
    {0x41, 0xd83, "Neoverse V3AE"}, {0x41, 0xd84, "Neoverse V3"},
    {0x41, 0xd85, "Cortex-X925"},   {0x41, 0xd87, "Cortex-A725"},
    {0x41, 0xd8e, "Neoverse N3"},   {0x42, 0x516, "ThunderX2"},
    {0x43, 0x0a1, "ThunderX"},      {0x43, 0x0af, "ThunderX2"},
    {0x46, 0x001, "A64FX"},         {0x48, 0xd01, "TaiShan v110"},
    {0x4e, 0x004, "Carmel"},        {0x51, 0x001, "Oryon"},
    {0x61, 0x022, "Icestorm"},  // M1, M1 Pro, M1 Max
    {0x61, 0x023, "Firestorm"},     {0x61, 0x024, "Icestorm"},
    {0x61, 0x025, "Firestorm"},     {0x61, 0x028, "Icestorm"},
    {0x61, 0x029, "Firestorm"},     {0x61, 0x032, "Blizzard"},  // M2, M2 Pro, M2 Max
    {0x61, 0x033, "Avalanche"},     {0x61, 0x034, "Blizzard"},
    {0x61, 0x035, "Avalanche"},     {0x61, 0x038, "Blizzard"},
    {0x61, 0x039, "Avalanche"},     {0x6d, 0xd49, "Neoverse N2"},  // Cobalt 100
    {0xc0, 0xac3, "Ampere-1"},      {0xc0, 0xac4, "Ampere-1A"},
    {0xc0, 0xac5, "Ampere-1B"},
};

}  // namespace

std::optional<std::string> arm_microarchitecture(long long implementer, long long part) {
  for (const arm_part& p : parts) {
    if (p.implementer == implementer && p.part == part) return p.name;
  }
  return std::nullopt;
}

std::optional<std::string> arm_implementer(long long implementer) {
  for (const implementer_name& i : implementers) {
    if (i.implementer == implementer) return i.name;
  }
  return std::nullopt;
}

}  // namespace bench
