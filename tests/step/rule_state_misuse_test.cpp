// SPDX-License-Identifier: Apache-2.0
//
// Wrong scalars and workspaces: each gives its status and a sentence that names the field, and
// changes nothing. The size of workspaces.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "step/mixed_list.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/rule_setup.hpp"
#include "support/sized_struct.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {
namespace {

/// A list of a rule, and a step of it that a test makes wrong.
class rule_state : public testing::Test {
 protected:
  void use(const std::string& rule_name) {
    rule = make_rule(rule_name);
    list = make_mixed_list(rule.get(), rule_name, {}, {{300, {}}, {20, {}}, {12, {4, 3}}});
    reset();
  }
  void reset() {
    tensors.clear();
    views = views_of(list);
    for (const auto& view : views) tensors.push_back(view.tensor);
    options = with_scalars_of(list[0], apply_options(0));
  }
  gradstep_status apply() {
    return gradstep_apply(serial_context(), rule.get(), tensors.data(), tensors.size(), &options,
                          nullptr);
  }
  void refused(const std::vector<std::string>& words) {
    const auto before = bytes_of(list);
    expect_failure(apply(), GRADSTEP_INVALID_ARGUMENT, words);
    EXPECT_TRUE(bytes_of(list) == before) << "a byte has changed";
    reset();
  }
  std::size_t workspace_size() const {
    std::size_t bytes = 77;
    expect_ok(gradstep_workspace_size(rule.get(), tensors.data(), tensors.size(), &bytes));
    return bytes;
  }

  rule_handle rule;
  std::vector<stored_parameter> list;
  std::vector<stored_view> views;
  std::vector<gradstep_tensor> tensors;
  gradstep_apply_options options;
};

// ---- Scalars ----------------------------------------------------------------------------------

TEST_F(rule_state, scalars_of_tensors_that_are_wrong) {
  use("nadam");
  tensors[1].scalars = nullptr;
  refused({"tensors[1].scalars", "NULL"});
  tensors[1].scalar_count = 2;
  refused({"tensors[1].scalar_count = 2", "nadam", "1 scalar"});
  tensors[1].scalars = nullptr;
  tensors[1].scalar_count = 0;
  refused({"tensors[1].scalar_count = 0", "nadam"});
  tensors[2].scalars = reinterpret_cast<double*>(reinterpret_cast<char*>(tensors[2].scalars) + 4);
  refused({"tensors[2].scalars", "aligned", "8 bytes"});
  tensors[2].scalars = tensors[0].scalars;
  refused({"tensors[2].scalars", "tensors[0].scalars"});
  double extra = 0;
  options.scalars = &extra;
  options.scalar_count = 1;
  refused({"options.scalar_count = 1", "nadam", "0 scalars"});
  options.scalars = &extra;
  refused({"options.scalars is set", "nadam"});
  expect_ok(apply());
}

TEST_F(rule_state, scalars_of_all_tensors_that_are_wrong) {
  use("prodigy");
  options.scalars = nullptr;
  refused({"options.scalars", "NULL"});
  options.scalar_count = 2;
  refused({"options.scalar_count = 2", "prodigy", "3 scalars"});
  options.scalars = nullptr;
  options.scalar_count = 0;
  refused({"options.scalar_count = 0", "prodigy"});
  options.scalars = reinterpret_cast<double*>(reinterpret_cast<char*>(options.scalars) + 1);
  refused({"options.scalars", "aligned", "8 bytes"});
  double extra = 0;
  tensors[1].scalars = &extra;
  tensors[1].scalar_count = 1;
  refused({"tensors[1].scalar_count = 1", "prodigy", "0 scalars"});
  expect_ok(apply());
}

/// In a list of any length, equal pointers that do not ascend are found.
TEST_F(rule_state, scalars_that_two_tensors_share) {
  use("schedule_free_adamw");
  tensors[1].scalars = tensors[2].scalars;
  refused({"tensors[2].scalars", "tensors[1].scalars"});
  tensors[1].scalars = tensors[0].scalars;
  tensors[2].count = 0;
  refused({"tensors[1].scalars", "tensors[0].scalars"});
}

// ---- Workspaces -------------------------------------------------------------------------------

TEST_F(rule_state, a_workspace_that_is_too_small) {
  for (const char* name : {"lamb", "adafactor", "prodigy"}) {
    SCOPED_TRACE(name);
    use(name);
    const std::size_t bytes = workspace_size();
    EXPECT_GT(bytes, 0U);
    EXPECT_LT(bytes, 16384U);
    std::vector<std::byte> memory(bytes, std::byte{0x5A});
    options.workspace = memory.data();
    options.workspace_size = bytes - 1;
    refused({"options.workspace_size = " + std::to_string(bytes - 1), std::to_string(bytes),
             "gradstep_workspace_size"});
    EXPECT_EQ(memory, std::vector<std::byte>(bytes, std::byte{0x5A}));
    options.workspace = memory.data();
    refused({"options.workspace_size = 0"});
    options.workspace_size = bytes;
    refused({"options.workspace is NULL", "workspace_size = " + std::to_string(bytes)});
    options.workspace = memory.data();
    options.workspace_size = bytes;
    expect_ok(apply());
    // At any address, and nothing beyond it is written.
    for (const std::size_t offset : {1U, 8U, 63U}) {
      std::vector<std::byte> larger(bytes + 64, std::byte{0x5A});
      options.workspace = larger.data() + offset;
      expect_ok(apply());
      for (std::size_t i = 0; i < larger.size(); ++i) {
        if (i >= offset && i < offset + bytes) continue;
        EXPECT_EQ(larger[i], std::byte{0x5A}) << i;
      }
    }
  }
}

TEST_F(rule_state, rules_without_sums_need_no_workspace) {
  for (const auto& name : rule_names()) {
    SCOPED_TRACE(name);
    use(name);
    if (sums_before_it_updates(rule.get())) continue;
    EXPECT_EQ(workspace_size(), 0U);
    std::byte memory[3] = {};
    options.workspace = memory;  // not used
    options.workspace_size = sizeof memory;
    expect_ok(apply());
    for (const auto each : memory) EXPECT_EQ(each, std::byte{0});
  }
}

TEST_F(rule_state, the_size_of_a_workspace_depends_on_the_shapes) {
  use("adafactor");
  const std::size_t small = workspace_size();
  tensors[0].rows = 3;
  tensors[0].columns = 100;
  EXPECT_GT(workspace_size(), small);
  for (auto& tensor : tensors) {  // all else is ignored
    tensor.param = tensor.grad = {};
    tensor.slots = nullptr;
    tensor.scalar_count = 99;
  }
  EXPECT_GT(workspace_size(), small);
  std::size_t bytes = 77;
  tensors[0].rows = 7;
  expect_failure(gradstep_workspace_size(rule.get(), tensors.data(), 3, &bytes),
                 GRADSTEP_INVALID_ARGUMENT, {"tensors[0].count = 300", "rows = 7"});
  expect_failure(gradstep_workspace_size(nullptr, tensors.data(), 3, &bytes),
                 GRADSTEP_INVALID_ARGUMENT, {"rule"});
  expect_failure(gradstep_workspace_size(rule.get(), nullptr, 3, &bytes), GRADSTEP_INVALID_ARGUMENT,
                 {"tensors"});
  expect_failure(gradstep_workspace_size(rule.get(), tensors.data() + 1, 2, nullptr),
                 GRADSTEP_INVALID_ARGUMENT, {"bytes"});
  EXPECT_EQ(bytes, 77U);
  expect_ok(gradstep_workspace_size(rule.get(), nullptr, 0, &bytes));
}

}  // namespace
}  // namespace gradstep_test
