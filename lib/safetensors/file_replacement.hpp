// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "safetensors/file_place.hpp"
#include "safetensors/temporary_file.hpp"

namespace gradstep::internal {

/// Replaces a file, so that the path names the whole old file or the whole new one at any moment.
/// The new file is written beside the path as "<name>.gradstep-<number>.tmp", synced and renamed;
/// then the folder is synced. Without commit(), the new file is removed. Temporary files of
/// processes that have ended are removed too.
///
/// Symbolic links are followed. A target that exists and is not a regular file is refused. The new
/// file has the old file's permissions, or those that the process's umask gives. Throws failure:
/// INVALID_ARGUMENT for an empty path, IO_ERROR.
class file_replacement {
 public:
  explicit file_replacement(const std::string& path);

  void write(const void* from, std::size_t bytes, std::uint64_t offset);
  /// Puts the new file in place.
  void commit();

 private:
  void keep_permissions();

  file_place target_;
  std::optional<mode_t> old_permissions_;
  temporary_file temporary_;
};

}  // namespace gradstep::internal
