// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "safetensors/file_io.hpp"

namespace gradstep::internal {

/// A name in an open folder. The length of the path does not matter, nor do later changes of the
/// folders that it names.
struct file_place {
  file_descriptor folder;
  std::string name;
  std::string shown;  // the path in sentences

  /// The path, in sentences, of another name in the same folder.
  std::string shown_as(const std::string& other) const;

  /// Whether `other`, a name in the same folder, is the open file itself. Links are not followed.
  bool is_name_of(const std::string& other, const file_descriptor& file) const noexcept;
};

/// The place that a path names after its symbolic links are followed. Nothing has to be there, and
/// the folder need not be readable. Throws failure: INVALID_ARGUMENT for an empty path, IO_ERROR.
file_place follow_links(const std::string& path);

}  // namespace gradstep::internal
