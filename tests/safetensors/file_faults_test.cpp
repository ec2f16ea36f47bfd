// SPDX-License-Identifier: Apache-2.0
//
// Each system call of a save fails, is interrupted, or does a part of its work. And each thing is
// made durable before another one relies on it.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "safetensors/saved_files.hpp"
#include "safetensors/system_calls.hpp"
#include "support/comparison.hpp"
#include "support/scratch_folder.hpp"

namespace gradstep_test {
namespace {

const std::vector<float> numbers(150'000, 1.5F);  // 3 fillings of the writer's buffer

void save(const std::string& path, const std::string& content) {
  write_safetensors(path, {{"numbers", "F32", {numbers.size()}, numbers.data()}},
                    {{"content", content}});
}

constexpr auto unusual = std::filesystem::perms(0666);

std::string content_of(const std::string& path) { return reader_of(path).metadata().at("content"); }

/// Gives the file permissions that the umask keeps a new file from having.
void make_mode_unusual(const std::string& path) { std::filesystem::permissions(path, unusual); }

TEST(file_faults, order_of_the_calls) {
  const scratch_folder folder;
  const std::vector<std::string> first{"pwrite", "pwrite",   "pwrite",       "pwrite", "fsync",
                                       "close",  "renameat", "fsync folder", "close",  "close"};
  record_calls(fault::none, 0);
  save(folder / "state", "old");
  EXPECT_EQ(recorded_calls(), first);

  record_calls(fault::none, 0);
  save(folder / "state", "new");
  EXPECT_EQ(recorded_calls(), first);

  make_mode_unusual(folder / "state");
  auto third = first;
  third.insert(third.begin() + 4, "fchmod");
  record_calls(fault::none, 0);
  save(folder / "state", "new");
  EXPECT_EQ(recorded_calls(), third);
}

TEST(file_faults, each_call_fails) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  const std::vector<std::string> words{"write", "write", "write", "write",
                                       "set",   "sync",  "close", "rename"};
  for (std::size_t index = 0; index < words.size(); ++index) {
    SCOPED_TRACE(index);
    save(path, "old");
    make_mode_unusual(path);
    record_calls(fault::fails, index);
    const auto sentence = sentence_of(GRADSTEP_IO_ERROR, [&] { save(path, "new"); });
    recorded_calls();
    expect_words(sentence, {"cannot " + words[index], path,
                            index < 4 ? "No space left on device" : "Input/output error"});
    EXPECT_EQ(content_of(path), "old");
    EXPECT_EQ(folder.names().size(), 1U);
  }
}

TEST(file_faults, the_folder_fails_to_sync_when_the_file_is_there) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  save(path, "old");
  record_calls(fault::fails, 7);
  const auto sentence = sentence_of(GRADSTEP_IO_ERROR, [&] { save(path, "new"); });
  recorded_calls();
  expect_words(sentence, {"cannot sync the folder after writing", path, "Input/output error",
                          "the new file is in place"});
  EXPECT_EQ(content_of(path), "new");
  EXPECT_EQ(folder.names().size(), 1U);
}

TEST(file_faults, interrupted_and_short_calls_go_on) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  save(path, "old");
  record_calls(fault::none, 0);
  save(path, "old");
  const auto all = recorded_calls();
  for (const fault f : {fault::is_interrupted, fault::is_short}) {
    for (std::size_t index = 0; index < all.size(); ++index) {
      if (all[index] == "renameat") continue;  // Linux does not interrupt it
      const bool goes_on =
          all[index] == "pwrite" || (f == fault::is_interrupted && all[index] != "close");
      save(path, "old");
      record_calls(f, index);
      save(path, "new");
      EXPECT_EQ(recorded_calls().size(), all.size() + (goes_on ? 1 : 0)) << index;
      EXPECT_EQ(content_of(path), "new");
    }
  }
}

// ---- File systems that lack something -------------------------------------------------------

class missing_feature : public testing::Test {
 protected:
  missing_feature() { save(path, "old"); }
  ~missing_feature() override { fail_always("", 0); }

  /// A save does without this call: the new file is there, and no other.
  void expect_saves(const std::string& call, const std::vector<int>& errors) {
    for (const int error : errors) {
      SCOPED_TRACE(call + ": " + std::strerror(error));
      fail_always(call, error);
      save(path, "new");
      fail_always("", 0);
      EXPECT_EQ(content_of(path), "new");
      EXPECT_EQ(folder.names().size(), 1U);
      save(path, "old");
    }
  }
  /// A save needs this call: IO_ERROR, the old file is there, and no other.
  void expect_refused(const std::string& call, const std::vector<int>& errors) {
    for (const int error : errors) {
      SCOPED_TRACE(call + ": " + std::strerror(error));
      fail_always(call, error);
      const auto sentence = sentence_of(GRADSTEP_IO_ERROR, [&] { save(path, "new"); });
      fail_always("", 0);
      expect_words(sentence, {"cannot", folder.path(), std::strerror(error)});
      EXPECT_EQ(content_of(path), "old");
      EXPECT_EQ(folder.names().size(), 1U);
    }
  }

  const scratch_folder folder;
  const std::string path = folder / "state";
};

TEST_F(missing_feature, permissions_that_are_right_are_not_set) {
  expect_saves("fchmod", {EPERM, ENOTSUP, ENOSYS, EIO, EROFS});
  for (const auto mode : {0600, 0400, 0640}) {
    std::filesystem::permissions(path, std::filesystem::perms(mode));
    expect_saves("fchmod", {EPERM, ENOTSUP, ENOSYS});
  }
  make_mode_unusual(path);
  expect_refused("fchmod", {EPERM, ENOTSUP, ENOSYS, EIO});
}

TEST_F(missing_feature, sync_of_the_folder) {
  expect_saves("fsync folder", {EINVAL, ENOTSUP, ENOSYS, EBADF, EACCES, EPERM, EISDIR, EROFS});
  for (const int error : {EIO, ENOSPC, EDQUOT}) {
    fail_always("fsync folder", error);
    const auto sentence = sentence_of(GRADSTEP_IO_ERROR, [&] { save(path, "new"); });
    fail_always("", 0);
    expect_words(sentence, {"the new file is in place", std::strerror(error)});
    EXPECT_EQ(content_of(path), "new");
    save(path, "old");
  }
}

TEST_F(missing_feature, sync_of_the_file) {
  expect_saves("fsync", {EINVAL, ENOTSUP, ENOSYS});
  expect_refused("fsync", {EIO, ENOSPC, EDQUOT, EBADF, EACCES});
}

TEST_F(missing_feature, folder_that_cannot_be_read) {
  expect_saves("open folder", {EACCES, EPERM});
  expect_refused("open folder", {EMFILE, EIO});
}

TEST_F(missing_feature, locks) {
  const std::string left = folder / "state.gradstep-0.tmp";
  expect_saves("flock", {ENOLCK, ENOSYS, ENOTSUP, EINVAL, EBADF});
  // Without locks a save cannot know that the process of this file has ended.
  write_bytes(left, "of a killed process");
  fail_always("flock", ENOLCK);
  save(path, "new");
  fail_always("", 0);
  EXPECT_EQ(read_bytes(left), "of a killed process");
  EXPECT_EQ(content_of(path), "new");
  EXPECT_EQ(folder.names().size(), 2U);
}

TEST_F(missing_feature, write_close_and_rename) {
  expect_refused("pwrite", {ENOSPC, EDQUOT, EIO, EFBIG});
  expect_refused("close", {EIO, ENOSPC, EDQUOT});
  expect_refused("renameat", {EIO, EACCES, EROFS, EXDEV, ENOSPC});
}

/// A file server has renamed the file, but its answer was lost.
TEST_F(missing_feature, rename_that_did_its_work) { expect_saves("renameat late", {EIO, ENOENT}); }

}  // namespace
}  // namespace gradstep_test
