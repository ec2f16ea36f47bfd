// SPDX-License-Identifier: Apache-2.0
//
// The sentence of a thread's last failure: whole in destructors of any kind, each thread's own, cut
// between characters. error_text_late.cpp tests the end of the process, error_text_dlopen.c a
// library that is loaded late and runs out of memory.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>
#include <pthread.h>

#include <barrier>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {
namespace {

/// A call that fails with the name in its sentence.
void fail_with_name(const std::string& name) {
  auto info = sized<gradstep_rule_info>();
  EXPECT_EQ(gradstep_rule_describe(name.c_str(), &info), GRADSTEP_UNKNOWN_NAME);
}

/// A call that fails in a lower layer, with a sentence that says what is allowed.
const char long_sentence[] = "lr = -1 is outside [0, inf)";
void fail_with_value() {
  static const rule_handle rule = make_rule("sgd");
  EXPECT_EQ(gradstep_rule_set(rule.get(), "lr", -1), GRADSTEP_OUT_OF_RANGE);
}

void expect_sentence_with(const std::string& word) {
  const std::string got = gradstep_last_error();
  EXPECT_NE(got.find(word), std::string::npos) << '"' << got << "\" lacks " << word;
}

struct fails_when_destroyed {
  bool has_failed = false;
  ~fails_when_destroyed() {
    if (has_failed) expect_sentence_with(long_sentence);
    fail_with_name("at_the_end");
    expect_sentence_with("at_the_end");
    fail_with_value();
    expect_sentence_with(long_sentence);
  }
};

TEST(error_text, is_whole_in_destructors_of_thread_local_objects) {
  for (const bool fails_before : {true, false}) {
    std::thread([&] {
      // Made before the thread's first failure, so destroyed after everything that the failure
      // made.
      thread_local fails_when_destroyed late;
      late.has_failed = fails_before;
      if (fails_before) fail_with_value();
    }).join();
  }
}

void fail_at_exit(void* text) {
  expect_sentence_with(static_cast<const char*>(text));
  fail_with_name("in_a_key_s_destructor");
  expect_sentence_with("in_a_key_s_destructor");
  fail_with_value();
  expect_sentence_with(long_sentence);
}

TEST(error_text, is_whole_in_destructors_of_thread_specific_values) {
  pthread_key_t keys[3];
  for (auto& key : keys) ASSERT_EQ(pthread_key_create(&key, fail_at_exit), 0);
  for (int round = 0; round < 300; ++round) {
    std::thread([&, round] {
      const bool fails_before = round % 2 == 0;
      if (fails_before) fail_with_value();
      pthread_setspecific(keys[round % 3], fails_before ? long_sentence : "");
    }).join();
  }
  for (const auto key : keys) pthread_key_delete(key);
}

TEST(error_text, is_each_thread_s_own) {
  constexpr int count = 150;  // more threads than the library has places reserved for
  std::barrier all_failed(count);
  std::vector<std::thread> threads;
  for (int i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      EXPECT_STREQ(gradstep_last_error(), "");
      const std::string name = "name_of_thread_" + std::to_string(i) + "_";
      fail_with_name(name);
      all_failed.arrive_and_wait();
      expect_sentence_with(name);
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST(error_text, begins_empty_in_every_new_thread) {
  for (int i = 0; i < 300; ++i) {
    std::thread([&] {
      EXPECT_STREQ(gradstep_last_error(), "");
      fail_with_name("of_a_thread_that_ends");
    }).join();
  }
}

/// The text is UTF-8 when every character in it is whole.
bool is_whole(const std::string& text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t size = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first >= 0x80 && first < 0xc0) return false;
    for (std::size_t j = 1; j < size; ++j) {
      if (i + j >= text.size() || (text[i + j] & 0xc0) != 0x80) return false;
    }
    i += size;
  }
  return true;
}

TEST(error_text, is_cut_between_characters) {
  for (std::size_t offset = 0; offset < 4; ++offset) {
    std::string name(offset, 'x');
    while (name.size() < 200) name += "\xf0\x9f\x98\x80";
    auto info = sized<gradstep_rule_info>();
    EXPECT_EQ(gradstep_rule_describe(name.c_str(), &info), GRADSTEP_UNKNOWN_NAME);
    const std::string sentence = gradstep_last_error();
    EXPECT_NE(sentence.find("..."), std::string::npos) << sentence;
    EXPECT_TRUE(is_whole(sentence)) << sentence;
  }
}

}  // namespace
}  // namespace gradstep_test
