// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "safetensors/file_place.hpp"

namespace gradstep::internal {

/// A new file beside a target, "<name>.gradstep-<number>.tmp". It takes the target's place or is
/// removed.
///
/// The file is locked while its process lives. A file whose lock is free was left behind by a
/// process that has ended, and the next temporary_file removes it. Only the holder of the lock
/// renames or removes the file. On a file system without locks, no file counts as left behind.
class temporary_file {
 public:
  /// target: stays in place as an object. The process's umask applies to the permissions. Throws
  /// failure (IO_ERROR).
  temporary_file(const file_place& target, mode_t permissions);
  ~temporary_file();
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;

  /// Removes files that were left behind under other numbers.
  void remove_others() const;

  const file_descriptor& file() const noexcept { return file_; }
  const std::string& shown() const noexcept { return shown_; }

  /// Closes the file and renames it over the target. Throws failure (IO_ERROR); then the target is
  /// as it was.
  void take_place();

 private:
  bool make(mode_t permissions);
  enum class found { nothing, used, removed };
  found remove_left_over(const std::string& name) const noexcept;

  const file_place& target_;
  std::string stem_, name_, shown_;
  int number_ = 0;
  bool is_there_ = false;
  file_descriptor file_, lock_;
};

}  // namespace gradstep::internal
