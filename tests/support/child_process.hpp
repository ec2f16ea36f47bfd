// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace gradstep_test {

/// waitpid's status of a child process, forked from this one, that exits with body()'s result. The
/// child runs no exit handlers and looks for no leaks: all its memory is the parent's too.
template <class Body>
int status_of_child(const Body& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

/// Forks a child process that calls body(); 0 if no check of the child failed.
template <class Body>
int run_in_child(const Body& body) {
  return status_of_child([&] {
    body();
    return testing::Test::HasFailure() ? 1 : 0;
  });
}

}  // namespace gradstep_test
