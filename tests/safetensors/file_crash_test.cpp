// SPDX-License-Identifier: Apache-2.0
//
// A save may be stopped by a full disk, by a kill at any moment, or meet another save. The file
// then is the old one or the new one, whole, and no temporary file stays.
#include <fcntl.h>
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <random>
#include <regex>
#include <string>
#include <thread>
#include <vector>

#include "safetensors/file_replacement.hpp"
#include "safetensors/replaced_files.hpp"
#include "safetensors/saved_files.hpp"
#include "safetensors/system_calls.hpp"
#include "support/child_process.hpp"
#include "support/comparison.hpp"
#include "support/scratch_folder.hpp"

namespace gradstep_test {
namespace {

void limit(decltype(RLIMIT_FSIZE) what, rlim_t value) {
  const rlimit limit{value, value};
  setrlimit(what, &limit);
}

TEST(file_crash, full_disk) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  for (const bool has_old : {false, true}) {
    if (has_old) save(path, 1);
    for (const rlim_t bytes : {0, 1, 1000, 262144, 262145, 399999}) {
      SCOPED_TRACE(bytes);
      const int status = status_of_child([&] {
        limit(RLIMIT_FSIZE, bytes);  // without the library, SIGXFSZ would end the process
        return save_fails(path, {"cannot write", path + '.', "File too large"});
      });
      EXPECT_EQ(status, 0);
      EXPECT_EQ(folder.names().size(), has_old ? 1U : 0U);
      if (has_old) {
        EXPECT_EQ(content_of(path), 1);
      }
    }
  }
}

int signals_seen = 0;
void see_signal(int /*signal*/) { ++signals_seen; }

/// SIGXFSZ, the signal of a file that is too large, is blocked during a save alone. A signal that
/// the save causes is discarded; any other one reaches the host.
TEST(file_crash, signal_of_a_size_limit) {
  const scratch_folder folder;
  const int status = status_of_child([&] {
    const rlimit soft{1000, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &soft);
    std::signal(SIGXFSZ, see_signal);
    sigset_t size_signal, before, after;
    sigemptyset(&size_signal);
    sigaddset(&size_signal, SIGXFSZ);
    pthread_sigmask(SIG_SETMASK, nullptr, &before);
    if (save_fails(folder / "state", {"File too large"}) != 0 || signals_seen != 0) return 1;
    pthread_sigmask(SIG_SETMASK, nullptr, &after);
    if (sigismember(&before, SIGXFSZ) != sigismember(&after, SIGXFSZ)) return 2;
    raise(SIGXFSZ);
    if (signals_seen != 1) return 3;
    // A signal that was pending before the save stays pending.
    pthread_sigmask(SIG_BLOCK, &size_signal, nullptr);
    raise(SIGXFSZ);
    if (save_fails(folder / "state", {"File too large"}) != 0 || signals_seen != 1) return 4;
    pthread_sigmask(SIG_UNBLOCK, &size_signal, nullptr);
    return signals_seen == 2 ? 0 : 5;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(folder.names().size(), 0U);
}

/// A save is killed at each system call. The next save removes the temporary file.
TEST(file_crash, killed_at_each_call) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  record_calls(fault::none, 0);
  save(path, 1);
  const auto calls = recorded_calls();
  const auto renamed =
      static_cast<std::size_t>(std::find(calls.begin(), calls.end(), "renameat") - calls.begin());
  ASSERT_LT(renamed, calls.size());
  for (std::size_t index = 0; index < calls.size(); ++index) {
    SCOPED_TRACE(index);
    const int status = status_of_child([&] {
      record_calls(fault::kills, index);
      save(path, 2);
      return 0;
    });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << status;
    EXPECT_EQ(content_of(path), index > renamed ? 2 : 1);
    EXPECT_EQ(folder.names().size(), index > renamed ? 1U : 2U);
    save(path, 1);
    EXPECT_EQ(content_of(path), 1);
    EXPECT_EQ(folder.names().size(), 1U);
  }
}

TEST(file_crash, killed_at_random_moments) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  const auto begin = std::chrono::steady_clock::now();
  save(path, 1);
  save(path, 2);
  const std::chrono::duration<double, std::micro> two_saves =
      std::chrono::steady_clock::now() - begin;
  std::mt19937_64 random(1);
  int seen[3] = {};
  for (int kill_count = 0; kill_count < 200; ++kill_count) {
    const pid_t child = fork();
    if (child == 0) {
      for (int i = 0;; ++i) save(path, static_cast<float>(1 + i % 2));
    }
    usleep(static_cast<useconds_t>(random() % (1 + static_cast<unsigned>(two_saves.count()))));
    kill(child, SIGKILL);
    ASSERT_EQ(waitpid(child, nullptr, 0), child);
    const float content = content_of(path);
    ASSERT_TRUE(content == 1 || content == 2) << content;
    ++seen[static_cast<int>(content)];
  }
  const std::regex documented(R"(state(\.gradstep-[0-9]+\.tmp)?)");
  const auto names = folder.names();
  EXPECT_LE(names.size(), 2U);  // the next save removes the temporary file
  for (const auto& name : names) EXPECT_TRUE(std::regex_match(name, documented)) << name;
  save(path, 3);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"state"});
  EXPECT_EQ(content_of(path), 3);
  RecordProperty("first_content", seen[1]);
  RecordProperty("second_content", seen[2]);
}

/// Several saves at once, killed together.
TEST(file_crash, many_that_were_killed_leave_nothing) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  constexpr int together = 5;
  for (int round = 0; round < 10; ++round) {
    std::vector<pid_t> children;
    for (int i = 0; i < together; ++i) {
      children.push_back(fork());
      if (children.back() == 0) {
        for (;;) save(path, static_cast<float>(1 + i));
      }
    }
    usleep(20000);
    for (const pid_t child : children) kill(child, SIGKILL);
    for (const pid_t child : children) waitpid(child, nullptr, 0);
    EXPECT_LE(folder.names().size(), 1U + together);
  }
  save(path, 9);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"state"});
  EXPECT_EQ(content_of(path), 9);
}

/// No save takes the temporary file of another for an abandoned one: every save succeeds, and the
/// file is whole.
TEST(file_crash, saves_to_one_path_at_once) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  constexpr int saves = 40;
  const auto save_often = [&path](int content) {
    for (int i = 0; i < saves; ++i) save(path, static_cast<float>(content));
  };
  std::vector<pid_t> children;
  for (int i = 0; i < 3; ++i) {
    children.push_back(fork());
    if (children.back() == 0) {
      try {
        std::thread other(save_often, 1 + i);
        save_often(4 + i);
        other.join();
      } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        _exit(1);
      }
      _exit(0);
    }
  }
  for (const pid_t child : children) {
    int status = -1;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(folder.names(), std::vector<std::string>{"state"});
  EXPECT_GE(content_of(path), 1);
}

TEST(file_crash, a_name_that_is_taken) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  const auto taken = [&](int number) {
    return path + ".gradstep-" + std::to_string(number) + ".tmp";
  };
  // Temporary file 0 belongs to a living process; 1, 2 and 7 to ended ones. No save has made 3, 4
  // and 5.
  write_bytes(taken(0), "in use");
  const int used = open(taken(0).c_str(), O_RDWR | O_CLOEXEC);
  ASSERT_EQ(flock(used, LOCK_EX), 0);
  for (const int number : {1, 2, 7}) write_bytes(taken(number), "left");
  std::filesystem::create_directory(taken(3));
  write_bytes(folder / "other", "another file");
  std::filesystem::create_symlink("other", taken(4));
  ASSERT_EQ(mkfifo(taken(5).c_str(), 0600), 0);
  save(path, 1);
  EXPECT_EQ(content_of(path), 1);
  EXPECT_EQ(read_bytes(taken(0)), "in use");
  EXPECT_EQ(read_bytes(folder / "other"), "another file");
  auto names = folder.names();
  std::sort(names.begin(), names.end());
  EXPECT_EQ(names, (std::vector<std::string>{"other", "state", "state.gradstep-0.tmp",
                                             "state.gradstep-3.tmp", "state.gradstep-4.tmp",
                                             "state.gradstep-5.tmp"}));
  close(used);
  save(path, 2);
  EXPECT_EQ(folder.names().size(), 5U);
}

/// Another process removes or replaces the temporary file, or removes its folder.
TEST(file_crash, temporary_file_that_vanishes) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  save(path, 1);
  gradstep::internal::file_replacement file(path);
  file.write("x", 1, 0);
  ASSERT_TRUE(std::filesystem::remove(path + ".gradstep-0.tmp"));
  expect_words(sentence_of(GRADSTEP_IO_ERROR, [&] { file.commit(); }), {path, "No such file"});
  EXPECT_EQ(content_of(path), 1);

  gradstep::internal::file_replacement other(path);
  ASSERT_TRUE(std::filesystem::remove(path + ".gradstep-0.tmp"));
  write_bytes(path + ".gradstep-0.tmp", "another one's");
  expect_words(sentence_of(GRADSTEP_IO_ERROR, [&] { other.commit(); }), {path, "No such file"});
  EXPECT_EQ(content_of(path), 1);

  std::filesystem::create_directory(folder / "gone");
  gradstep::internal::file_replacement third(folder / "gone/state");
  std::filesystem::remove_all(folder / "gone");
  expect_words(sentence_of(GRADSTEP_IO_ERROR, [&] { third.commit(); }), {"gone", "No such file"});
}

struct mounted {
  std::string folder;
  ~mounted() { EXPECT_EQ(umount(folder.c_str()), 0); }
};

/// A file system that is full at every byte of the file in turn.
TEST(file_crash, small_file_system) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  if (mount("none", folder.path().c_str(), "tmpfs", 0, "size=1m") != 0) {
    GTEST_SKIP() << "only root mounts";
  }
  const mounted until_the_end{folder.path()};
  for (const bool has_old : {false, true}) {
    if (has_old) save(path, 1);
    for (const std::size_t free_bytes : {0U, 4096U, 262144U, 397312U}) {
      SCOPED_TRACE(free_bytes);
      write_bytes(folder / "filler",
                  std::string((1U << 20) - (has_old ? 401408 : 0) - free_bytes, 'x'));
      EXPECT_EQ(save_fails(path, {"cannot", path, "No space left"}), 0);
      std::filesystem::remove(folder / "filler");
      EXPECT_EQ(folder.names().size(), has_old ? 1U : 0U);
      if (has_old) {
        EXPECT_EQ(content_of(path), 1);
      }
    }
  }
  save(path, 2);
  EXPECT_EQ(content_of(path), 2);
}

}  // namespace
}  // namespace gradstep_test
