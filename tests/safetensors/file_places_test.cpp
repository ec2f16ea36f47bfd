// SPDX-License-Identifier: Apache-2.0
//
// Places of files: names and paths of any length, links, and folders with any permissions.
#include <fcntl.h>
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstddef>
#include <filesystem>
#include <string>

#include "safetensors/replaced_files.hpp"
#include "safetensors/saved_files.hpp"
#include "support/child_process.hpp"
#include "support/scratch_folder.hpp"

namespace gradstep_test {
namespace {

TEST(file_places, places_that_cannot_be_written) {
  const scratch_folder folder;
  EXPECT_EQ(save_fails(folder / "missing/state", {folder / "missing", "No such file"}), 0);
  EXPECT_EQ(save_fails(folder.path(), {folder.path(), "not a regular file"}), 0);
  EXPECT_EQ(save_fails(folder.path() + '/', {"not a regular file"}), 0);
  EXPECT_EQ(save_fails("/dev/full", {"/dev/full", "not a regular file"}), 0);
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(save_fails(folder / "pipe", {"not a regular file"}), 0);
  write_bytes(folder / "file", "");
  EXPECT_EQ(save_fails(folder / "file/", {"Not a directory"}), 0);
  EXPECT_EQ(save_fails(folder / std::string(256, 'x'), {"File name too long"}), 0);
  std::filesystem::create_symlink("loop", folder / "loop");
  EXPECT_EQ(save_fails(folder / "loop", {"loop", "symbolic links"}), 0);
  EXPECT_EQ(folder.names().size(), 3U);
  EXPECT_NE(sentence_of(GRADSTEP_INVALID_ARGUMENT, [] { save("", 1); }).find("empty"),
            std::string::npos);
}

TEST(file_places, long_names_and_paths) {
  const scratch_folder folder;
  std::string characters;
  while (characters.size() + 2 <= 254) characters += "\xC3\xA9";
  for (const auto& name :
       {std::string(255, 'x'), std::string(250, 'y'), std::string(237, 'z'), std::string(236, 'a'),
        std::string(130, 'b'), characters, 'c' + characters}) {
    for (const float content : {1.0F, 2.0F}) save(folder / name, content);
    EXPECT_EQ(content_of(folder / name), 2);
  }
  EXPECT_EQ(folder.names().size(), 7U);

  const scratch_folder deep;
  std::string path = deep.path();
  constexpr std::size_t longest = 4095;
  while (path.size() + 201 < longest - 10) {
    path += '/' + std::string(200, 'd');
    std::filesystem::create_directory(path);
  }
  path += '/' + std::string(longest - path.size() - 1, 'f');
  save(path, 1);
  save(path, 2);
  EXPECT_EQ(content_of(path), 2);
}

/// Runs body() as a user who is not root; skips the test if that is impossible.
template <class Body>
void as_nobody(const scratch_folder& folder, const Body& body) {
  constexpr uid_t nobody = 65534;
  if (geteuid() == 0 && chown(folder.path().c_str(), nobody, nobody) != 0) GTEST_SKIP();
  const int status = status_of_child([&] {
    if (geteuid() == 0 && setresuid(nobody, nobody, nobody) != 0) return 77;
    return body();
  });
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "root cannot become nobody";
  EXPECT_EQ(status, 0);
}

TEST(file_places, folder_that_may_be_written_but_not_read) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  write_bytes(path + ".gradstep-0.tmp", "left");
  std::filesystem::permissions(path + ".gradstep-0.tmp", std::filesystem::perms(0666));
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0333));
  as_nobody(folder, [&] {
    save(path, 1);
    save(path, 2);
    return open(folder.path().c_str(), O_RDONLY) < 0 ? 0 : 3;  // otherwise the folder was readable
  });
  if (IsSkipped()) return;
  EXPECT_EQ(content_of(path), 2);
  EXPECT_EQ(folder.names().size(), 1U);
}

TEST(file_places, folder_that_may_not_be_written) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  save(path, 1);
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0555));
  as_nobody(folder, [&] {
    return save_fails(path, {"cannot create", path + '.', "Permission denied"});
  });
  if (IsSkipped()) return;
  EXPECT_EQ(content_of(path), 1);
  EXPECT_EQ(folder.names().size(), 1U);
}

mode_t permissions_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(stat(path.c_str(), &status), 0);
  return status.st_mode & 07777;
}

TEST(file_places, permissions) {
  const scratch_folder folder;
  const mode_t before = umask(027);
  save(folder / "new", 1);
  EXPECT_EQ(permissions_of(folder / "new"), 0640U);
  for (const mode_t permissions : {0600U, 0664U, 0666U, 0400U}) {
    ASSERT_EQ(chmod((folder / "new").c_str(), permissions), 0);
    save(folder / "new", 2);
    EXPECT_EQ(permissions_of(folder / "new"), permissions);
  }
  umask(before);
}

/// A save makes a new file. The new file keeps the permissions, but neither set-uid and set-gid
/// bits nor hard links.
TEST(file_places, special_bits_and_hard_links) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  save(path, 1);
  ASSERT_EQ(chmod(path.c_str(), 06755), 0);
  std::filesystem::create_hard_link(path, folder / "link");
  save(path, 2);
  EXPECT_EQ(permissions_of(path), 0755U);
  EXPECT_EQ(permissions_of(folder / "link"), 06755U);
  EXPECT_EQ(content_of(folder / "link"), 1);
  EXPECT_EQ(content_of(path), 2);
}

TEST(file_places, links_are_followed) {
  const scratch_folder folder;
  std::filesystem::create_directory(folder / "real");
  std::filesystem::create_symlink("real/state", folder / "link");
  std::filesystem::create_symlink(folder / "link", folder / "link of link");
  for (const float content : {1.0F, 2.0F}) {  // first without a target, then with one
    save(folder / "link of link", content);
    EXPECT_EQ(content_of(folder / "real/state"), content);
    EXPECT_TRUE(std::filesystem::is_symlink(folder / "link of link"));
    EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
    EXPECT_EQ(folder.names().size(), 3U);
  }
}

/// Links to a file in another folder, to a missing folder, and to a folder.
TEST(file_places, links_to_other_folders) {
  const scratch_folder folder;
  std::filesystem::create_directories(folder / "a/b");
  std::filesystem::create_symlink("../c", folder / "a/b/link");
  std::filesystem::create_directory_symlink("a/b", folder / "folder");
  save(folder / "folder/link", 1);
  EXPECT_EQ(content_of(folder / "a/c"), 1);
  std::filesystem::create_symlink("missing/state", folder / "dangling");
  EXPECT_EQ(save_fails(folder / "dangling", {"missing", "No such file"}), 0);
  std::filesystem::create_symlink("a/", folder / "to folder");
  EXPECT_EQ(save_fails(folder / "to folder", {"not a regular file"}), 0);
}

TEST(file_places, path_without_a_folder) {
  const scratch_folder folder;
  const int status = status_of_child([&] {
    if (chdir(folder.path().c_str()) != 0) return 1;
    save("state", 1);
    return 0;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(content_of(folder / "state"), 1);
}

}  // namespace
}  // namespace gradstep_test
