// SPDX-License-Identifier: Apache-2.0
#include "safetensors/file_replacement.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <system_error>

#include "base/failure.hpp"

namespace gradstep::internal {
namespace {

/// The permissions of the file; no value: there is no file. Refuses what is not a regular file.
std::optional<mode_t> permissions_of(const file_place& place) {
  struct stat status {};
  if (::fstatat(place.folder.get(), place.name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT) return std::nullopt;
    refuse_io("write", place.shown, errno);
  }
  if (!S_ISREG(status.st_mode)) {
    refuse(GRADSTEP_IO_ERROR, "cannot write \"%s\": not a regular file", place.shown.c_str());
  }
  return status.st_mode & 0777;
}

/// Whether a sync failed only because the file system has no sync.
bool has_no_sync(int error) {
  return error == EINVAL || error == ENOSYS || error == ENOTSUP || error == EOPNOTSUPP;
}

/// The same for a folder, whose sync may also need a right to read it.
bool has_no_folder_sync(int error) {
  return has_no_sync(error) || error == EBADF || error == EACCES || error == EPERM ||
         error == EISDIR || error == EROFS;
}

}  // namespace

// The new file has the old permissions from its creation on, so that nobody can read it meanwhile
// who may not read the old one.
file_replacement::file_replacement(const std::string& path)
    : target_(follow_links(path)),
      old_permissions_(permissions_of(target_)),
      temporary_(target_, old_permissions_.value_or(0666)) {
  temporary_.remove_others();
}

void file_replacement::write(const void* from, std::size_t bytes, std::uint64_t offset) {
  write_at(temporary_.file(), from, bytes, offset, temporary_.shown());
}

/// Does nothing if the permissions are right: some file systems refuse to set any.
void file_replacement::keep_permissions() {
  if (!old_permissions_) return;
  const int file = temporary_.file().get();
  struct stat status {};
  if (::fstat(file, &status) == 0 && (status.st_mode & 0777) == *old_permissions_) return;
  if (::fchmod(file, *old_permissions_) != 0) {
    refuse_io("set the permissions of", temporary_.shown(), errno);
  }
}

void file_replacement::commit() {
  keep_permissions();
  if (const int error = sync_file(temporary_.file()); error != 0 && !has_no_sync(error)) {
    refuse_io("sync", temporary_.shown(), error);
  }
  temporary_.take_place();
  const int error = sync_file(target_.folder);
  if (error == 0 || has_no_folder_sync(error)) return;
  refuse(GRADSTEP_IO_ERROR,
         "cannot sync the folder after writing \"%s\": %s; the new file is in place, but a power "
         "failure may bring back the old one",
         target_.shown.c_str(), std::generic_category().message(error).c_str());
}

}  // namespace gradstep::internal
