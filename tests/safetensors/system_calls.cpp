// SPDX-License-Identifier: Apache-2.0
//
// Functions that replace those of the C library in this program.
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstddef>
#include <string>
#include <vector>

#include "safetensors/system_calls.hpp"

namespace gradstep_test {
namespace {

bool is_recording = false;
fault wanted = fault::none;
std::size_t wanted_index = 0;
std::vector<std::string> calls;
std::string failing;
int failing_error = 0;

bool fails_always(const char* name) { return failing_error != 0 && failing == name; }

bool is_folder(int file) {
  struct stat status {};
  return fstat(file, &status) == 0 && S_ISDIR(status.st_mode);
}

fault next(const char* name) {
  if (!is_recording) return fault::none;
  calls.emplace_back(name);
  if (calls.size() - 1 != wanted_index) return fault::none;
  if (wanted == fault::kills) raise(SIGKILL);
  return wanted;
}

int failed(int error) {
  errno = error;
  return -1;
}

/// For calls that cannot do a part of their work.
template <class Call>
int faulty(const char* name, const Call& call) {
  const fault f = next(name);
  if (f == fault::fails) return failed(EIO);
  if (f == fault::is_interrupted) return failed(EINTR);
  if (fails_always(name)) return failed(failing_error);
  return static_cast<int>(call());
}

}  // namespace

void record_calls(fault fault, std::size_t index) {
  calls.clear();
  wanted = fault;
  wanted_index = index;
  is_recording = true;
}

std::vector<std::string> recorded_calls() {
  is_recording = false;
  return calls;
}

void fail_always(const std::string& name, int error) {
  failing = name;
  failing_error = error;
}

}  // namespace gradstep_test

// The C library has chosen the names and parameters.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" {

/// Sources that ask for 64-bit offsets call pwrite by this name.
ssize_t pwrite64(int file, const void* from, size_t bytes, off64_t offset) {
  using namespace gradstep_test;
  const fault f = next("pwrite");
  if (f == fault::fails) return failed(ENOSPC);
  if (f == fault::is_interrupted) return failed(EINTR);
  if (fails_always("pwrite")) return failed(failing_error);
  return syscall(SYS_pwrite64, file, from, f == fault::is_short ? (bytes + 2) / 3 : bytes, offset);
}

int fsync(int file) {
  const char* name = gradstep_test::is_folder(file) ? "fsync folder" : "fsync";
  return gradstep_test::faulty(name, [&] { return syscall(SYS_fsync, file); });
}

int fchmod(int file, mode_t permissions) noexcept {
  return gradstep_test::faulty("fchmod", [&] { return syscall(SYS_fchmod, file, permissions); });
}

int renameat(int from_folder, const char* from, int to_folder, const char* to) noexcept {
  using namespace gradstep_test;
  const auto call = [&] { return syscall(SYS_renameat2, from_folder, from, to_folder, to, 0); };
  if (!fails_always("renameat late")) return faulty("renameat", call);
  call();
  return failed(failing_error);
}

int flock(int file, int operation) noexcept {
  using namespace gradstep_test;
  if (fails_always("flock")) return failed(failing_error);
  return static_cast<int>(syscall(SYS_flock, file, operation));
}

/// Sources that ask for 64-bit offsets call openat by this name.
int openat64(int folder, const char* path, int flags, ...) {
  using namespace gradstep_test;
  if ((flags & O_DIRECTORY) != 0 && (flags & O_PATH) == 0 && fails_always("open folder")) {
    return failed(failing_error);
  }
  va_list arguments;
  va_start(arguments, flags);
  const mode_t permissions = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return static_cast<int>(syscall(SYS_openat, folder, path, flags, permissions));
}

/// Closes the file even when it fails, as Linux does.
int close(int file) {
  const auto closed = syscall(SYS_close, file);
  return gradstep_test::faulty("close", [&] { return closed; });
}

}  // extern "C"
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
