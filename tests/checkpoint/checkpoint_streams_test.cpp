// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints that go through the caller's functions or memory: the same bytes as in a file, and
// functions that fail, change the bytes or call back.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "checkpoint/scripted_model.hpp"
#include "support/checkpoint_files.hpp"
#include "support/scratch_folder.hpp"
#include "support/wrong_structs.hpp"

namespace gradstep_test {
namespace {

/// Bytes that are written and read through functions. The call number `fails_at` (from 0 on)
/// returns 7, and throws if throws_instead.
struct stream {
  std::string bytes = {};
  std::size_t calls = 0, fails_at = SIZE_MAX;
  bool throws_instead = false;
  std::size_t flips_from = SIZE_MAX;  // calls from this one on read another last byte
  std::size_t least = SIZE_MAX;       // of the sizes
  gradstep_optimizer* calls_back = nullptr;
  std::vector<gradstep_status> statuses = {};

  bool next(std::size_t size) {
    least = std::min(least, size);
    if (calls_back != nullptr) call_back();
    if (calls++ != fails_at) return true;
    if (throws_instead) throw std::runtime_error("no");
    return false;
  }
  void call_back() {
    const char* text = nullptr;
    statuses = {gradstep_optimizer_step(calls_back, nullptr, nullptr),
                gradstep_optimizer_set_note(calls_back, "inside", "x"),
                gradstep_optimizer_get_note(calls_back, "outside", &text)};
  }
  static std::int32_t write(void* self, const void* from, std::size_t size) {
    auto& s = *static_cast<stream*>(self);
    if (!s.next(size)) return 7;
    s.bytes.append(static_cast<const char*>(from), size);
    return 0;
  }
  static std::int32_t read(void* self, std::uint64_t offset, void* to, std::size_t size) {
    auto& s = *static_cast<stream*>(self);
    if (!s.next(size)) return 7;
    EXPECT_LE(offset + size, s.bytes.size());
    std::memcpy(to, s.bytes.data() + offset, size);
    if (s.calls > s.flips_from && offset + size == s.bytes.size()) {
      static_cast<char*>(to)[size - 1] ^= 1;
    }
    return 0;
  }
  gradstep_save_options saving() {
    auto options = sized<gradstep_save_options>();
    options.flags = with_params;
    options.write = write;
    options.stream = this;
    return options;
  }
  gradstep_load_options loading() {
    auto options = sized<gradstep_load_options>();
    options.flags = with_params;
    options.read = read;
    options.stream = this;
    options.stream_size = bytes.size();
    return options;
  }
};

class checkpoint_streams : public testing::Test {
 protected:
  checkpoint_streams() { model.run(0, 13); }

  gradstep_optimizer* saved() { return model.optimizer.get(); }
  gradstep_optimizer* target() { return fresh.optimizer.get(); }

  /// The load fails so, and changes nothing. Returns the sentence.
  std::string refuse(const gradstep_load_options& options, gradstep_status status,
                     const std::vector<std::string>& words) {
    const std::string before = fresh.state();
    auto result = sized<gradstep_load_result>();
    result.loaded_count = 99;
    expect_failure(gradstep_optimizer_load_from(target(), &options, &result), status, words);
    std::string sentence = gradstep_last_error();
    EXPECT_EQ(result.loaded_count, 99U);
    expect_same_bytes(fresh.state(), before);
    return sentence;
  }

  scripted_model model{{}};
  scripted_model fresh{{.is_fresh = true, .has_late_tensor = true}};
};

TEST_F(checkpoint_streams, hold_the_same_bytes_as_a_file) {
  const scratch_folder folder;
  const std::string path = folder / "\xC3\xA9t\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC";  // UTF-8
  expect_ok(gradstep_optimizer_set_note(saved(), "note", "text"));
  save(model.optimizer, path);
  const std::string file = read_bytes(path);
  EXPECT_EQ(folder.names(), std::vector<std::string>{"\xC3\xA9t\xC3\xA9 \xE6\x97\xA5\xE6\x9C\xAC"});
  expect_same_bytes(bytes_of_checkpoint(saved()), file);
  stream s;
  const auto options = s.saving();
  std::uint64_t size = 0;
  expect_ok(gradstep_optimizer_save_to(saved(), &options, &size));
  expect_same_bytes(s.bytes, file);
  EXPECT_EQ(size, file.size());
  EXPECT_GE(s.least, 1U);
  auto to_path = sized<gradstep_save_options>();
  to_path.path = path.c_str();
  expect_ok(gradstep_optimizer_save_to(saved(), &to_path, nullptr));
  expect_same_bytes(read_bytes(path), bytes_of_checkpoint(saved(), 0));

  const auto reading = s.loading();
  auto result = sized<gradstep_load_result>();
  expect_ok(gradstep_optimizer_load_from(target(), &reading, &result));
  EXPECT_EQ(result.loaded_count, 4U);
  expect_same_bytes(fresh.state(), model.state());
  scripted_model from_memory{{.is_fresh = true, .has_late_tensor = true}};
  const auto in_memory = load_options(file);
  expect_ok(gradstep_optimizer_load_from(from_memory.optimizer.get(), &in_memory, nullptr));
  expect_same_bytes(from_memory.state(), model.state());
}

TEST_F(checkpoint_streams, memory_that_is_too_small_is_not_written) {
  const std::string file = bytes_of_checkpoint(saved());
  std::string memory(file.size() - 1, 'x');
  auto options = sized<gradstep_save_options>();
  options.flags = with_params;
  options.memory = memory.data();
  options.memory_size = memory.size();
  std::uint64_t size = 5;
  expect_failure(gradstep_optimizer_save_to(saved(), &options, &size), GRADSTEP_INVALID_ARGUMENT,
                 {"options.memory_size", std::to_string(file.size())});
  EXPECT_EQ(size, 5U);
  EXPECT_EQ(memory, std::string(file.size() - 1, 'x'));
  memory.append(101, 'x');
  options.memory = memory.data() + 1;  // unaligned
  options.memory_size = memory.size() - 1;
  expect_ok(gradstep_optimizer_save_to(saved(), &options, &size));
  EXPECT_EQ(memory, "x" + file + std::string(99, 'x'));
}

TEST_F(checkpoint_streams, memory_of_the_optimizer_is_refused) {
  for (const char* name : {"param", "exp_avg"}) {
    counted_array array;
    expect_ok(gradstep_optimizer_get_array(saved(), 1, name, &array, &array.count));
    const std::string before = model.state();
    auto options = sized<gradstep_save_options>();
    options.memory = static_cast<char*>(array.data) + 8;
    options.memory_size = 8;
    expect_failure(gradstep_optimizer_save_to(saved(), &options, nullptr),
                   GRADSTEP_INVALID_ARGUMENT, {"options.memory", name, "layer.1.weight"});
    expect_same_bytes(model.state(), before);
  }
}

TEST_F(checkpoint_streams, every_call_that_fails_is_told) {
  stream whole;
  const auto saving = whole.saving();
  expect_ok(gradstep_optimizer_save_to(saved(), &saving, nullptr));
  const std::string before = model.state();
  for (std::size_t i = 0; i < whole.calls; ++i) {
    for (const bool throws_instead : {false, true}) {
      stream s{.fails_at = i, .throws_instead = throws_instead};
      const auto options = s.saving();
      std::uint64_t size = 5;
      expect_failure(gradstep_optimizer_save_to(saved(), &options, &size), GRADSTEP_IO_ERROR,
                     {"options.write", throws_instead ? "thrown" : "returned 7"});
      EXPECT_EQ(size, 5U);
      EXPECT_EQ(s.calls, i + 1);
      expect_same_bytes(model.state(), before);
    }
  }
  stream counted{.bytes = whole.bytes};
  scripted_model other{{.is_fresh = true, .has_late_tensor = true}};
  const auto loading = counted.loading();
  expect_ok(gradstep_optimizer_load_from(other.optimizer.get(), &loading, nullptr));
  ASSERT_GT(counted.calls, 5U);
  for (std::size_t i = 0; i < counted.calls; ++i) {
    stream s{.bytes = whole.bytes, .fails_at = i, .throws_instead = i % 2 == 1};
    refuse(s.loading(), GRADSTEP_IO_ERROR,
           {"options.read", i % 2 == 1 ? "thrown" : "returned 7", "offset"});
  }
}

TEST_F(checkpoint_streams, bytes_that_change_between_readings_are_noticed) {
  const std::string file = bytes_of_checkpoint(saved());
  stream counted{.bytes = file};
  scripted_model other{{.is_fresh = true, .has_late_tensor = true}};
  const auto loading = counted.loading();
  expect_ok(gradstep_optimizer_load_from(other.optimizer.get(), &loading, nullptr));
  bool has_changed_late = false;
  for (std::size_t i = 0; i < counted.calls; ++i) {
    stream s{.bytes = file, .flips_from = i};
    const auto sentence = refuse(s.loading(), GRADSTEP_CORRUPT, {"what options.read reads"});
    has_changed_late |= sentence.find("has changed") != std::string::npos;
  }
  EXPECT_TRUE(has_changed_late);
}

TEST_F(checkpoint_streams, every_truncation_is_corrupt) {
  const std::string file = bytes_of_checkpoint(saved());
  for (std::size_t size = 0; size < file.size(); size += size < 9000 ? 13 : 4001) {
    std::vector<char> cut(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(size));
    cut.reserve(1);  // an empty one has an address too
    auto options = sized<gradstep_load_options>();
    options.memory = cut.data();
    options.memory_size = size;
    refuse(options, GRADSTEP_CORRUPT, {"options.memory"});
    stream s{.bytes = file.substr(0, size)};
    refuse(s.loading(), GRADSTEP_CORRUPT, {"options.read"});
  }
  const std::string longer = file + "x";
  refuse(load_options(longer), GRADSTEP_CORRUPT, {"options.memory"});
}

TEST_F(checkpoint_streams, may_look_at_the_optimizer_but_not_change_it) {
  expect_ok(gradstep_optimizer_set_note(saved(), "outside", "x"));
  expect_ok(gradstep_optimizer_set_note(target(), "outside", "x"));
  const std::vector<gradstep_status> wanted = {GRADSTEP_BUSY, GRADSTEP_BUSY, GRADSTEP_OK};
  stream s{.calls_back = saved()};
  const auto saving = s.saving();
  expect_ok(gradstep_optimizer_save_to(saved(), &saving, nullptr));
  EXPECT_EQ(s.statuses, wanted);
  s.calls_back = target();
  const auto loading = s.loading();
  expect_ok(gradstep_optimizer_load_from(target(), &loading, nullptr));
  EXPECT_EQ(s.statuses, wanted);
  expect_same_bytes(fresh.state(), model.state());
}

// ---- Wrong arguments ----------------------------------------------------------------------------

TEST_F(checkpoint_streams, wrong_save_options) {
  char memory[8] = {};
  stream s;
  std::uint64_t size = 5;
  const auto refuse_save = [&](const auto& change, const std::vector<std::string>& words) {
    auto options = sized<gradstep_save_options>();
    change(options);
    expect_failure(gradstep_optimizer_save_to(saved(), &options, &size), GRADSTEP_INVALID_ARGUMENT,
                   words);
    EXPECT_EQ(size, 5U);
  };
  expect_failure(gradstep_optimizer_save_to(saved(), nullptr, &size), GRADSTEP_INVALID_ARGUMENT,
                 {"options"});
  const auto empty = sized<gradstep_save_options>();
  expect_failure(gradstep_optimizer_save_to(nullptr, &empty, &size), GRADSTEP_INVALID_ARGUMENT,
                 {"optimizer"});
  expect_failure(gradstep_optimizer_save_to(saved(), &empty, nullptr), GRADSTEP_INVALID_ARGUMENT,
                 {"size", "options.memory"});
  refuse_save([](auto& o) { o.flags = 2; }, {"options.flags", "0x2"});
  refuse_save([](auto& o) { o.path = ""; }, {"options.path", "empty"});
  refuse_save([&](auto& o) { o.path = "/nowhere", o.memory = memory; }, {"path", "memory"});
  refuse_save([&](auto& o) { o.path = "/nowhere", o.write = stream::write; }, {"path", "write"});
  refuse_save([&](auto& o) { o.memory = memory, o.write = stream::write; }, {"memory", "write"});
  refuse_save([&](auto& o) { o.stream = &s; }, {"options.stream", "options.write"});
  refuse_save([](auto& o) { o.memory_size = 8; }, {"options.memory_size", "options.memory"});
  for (const std::size_t bad : bad_sizes) {
    refuse_save([&](auto& o) { o.struct_size = bad; }, {"struct_size"});
  }
  const auto norm = step_with_norm(1);
  expect_ok(gradstep_optimizer_begin_step(target(), &norm));
  expect_failure(gradstep_optimizer_save_to(target(), &empty, &size), GRADSTEP_WRONG_ORDER,
                 {"step"});
  expect_ok(gradstep_optimizer_end_step(target(), nullptr));
}

TEST_F(checkpoint_streams, wrong_load_options) {
  const std::string file = bytes_of_checkpoint(saved());
  stream s{.bytes = file};
  const auto refuse_load = [&](const auto& change, const std::vector<std::string>& words) {
    auto options = sized<gradstep_load_options>();
    change(options);
    refuse(options, GRADSTEP_INVALID_ARGUMENT, words);
  };
  expect_failure(gradstep_optimizer_load_from(target(), nullptr, nullptr),
                 GRADSTEP_INVALID_ARGUMENT, {"options"});
  refuse_load([](auto&) {}, {"none of path, read and memory"});
  refuse_load([&](auto& o) { o = load_options(file, 32); }, {"options.flags", "0x20"});
  refuse_load([](auto& o) { o.path = ""; }, {"options.path", "empty"});
  refuse_load([&](auto& o) { o = s.loading(), o.path = "/nowhere"; }, {"path", "read"});
  refuse_load([&](auto& o) { o = load_options(file), o.path = "/nowhere"; }, {"path", "memory"});
  refuse_load([&](auto& o) { o = load_options(file), o.read = stream::read; }, {"memory", "read"});
  refuse_load([&](auto& o) { o = load_options(file), o.stream = &s; }, {"options.stream"});
  refuse_load([&](auto& o) { o = load_options(file), o.stream_size = 3; }, {"options.stream_size"});
  refuse_load([&](auto& o) { o = s.loading(), o.memory_size = 3; }, {"options.memory_size"});
  for (const std::size_t bad : bad_sizes) {
    refuse_load([&](auto& o) { o = load_options(file), o.struct_size = bad; }, {"struct_size"});
  }
  auto nowhere = sized<gradstep_load_options>();
  nowhere.path = "/nowhere/at all";
  refuse(nowhere, GRADSTEP_IO_ERROR, {"/nowhere/at all"});
}

}  // namespace
}  // namespace gradstep_test
