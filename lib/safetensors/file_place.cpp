// SPDX-License-Identifier: Apache-2.0
#include "safetensors/file_place.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <climits>

#include "base/failure.hpp"

namespace gradstep::internal {
namespace {

/// A folder that can be synced later. If it cannot be read: one that names can be found in.
file_descriptor open_folder(int around, const std::string& path, const std::string& shown) {
  const char* const name = path.empty() ? "." : path.c_str();
  constexpr int flags = O_DIRECTORY | O_CLOEXEC;
  int folder = ::openat(around, name, O_RDONLY | flags);
#ifdef O_PATH
  if (folder < 0 && (errno == EACCES || errno == EPERM)) {
    folder = ::openat(around, name, O_PATH | flags);
  }
#endif
  if (folder < 0) refuse_io("open the folder", shown.empty() ? "." : shown, errno);
  return file_descriptor(folder);
}

/// The target of a symbolic link; empty: the name is not a link.
std::string read_link(const file_place& place) {
  char link[PATH_MAX];
  const auto length = ::readlinkat(place.folder.get(), place.name.c_str(), link, sizeof link);
  return length <= 0 ? std::string() : std::string(link, static_cast<std::size_t>(length));
}

}  // namespace

std::string file_place::shown_as(const std::string& other) const {
  return shown.substr(0, shown.rfind('/') + 1) + other;
}

bool file_place::is_name_of(const std::string& other, const file_descriptor& file) const noexcept {
  struct stat of_name {
  }, of_file{};
  return ::fstatat(folder.get(), other.c_str(), &of_name, AT_SYMLINK_NOFOLLOW) == 0 &&
         ::fstat(file.get(), &of_file) == 0 && of_name.st_dev == of_file.st_dev &&
         of_name.st_ino == of_file.st_ino;
}

file_place follow_links(const std::string& path) {
  if (path.empty()) refuse(GRADSTEP_INVALID_ARGUMENT, "path is empty");
  constexpr int most_links = 40;  // as in Linux
  file_place place{file_descriptor(AT_FDCWD), {}, {}};
  std::string next = path;
  for (int i = 0; i < most_links; ++i) {
    const std::size_t name_at = next.rfind('/') + 1;
    const std::string folder = next.substr(0, name_at);
    std::string shown = folder.starts_with('/') ? folder : place.shown_as(folder);
    place.folder = open_folder(place.folder.get(), folder, shown);
    place.name = name_at == next.size() ? "." : next.substr(name_at);
    place.shown = std::move(shown) + place.name;
    next = read_link(place);
    if (next.empty()) return place;
  }
  refuse_io("write", path, ELOOP);
}

}  // namespace gradstep::internal
