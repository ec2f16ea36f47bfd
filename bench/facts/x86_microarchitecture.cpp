// SPDX-License-Identifier: Apache-2.0
#include "microarchitecture.hpp"

namespace bench {
namespace {

struct amd_models {
  long long family, first, last;
  const char* name;
};

constexpr amd_models amd[] = {
    {0x17, 0x01, 0x01, "Zen 1"},             // Naples, Summit Ridge
    {0x17, 0x08, 0x08, "Zen+"},              // Pinnacle Ridge, Colfax
    {0x17, 0x11, 0x11, "Zen 1"},             // Raven Ridge
    {0x17, 0x18, 0x18, "Zen+"},              // Picasso
    {0x17, 0x20, 0x20, "Zen 1"},             // Dali
    {0x17, 0x30, 0x3f, "Zen 2"},             // Rome, Castle Peak
    {0x17, 0x47, 0x47, "Zen 2"},             // of the Xbox Series
    {0x17, 0x60, 0x7f, "Zen 2"},             // Renoir, Lucienne, Matisse
    {0x17, 0x90, 0x9f, "Zen 2"},             // Van Gogh, Mero
    {0x17, 0xa0, 0xaf, "Zen 2"},             // Mendocino
    {0x19, 0x00, 0x0f, "Zen 3"},             // Milan, Chagall
    {0x19, 0x10, 0x1f, "Zen 4"},             // Genoa, Storm Peak
    {0x19, 0x20, 0x3f, "Zen 3"},             // Vermeer, Trento
    {0x19, 0x40, 0x4f, "Zen 3+"},            // Rembrandt
    {0x19, 0x50, 0x5f, "Zen 3"},             // Cezanne
    {0x19, 0x60, 0x77, "Zen 4"},             // Raphael, Phoenix
    {0x19, 0x78, 0x7f, "Zen 4 and Zen 4c"},  // Phoenix 2
    {0x19, 0xa0, 0xaf, "Zen 4c"},            // Bergamo, Siena
    {0x1a, 0x00, 0x0f, "Zen 5"},             // Turin, Shimada Peak
    {0x1a, 0x10, 0x1f, "Zen 5c"},            // Turin Dense
    {0x1a, 0x20, 0x2f, "Zen 5 and Zen 5c"},  // Strix Point
    {0x1a, 0x40, 0x4f, "Zen 5"},             // Granite Ridge
    {0x1a, 0x60, 0x6f, "Zen 5 and Zen 5c"},  // Krackan Point
    {0x1a, 0x70, 0x77, "Zen 5"},             // Strix Halo
};

struct intel_model {
  long long model;
  const char* name;
};

// Family 6. Kaby, Coffee, Whiskey, Amber and Comet Lake have the cores of Skylake, and share model
// numbers. 0xbf is not here: some of these CPUs are Alder Lake, others Raptor Lake.
constexpr intel_model intel[] = {
    // Servers and clients with one kind of cores.
    {0x2a, "Sandy Bridge"},
    {0x2d, "Sandy Bridge"},
    {0x3a, "Ivy Bridge"},
    {0x3e, "Ivy Bridge"},
    {0x3c, "Haswell"},
    {0x3f, "Haswell"},
    {0x45, "Haswell"},
    {0x46, "Haswell"},
    {0x3d, "Broadwell"},
    {0x47, "Broadwell"},
    {0x4f, "Broadwell"},
    {0x56, "Broadwell"},
    {0x4e, "Skylake"},
    {0x5e, "Skylake"},
    {0x8e, "Skylake"},
    {0x9e, "Skylake"},
    {0xa5, "Skylake"},
    {0xa6, "Skylake"},
    {0x66, "Cannon Lake"},
    {0x6a, "Ice Lake"},
    {0x6c, "Ice Lake"},
    {0x7d, "Ice Lake"},
    {0x7e, "Ice Lake"},
    {0x8c, "Tiger Lake"},
    {0x8d, "Tiger Lake"},
    {0xa7, "Rocket Lake"},
    {0x8f, "Sapphire Rapids"},
    {0xcf, "Emerald Rapids"},
    {0xad, "Granite Rapids"},
    {0xae, "Granite Rapids"},
    // Clients with two or three kinds of cores.
    {0x8a, "Lakefield"},
    {0x97, "Alder Lake"},
    {0x9a, "Alder Lake"},
    {0xb7, "Raptor Lake"},
    {0xba, "Raptor Lake"},
    {0xaa, "Meteor Lake"},
    {0xac, "Meteor Lake"},
    {0xb5, "Arrow Lake-U"},  // with the cores of Meteor Lake
    {0xc5, "Arrow Lake"},
    {0xc6, "Arrow Lake"},
    {0xbd, "Lunar Lake"},
    {0xcc, "Panther Lake"},
    // Small cores.
    {0x37, "Silvermont"},
    {0x4a, "Silvermont"},
    {0x4d, "Silvermont"},
    {0x5a, "Silvermont"},
    {0x4c, "Airmont"},
    {0x5c, "Goldmont"},
    {0x5f, "Goldmont"},
    {0x7a, "Goldmont Plus"},
    {0x86, "Tremont"},
    {0x96, "Tremont"},
    {0x9c, "Tremont"},
    {0xbe, "Gracemont"},
    {0xaf, "Sierra Forest"},
    {0xb6, "Grand Ridge"},
    {0xdd, "Clearwater Forest"},
    {0x57, "Knights Landing"},
    {0x85, "Knights Mill"},
};

std::optional<std::string> amd_microarchitecture(const x86_identity& cpu) {
  for (const amd_models& m : amd) {
    if (cpu.family == m.family && m.first <= cpu.model && cpu.model <= m.last) return m.name;
  }
  return std::nullopt;
}

/// Three generations of servers have the model number 0x55.
std::optional<std::string> microarchitecture_of_model_55(std::optional<long long> stepping) {
  if (stepping == 3 || stepping == 4) return "Skylake Server";
  if (stepping == 5 || stepping == 6 || stepping == 7) return "Cascade Lake";
  if (stepping == 10 || stepping == 11) return "Cooper Lake";
  return std::nullopt;
}

std::optional<std::string> intel_microarchitecture(const x86_identity& cpu) {
  if (cpu.family == 19 && cpu.model == 1) return "Diamond Rapids";
  if (cpu.family != 6) return std::nullopt;
  if (cpu.model == 0x55) return microarchitecture_of_model_55(cpu.stepping);
  for (const intel_model& m : intel) {
    if (cpu.model == m.model) return m.name;
  }
  return std::nullopt;
}

}  // namespace

std::optional<std::string> x86_microarchitecture(const x86_identity& cpu) {
  if (cpu.vendor == "AuthenticAMD") return amd_microarchitecture(cpu);
  if (cpu.vendor == "GenuineIntel") return intel_microarchitecture(cpu);
  return std::nullopt;
}

}  // namespace bench
