// SPDX-License-Identifier: Apache-2.0
#include "files.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

namespace {

namespace fs = std::filesystem;

class files : public testing::Test {
 protected:
  files() : folder_(fs::path(testing::TempDir()) / ("gradstep_files_" + std::to_string(getpid()))) {
    fs::create_directory(folder_);
  }
  ~files() override { fs::remove_all(folder_); }

  std::size_t count() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder_), fs::directory_iterator()));
  }

  template <typename Call>
  static std::string message_of(const Call& call) {
    try {
      call();
      return "";
    } catch (const bench::file_error& error) {
      return error.what();
    }
  }

  fs::path folder_;
};

TEST_F(files, what_is_written_is_read) {
  const std::string text("a\r\nb\0c\n", 7);
  bench::write_text(folder_ / "file", "before");
  bench::write_text(folder_ / "file", text);
  EXPECT_EQ(bench::read_text(folder_ / "file"), text);
  EXPECT_EQ(count(), 1U);
}

TEST_F(files, a_failed_write_leaves_nothing) {
  const fs::path file = folder_ / "missing" / "file";
  EXPECT_EQ(message_of([&] { bench::write_text(file, "text"); }),
            "\"" + file.string() + "\" cannot be written: No such file or directory.");
  EXPECT_EQ(message_of([&] { bench::write_text(folder_, "text"); }),
            "\"" + folder_.string() + "\" cannot be written: it is a directory.");
  EXPECT_EQ(count(), 0U);
}

TEST_F(files, a_full_disk_is_told) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "there is no /dev/full";
  EXPECT_EQ(message_of([] { bench::write_text("/dev/full", std::string(100000, 'x')); }),
            "\"/dev/full\" cannot be written: No space left on device.");
}

TEST_F(files, a_write_that_fails_midway_leaves_the_old_file_alone) {
  bench::write_text(folder_ / "file", "before");
  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1000, before.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_FSIZE, &small), 0);
  const std::string message =
      message_of([&] { bench::write_text(folder_ / "file", std::string(100000, 'x')); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_NE(message.find("cannot be written: File too large."), std::string::npos) << message;
  EXPECT_EQ(bench::read_text(folder_ / "file"), "before");
  EXPECT_EQ(count(), 1U);
}

TEST_F(files, a_link_is_written_through) {
  bench::write_text(folder_ / "file", "before");
  fs::create_symlink(folder_ / "file", folder_ / "link");
  bench::write_text(folder_ / "link", "after");
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(bench::read_text(folder_ / "file"), "after");
}

TEST_F(files, what_cannot_be_read_is_named) {
  const fs::path file = folder_ / "file";
  EXPECT_EQ(message_of([&] { bench::read_text(file); }),
            "\"" + file.string() + "\" cannot be read: No such file or directory.");
  EXPECT_EQ(message_of([&] { bench::read_text(folder_); }),
            "\"" + folder_.string() + "\" cannot be read: it is a directory.");
}

TEST_F(files, a_huge_file_is_refused) {
  bench::write_text(folder_ / "file", "");
  fs::resize_file(folder_ / "file", bench::most_bytes_read);
  EXPECT_EQ(bench::read_text(folder_ / "file").size(), bench::most_bytes_read);
  fs::resize_file(folder_ / "file", bench::most_bytes_read + 1);
  EXPECT_NE(message_of([&] {
              bench::read_text(folder_ / "file");
            }).find("cannot be read: it has more than 67108864 bytes."),
            std::string::npos);
}

TEST_F(files, a_path_is_shown_on_one_line) {
  EXPECT_EQ(bench::shown_path("a\nb\x1b[31m\xc2\x9b"), "\"a?b?[31m?\"");
}

}  // namespace
