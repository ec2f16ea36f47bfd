// SPDX-License-Identifier: Apache-2.0
//
// JSON of unknown origin: the same values as the plain parser, and every fault refused.
#include "json_text.hpp"

#include "checkpoint_support.hpp"
#include "counted_memory.hpp"

namespace gradstep_test {
namespace {

using gradstep::internal::in_quotes;
using gradstep::internal::parse_json;

std::string refused(const std::string& text, std::size_t depth = 16) {
  auto sentence = sentence_of(GRADSTEP_CORRUPT, [&] { parse_json(text, depth, "the state"); });
  expect_words(sentence, {"the state, byte "});
  return sentence;
}

TEST(json_text, values_are_those_of_the_plain_parser) {
  for (const char* text : {"null", "true", "-3", "18446744073709551615", "2.5e-3",
                           "\"\\u20ac\\\"\"", "[]", "{}", R"([1,[2,{"a":[3,4],"b":{}},[]],"x"])",
                           R"({"b":1,"a":{"b":2},"":[{"b":3},{"b":4}]})", "  [ 1 , 2 ]  "}) {
    EXPECT_EQ(parse_json(text, 16, "text"), nlohmann::json::parse(text)) << text;
  }
}

TEST(json_text, depth_is_limited) {
  EXPECT_EQ(parse_json("[[{}]]", 3, "text").dump(), "[[{}]]");
  EXPECT_EQ(parse_json("7", 0, "text"), 7);
  expect_words(refused("[[{}]]", 2), {"byte 3", "3 levels"});
  expect_words(refused("[]", 0), {"1 levels"});
  const std::size_t million = 1'000'000;
  const std::string brackets(million, '[');
  EXPECT_LT(memory_of([&] { expect_words(refused(brackets), {"byte 17:"}); }), 100'000U);
}

TEST(json_text, repeated_keys_at_every_level) {
  expect_words(refused(R"({"a":1,"a":1})"), {R"("a" stands twice)"});
  expect_words(refused(R"([{"b":{"a":1,"c":2,"\u0061":3}}])"), {R"("a" stands twice)"});
}

TEST(json_text, syntax) {
  for (const std::string text : {"",
                                 " ",
                                 "{",
                                 "[1,]",
                                 "{\"a\":1,}",
                                 "[1 2]",
                                 "{1:2}",
                                 "NaN",
                                 "Infinity",
                                 "-",
                                 "01",
                                 "1.",
                                 "'a'",
                                 "\"",
                                 "\"\\x\"",
                                 "\"\t\"",
                                 "\"\\ud800\"",
                                 "[1]x",
                                 "1 2",
                                 "/**/1",
                                 "nul",
                                 "\"\xFF\"",
                                 "\"\xC0\xAF\"",
                                 "\"\xED\xA0\x80\"",
                                 "\"\xF4\x90\x80\x80\""}) {
    expect_words(refused(text), {"not valid JSON"});
  }
  expect_words(refused("[1e999]"), {"beyond double"});
  expect_words(refused("\xEF\xBB\xBF{}"), {"byte order mark"});
  expect_words(refused(std::string("{}\0x", 4)), {"byte 2", "zero byte"});
}

TEST(json_text, memory_is_a_multiple_of_the_text) {
  const std::size_t bytes = 1'000'000;
  std::string zeros = "[0";
  while (zeros.size() < bytes) zeros += ",0";
  zeros += ']';
  std::string objects = "[{}";
  while (objects.size() < bytes) objects += ",{}";
  objects += ']';
  for (const auto& text : {zeros, objects, '"' + std::string(bytes, 'x') + '"'}) {
    EXPECT_LT(memory_of([&] { parse_json(text, 16, "text"); }), 40 * bytes);
  }
}

TEST(json_text, quotes_for_sentences) {
  EXPECT_EQ(in_quotes("a\n\"\x1B"), R"("a\n\"\u001b")");
  EXPECT_EQ(in_quotes("\xFF"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(in_quotes(std::string(1000, 'x')), '"' + std::string(64, 'x') + "...\"");
}

}  // namespace
}  // namespace gradstep_test
