// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "safetensors/file_place.hpp"
#include "safetensors/temporary_file.hpp"

namespace gradstep::internal {

/// A file that appears whole or not at all: it is written beside its path under the name
/// "<name>.gradstep-<number>.tmp", synced and renamed, and the folder is synced. Until commit
/// returns, the file that was there is as it was; without commit, the new one is removed. What
/// processes left there that are no more is removed too.
///
/// A symbolic link is followed. A target that is there and is no regular file is refused. The
/// permissions are those of the file that was there, else what the process's umask gives.
/// Throws INVALID_ARGUMENT for an empty path, IO_ERROR.
class file_replacement {
 public:
  explicit file_replacement(const std::string& path);

  void write(const void* from, std::size_t bytes, std::uint64_t offset);
  void commit();

 private:
  void keep_permissions();

  file_place target_;
  std::optional<mode_t> old_permissions_;
  temporary_file temporary_;
};

}  // namespace gradstep::internal
