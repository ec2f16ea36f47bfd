// SPDX-License-Identifier: Apache-2.0
//
// Stands in for the C library's functions in this program.
#include "system_calls.hpp"

#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace gradstep_test {
namespace {

bool is_recording = false;
fault wanted = fault::none;
std::size_t wanted_index = 0;
std::vector<std::string> calls;

fault next(const char* name) {
  if (!is_recording) return fault::none;
  calls.emplace_back(name);
  return calls.size() - 1 == wanted_index ? wanted : fault::none;
}

int failed(int error) {
  errno = error;
  return -1;
}

/// For calls that are not short.
template <class Call>
int faulty(const char* name, const Call& call) {
  const fault f = next(name);
  if (f == fault::fails) return failed(EIO);
  if (f == fault::is_interrupted) return failed(EINTR);
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

}  // namespace gradstep_test

// Names and parameters are the C library's.
// NOLINTBEGIN(readability-inconsistent-declaration-parameter-name)
extern "C" {

/// pwrite in sources that ask for 64-bit offsets.
ssize_t pwrite64(int file, const void* from, size_t bytes, off64_t offset) {
  using namespace gradstep_test;
  const fault f = next("pwrite");
  if (f == fault::fails) return failed(ENOSPC);
  if (f == fault::is_interrupted) return failed(EINTR);
  return syscall(SYS_pwrite64, file, from, f == fault::is_short ? (bytes + 2) / 3 : bytes, offset);
}

int fsync(int file) {
  return gradstep_test::faulty("fsync", [&] { return syscall(SYS_fsync, file); });
}

int fchmod(int file, mode_t permissions) noexcept {
  return gradstep_test::faulty("fchmod", [&] { return syscall(SYS_fchmod, file, permissions); });
}

int rename(const char* from, const char* to) noexcept {
  return gradstep_test::faulty(
      "rename", [&] { return syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0); });
}

/// As Linux does, it has closed the file even when it fails.
int close(int file) {
  const auto closed = syscall(SYS_close, file);
  return gradstep_test::faulty("close", [&] { return closed; });
}

}  // extern "C"
// NOLINTEND(readability-inconsistent-declaration-parameter-name)
