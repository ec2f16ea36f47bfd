// SPDX-License-Identifier: Apache-2.0
//
// JSON of unknown origin: it has the values that the plain parser finds, and every fault is
// refused.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <utility>

#include "fuzz/checkpoint_input.hpp"
#include "json/json_text.hpp"
#include "json/json_writing.hpp"
#include "safetensors/saved_files.hpp"
#include "support/comparison.hpp"
#include "support/counted_memory.hpp"

namespace gradstep_test {
namespace {

using gradstep::internal::append_json_number;
using gradstep::internal::append_json_string;
using gradstep::internal::in_quotes;
using gradstep::internal::json_tree;

nlohmann::json parsed(const std::string& text, std::size_t depth = 16) {
  const json_tree tree(text, depth, "text");
  return plain(tree.root());
}

std::string refused(const std::string& text, std::size_t depth = 16) {
  auto sentence =
      sentence_of(GRADSTEP_CORRUPT, [&] { const json_tree tree(text, depth, "the state"); });
  expect_words(sentence, {"the state, byte "});
  return sentence;
}

const char* const good_texts[] = {"null",
                                  "true",
                                  "-3",
                                  "18446744073709551615",
                                  "2.5e-3",
                                  "\"\\u20ac\\\"\"",
                                  "[]",
                                  "{}",
                                  R"([1,[2,{"a":[3,4],"b":{}},[]],"x"])",
                                  R"({"b":1,"a":{"b":2},"":[{"b":3},{"b":4}]})",
                                  "  [ 1 , 2 ]  ",
                                  "0",
                                  "-0",
                                  "-0.0",
                                  "0.0",
                                  "9223372036854775807",
                                  "9223372036854775808",
                                  "-9223372036854775808",
                                  "-9223372036854775809",
                                  "18446744073709551616",
                                  "1e308",
                                  "-1E+2",
                                  "1e-400",
                                  "-1e-400",
                                  "5e-324",
                                  "2e-324",
                                  "1.7976931348623157e308",
                                  "0.1",
                                  "0e0",
                                  "0e999999999999999999999",
                                  "1e-99999999999999999999",
                                  "100000000000000000000000",
                                  R"("\ud83d\ude00 \u0000 \b\f\n\r\t\/\\")",
                                  R"(["","a",""])",
                                  "\"\xF0\x9F\x98\x80 \xE2\x82\xAC \xC3\xA9 \x7F\"",
                                  R"([{"\u0061b":"\u0061b","b":"c"}, [[]], [{}]])"};

TEST(json_text, values_are_those_of_the_plain_parser) {
  for (const char* text : good_texts) {
    const auto wanted = nlohmann::json::parse(text), got = parsed(text);
    EXPECT_EQ(got, wanted) << text;
    EXPECT_EQ(got.dump(), wanted.dump()) << text;  // the kinds of numbers too
  }
}

TEST(json_text, depth_is_limited) {
  EXPECT_EQ(parsed("[[{}]]", 3).dump(), "[[{}]]");
  EXPECT_EQ(parsed("7", 0), 7);
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

const std::string malformed_texts[] = {"",
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
                                       "1e",
                                       "1e+",
                                       ".5",
                                       "+1",
                                       "-a",
                                       "0x1",
                                       "[1",
                                       "[",
                                       "{\"a\"",
                                       "{\"a\":",
                                       "{\"a\" 1}",
                                       "]",
                                       "[}",
                                       "{\"a\":1]",
                                       ",",
                                       "[,1]",
                                       "tru",
                                       "True",
                                       "\"\\u12\"",
                                       "\"\\u123g\"",
                                       "\"\\ud800\\u0041\"",
                                       "\"\\udc00\"",
                                       "\"\\",
                                       "\"\x1F\"",
                                       "\"\xC3\"",
                                       "\"\xE2\x82",
                                       "\"\xE0\x80\x80\"",
                                       "\"\xF5\x80\x80\x80\"",
                                       "\"\x80\"",
                                       "\"\xFF\"",
                                       "\"\xC0\xAF\"",
                                       "\"\xED\xA0\x80\"",
                                       "\"\xF4\x90\x80\x80\""};

TEST(json_text, syntax) {
  for (const std::string& text : malformed_texts) {
    expect_words(refused(text), {"not valid JSON"});
  }
  for (const std::string text : {"[1e999]", "-1e309", "1.8e308", "1e99999999999999999999",
                                 "0.00000001e320", "1e00000000000000000000000400"}) {
    expect_words(refused(text), {"beyond double"});
  }
  expect_words(refused('1' + std::string(400, '0')), {"beyond double"});
  EXPECT_EQ(parsed("0." + std::string(400, '0') + "1e300"), nlohmann::json(1e-101));
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
    EXPECT_LT(memory_of([&] { const json_tree tree(text, 16, "text"); }), 40 * bytes);
  }
}

TEST(json_text, many_keys) {
  std::string text = "{\"0\":0";
  for (int i = 1; i < 1000; ++i) text += ",\"" + std::to_string(i) + "\":0";
  EXPECT_EQ(parsed(text + '}').size(), 1000U);
  expect_words(refused(text + ",\"500\":0}"), {R"("500" stands twice)"});
}

/// append_json_string writes what the plain writer writes.
TEST(json_text, strings_as_the_plain_writer_has_them) {
  // Every byte at every place of the eight that append_json_string looks at together, and after
  // them.
  for (int c = 0; c < 0x80; ++c) {
    for (std::size_t at = 0; at < 20; ++at) {
      std::string text(20, '\x7F');
      text[at] = static_cast<char>(c);
      text[19 - at] = '~';
      std::string got;
      EXPECT_TRUE(append_json_string(got, text));
      EXPECT_EQ(got, nlohmann::json(text).dump());
      EXPECT_EQ(parsed(got), nlohmann::json(text));
    }
  }
  for (int c = 0; c < 0x80; ++c) {
    std::string text = "a?b";
    text[1] = static_cast<char>(c);
    std::string got;
    EXPECT_TRUE(append_json_string(got, text));
    EXPECT_EQ(got, nlohmann::json(text).dump());
  }
  for (const char* text : {"", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "\"\\/"}) {
    std::string got;
    EXPECT_TRUE(append_json_string(got, text));
    EXPECT_EQ(got, nlohmann::json(text).dump());
  }
  for (const char* text : {"\xFF", "a\xC3", "\xED\xA0\x80", "\xC0\xAF", "\xF4\x90\x80\x80"}) {
    std::string got;
    EXPECT_FALSE(append_json_string(got, text));
    EXPECT_TRUE(nlohmann::json::accept(got));
  }
}

TEST(json_text, numbers_read_back_to_the_bit) {
  const auto text_of = [](double number) {
    std::string text;
    append_json_number(text, number);
    return text;
  };
  const std::pair<double, const char*> known[] = {{0, "0.0"},
                                                  {-0.0, "-0.0"},
                                                  {1, "1.0"},
                                                  {-50, "-50.0"},
                                                  {0.001, "0.001"},
                                                  {0.0001, "0.0001"},
                                                  {0.00001, "1e-05"},
                                                  {1e-8, "1e-08"},
                                                  {100000, "100000.0"},
                                                  {1e14, "100000000000000.0"},
                                                  {1e15, "1e+15"},
                                                  {1e100, "1e+100"},
                                                  {1234.5, "1234.5"},
                                                  {0.012345, "0.012345"},
                                                  {1.5e300, "1.5e+300"},
                                                  {5e-324, "5e-324"}};
  for (const auto& [number, text] : known) EXPECT_EQ(text_of(number), text);
  std::mt19937_64 random(3);
  for (int i = 0; i < 20000; ++i) {
    const auto number = std::bit_cast<double>(random());
    if (!std::isfinite(number)) continue;
    const std::string text = text_of(number);
    EXPECT_EQ(std::bit_cast<std::uint64_t>(parsed(text).get<double>()),
              std::bit_cast<std::uint64_t>(number))
        << text;
    EXPECT_EQ(nlohmann::json::parse(text).get<double>(), number) << text;
  }
}

TEST(json_text, quotes_for_sentences) {
  EXPECT_EQ(in_quotes("a\n\"\x1B"), R"("a\n\"\u001b")");
  EXPECT_EQ(in_quotes("\xFF"), "\"\xEF\xBF\xBD\"");
  EXPECT_EQ(in_quotes(std::string(1000, 'x')), '"' + std::string(64, 'x') + "...\"");
}

}  // namespace
}  // namespace gradstep_test
