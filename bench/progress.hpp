// SPDX-License-Identifier: Apache-2.0
//
// How far a run is, on standard error: a bar on a terminal, elsewhere a line at each tenth.
#pragma once

#include <chrono>
#include <string>

namespace bench {

class progress {
 public:
  /// `weight` is that of all the work, in any unit.
  explicit progress(double weight);
  ~progress();
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;

  /// The work that begins now.
  void begin(const std::string& name);
  /// The work of that weight is done.
  void add(double weight);

 private:
  double seconds_left() const;
  void show() const;

  double weight_, done_ = 0;
  int shown_tenths_ = 0;
  bool is_terminal_;
  std::string name_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// "45 s", "3 min".
std::string duration_text(double seconds);

}  // namespace bench
