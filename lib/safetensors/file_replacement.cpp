// SPDX-License-Identifier: Apache-2.0
#include "safetensors/file_replacement.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "base/failure.hpp"

namespace gradstep::internal {
namespace {

/// The permissions of the regular file that is there; none when nothing is.
std::optional<mode_t> permissions_of(const file_place& place) {
  struct stat status {};
  if (::fstatat(place.folder.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::nullopt;
    throw io_failure("write", place.shown, errno);
  }
  if (!S_ISREG(status.st_mode)) {
    throw failure(GRADSTEP_IO_ERROR, "cannot write \"" + place.shown + "\": not a regular file");
  }
  return status.st_mode & 0777;
}

/// Whether an error of a sync says that the file system has none, not that the disk failed.
bool has_no_sync(int error) {
  return error == EINVAL || error == ENOSYS || error == ENOTSUP || error == EOPNOTSUPP;
}

/// The same for a folder's: that may also need a right to read it, or a way to open it, that there
/// is not.
bool has_no_folder_sync(int error) {
  return has_no_sync(error) || error == EBADF || error == EACCES || error == EPERM ||
         error == EISDIR || error == EROFS;
}

}  // namespace

// With the old permissions from the first, so that nobody whom they shut out may read the new file
// meanwhile.
file_replacement::file_replacement(const std::string& path)
    : target_(follow_links(path)),
      old_permissions_(permissions_of(target_)),
      temporary_(target_, old_permissions_.value_or(0666)) {
  temporary_.remove_others();
}

void file_replacement::write(const void* from, std::size_t bytes, std::uint64_t offset) {
  write_at(temporary_.file(), from, bytes, offset, temporary_.shown());
}

/// Some file systems have one mode for all files, and refuse to set any.
void file_replacement::keep_permissions() {
  if (!old_permissions_) return;
  const int file = temporary_.file().get();
  struct stat status {};
  if (::fstat(file, &status) == 0 && (status.st_mode & 0777) == *old_permissions_) return;
  if (::fchmod(file, *old_permissions_) != 0) {
    throw io_failure("set the permissions of", temporary_.shown(), errno);
  }
}

void file_replacement::commit() {
  keep_permissions();
  if (const int error = sync_file(temporary_.file()); error != 0 && !has_no_sync(error)) {
    throw io_failure("sync", temporary_.shown(), error);
  }
  temporary_.take_place();
  const int error = sync_file(target_.folder);
  if (error == 0 || has_no_folder_sync(error)) return;
  const failure fault = io_failure("sync the folder after writing", target_.shown, error);
  throw failure(GRADSTEP_IO_ERROR, std::string(fault.what()) +
                                       "; the new file is in place, but a power failure may bring "
                                       "back the old one");
}

}  // namespace gradstep::internal
