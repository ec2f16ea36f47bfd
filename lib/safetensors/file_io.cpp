// SPDX-License-Identifier: Apache-2.0
#include "safetensors/file_io.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace gradstep::internal {
namespace {

/// Blocks SIGXFSZ in the calling thread. A write beyond the process's limit raises it.
class size_signal_guard {
 public:
  size_signal_guard() noexcept {
    sigemptyset(&signal_);
    sigaddset(&signal_, SIGXFSZ);
    was_pending_ = is_pending();
    ::pthread_sigmask(SIG_BLOCK, &signal_, &mask_before_);
  }
  ~size_signal_guard() { ::pthread_sigmask(SIG_SETMASK, &mask_before_, nullptr); }
  size_signal_guard(const size_signal_guard&) = delete;
  size_signal_guard& operator=(const size_signal_guard&) = delete;

  /// After a write that raised the signal. A signal that was pending before stays pending.
  void take_signal() const noexcept {
    int taken = 0;
    if (!was_pending_ && is_pending()) ::sigwait(&signal_, &taken);
  }

 private:
  static bool is_pending() noexcept {
    sigset_t pending;
    sigemptyset(&pending);
    sigpending(&pending);
    return sigismember(&pending, SIGXFSZ) == 1;
  }

  sigset_t signal_, mask_before_;
  bool was_pending_ = false;
};

}  // namespace

file_descriptor::~file_descriptor() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

file_descriptor open_file(int folder, const char* path, int flags, unsigned permissions) noexcept {
  file_descriptor file(::openat(folder, path, flags | O_CLOEXEC, permissions));
  if (file.get() < 0 || file.get() > STDERR_FILENO) return file;
  file_descriptor moved(::fcntl(file.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (moved.get() >= 0) return moved;
  const int error = errno;
  if ((flags & O_CREAT) != 0) ::unlinkat(folder, path, 0);
  ::close(file.release());
  errno = error;
  return moved;
}

void refuse_io(const std::string& action, const std::string& path, int error) {
  refuse(GRADSTEP_IO_ERROR, "cannot %s \"%s\": %s", action.c_str(), path.c_str(),
         std::generic_category().message(error).c_str());
}

file_descriptor open_to_read(const std::string& path, std::uint64_t& file_bytes) {
  // Without O_NONBLOCK, opening a named pipe would wait for its writer.
  file_descriptor file = open_file(AT_FDCWD, path.c_str(), O_RDONLY | O_NOCTTY | O_NONBLOCK);
  if (file.get() < 0) refuse_io("open", path, errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) refuse_io("inspect", path, errno);
  if (!S_ISREG(status.st_mode)) {
    refuse(GRADSTEP_IO_ERROR, "cannot read \"%s\": not a regular file", path.c_str());
  }
  file_bytes = static_cast<std::uint64_t>(status.st_size);
  return file;
}

std::size_t read_at(const file_descriptor& file, void* to, std::size_t bytes, std::uint64_t offset,
                    const std::string& path) {
  std::size_t done = 0;
  while (done < bytes) {
    const auto count = ::pread(file.get(), static_cast<char*>(to) + done, bytes - done,
                               static_cast<off_t>(offset + done));
    if (count == 0) break;
    if (count < 0 && errno != EINTR) refuse_io("read", path, errno);
    if (count > 0) done += static_cast<std::size_t>(count);
  }
  return done;
}

void write_at(const file_descriptor& file, const void* from, std::size_t bytes,
              std::uint64_t offset, const std::string& path) {
  const size_signal_guard guard;
  std::size_t done = 0;
  while (done < bytes) {
    const auto count = ::pwrite(file.get(), static_cast<const char*>(from) + done, bytes - done,
                                static_cast<off_t>(offset + done));
    if (count == 0) refuse_io("write", path, ENOSPC);
    if (count < 0 && errno != EINTR) {
      const int error = errno;
      if (error == EFBIG) guard.take_signal();
      refuse_io("write", path, error);
    }
    if (count > 0) done += static_cast<std::size_t>(count);
  }
}

int sync_file(const file_descriptor& file) noexcept {
  while (::fsync(file.get()) != 0) {
    if (errno != EINTR) return errno;
  }
  return 0;
}

}  // namespace gradstep::internal
