// SPDX-License-Identifier: Apache-2.0
#include "file_replacement.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <filesystem>

namespace gradstep::internal {
namespace {

/// What a path names when its links are followed, whether it is there or not.
std::string followed(const std::string& path) {
  if (path.empty()) throw failure(GRADSTEP_INVALID_ARGUMENT, "path is empty");
  constexpr int most_links = 40;  // as Linux
  std::filesystem::path target(path);
  for (int i = 0; i < most_links; ++i) {
    std::error_code no_link;
    const auto link = std::filesystem::read_symlink(target, no_link);
    if (no_link) return target.string();
    target = target.parent_path() / link;
  }
  throw io_failure("write", path, ELOOP);
}

/// The permissions of the regular file that is there; none when nothing is.
std::optional<mode_t> permissions_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT) return std::nullopt;
    throw io_failure("write", path, errno);
  }
  if (!S_ISREG(status.st_mode)) {
    throw failure(GRADSTEP_IO_ERROR, "cannot write \"" + path + "\": not a regular file");
  }
  return status.st_mode & 0777;
}

file_descriptor open_folder_of(const std::string& path) {
  const std::filesystem::path target(path);
  const std::filesystem::path folder = target.has_parent_path() ? target.parent_path() : ".";
  file_descriptor opened = open_file(folder.c_str(), O_RDONLY | O_DIRECTORY);
  if (opened.get() < 0) throw io_failure("open the folder", folder.string(), errno);
  return opened;
}

}  // namespace

file_replacement::file_replacement(const std::string& path)
    : target_(followed(path)),
      old_permissions_(permissions_of(target_)),
      folder_(open_folder_of(target_)),
      file_(create_temporary()) {}

file_replacement::~file_replacement() {
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

file_descriptor file_replacement::create_temporary() {
  constexpr int most_numbers = 100000;
  // Nobody whom the old file's permissions shut out may read the new one meanwhile.
  const mode_t permissions = old_permissions_ ? 0600 : 0666;
  const std::string stem = target_ + '.' + std::to_string(::getpid()) + '.';
  // Names are taken by other threads, and by processes of this number that were killed.
  for (int number = 0; number < most_numbers; ++number) {
    std::string name = stem + std::to_string(number) + ".tmp";
    file_descriptor file = open_file(name.c_str(), O_WRONLY | O_CREAT | O_EXCL, permissions);
    if (file.get() >= 0) {
      temporary_ = std::move(name);
      return file;
    }
    if (errno != EEXIST) throw io_failure("create", name, errno);
  }
  throw io_failure("create", stem + "0.tmp", EEXIST);
}

void file_replacement::write(const void* from, std::size_t bytes, std::uint64_t offset) {
  write_at(file_, from, bytes, offset, temporary_);
}

void file_replacement::commit() {
  if (old_permissions_ && ::fchmod(file_.get(), *old_permissions_) != 0) {
    throw io_failure("set the permissions of", temporary_, errno);
  }
  if (const int error = sync_file(file_); error != 0) throw io_failure("sync", temporary_, error);
  if (::close(file_.release()) != 0) throw io_failure("close", temporary_, errno);
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) {
    throw io_failure("rename \"" + temporary_ + "\" to", target_, errno);
  }
  temporary_.clear();
  // Some file systems cannot sync a folder and say EINVAL: then there is nothing more to do.
  if (const int error = sync_file(folder_); error != 0 && error != EINVAL) {
    throw io_failure("sync the folder after writing", target_, error);
  }
}

}  // namespace gradstep::internal
