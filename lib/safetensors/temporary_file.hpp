// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <string>

#include "safetensors/file_place.hpp"

namespace gradstep::internal {

/// A new file beside another, "<name>.gradstep-<number>.tmp", that takes its place or is gone. A
/// lock on it says that its maker lives: one whose lock is free was left by a process that is no
/// more, and whoever makes the next one removes it. Only the holder of its lock renames or removes
/// such a file. Where the file system has no locks, nothing is taken for left.
class temporary_file {
 public:
  /// target stays where it is. The process's umask applies to the permissions. Throws IO_ERROR.
  temporary_file(const file_place& target, mode_t permissions);
  ~temporary_file();
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;

  /// Removes what was left there under other numbers.
  void remove_others() const;

  const file_descriptor& file() const noexcept { return file_; }
  const std::string& shown() const noexcept { return shown_; }

  /// Closes the file and renames it over the target. Throws IO_ERROR; then it has not done so.
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
