// SPDX-License-Identifier: Apache-2.0
#include "cases.hpp"

#include <gtest/gtest.h>

#include <set>

#include "dtype_cases.hpp"
#include "fake_machine.hpp"

namespace bench {
namespace {

std::set<std::string> names(extent e, const machine& m = fake_machine()) {
  std::set<std::string> found;
  for (const bench_case& c : cases_of(m, e)) {
    EXPECT_TRUE(found.insert(c.name()).second) << c.name() << " is there twice";
  }
  return found;
}

bool contains(const std::set<std::string>& all, const std::set<std::string>& part) {
  return std::includes(all.begin(), all.end(), part.begin(), part.end());
}

TEST(cases, of_a_longer_run_include_those_of_a_shorter_one) {
  EXPECT_TRUE(contains(names(extent::standard), names(extent::quick)));
  EXPECT_TRUE(contains(names(extent::full), names(extent::quick)));
  EXPECT_GT(names(extent::full).size(), names(extent::standard).size());
}

TEST(cases, have_every_rule_in_cache_and_in_memory) {
  const std::set<std::string> quick = names(extent::quick);
  for (std::size_t r = 0; r < gradstep_rule_count(); ++r) {
    const std::string begin = std::string("step/") + gradstep_rule_name(r) + "/float32/";
    EXPECT_TRUE(quick.count(begin + "16K/threads:1/isa:avx2")) << begin;
    EXPECT_TRUE(quick.count(begin + "16M/threads:2/isa:avx2")) << begin;
  }
}

TEST(cases, of_a_full_run_have_every_rule_and_dtype_on_every_instruction_set) {
  const std::set<std::string> full = names(extent::full);
  for (const rule_variant& v : all_rule_variants()) {
    for (const storage& stored : table_storages()) {
      for (const char* const place : {"16K/threads:1", "16M/threads:1", "16M/threads:2"}) {
        for (const char* const isa : {"baseline", "avx2"}) {
          const std::string name =
              "step/" + v.name + "/" + stored.name() + "/" + place + "/isa:" + isa;
          EXPECT_TRUE(full.count(name)) << name;
        }
      }
    }
  }
}

TEST(cases, scale_from_one_thread_to_all_free_and_pinned) {
  const std::set<std::string> many = names(extent::standard, fake_machine(6));
  const auto count = [&](const std::string& threads, const char* placed) {
    return many.count("step/adamw/float32/16M/threads:" + threads + "/isa:avx2" + placed);
  };
  for (const char* const threads : {"1", "2", "4", "6"}) {
    EXPECT_EQ(count(threads, ""), 1U) << threads;
    EXPECT_EQ(count(threads, "/placement:pinned"), *threads == '1' ? 0U : 1U) << threads;
    EXPECT_EQ(count(threads, "/placement:one_touch"), 0U) << threads;
  }
}

TEST(cases, touch_memory_from_one_thread_where_there_are_several_nodes) {
  EXPECT_TRUE(names(extent::standard, fake_machine(6, 2))
                  .count("step/adamw/float32/16M/threads:6/isa:avx2/placement:one_touch"));
}

TEST(cases, name_what_a_step_has_beside_its_rule) {
  bench_case c = float32_case(fake_machine(), "adam", flat_layout(small_size), 1);
  EXPECT_EQ(c.options_name(), "");
  c.variant = {"adam+amsgrad", "adam", {{"amsgrad", 1}}};
  c.flags = GRADSTEP_APPLY_MAX_NORM;
  c.group_count = 2;
  EXPECT_EQ(c.options_name(), "amsgrad+clip-norm+optimizer-2groups");
  EXPECT_EQ(c.name(),
            "step/adam+amsgrad+clip-norm+optimizer-2groups/float32/1K/threads:1/isa:avx2");
}

TEST(cases, with_one_thread_have_no_pinned_ones) {
  for (const std::string& name : names(extent::full, fake_machine(1))) {
    EXPECT_EQ(name.find("placement"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace bench
