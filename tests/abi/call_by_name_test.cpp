// SPDX-License-Identifier: Apache-2.0
//
// Calls by name: arguments of every kind, and where the sentence of a failure goes.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/plain_steps.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {
namespace {

using words = std::vector<std::uint64_t>;

std::uint64_t word(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }
std::uint64_t word(double number) { return std::bit_cast<std::uint64_t>(number); }

struct outcome {
  gradstep_status status;
  std::string sentence;
};

outcome call(const char* function, const words& arguments) {
  std::string sentence(4096, '?');
  const auto status =
      gradstep_call(function, arguments.data(), arguments.size(), sentence.data(), sentence.size());
  return {status, sentence.substr(0, sentence.find('\0'))};
}

TEST(call_by_name, passes_pointers_sizes_and_doubles) {
  gradstep_rule* raw = nullptr;
  EXPECT_EQ(call("gradstep_rule_create", {word("sgd"), word(&raw)}).status, GRADSTEP_OK);
  const rule_handle rule(raw);
  EXPECT_EQ(call("gradstep_rule_set", {word(raw), word("lr"), word(0.125)}).status, GRADSTEP_OK);
  double lr = 0;
  const auto read = call("gradstep_rule_get", {word(raw), word("lr"), word(&lr)});
  EXPECT_EQ(read.status, GRADSTEP_OK);
  EXPECT_EQ(read.sentence, "");
  EXPECT_EQ(lr, 0.125);
  auto info = sized<gradstep_slot_info>();
  EXPECT_EQ(call("gradstep_rule_describe_slot", {word("adamw"), 1, word(&info)}).status,
            GRADSTEP_OK);
  EXPECT_STREQ(info.name, "exp_avg_sq");
}

/// Of a 32-bit integer the upper half of the word may be anything.
TEST(call_by_name, passes_integers_of_32_bits) {
  plain_tensor array(3);
  const auto rule = make_rule("sgd");
  const auto optimizer = make_optimizer(serial_context());
  add_group(optimizer.get(), "all", rule.get());
  auto tensor = array.tensor();
  add_tensor(optimizer.get(), 0, "weight", tensor);
  for (const std::uint64_t frozen : {std::uint64_t{1}, std::uint64_t{0xffff'ffff'0000'0000}}) {
    EXPECT_EQ(call("gradstep_optimizer_set_frozen", {word(optimizer.get()), 0, frozen}).status,
              GRADSTEP_OK);
    auto info = sized<gradstep_tensor_info>();
    EXPECT_EQ(
        call("gradstep_optimizer_describe_tensor", {word(optimizer.get()), 0, word(&info)}).status,
        GRADSTEP_OK);
    EXPECT_EQ(info.is_frozen, frozen == 1 ? 1 : 0);
  }
}

TEST(call_by_name, makes_a_step) {
  plain_tensor called(20), wanted(20);
  const auto rule = make_rule("sgd");
  const std::vector<gradstep_array> slots(1);
  auto options = at_step(1);
  auto result = sized<gradstep_apply_result>();
  for (auto* each : {&called, &wanted}) {
    auto tensor = each->tensor();
    tensor.slots = slots.data();
    tensor.slot_count = 1;
    if (each == &wanted) {
      expect_ok(gradstep_apply(serial_context(), rule.get(), &tensor, 1, &options, &result));
    } else {
      EXPECT_EQ(call("gradstep_apply", {word(serial_context()), word(rule.get()), word(&tensor), 1,
                                        word(&options), word(&result)})
                    .status,
                GRADSTEP_OK);
    }
  }
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(called.param.bits(i), wanted.param.bits(i));
}

TEST(call_by_name, gives_the_sentence_of_the_failure) {
  const auto rule = make_rule("sgd");
  const auto failed = call("gradstep_rule_set", {word(rule.get()), word("lr"), word(-1.0)});
  EXPECT_EQ(failed.status, GRADSTEP_OUT_OF_RANGE);
  expect_words(failed.sentence, {"lr = -1"});
  EXPECT_EQ(failed.sentence, gradstep_last_error());
  EXPECT_EQ(call("gradstep_rule_check", {word(rule.get())}).sentence, "");
  EXPECT_EQ(failed.sentence, gradstep_last_error());  // as after any success
}

/// The caller's buffer has the sentence of its own call, whatever other threads do.
TEST(call_by_name, gives_each_thread_its_own_sentence) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([i] {
      const std::string name = "no_such_rule_" + std::to_string(i);
      for (int repeat = 0; repeat < 200; ++repeat) {
        gradstep_rule* made = nullptr;
        const auto failed = call("gradstep_rule_create", {word(name.c_str()), word(&made)});
        EXPECT_EQ(failed.status, GRADSTEP_UNKNOWN_NAME);
        EXPECT_NE(failed.sentence.find('"' + name + '"'), std::string::npos) << failed.sentence;
      }
    });
  }
  for (auto& thread : threads) thread.join();
}

TEST(call_by_name, cuts_a_long_sentence) {
  const std::string name = "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9";
  gradstep_rule* made = nullptr;
  const words arguments = {word(name.c_str()), word(&made)};
  const std::string whole = call("gradstep_rule_create", arguments).sentence;
  for (std::size_t size = 0; size <= whole.size() + 2; ++size) {
    std::vector<char> sentence(size + 1, '?');
    EXPECT_EQ(gradstep_call("gradstep_rule_create", arguments.data(), 2,
                            size == 0 ? nullptr : sentence.data(), size),
              GRADSTEP_UNKNOWN_NAME);
    EXPECT_EQ(sentence[size], '?');  // nothing is written beyond the end
    if (size == 0) continue;
    const std::string text = sentence.data();
    if (size < 8) {
      EXPECT_EQ(text, "");
    } else if (size <= whole.size()) {
      ASSERT_LT(text.size(), size);
      EXPECT_GE(text.size() + 2, size);  // at most half a character is lost
      EXPECT_EQ(text.substr(text.size() - 3), "...");
      EXPECT_EQ(whole.compare(0, text.size() - 3, text, 0, text.size() - 3), 0);
      const bool ends_inside = (static_cast<unsigned char>(whole[text.size() - 3]) & 0xc0) == 0x80;
      EXPECT_FALSE(ends_inside) << text;
    } else {
      EXPECT_EQ(text, whole);
    }
  }
}

// ---- Misuse -------------------------------------------------------------------------------------

TEST(call_by_name_misuse, names) {
  const auto misspelt = call("gradstep_aply", words(6));
  EXPECT_EQ(misspelt.status, GRADSTEP_UNKNOWN_NAME);
  expect_words(misspelt.sentence, {"function = \"gradstep_aply\"", "\"gradstep_apply\""});
  for (const char* const name : {"gradstep_call", "gradstep_rule_destroy", "gradstep_last_error",
                                 "gradstep_version", "", "sgd"}) {
    EXPECT_EQ(call(name, words(1)).status, GRADSTEP_UNKNOWN_NAME) << name;
  }
  const auto none = call(nullptr, {});
  EXPECT_EQ(none.status, GRADSTEP_INVALID_ARGUMENT);
  EXPECT_EQ(none.sentence, "function is NULL");
}

TEST(call_by_name_misuse, numbers_of_arguments) {
  for (const std::size_t wrong : {0U, 1U, 3U, 100U}) {
    const auto failed = call("gradstep_rule_create", words(wrong));
    EXPECT_EQ(failed.status, GRADSTEP_INVALID_ARGUMENT);
    EXPECT_EQ(failed.sentence, "argument_count = " + std::to_string(wrong) +
                                   ", but gradstep_rule_create has 2 arguments");
  }
}

TEST(call_by_name_misuse, null) {
  char sentence[100];
  EXPECT_EQ(gradstep_call("gradstep_rule_create", nullptr, 2, sentence, sizeof sentence),
            GRADSTEP_INVALID_ARGUMENT);
  EXPECT_STREQ(sentence, "arguments is NULL");
  gradstep_rule* made = nullptr;
  const words arguments = {word("sgd"), word(&made)};
  expect_failure(gradstep_call("gradstep_rule_create", arguments.data(), 2, nullptr, 1),
                 GRADSTEP_INVALID_ARGUMENT, {"sentence is NULL", "sentence_size = 1"});
  EXPECT_EQ(made, nullptr);
}

}  // namespace
}  // namespace gradstep_test
