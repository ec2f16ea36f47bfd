// SPDX-License-Identifier: Apache-2.0
#include "safetensors/temporary_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/failure.hpp"

namespace gradstep::internal {
namespace {

constexpr int most_numbers = 100000;

/// The temporary name up to its number. The target's name is cut so that the temporary name has at
/// most max(128, the target's) bytes: a file system that allows the target's name allows the other.
std::string stem_of(const std::string& name) {
  constexpr std::size_t always_taken = 128;
  constexpr std::string_view infix = ".gradstep-", longest_end = "99999.tmp";
  std::size_t kept = std::max(always_taken, name.size()) - infix.size() - longest_end.size();
  if (kept >= name.size()) return name + std::string(infix);
  while (kept > 0 && (name[kept] & 0xC0) == 0x80) --kept;  // between characters
  return name.substr(0, kept) + std::string(infix);
}

std::string name_of(const std::string& stem, int number) {
  return stem + std::to_string(number) + ".tmp";
}

int try_lock(const file_descriptor& file) noexcept {
  return ::flock(file.get(), LOCK_EX | LOCK_NB) == 0 ? 0 : errno;
}

}  // namespace

temporary_file::temporary_file(const file_place& target, mode_t permissions)
    : target_(target), stem_(stem_of(target.name)), file_(-1), lock_(-1) {
  for (; number_ < most_numbers; ++number_) {
    name_ = name_of(stem_, number_);
    shown_ = target.shown_as(name_);
    is_there_ = make(permissions);
    if (is_there_) return;
  }
  refuse_io("create", shown_, EEXIST);
}

temporary_file::~temporary_file() {
  if (is_there_) ::unlinkat(target_.folder.get(), name_.c_str(), 0);
}

/// False: the name is in use.
bool temporary_file::make(mode_t permissions) {
  constexpr int most_tries = 100;
  for (int i = 0; i < most_tries; ++i) {
    file_ =
        open_file(target_.folder.get(), name_.c_str(), O_WRONLY | O_CREAT | O_EXCL, permissions);
    if (file_.get() < 0) {
      if (errno != EEXIST) refuse_io("create", shown_, errno);
      if (remove_left_over(name_) == found::used) return false;
      continue;
    }
    // Until it is locked, another process may take the file for left behind and remove it.
    const int error = try_lock(file_);
    if (error != EWOULDBLOCK && target_.is_name_of(name_, file_)) return true;
  }
  return false;
}

temporary_file::found temporary_file::remove_left_over(const std::string& name) const noexcept {
  // Follows no link and waits for no pipe.
  constexpr int flags = O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
  const int folder = target_.folder.get();
  int opened = ::openat(folder, name.c_str(), O_RDWR | flags);  // NFS locks what can be written
  if (opened < 0 && errno == EACCES) opened = ::openat(folder, name.c_str(), O_RDONLY | flags);
  if (opened < 0) return errno == ENOENT ? found::nothing : found::used;
  const file_descriptor file(opened);
  struct stat status {};
  if (::fstat(opened, &status) != 0 || !S_ISREG(status.st_mode)) return found::used;
  if (try_lock(file) != 0) return found::used;
  if (!target_.is_name_of(name, file)) return found::removed;  // by another process
  return ::unlinkat(folder, name.c_str(), 0) == 0 ? found::removed : found::used;
}

void temporary_file::remove_others() const {
  constexpr int most_free = 8;  // in a row; then the search ends
  int number = number_;
  for (int free_count = 0; free_count < most_free && ++number < most_numbers;) {
    const bool is_free = remove_left_over(name_of(stem_, number)) == found::nothing;
    free_count = is_free ? free_count + 1 : 0;
  }
}

void temporary_file::take_place() {
  // The file is closed before it is renamed: some file systems write, and fail, only then. A second
  // descriptor keeps the lock until the file has its final name.
  lock_ = file_descriptor(::fcntl(file_.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (lock_.get() < 0) refuse_io("close", shown_, errno);
  // EINTR: the file is closed all the same.
  if (::close(file_.release()) != 0 && errno != EINTR) refuse_io("close", shown_, errno);
  const int folder = target_.folder.get();
  if (!target_.is_name_of(name_, lock_)) refuse_io("find", shown_, ENOENT);
  if (::renameat(folder, name_.c_str(), folder, target_.name.c_str()) != 0) {
    const int error = errno;
    // A server may have renamed the file although its answer was lost.
    if (!target_.is_name_of(target_.name, lock_)) {
      refuse_io("rename \"" + shown_ + "\" to", target_.shown, error);
    }
  }
  is_there_ = false;
}

}  // namespace gradstep::internal
