// SPDX-License-Identifier: Apache-2.0
//
// Who else has used the CPUs while a run measured.
#pragma once

#include <filesystem>
#include <optional>

namespace bench {

struct noise {
  double other_cpus;   // that other programs of this system used
  double stolen_cpus;  // that the host of a virtual machine gave to others
};

/// Counts from its creation on.
class noise_meter {
 public:
  explicit noise_meter(std::filesystem::path root = "/");
  /// The average since then; nothing if the system does not tell.
  std::optional<noise> measured() const;

 private:
  struct times {
    double busy, stolen, own, now;  // seconds
  };
  std::optional<times> read() const;

  std::filesystem::path root_;
  std::optional<times> begin_;
};

}  // namespace bench
