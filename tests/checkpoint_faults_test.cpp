// SPDX-License-Identifier: Apache-2.0
//
// Each call of the system that a save makes fails in turn, is interrupted, or does a part of its
// work; and what is durable is made so before what relies on it.
#include "checkpoint_support.hpp"
#include "system_calls.hpp"

namespace gradstep_test {
namespace {

const std::vector<float> numbers(150'000, 1.5F);  // 3 parts of the buffer

void save(const std::string& path, const std::string& content) {
  write_safetensors(path, {{"numbers", "F32", {numbers.size()}, numbers.data()}},
                    {{"content", content}});
}

std::string content_of(const std::string& path) {
  return safetensors_reader(path).metadata().at("content");
}

TEST(checkpoint_faults, order_of_the_calls) {
  const scratch_folder folder;
  const std::vector<std::string> first{"pwrite", "pwrite", "pwrite", "pwrite", "fsync",
                                       "close",  "rename", "fsync",  "close"};
  record_calls(fault::none, 0);
  save(folder / "state", "old");
  EXPECT_EQ(recorded_calls(), first);

  auto second = first;
  second.insert(second.begin() + 4, "fchmod");
  record_calls(fault::none, 0);
  save(folder / "state", "new");
  EXPECT_EQ(recorded_calls(), second);
}

TEST(checkpoint_faults, each_call_fails) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  const std::vector<std::string> words{"write", "write", "write", "write",
                                       "set",   "sync",  "close", "rename"};
  for (std::size_t index = 0; index < words.size(); ++index) {
    SCOPED_TRACE(index);
    save(path, "old");
    record_calls(fault::fails, index);
    const auto sentence = sentence_of(GRADSTEP_IO_ERROR, [&] { save(path, "new"); });
    recorded_calls();
    expect_words(sentence, {"cannot " + words[index], path,
                            index < 4 ? "No space left on device" : "Input/output error"});
    EXPECT_EQ(content_of(path), "old");
    EXPECT_EQ(folder.names().size(), 1U);
  }
}

TEST(checkpoint_faults, the_folder_fails_to_sync_when_the_file_is_there) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  save(path, "old");
  record_calls(fault::fails, 8);
  const auto sentence = sentence_of(GRADSTEP_IO_ERROR, [&] { save(path, "new"); });
  recorded_calls();
  expect_words(sentence, {"cannot sync the folder after writing", path, "Input/output error"});
  EXPECT_EQ(content_of(path), "new");
  EXPECT_EQ(folder.names().size(), 1U);
}

TEST(checkpoint_faults, interrupted_and_short_calls_go_on) {
  const scratch_folder folder;
  const std::string path = folder / "state";
  for (const fault f : {fault::is_interrupted, fault::is_short}) {
    for (std::size_t index = 0; index < 6; ++index) {  // writes, fchmod, fsync
      if (index == 4) continue;                        // fchmod is not interrupted
      save(path, "old");
      record_calls(f, index);
      save(path, "new");
      EXPECT_EQ(recorded_calls().size(), index == 5 && f == fault::is_short ? 10U : 11U);
      EXPECT_EQ(content_of(path), "new");
    }
  }
}

}  // namespace
}  // namespace gradstep_test
