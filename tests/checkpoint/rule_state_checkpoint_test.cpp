// SPDX-License-Identifier: Apache-2.0
//
// Checkpoints of rules that keep more than a number per element: scalars of tensors and of all
// tensors, slots of rows and columns, slots that start as the param, params that are transformed.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "checkpoint/resealed_checkpoint.hpp"
#include "step/mixed_list.hpp"
#include "support/checkpoint_files.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"
#include "support/scratch_folder.hpp"
#include "support/sized_struct.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"

namespace gradstep_test {
namespace {

const std::vector<tensor_size> sizes = {{70 * 9, {70, 9}}, {300, {}}, {5000, {}}, {6 * 35, {7, 5}}};

/// An optimizer of one group and four tensors.
struct small_model {
  small_model(const rule_case& c, const storage& how, bool is_fresh = false)
      : rule(make_rule(c.rule_name, is_fresh ? option_values{} : c.values)),
        list(make_mixed_list(rule.get(), c.rule_name, how, sizes)) {
    auto options = sized<gradstep_optimizer_options>();
    options.flags = how.flags;
    options.seed = rounding_seed;
    optimizer = make_optimizer(serial_context(), options);
    auto group = group_options("all", rule.get());
    group.slot_dtype = how.slot == GRADSTEP_FLOAT64 ? 0 : how.slot;
    add_group(optimizer.get(), group);
    for (std::size_t i = 0; i < list.size(); ++i) {
      if (is_fresh) list[i].param.narrow(std::vector<double>(list[i].size(), 7.0));
      const auto view = list[i].view();
      add_tensor(optimizer.get(), 0, numbered_name(i), without_slots(view.tensor));
    }
  }
  void run(std::uint64_t begin, std::uint64_t end) {
    for (std::uint64_t t = begin; t < end; ++t) {
      for (auto& each : list) each.set_gradient(t);
      step(optimizer.get());
    }
  }
  std::vector<double> state() const { return everything_in(optimizer.get()); }

  rule_handle rule;
  std::vector<stored_parameter> list;
  optimizer_handle optimizer;
};

std::vector<storage> storages() {
  return {{},
          {.param = GRADSTEP_FLOAT64, .grad = GRADSTEP_FLOAT64, .slot = GRADSTEP_FLOAT64},
          {.param = GRADSTEP_BFLOAT16,
           .grad = GRADSTEP_BFLOAT16,
           .slot = GRADSTEP_E5M3_B256,
           .flags = GRADSTEP_APPLY_STOCHASTIC_PARAM}};
}

TEST(rule_state_checkpoint, a_resumed_run_has_the_bits_of_one_that_never_stopped) {
  const scratch_folder folder;
  for (const auto& c : rule_cases()) {
    for (const auto& how : storages()) {
      SCOPED_TRACE(case_as_text(c) + to_text(how));
      small_model stopped(c, how);
      std::uint64_t at = 1;
      for (const std::uint64_t stop : {1U, 3U}) {
        stopped.run(at, stop);
        at = stop;
        save(stopped.optimizer, folder / "state");
        small_model resumed(c, how, true);
        if (stop == 1) resumed.run(7, 9);  // all of it is replaced
        load(resumed.optimizer, folder / "state");
        EXPECT_EQ(resumed.state(), stopped.state());
        save(resumed.optimizer, folder / "again");
        expect_same_bytes(read_bytes(folder / "again"), read_bytes(folder / "state"));
        small_model rest(c, how);
        rest.run(1, 6);
        resumed.run(stop, 6);
        EXPECT_EQ(resumed.state(), rest.state());
      }
      if (testing::Test::HasFailure()) return;
    }
  }
}

TEST(rule_state_checkpoint, of_params_that_are_transformed) {
  const scratch_folder folder;
  const rule_case c = rule_cases()[1];
  small_model model(c, {});
  model.run(1, 3);
  expect_ok(gradstep_optimizer_transform(model.optimizer.get(), 0, "evaluate"));
  save(model.optimizer, folder / "evaluated");
  small_model loaded(c, {}, true);
  load(loaded.optimizer, folder / "evaluated");
  EXPECT_EQ(loaded.state(), model.state());
  EXPECT_EQ(read_scalars(loaded.optimizer.get(), 1, GRADSTEP_SCOPE_TENSOR)[2], 1);
  expect_failure(gradstep_optimizer_step(loaded.optimizer.get(), nullptr, nullptr),
                 GRADSTEP_WRONG_ORDER, {"\"t0\"", "\"train\""});
  for (auto* each : {&model, &loaded}) {
    expect_ok(gradstep_optimizer_transform(each->optimizer.get(), 0, "train"));
    each->run(3, 5);
  }
  EXPECT_EQ(loaded.state(), model.state());
}

/// Slots of rows and columns and scalars are read as they are, whatever dtype other slots have.
TEST(rule_state_checkpoint, is_converted_to_other_dtypes) {
  const scratch_folder folder;
  for (const auto& c : rule_cases()) {
    SCOPED_TRACE(case_as_text(c));
    small_model wide(c, {}), narrow(c, {.param = GRADSTEP_BFLOAT16, .slot = GRADSTEP_BFLOAT16});
    wide.run(1, 3);
    save(wide.optimizer, folder / "state");
    load(narrow.optimizer, folder / "state");
    for (std::size_t t = 0; t < sizes.size(); ++t) {
      for (const std::int32_t scope : {GRADSTEP_SCOPE_TENSOR, GRADSTEP_SCOPE_ALL}) {
        EXPECT_EQ(read_scalars(narrow.optimizer.get(), t, scope),
                  read_scalars(wide.optimizer.get(), t, scope));
      }
      for (const auto& name : slot_names_of(c.rule_name)) {
        counted_array from, to;
        const auto status =
            gradstep_optimizer_get_array(wide.optimizer.get(), t, name.c_str(), &from, &from.count);
        EXPECT_EQ(
            gradstep_optimizer_get_array(narrow.optimizer.get(), t, name.c_str(), &to, &to.count),
            status);
        if (status != GRADSTEP_OK) continue;
        const auto a = read_array(wide.optimizer.get(), t, name);
        const auto b = read_array(narrow.optimizer.get(), t, name);
        ASSERT_EQ(a.size(), b.size());
        const double unit = to.dtype == GRADSTEP_FLOAT32 ? 0 : 0x1p-8;
        for (std::size_t i = 0; i < a.size(); ++i) {
          ASSERT_NEAR(b[i], a[i], unit * std::abs(a[i]) + 1e-38) << name;
        }
      }
    }
    narrow.run(3, 4);
    load(wide.optimizer, folder / "state");
    if (testing::Test::HasFailure()) return;
  }
}

// ---- Files that lie -----------------------------------------------------------------------------

using nlohmann::json;

/// The rule of a checkpoint, a word of the refusal, and a change of the state that causes it.
struct lie {
  std::size_t rule_case;
  const char* named;
  std::function<void(json&)> change;
  gradstep_status status = GRADSTEP_CORRUPT;
};

/// A later version of the library could have saved it.
constexpr gradstep_status unknown = GRADSTEP_MISMATCH;

const lie lies[] = {
    {0, "\"mu\" = 0.5 of tensor \"t1\"", [](json& s) { s["tensors"][1]["scalars"]["mu"] = 0.5; },
     unknown},
    {0, "mu_product", [](json& s) { s["tensors"][1]["scalars"]["mu_product"] = "many"; }},
    {0, "scalars", [](json& s) { s["tensors"][1]["scalars"] = 3; }},
    {0, "\"d\" = 1 of tensor \"t0\"", [](json& s) { s["tensors"][0]["scalars"]["d"] = 1; },
     unknown},
    {0, "\"mu_product\" = 1 of all tensors",
     [](json& s) {
       s["rules"] = {{{"name", "nadam"}, {"scalars", {{"mu_product", 1}}}}};
     },
     unknown},
    {6, "rule \"prodigal\"", [](json& s) { s["rules"][0]["name"] = "prodigal"; }, unknown},
    {6, "\"e\" = 1 of all tensors", [](json& s) { s["rules"][0]["scalars"]["e"] = 1; }, unknown},
    {6, "scalars", [](json& s) { s["rules"][0]["scalars"]["d"] = json::array(); }},
    {6, "another one", [](json& s) { s["rules"].push_back(s["rules"][0]); }},
    {4, "columns", [](json& s) { s["tensors"][0]["columns"] = 8; }},
    {4, "columns", [](json& s) { s["tensors"][0].erase("rows"); }},
    {4, "columns", [](json& s) { s["tensors"][0]["rows"] = std::uint64_t{1} << 62; }},
    {4, "shape [", [](json& s) { s["tensors"][0]["rows"] = 35, s["tensors"][0]["columns"] = 18; }},
    {4, "shape [",
     [](json& s) { s["tensors"][0].erase("rows"), s["tensors"][0].erase("columns"); }},
    {4, "no array of", [](json& s) { s["tensors"][1]["arrays"]["row_varr"] = "float32"; }, unknown},
    {4, "dtype", [](json& s) { s["tensors"][0]["arrays"]["row_var"] = "float16"; }},
};

TEST(rule_state_checkpoint, that_lies_is_refused) {
  const scratch_folder folder;
  for (const auto& [index, named, change, status] : lies) {
    const rule_case& c = rule_cases()[index];
    SCOPED_TRACE(std::string(c.rule_name) + " " + named);
    small_model model(c, {}), target(c, {}, true);
    model.run(1, 3);
    save(model.optimizer, folder / "state");
    write_bytes(folder / "state", resealed(read_bytes(folder / "state"), change));
    const auto before = target.state();
    expect_failure(gradstep_optimizer_load(target.optimizer.get(), (folder / "state").c_str(),
                                           with_params, nullptr),
                   status, {named});
    EXPECT_EQ(target.state(), before);
  }
}

/// A model whose tensors have other shapes does not fit.
TEST(rule_state_checkpoint, of_another_shape_is_a_mismatch) {
  const scratch_folder folder;
  const rule_case c = rule_cases()[4];
  small_model model(c, {});
  model.run(1, 3);
  save(model.optimizer, folder / "state");
  const auto rule = make_rule(c.rule_name, c.values);
  const auto optimizer = make_optimizer(serial_context());
  add_group(optimizer.get(), "all", rule.get());
  auto other = sizes;
  other[0].shape = {35, 18};
  other[3].shape = {};
  auto list = make_mixed_list(rule.get(), c.rule_name, {}, other);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const auto view = list[i].view();
    add_tensor(optimizer.get(), 0, numbered_name(i), without_slots(view.tensor));
  }
  const auto before = everything_in(optimizer.get());
  expect_failure(gradstep_optimizer_load(optimizer.get(), (folder / "state").c_str(), 0, nullptr),
                 GRADSTEP_MISMATCH, {"\"t0\"", "\"t3\""});
  EXPECT_EQ(everything_in(optimizer.get()), before);
}

}  // namespace
}  // namespace gradstep_test
