// SPDX-License-Identifier: Apache-2.0
#include "result_file.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "files.hpp"
#include "sample_result.hpp"

namespace {

using nlohmann::json;

json a_result() {
  return bench::sample_result({bench::sample_row("one", {1, 1.1}), bench::sample_row("two", {2})});
}

/// What is said of the text; empty: it is valid.
std::string complaint(const std::string& text) {
  try {
    bench::parse_result(text, "some.json");
    return "";
  } catch (const bench::invalid_result& error) {
    return error.what();
  }
}

std::string complaint_after(const std::function<void(json&)>& change) {
  json result = a_result();
  change(result);
  return complaint(result.dump());
}

const std::string begin = "\"some.json\" is not a valid result: ";

TEST(result_file, a_valid_result_is_returned_whole) {
  json result = a_result();
  result["rows"][0]["ratios"]["careful"] = {{"median", 1.1}, {"low", 1.1}, {"high", 1.1}};
  result["unknown to this version"] = {1, "two", nullptr};
  EXPECT_EQ(bench::parse_result(result.dump(), "some.json"), result);
}

TEST(result_file, a_complaint_names_the_place_the_value_and_what_is_allowed) {
  EXPECT_EQ(complaint_after([](json& r) { r["run"]["mode"] = "fast"; }),
            begin +
                "/run/mode is \"fast\"; allowed is \"quick\", \"standard\", \"full\" or "
                "\"selected\".");
  EXPECT_EQ(complaint_after([](json& r) { r["rows"][1]["threads"] = 0; }),
            begin + "/rows/1/threads is 0; allowed is an integer of at least 1.");
  EXPECT_EQ(complaint_after([](json& r) { r["rows"][1]["threads"] = 1.5; }),
            begin + "/rows/1/threads is 1.5; allowed is an integer of at least 1.");
  EXPECT_EQ(complaint_after([](json& r) { r["rows"][0]["visits"][1]["ns_per_element"] = 0; }),
            begin + "/rows/0/visits/1/ns_per_element is 0; allowed is a number above 0.");
  EXPECT_EQ(complaint_after([](json& r) { r["run"]["date"] = "yesterday"; }),
            begin +
                "/run/date is \"yesterday\"; allowed is a string like "
                "^[0-9]{4}-[0-9]{2}-[0-9]{2}$.");
  EXPECT_EQ(complaint_after([](json& r) { r["machine"]["cpu"]["family"] = "six"; }),
            begin + "/machine/cpu/family is \"six\"; allowed is an integer or null.");
  EXPECT_EQ(complaint_after([](json& r) { r["rows"] = json::object(); }),
            begin + "/rows is an object; allowed is an array.");
  EXPECT_EQ(
      complaint_after([](json& r) { r["machine"]["bandwidth"][0]["gb_per_second"]["low"] = ""; }),
      begin + "/machine/bandwidth/0/gb_per_second/low is \"\"; allowed is a number above 0.");
}

TEST(result_file, a_complaint_names_what_is_missing) {
  EXPECT_EQ(complaint_after([](json& r) { r["rows"][1].erase("dtypes"); }),
            begin + "/rows/1 is not valid: Missing required property 'dtypes'.");
  EXPECT_EQ(complaint_after([](json& r) { r.erase("noise"); }),
            begin + "the file is not valid: Missing required property 'noise'.");
  const std::string limit = R"({"bytes_ns": 1, "binds": "bytes"})";
  EXPECT_NE(complaint_after([&](json& r) {
              r["rows"][0]["limit"] = json::parse(limit);
            }).find("/rows/0 is not valid"),
            std::string::npos);
}

TEST(result_file, names_of_ratios_may_be_anything) {
  const std::string found = complaint_after([](json& r) {
    r["rows"][0]["ratios"]["a/b~c\n"] = {{"median", 1.1}, {"low", 1.2}, {"high", 1.3}};
  });
  EXPECT_EQ(found, begin +
                       "/rows/0/ratios/a~1b~0c? has low 1.2, median 1.1 and high 1.3; allowed "
                       "is low <= median <= high.");
  EXPECT_EQ(complaint_after([](json& r) { r["rows"][0]["ratios"]["a/b~c"]["median"] = -1; }),
            begin + "/rows/0/ratios/a~1b~0c/median is -1; allowed is a number above 0.");
}

TEST(result_file, an_estimate_is_in_order) {
  EXPECT_EQ(complaint_after([](json& r) { r["rows"][1]["ns_per_element"]["high"] = 0.5; }),
            begin +
                "/rows/1/ns_per_element has low 0.99, median 1.0 and high 0.5; allowed is low "
                "<= median <= high.");
  EXPECT_NE(complaint_after([](json& r) {
              r["machine"]["bandwidth"][0]["gb_per_second"]["low"] = 20.5;
            }).find("/machine/bandwidth/0/gb_per_second has low 20.5"),
            std::string::npos);
  EXPECT_NE(complaint_after([](json& r) {
              r["claims"] = json::parse(R"([{"text": "t", "row": "one", "limit": 1,
                "figure": {"median": 1, "low": 1, "high": 0.5}, "is_minimum": true,
                "verdict": "met"}])");
            }).find("/claims/0/figure has low 1"),
            std::string::npos);
}

TEST(result_file, a_row_is_there_once_for_each_contender) {
  EXPECT_EQ(complaint_after([](json& r) { r["rows"][1]["name"] = "one"; }),
            begin +
                "/rows/1 has the name \"one\" and the contender \"gradstep\", as a row before "
                "it; allowed is each pair once.");
  EXPECT_EQ(complaint_after([](json& r) {
              r["rows"][1]["name"] = "one";
              r["rows"][1]["contender"] = "torch fused";
            }),
            "");
}

TEST(result_file, a_newer_schema_has_a_sentence_of_its_own) {
  EXPECT_EQ(complaint(R"({"schema": "gradstep-bench-result", "schema_version": 2})"),
            begin +
                "its schema_version is 2, and this program reads 1; a newer gradstep-bench "
                "reads it.");
  EXPECT_EQ(complaint_after([](json& r) { r["schema_version"] = 0; }),
            begin + "/schema_version is 0; allowed is 1.");
}

TEST(result_file, other_json_is_no_result) {
  for (const char* text : {"{}", "[]", "3", "\"schema\"", R"({"schema": 1})", "[[[]]]"}) {
    EXPECT_EQ(complaint(text), begin +
                                   "it is no result of gradstep-bench, whose member \"schema\" "
                                   "is \"gradstep-bench-result\".")
        << text;
  }
}

TEST(result_file, hostile_texts_have_sentences) {
  const std::string result = a_result().dump();
  const std::string texts[] = {"",
                               "{",
                               result.substr(0, result.size() / 2),
                               result + "}",
                               R"({"schema": NaN})",
                               R"({"schema": 1e999})",
                               "{\"schema\": \"\xff\xfe\"}",
                               "{\"schema\": \"\xed\xa0\x80\"}",
                               R"({"schema": "\ud800"})",
                               std::string(100, '\0'),
                               "{\"a\": \"\x1b[31m\"}",
                               std::string(10000, 'x')};
  for (const std::string& text : texts) {
    const std::string found = complaint(text);
    EXPECT_EQ(found.rfind(begin + "it is no JSON: ", 0), 0U) << found;
    EXPECT_LT(found.size(), 400U);
    EXPECT_EQ(found.find('\x1b'), std::string::npos);
  }
}

TEST(result_file, deep_json_is_refused_before_it_is_built) {
  for (const char* open : {"[", "{\"a\":"}) {
    std::string text;
    for (int i = 0; i < 1000000; ++i) text += open;
    EXPECT_EQ(complaint(text),
              begin + "it has more than 32 arrays and objects within one another.");
  }
}

TEST(result_file, a_file_is_read_as_it_was_written) {
  const std::string path = testing::TempDir() + "gradstep_result_file_test.json";
  const json result = a_result();
  bench::write_result(path, result);
  EXPECT_EQ(bench::read_result(path), result);
  std::filesystem::remove(path);
  EXPECT_THROW(bench::read_result(path), bench::file_error);
}

TEST(result_file, what_is_no_utf8_is_written_as_text) {
  const std::string path = testing::TempDir() + "gradstep_result_file_utf8_test.json";
  json result = a_result();
  result["machine"]["cpu"]["model"] = "\xff CPU";
  bench::write_result(path, result);
  EXPECT_EQ(bench::read_result(path)["machine"]["cpu"]["model"], "\uFFFD CPU");
  std::filesystem::remove(path);
}

}  // namespace
