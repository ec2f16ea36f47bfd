// SPDX-License-Identifier: Apache-2.0
//
// Notes: set, read, enumerated, saved and loaded.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstring>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "checkpoint/resealed_checkpoint.hpp"
#include "support/checkpoint_files.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {
namespace {

using note_list = std::vector<std::pair<std::string, std::string>>;

note_list notes_of(const optimizer_handle& optimizer) {
  std::size_t count = 0;
  expect_ok(gradstep_optimizer_note_count(optimizer.get(), &count));
  note_list all;
  for (std::size_t i = 0; i < count; ++i) {
    const char *name = nullptr, *text = nullptr;
    expect_ok(gradstep_optimizer_note_at(optimizer.get(), i, &name, &text));
    all.emplace_back(name, text);
  }
  return all;
}

void set_note(const optimizer_handle& optimizer, const std::string& name, const char* text) {
  expect_ok(gradstep_optimizer_set_note(optimizer.get(), name.c_str(), text));
}

class notes : public testing::Test {
 protected:
  optimizer_handle make() { return make_optimizer(context_.get()); }

  context_handle context_ = make_serial_context();
  optimizer_handle o = make();
};

TEST_F(notes, are_kept_until_they_are_replaced_or_removed) {
  EXPECT_EQ(notes_of(o), note_list{});
  set_note(o, "epoch", "1");
  set_note(o, "data", "");
  set_note(o, "\xC3\xA9", "\"two\\\n\tlines\x01\" \xE6\x97\xA5");
  const char* kept = nullptr;
  expect_ok(gradstep_optimizer_get_note(o.get(), "epoch", &kept));
  for (int i = 0; i < 100; ++i) set_note(o, "more" + std::to_string(i), "x");
  EXPECT_STREQ(kept, "1");
  for (int i = 0; i < 100; ++i) set_note(o, "more" + std::to_string(i), nullptr);
  set_note(o, "never there", nullptr);
  const note_list wanted = {
      {"data", ""}, {"epoch", "1"}, {"\xC3\xA9", "\"two\\\n\tlines\x01\" \xE6\x97\xA5"}};
  EXPECT_EQ(notes_of(o), wanted);
  set_note(o, "epoch", "2");
  expect_ok(gradstep_optimizer_get_note(o.get(), "epoch", &kept));
  EXPECT_STREQ(kept, "2");
  const char* name = nullptr;
  expect_ok(gradstep_optimizer_note_at(o.get(), 1, &name, nullptr));
  EXPECT_STREQ(name, "epoch");
}

TEST_F(notes, are_saved_and_replaced_by_a_load) {
  set_note(o, "epoch", "1");
  set_note(o, "gradstep.state", "\"quoted\"\n");
  set_note(o, "long", std::string(1 << 20, 'n').c_str());
  const note_list saved = notes_of(o);
  const std::string bytes = bytes_of_checkpoint(o.get());
  for (const std::uint64_t flags : {std::uint64_t{0}, GRADSTEP_CHECKPOINT_KEEP_SETTINGS,
                                    GRADSTEP_CHECKPOINT_PARTIAL, GRADSTEP_CHECKPOINT_ANY_GROUP}) {
    const auto other = make();
    set_note(other, "own", "gone after the load");
    const auto options = load_options(bytes, flags);
    expect_ok(gradstep_optimizer_load_from(other.get(), &options, nullptr));
    EXPECT_EQ(notes_of(other), saved);
    expect_same_bytes(bytes_of_checkpoint(other.get()), bytes);
  }
}

/// So a program finds out which model to build.
TEST_F(notes, can_be_read_before_there_is_a_model) {
  const auto rule = make_rule("adam");
  plain_tensor a(3);
  add_tensor(o.get(), add_group(o.get(), "all", rule.get()), "a", a.tensor());
  step(o.get());
  set_note(o, "layers", "1");
  const std::string bytes = bytes_of_checkpoint(o.get());
  const auto empty = make();
  auto result = sized<gradstep_load_result>();
  auto options = load_options(bytes, GRADSTEP_CHECKPOINT_PARTIAL);
  expect_ok(gradstep_optimizer_load_from(empty.get(), &options, &result));
  EXPECT_EQ(result.extra_count, 1U);
  EXPECT_EQ(notes_of(empty), (note_list{{"layers", "1"}}));
  EXPECT_EQ(describe(empty.get()).step_count, 1U);
  options.flags = 0;
  set_note(empty, "layers", "2");
  expect_failure(gradstep_optimizer_load_from(empty.get(), &options, nullptr), GRADSTEP_MISMATCH,
                 {"\"a\""});
  EXPECT_EQ(notes_of(empty), (note_list{{"layers", "2"}}));
}

TEST_F(notes, are_plain_metadata) {
  set_note(o, "epoch", "1\n\"2\"");
  const std::string bytes = bytes_of_checkpoint(o.get());
  std::string text;
  resealed_metadata(bytes, [&](auto& metadata) { text = metadata["note.epoch"]; });
  EXPECT_EQ(text, "1\n\"2\"");
}

TEST_F(notes, that_lie_are_corrupt) {
  set_note(o, "epoch", "1");
  const std::string bytes = bytes_of_checkpoint(o.get());
  const std::map<std::string, std::string> lies = {
      {"note.", "no name"},
      {"note." + std::string(256, 'n'), "name too long"},
      {"note.a\nb", "control character"},
      {"note.zero", std::string("a\0b", 3)},
      {"note.long", std::string((1 << 20) + 1, 'n')}};
  for (const auto& [key, text] : lies) {
    const std::string changed = resealed_metadata(
        bytes, [&key = key, &text = text](auto& metadata) { metadata[key] = text; });
    const auto options = load_options(changed);
    expect_failure(gradstep_optimizer_load_from(o.get(), &options, nullptr), GRADSTEP_CORRUPT,
                   {"note", key == "note." ? "name has 0 bytes" : key.substr(5, 1)});
    EXPECT_EQ(notes_of(o), (note_list{{"epoch", "1"}}));
  }
}

TEST_F(notes, misuse_changes_nothing) {
  set_note(o, "epoch", "1");
  const auto refuse = [&](const char* name, const char* text,
                          const std::vector<std::string>& words) {
    expect_failure(gradstep_optimizer_set_note(o.get(), name, text), GRADSTEP_INVALID_ARGUMENT,
                   words);
    EXPECT_EQ(notes_of(o), (note_list{{"epoch", "1"}}));
  };
  refuse(nullptr, "x", {"name is NULL"});
  refuse(nullptr, nullptr, {"name is NULL"});
  refuse("", "x", {"name", "0 bytes"});
  refuse(std::string(256, 'n').c_str(), "x", {"name", "255"});
  refuse("a\nb", "x", {"name", "U+000A"});
  refuse("a\xFF", "x", {"name", "UTF-8"});
  refuse("a", "x\xC3", {"text", "UTF-8", "byte 1"});
  refuse("a", std::string((1 << 20) + 1, 'n').c_str(), {"text", "1048576"});
  expect_failure(gradstep_optimizer_set_note(nullptr, "a", "x"), GRADSTEP_INVALID_ARGUMENT,
                 {"optimizer"});

  const char* text = "kept";
  expect_failure(gradstep_optimizer_get_note(o.get(), "epohc", &text), GRADSTEP_UNKNOWN_NAME,
                 {"\"epohc\"", "\"epoch\""});
  expect_failure(gradstep_optimizer_get_note(make().get(), "x", &text), GRADSTEP_UNKNOWN_NAME,
                 {"none"});
  expect_failure(gradstep_optimizer_get_note(o.get(), nullptr, &text), GRADSTEP_INVALID_ARGUMENT,
                 {"name"});
  expect_failure(gradstep_optimizer_get_note(o.get(), "epoch", nullptr), GRADSTEP_INVALID_ARGUMENT,
                 {"text"});
  expect_failure(gradstep_optimizer_note_count(o.get(), nullptr), GRADSTEP_INVALID_ARGUMENT,
                 {"count"});
  expect_failure(gradstep_optimizer_note_at(o.get(), 0, nullptr, &text), GRADSTEP_INVALID_ARGUMENT,
                 {"name"});
  const char* name = "kept";
  expect_failure(gradstep_optimizer_note_at(o.get(), 1, &name, &text), GRADSTEP_OUT_OF_RANGE,
                 {"index = 1", "1 notes"});
  EXPECT_STREQ(name, "kept");
  EXPECT_STREQ(text, "kept");
}

TEST_F(notes, are_read_but_not_set_inside_a_step) {
  set_note(o, "epoch", "1");
  expect_ok(gradstep_optimizer_begin_step(o.get(), nullptr));
  EXPECT_EQ(notes_of(o), (note_list{{"epoch", "1"}}));
  expect_failure(gradstep_optimizer_set_note(o.get(), "epoch", "2"), GRADSTEP_WRONG_ORDER,
                 {"step"});
  expect_failure(gradstep_optimizer_set_note(o.get(), "epoch", nullptr), GRADSTEP_WRONG_ORDER,
                 {"step"});
  expect_ok(gradstep_optimizer_end_step(o.get(), nullptr));
  EXPECT_EQ(notes_of(o), (note_list{{"epoch", "1"}}));
}

}  // namespace
}  // namespace gradstep_test
