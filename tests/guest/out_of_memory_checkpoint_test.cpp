// SPDX-License-Identifier: Apache-2.0
//
// Each request for memory of saving and loading fails in turn (out_of_memory_test.cpp): for good
// files, damaged ones, and those of another model.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "guest/out_of_memory_support.hpp"
#include "support/checkpoint_files.hpp"
#include "support/comparison.hpp"
#include "support/scratch_folder.hpp"

namespace gradstep_test {
namespace {

class out_of_memory_checkpoint : public testing::Test {
 protected:
  out_of_memory_checkpoint() {
    const full_model model;
    expect_ok(gradstep_optimizer_save(model.optimizer.get(), good.c_str(), with_params));
  }

  /// The names and bytes of the folder's files.
  std::vector<double> files() const {
    std::vector<double> all;
    auto names = folder.names();
    std::sort(names.begin(), names.end());
    for (const auto& name : names) {
      for (const char byte : name + read_bytes(folder / name)) all.push_back(byte);
    }
    return all;
  }
  make_attempt saving(const std::string& path, gradstep_status wanted = GRADSTEP_OK) const {
    return [=, this] {
      const auto model = std::make_shared<full_model>();
      return attempt{wanted,
                     [=] {
                       return gradstep_optimizer_save(model->optimizer.get(), path.c_str(),
                                                      with_params);
                     },
                     [=, this] { return files(); }};
    };
  }
  make_attempt loading(const std::string& path, std::uint64_t flags, gradstep_status wanted,
                       const char* slow_group = "slow") const {
    return [=] {
      const auto model = std::make_shared<full_model>(false, slow_group);
      return attempt{wanted,
                     [=] {
                       return gradstep_optimizer_load(model->optimizer.get(), path.c_str(), flags,
                                                      nullptr);
                     },
                     [=] { return model->state(); }};
    };
  }

  const scratch_folder folder;
  const std::string good = folder / "a checkpoint with a longer name";
};

TEST_F(out_of_memory_checkpoint, save) {
  fail_each_request("save", saving(good));
  fail_each_request("save to a folder", saving(folder.path(), GRADSTEP_IO_ERROR));
  fail_each_request("save to nowhere", saving(folder / "missing/state", GRADSTEP_IO_ERROR));
}

TEST_F(out_of_memory_checkpoint, save_through_a_link) {
  std::filesystem::create_symlink(good, folder / "link");
  fail_each_request("save through a link", saving(folder / "link"));
}

TEST_F(out_of_memory_checkpoint, load) {
  fail_each_request("load", loading(good, with_params, GRADSTEP_OK));
  fail_each_request("keep settings", loading(good, GRADSTEP_CHECKPOINT_KEEP_SETTINGS, GRADSTEP_OK));
}

TEST_F(out_of_memory_checkpoint, load_of_another_model) {
  fail_each_request("mismatch", loading(good, with_params, GRADSTEP_MISMATCH, "other"));
  fail_each_request("partial", loading(good, GRADSTEP_CHECKPOINT_PARTIAL, GRADSTEP_OK, "other"));
}

TEST_F(out_of_memory_checkpoint, load_of_what_is_no_checkpoint) {
  const std::string bytes = read_bytes(good);
  const auto refuse = [&](const char* name, const std::string& content) {
    write_bytes(folder / "damaged", content);
    fail_each_request(name, loading(folder / "damaged", with_params, GRADSTEP_CORRUPT));
  };
  std::string flipped = bytes;
  flipped.back() = static_cast<char>(flipped.back() ^ 1);
  refuse("flipped", flipped);
  refuse("cut", bytes.substr(0, bytes.size() / 2));
  refuse("empty", "");
  refuse("another format", std::string("\x02\0\0\0\0\0\0\0{}", 10));
  refuse("bad syntax", std::string("\x08\0\0\0\0\0\0\0{\"a\":[}}", 16));
  fail_each_request("missing", loading(folder / "missing", 0, GRADSTEP_IO_ERROR));
}

/// Its state, and its notes.
std::vector<double> state_with_notes(const full_model& model) {
  auto all = model.state();
  for (const char* name : {"first", "second"}) {
    const char* text = "";
    all.push_back(gradstep_optimizer_get_note(model.optimizer.get(), name, &text));
    for (const char* c = text; *c != '\0'; ++c) all.push_back(*c);
  }
  return all;
}

const std::string long_note(1000, 'n');

TEST_F(out_of_memory_checkpoint, set_note) {
  fail_each_request("set note", [] {
    const auto model = std::make_shared<full_model>();
    expect_ok(gradstep_optimizer_set_note(model->optimizer.get(), "first", "old"));
    return attempt{GRADSTEP_OK,
                   [=] {
                     return gradstep_optimizer_set_note(model->optimizer.get(), "first",
                                                        long_note.c_str());
                   },
                   [=] { return state_with_notes(*model); }};
  });
}

TEST_F(out_of_memory_checkpoint, save_to_memory) {
  fail_each_request("save to memory", [] {
    const auto model = std::make_shared<full_model>();
    expect_ok(gradstep_optimizer_set_note(model->optimizer.get(), "first", long_note.c_str()));
    const auto bytes = std::make_shared<std::vector<double>>(10'000);
    return attempt{GRADSTEP_OK,
                   [=] {
                     auto options = sized<gradstep_save_options>();
                     options.memory = bytes->data();
                     options.memory_size = bytes->size() * sizeof(double);
                     return gradstep_optimizer_save_to(model->optimizer.get(), &options, nullptr);
                   },
                   [=] { return *bytes; }};
  });
}

TEST_F(out_of_memory_checkpoint, load_into_any_group) {
  const std::string bytes = [] {
    const full_model model;
    expect_ok(gradstep_optimizer_set_note(model.optimizer.get(), "second", long_note.c_str()));
    return bytes_of_checkpoint(model.optimizer.get(), with_params);
  }();
  fail_each_request("load into any group", [&] {
    const auto model = std::make_shared<full_model>(false, "other");
    expect_ok(gradstep_optimizer_set_note(model->optimizer.get(), "first", "old"));
    return attempt{GRADSTEP_OK,
                   [=] {
                     auto options = sized<gradstep_load_options>();
                     options.flags = with_params | GRADSTEP_CHECKPOINT_ANY_GROUP |
                                     GRADSTEP_CHECKPOINT_START_MISSING |
                                     GRADSTEP_CHECKPOINT_PARTIAL;
                     options.memory = bytes.data();
                     options.memory_size = bytes.size();
                     options.file_prefix = "layer.with.a.longer.name.1";
                     options.prefix = "layer.with.a.longer.name.0";
                     return gradstep_optimizer_load_from(model->optimizer.get(), &options, nullptr);
                   },
                   [=] { return state_with_notes(*model); }};
  });
}

}  // namespace
}  // namespace gradstep_test
