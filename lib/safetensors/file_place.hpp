// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "safetensors/file_io.hpp"

namespace gradstep::internal {

/// A name in a folder that is open, so that neither the length of the path nor a change of it
/// matters.
struct file_place {
  file_descriptor folder;
  std::string name;
  std::string shown;  // the path, for sentences

  /// The path of another name in the same folder.
  std::string shown_as(const std::string& other) const;

  /// Whether the name is that of the open file; names are not followed.
  bool is_name_of(const std::string& other, const file_descriptor& file) const noexcept;
};

/// What a path names when its links are followed, whether it is there or not. The folder may be one
/// that cannot be read. Throws INVALID_ARGUMENT for an empty path, IO_ERROR.
file_place follow_links(const std::string& path);

}  // namespace gradstep::internal
