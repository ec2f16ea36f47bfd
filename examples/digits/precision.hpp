// SPDX-License-Identifier: Apache-2.0
//
// The precisions that are compared: the dtypes in which the training's arrays are stored.
//
// The network always computes in float32, with the stored weights widened to float32. So precisions
// differ in the stored numbers, as in real training, but not in the rounding inside products.
#ifndef GRADSTEP_EXAMPLES_DIGITS_PRECISION_HPP
#define GRADSTEP_EXAMPLES_DIGITS_PRECISION_HPP

#include <gradstep/gradstep.hpp>

#include <cstdint>
#include <stdexcept>
#include <string>
#include <vector>

#include "../command_line.hpp"

namespace digits {

struct precision {
  std::string name;
  std::int32_t param;
  std::int32_t grad;  ///< before a step the network's gradients are rounded to this dtype
  std::int32_t slots;
  std::int32_t copy = 0;  ///< a step writes a copy of the params; the network computes with it
  /// bf16 params are the upper halves of float32; the network computes with these halves.
  bool has_low_halves = false;
  bool needs_loss_scale = false;  ///< small gradients would become 0 in its dtype
};

inline const std::vector<precision>& known_precisions() {
  constexpr std::int32_t f32 = GRADSTEP_FLOAT32;
  constexpr std::int32_t bf16 = GRADSTEP_BFLOAT16;
  constexpr std::int32_t f16 = GRADSTEP_FLOAT16;
  static const std::vector<precision> precisions{
      {"f32", f32, f32, f32},
      {"bf16", bf16, bf16, bf16},  // params are rounded at random
      {"bf16-split", bf16, bf16, f32, 0, true},
      {"bf16-master", f32, bf16, f32, bf16},
      {"f16", f32, f16, f32, f16, false, true},
      {"state-bf16", f32, f32, bf16},
      {"state-8bit", f32, f32, GRADSTEP_S1E4M3_B256},  // E5M3_B256 for slots that are non-negative
  };
  return precisions;
}

/// The precision of that name, or all of them for "all".
inline std::vector<precision> find_precisions(const std::string& name) {
  if (name == "all") return known_precisions();
  std::vector<std::string> names;
  for (const precision& candidate : known_precisions()) {
    if (candidate.name == name) return {candidate};
    names.push_back(candidate.name);
  }
  throw std::runtime_error("--precision: '" + name + "' is none of " + examples::join(names) +
                           ", all");
}

}  // namespace digits

#endif  // GRADSTEP_EXAMPLES_DIGITS_PRECISION_HPP
