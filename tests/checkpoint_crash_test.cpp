// SPDX-License-Identifier: Apache-2.0
//
// Whatever stops a save - a full disk, a folder that may not be written, a kill at any moment - the
// file is wholly the old one or wholly the new one.
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <chrono>
#include <csignal>
#include <random>
#include <regex>

#include "checkpoint_support.hpp"

namespace gradstep_test {
namespace {

constexpr std::size_t count = 100'000;

void save(const std::string& path, float content) {
  const std::vector<float> numbers(count, content);
  write_safetensors(path, {{"numbers", "F32", {count}, numbers.data()}},
                    {{"content", std::to_string(content)}});
}

/// The number that all of the file is made of.
float content_of(const std::string& path) {
  const safetensors_reader reader(path);
  std::vector<float> numbers(count);
  reader.read(reader.arrays().at(0), numbers.data());
  for (const float number : numbers) EXPECT_EQ(number, numbers[0]);
  EXPECT_EQ(reader.metadata().at("content"), std::to_string(numbers[0]));
  return numbers[0];
}

/// The status that waitpid gives of a child that calls body() and exits with what it returns.
template <class Body>
int run_in_child(const Body& body) {
  const pid_t child = fork();
  if (child == 0) _exit(body());
  int status = -1;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  return status;
}

/// 0 when saving fails with IO_ERROR and these words.
int save_fails(const std::string& path, const std::vector<std::string>& words) {
  try {
    save(path, 2);
  } catch (const failure& f) {
    const std::string sentence = f.what();
    bool has_all = f.status() == GRADSTEP_IO_ERROR;
    for (const auto& word : words) has_all &= sentence.find(word) != std::string::npos;
    if (!has_all) std::fprintf(stderr, "%s\n", sentence.c_str());
    return has_all ? 0 : 1;
  }
  return 2;
}

void limit(decltype(RLIMIT_FSIZE) what, rlim_t value) {
  const rlimit limit{value, value};
  setrlimit(what, &limit);
}

TEST(checkpoint_crash, full_disk) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  for (const bool has_old : {false, true}) {
    if (has_old) save(path, 1);
    for (const rlim_t bytes : {0, 1, 1000, 262144, 262145, 399999}) {
      SCOPED_TRACE(bytes);
      const int status = run_in_child([&] {
        std::signal(SIGXFSZ, SIG_IGN);
        limit(RLIMIT_FSIZE, bytes);
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

TEST(checkpoint_crash, killed_at_a_chosen_byte) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  save(path, 1);
  std::size_t left_over = 0;
  for (const rlim_t bytes : {0, 1, 1000, 262144, 262145, 399999}) {
    const int status = run_in_child([&] {
      limit(RLIMIT_CORE, 0);
      limit(RLIMIT_FSIZE, bytes);
      save(path, 2);
      return 0;
    });
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ) << status;
    EXPECT_EQ(content_of(path), 1);
    EXPECT_EQ(folder.names().size(), 1 + ++left_over);
  }
  save(path, 3);
  EXPECT_EQ(content_of(path), 3);
}

TEST(checkpoint_crash, killed_at_random_moments) {
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
  const std::regex documented(R"(state(\.[0-9]+\.[0-9]+\.tmp)?)");
  const auto names = folder.names();
  for (const auto& name : names) EXPECT_TRUE(std::regex_match(name, documented)) << name;
  RecordProperty("left_over", static_cast<int>(names.size()) - 1);
  RecordProperty("first_content", seen[1]);
  RecordProperty("second_content", seen[2]);
}

TEST(checkpoint_crash, a_name_that_is_taken) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  const std::string taken = path + '.' + std::to_string(getpid()) + ".0.tmp";
  write_bytes(taken, "of a killed process");
  save(path, 1);
  EXPECT_EQ(content_of(path), 1);
  EXPECT_EQ(read_bytes(taken), "of a killed process");
  EXPECT_EQ(folder.names().size(), 2U);
}

TEST(checkpoint_crash, places_that_cannot_be_written) {
  const scratch_folder folder;
  EXPECT_EQ(save_fails(folder / "missing/state", {folder / "missing", "No such file"}), 0);
  EXPECT_EQ(save_fails(folder.path(), {folder.path(), "not a regular file"}), 0);
  EXPECT_EQ(save_fails(folder.path() + '/', {"not a regular file"}), 0);
  EXPECT_EQ(save_fails("/dev/full", {"/dev/full", "not a regular file"}), 0);
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  EXPECT_EQ(save_fails(folder / "pipe", {"not a regular file"}), 0);
  write_bytes(folder / "file", "");
  EXPECT_EQ(save_fails(folder / "file/", {"Not a directory"}), 0);
  EXPECT_EQ(save_fails(folder / std::string(250, 'x'), {"File name too long"}), 0);
  std::filesystem::create_symlink("loop", folder / "loop");
  EXPECT_EQ(save_fails(folder / "loop", {"loop", "symbolic links"}), 0);
  EXPECT_EQ(folder.names().size(), 3U);
  EXPECT_NE(sentence_of(GRADSTEP_INVALID_ARGUMENT, [] { save("", 1); }).find("empty"),
            std::string::npos);
}

TEST(checkpoint_crash, folder_that_may_not_be_written) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  save(path, 1);
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0555));
  const int status = run_in_child([&] {
    constexpr uid_t nobody = 65534;
    if (geteuid() == 0 && setresuid(nobody, nobody, nobody) != 0) return 77;
    return save_fails(path, {"cannot create", path + '.', "Permission denied"});
  });
  std::filesystem::permissions(folder.path(), std::filesystem::perms(0755));
  if (WIFEXITED(status) && WEXITSTATUS(status) == 77) GTEST_SKIP() << "root cannot become nobody";
  EXPECT_EQ(status, 0);
  EXPECT_EQ(content_of(path), 1);
  EXPECT_EQ(folder.names().size(), 1U);
}

mode_t permissions_of(const std::string& path) {
  struct stat status {};
  EXPECT_EQ(stat(path.c_str(), &status), 0);
  return status.st_mode & 07777;
}

TEST(checkpoint_crash, permissions) {
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

TEST(checkpoint_crash, links_are_followed) {
  const scratch_folder folder;
  std::filesystem::create_directory(folder / "real");
  std::filesystem::create_symlink("real/state", folder / "link");
  std::filesystem::create_symlink(folder / "link", folder / "link of link");
  for (const float content : {1.0F, 2.0F}) {  // the target is missing, then there
    save(folder / "link of link", content);
    EXPECT_EQ(content_of(folder / "real/state"), content);
    EXPECT_TRUE(std::filesystem::is_symlink(folder / "link of link"));
    EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
    EXPECT_EQ(folder.names().size(), 3U);
  }
}

TEST(checkpoint_crash, path_without_a_folder) {
  const scratch_folder folder;
  const int status = run_in_child([&] {
    if (chdir(folder.path().c_str()) != 0) return 1;
    save("state", 1);
    return 0;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(content_of(folder / "state"), 1);
}

}  // namespace
}  // namespace gradstep_test
