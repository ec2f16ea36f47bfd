// SPDX-License-Identifier: Apache-2.0
//
// Loading by the names of tensors: into other groups, under other rules, with prefixes, and with
// slots and averages that the file lacks.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "support/checkpoint_files.hpp"
#include "support/comparison.hpp"
#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/optimizer_state.hpp"
#include "support/rule_setup.hpp"

namespace gradstep_test {
namespace {

constexpr std::uint64_t any_group = GRADSTEP_CHECKPOINT_ANY_GROUP;
constexpr std::uint64_t start_missing = GRADSTEP_CHECKPOINT_START_MISSING;
constexpr std::uint64_t partial = GRADSTEP_CHECKPOINT_PARTIAL;
constexpr std::uint64_t keep_settings = GRADSTEP_CHECKPOINT_KEEP_SETTINGS;

/// An optimizer whose tensors are told apart by their values.
struct built_model {
  explicit built_model(std::uint64_t seed) : seed_(seed) {}

  /// Adds a group with tensors of 5 elements.
  void add(const char* group, const char* rule_name, const option_values& values,
           const std::vector<std::string>& tensors, bool has_average = false) {
    const auto rule = make_rule(rule_name, values);
    const std::size_t index = add_group(optimizer.get(), group, rule.get());
    for (const std::string& name : tensors) {
      arrays.emplace_back(5, GRADSTEP_FLOAT32, seed_++);
      auto tensor = arrays.back().tensor();
      averages.emplace_back(GRADSTEP_FLOAT32, 5);
      averages.back().fill(0);
      if (has_average) tensor.average = averages.back().view();
      add_tensor(optimizer.get(), index, name, tensor);
    }
  }
  std::size_t index_of(const std::string& name) const {
    std::size_t index = 0;
    expect_ok(gradstep_optimizer_find_tensor(optimizer.get(), name.c_str(), &index));
    return index;
  }
  std::vector<double> read(const std::string& tensor, const std::string& array) const {
    return read_array(optimizer.get(), index_of(tensor), array);
  }
  std::uint64_t steps_of(const std::string& tensor) const {
    return describe_tensor(optimizer.get(), index_of(tensor)).step_count;
  }
  void run(int steps) {
    for (int i = 0; i < steps; ++i) step(optimizer.get());
  }

  static gradstep_optimizer_options averaging() {
    auto options = sized<gradstep_optimizer_options>();
    options.flags = GRADSTEP_APPLY_AVERAGE;
    options.average_decay = 0.5;
    return options;
  }

  context_handle context = make_serial_context();
  optimizer_handle optimizer = make_optimizer(context.get(), averaging());
  std::deque<plain_tensor> arrays;
  std::deque<number_array> averages;

 private:
  std::uint64_t seed_;
};

/// A load that must succeed.
gradstep_load_result load_into(built_model& model, const std::string& bytes, std::uint64_t flags,
                               const char* file_prefix = nullptr, const char* prefix = nullptr) {
  auto options = load_options(bytes, flags);
  options.file_prefix = file_prefix;
  options.prefix = prefix;
  auto result = sized<gradstep_load_result>();
  expect_ok(gradstep_optimizer_load_from(model.optimizer.get(), &options, &result));
  return result;
}

/// A load that must be refused as of another model, and change nothing.
void refuse_load(built_model& model, const std::string& bytes, std::uint64_t flags,
                 const std::vector<std::string>& words, const char* file_prefix = nullptr,
                 const char* prefix = nullptr) {
  auto options = load_options(bytes, flags);
  options.file_prefix = file_prefix;
  options.prefix = prefix;
  const auto before = everything_in(model.optimizer.get());
  expect_failure(gradstep_optimizer_load_from(model.optimizer.get(), &options, nullptr),
                 GRADSTEP_MISMATCH, words);
  EXPECT_EQ(everything_in(model.optimizer.get()), before);
}

void expect_counts(const gradstep_load_result& got, std::size_t loaded, std::size_t missing,
                   std::size_t extra) {
  EXPECT_EQ(got.loaded_count, loaded);
  EXPECT_EQ(got.missing_count, missing);
  EXPECT_EQ(got.extra_count, extra);
}

// ---- Other groups and rules ---------------------------------------------------------------------

/// Without weight decay adamw is adam, so the run goes on with the same bits.
TEST(matching_by_name, another_rule_goes_on_in_split_groups) {
  built_model adam(1), adamw(50);
  adam.add("all", "adam", {{"lr", 0.1}}, {"a", "b", "c"});
  adam.run(3);
  adamw.add("weights", "adamw", {{"lr", 0.1}, {"weight_decay", 0}}, {"c", "a"});
  adamw.add("biases", "adamw", {{"lr", 0.1}, {"weight_decay", 0}}, {"b"});
  const std::string bytes = bytes_of_checkpoint(adam.optimizer.get());
  refuse_load(adamw, bytes, with_params, {"\"weights\"", "\"all\"", "\"a\"", "\"b\"", "\"c\""});
  expect_counts(load_into(adamw, bytes, with_params | any_group), 3, 0, 0);
  EXPECT_EQ(describe(adamw.optimizer.get()).step_count, 3U);
  const std::size_t order[] = {1, 2, 0};  // in adamw, of adam's tensors
  for (std::size_t i = 0; i < 3; ++i) {
    expect_same_bits(adamw.arrays[order[i]].bits(), adam.arrays[i].bits());
    adam.arrays[i].set_gradient(7 + i);
    adamw.arrays[order[i]].set_gradient(7 + i);
  }
  adam.run(2);
  adamw.run(2);
  for (std::size_t i = 0; i < 3; ++i) {
    expect_same_bits(adamw.arrays[order[i]].bits(), adam.arrays[i].bits());
  }
}

TEST(matching_by_name, settings_go_to_groups_of_the_same_name_and_rule) {
  built_model saved(1);
  saved.add("same", "adam", {{"lr", 0.25}}, {"a"});
  saved.add("other rule", "adam", {{"lr", 0.5}}, {"b"});
  saved.run(1);
  const std::string bytes = bytes_of_checkpoint(saved.optimizer.get());
  for (const bool keeps : {false, true}) {
    built_model target(9);
    target.add("other rule", "adamw", {{"lr", 2}}, {"b"});
    target.add("same", "adam", {{"lr", 3}}, {"a"});
    target.add("new", "sgd", {{"lr", 4}}, {});
    load_into(target, bytes, any_group | (keeps ? keep_settings : 0));
    EXPECT_EQ(hyperparameter_of(target.optimizer.get(), 0, "lr"), 2);
    EXPECT_EQ(hyperparameter_of(target.optimizer.get(), 1, "lr"), keeps ? 3 : 0.25);
    EXPECT_EQ(hyperparameter_of(target.optimizer.get(), 2, "lr"), 4);
    EXPECT_EQ(target.steps_of("a"), 1U);
    EXPECT_EQ(target.steps_of("b"), 1U);
  }
}

TEST(matching_by_name, what_the_rule_lacks_is_left) {
  built_model saved(1), target(9);
  saved.add("all", "nadam", {}, {"a"}, true);
  saved.run(2);
  target.add("plain", "sgd", {{"lr", 1}}, {"a"});
  const std::string bytes = bytes_of_checkpoint(saved.optimizer.get());
  expect_counts(load_into(target, bytes, with_params | any_group), 1, 0, 0);
  EXPECT_EQ(target.read("a", "param"), saved.read("a", "param"));
  EXPECT_EQ(target.steps_of("a"), 2U);
}

TEST(matching_by_name, scalars_match_by_name_or_start) {
  built_model nadam(1), adam(5), target(9);
  nadam.add("all", "nadam", {}, {"a"});
  adam.add("all", "adam", {}, {"a"});
  nadam.run(2);
  adam.run(2);
  target.add("other", "nadam", {}, {"a"});
  const auto scalar = [](const built_model& model) {
    double value = 0;
    expect_ok(gradstep_optimizer_get_scalar(model.optimizer.get(), 0, "mu_product", &value));
    return value;
  };
  EXPECT_NE(scalar(nadam), 1);
  load_into(target, bytes_of_checkpoint(nadam.optimizer.get()), any_group);
  EXPECT_EQ(scalar(target), scalar(nadam));
  load_into(target, bytes_of_checkpoint(adam.optimizer.get()), any_group);
  EXPECT_EQ(scalar(target), 1);
}

TEST(matching_by_name, other_counts_are_still_differences) {
  built_model saved(1), target(9);
  saved.add("all", "adam", {}, {"a", "b"});
  saved.run(1);
  const auto rule = make_rule("adam");
  plain_tensor larger(6);
  add_tensor(target.optimizer.get(), add_group(target.optimizer.get(), "x", rule.get()), "a",
             larger.tensor());
  target.add("y", "adam", {}, {"b", "new"});
  const std::string bytes = bytes_of_checkpoint(saved.optimizer.get());
  refuse_load(target, bytes, any_group,
              {"\"a\" has 6 elements", "5", "\"new\" is not in the file"});
  expect_counts(load_into(target, bytes, any_group | partial), 1, 2, 1);
  EXPECT_EQ(target.steps_of("a"), 0U);
  EXPECT_EQ(target.steps_of("b"), 1U);
}

// ---- Slots and averages that the file lacks -----------------------------------------------------

TEST(matching_by_name, missing_slots_are_a_difference_or_start) {
  built_model saved(1), target(9);
  saved.add("all", "sgd", {{"lr", 0.5}}, {"a"});
  saved.run(2);
  target.add("other", "adam", {}, {"a"});
  target.run(4);
  const std::string bytes = bytes_of_checkpoint(saved.optimizer.get());
  refuse_load(target, bytes, with_params | any_group, {"\"a.exp_avg\" is not in the file"});
  EXPECT_NE(target.read("a", "exp_avg"), std::vector<double>(5, 0));
  load_into(target, bytes, with_params | any_group | start_missing);
  EXPECT_EQ(target.read("a", "exp_avg"), std::vector<double>(5, 0));
  EXPECT_EQ(target.read("a", "exp_avg_sq"), std::vector<double>(5, 0));
  EXPECT_EQ(target.read("a", "param"), saved.read("a", "param"));
  EXPECT_EQ(target.steps_of("a"), 2U);
}

/// The first step with a fresh momentum buffer is undamped.
TEST(matching_by_name, slots_that_start_are_fresh) {
  built_model saved(1), target(9);
  saved.add("all", "sgd", {{"lr", 0.5}}, {"a"});
  target.add("all", "sgd", {{"lr", 0.5}, {"momentum", 0.75}, {"dampening", 0.5}}, {"a"});
  saved.arrays[0].param.fill(0);
  saved.arrays[0].grad.fill(1);
  target.arrays[0].grad.fill(1);
  saved.run(2);
  target.run(3);
  const std::string bytes = bytes_of_checkpoint(saved.optimizer.get());
  refuse_load(target, bytes, with_params | keep_settings, {"\"a.momentum_buffer\""});
  load_into(target, bytes, with_params | keep_settings | start_missing);
  target.run(2);
  // Two steps of -0.5 * 1, then -0.5 * 1 and -0.5 * (0.75 * 1 + 0.5 * 1).
  EXPECT_EQ(target.arrays[0].param.get(0), -2.125);
}

TEST(matching_by_name, a_slot_that_begins_as_the_param_starts_at_the_loaded_one) {
  built_model saved(1), target(9);
  saved.add("all", "adam", {{"lr", 0.5}}, {"a"});
  saved.run(2);
  target.add("all", "schedule_free_adamw", {}, {"a"});
  target.run(3);
  const std::string bytes = bytes_of_checkpoint(saved.optimizer.get());
  load_into(target, bytes, with_params | any_group | start_missing);
  EXPECT_EQ(target.read("a", "z"), saved.read("a", "param"));
  built_model without_params(20);
  without_params.add("all", "schedule_free_adamw", {}, {"a"});
  without_params.run(3);
  load_into(without_params, bytes, any_group | start_missing);
  EXPECT_EQ(without_params.read("a", "z"), without_params.read("a", "param"));
}

TEST(matching_by_name, averages_start_at_the_param) {
  built_model saved(1), target(9);
  saved.add("all", "adam", {{"lr", 0.5}}, {"a"});
  saved.run(2);
  target.add("all", "adam", {}, {"a"}, true);
  target.run(3);
  const std::string bytes = bytes_of_checkpoint(saved.optimizer.get());
  refuse_load(target, bytes, with_params, {"\"a.average\" is not in the file"});
  refuse_load(target, bytes, with_params | any_group, {"\"a.average\" is not in the file"});
  load_into(target, bytes, with_params | start_missing);
  EXPECT_EQ(target.read("a", "average"), saved.read("a", "param"));
  EXPECT_EQ(target.read("a", "exp_avg"), saved.read("a", "exp_avg"));

  // The other way round, only ANY_GROUP leaves what the tensor does not have.
  const std::string averaged = bytes_of_checkpoint(target.optimizer.get());
  refuse_load(saved, averaged, start_missing,
              {"\"a.average\" of the file is not in the optimizer"});
  expect_counts(load_into(saved, averaged, any_group), 1, 0, 0);
}

// ---- Prefixes -----------------------------------------------------------------------------------

TEST(matching_by_name, a_part_of_the_file_under_other_names) {
  built_model saved(1), target(9);
  saved.add("all", "adam", {}, {"encoder.a", "head.a", "encoder.b", "a"});
  saved.run(2);
  target.add("all", "adam", {}, {"a", "b"});
  const std::string bytes = bytes_of_checkpoint(saved.optimizer.get());
  // "a" is in the file too, but is not looked at: no two names of the file become one.
  expect_counts(load_into(target, bytes, with_params, "encoder."), 2, 0, 2);
  EXPECT_EQ(target.read("a", "exp_avg"), saved.read("encoder.a", "exp_avg"));
  EXPECT_EQ(target.read("b", "param"), saved.read("encoder.b", "param"));
  refuse_load(target, bytes, with_params, {"\"b\" is not in the file"}, "head.", "");
  expect_counts(load_into(target, bytes, with_params | partial, "head.", ""), 1, 1, 3);
  EXPECT_EQ(target.read("a", "param"), saved.read("head.a", "param"));
}

TEST(matching_by_name, a_part_of_a_larger_model) {
  built_model saved(1), target(9);
  saved.add("all", "adam", {}, {"a", "b"});
  saved.run(2);
  target.add("all", "adam", {}, {"encoder.a", "encoder.b", "head.a"});
  target.run(1);
  const auto head = target.read("head.a", "param");
  const std::string bytes = bytes_of_checkpoint(saved.optimizer.get());
  expect_counts(load_into(target, bytes, with_params, "", "encoder."), 2, 1, 0);
  EXPECT_EQ(target.read("encoder.b", "param"), saved.read("b", "param"));
  EXPECT_EQ(target.read("head.a", "param"), head);
  target.add("more", "adam", {}, {"encoder.c"});
  refuse_load(target, bytes, with_params | any_group, {"\"encoder.c\" is not in the file"}, "",
              "encoder.");
}

TEST(matching_by_name, prefixes_are_replaced_and_added) {
  built_model saved(1), target(9);
  saved.add("all", "adam", {}, {"m.a", "m.b"});
  saved.run(2);
  target.add("all", "adam", {}, {"student.m.a", "student.m.b"});
  const std::string bytes = bytes_of_checkpoint(saved.optimizer.get());
  refuse_load(target, bytes, 0, {"\"student.m.a\" is not in the file", "\"m.a\" of the file"});
  for (const char* empty : {static_cast<const char*>(nullptr), ""}) {
    expect_counts(load_into(target, bytes, with_params, empty, "student."), 2, 0, 0);
    EXPECT_EQ(target.read("student.m.b", "param"), saved.read("m.b", "param"));
    expect_counts(load_into(saved, bytes, with_params, empty, empty), 2, 0, 0);
  }
  target.run(1);
  expect_counts(load_into(target, bytes, with_params, "m.", "student.m."), 2, 0, 0);
  EXPECT_EQ(target.read("student.m.a", "param"), saved.read("m.a", "param"));
  refuse_load(target, bytes, 0, {"\"m.a\" of the file is not in the optimizer"}, "m.", "teacher.");
  refuse_load(target, bytes, 0, {"\"student.m.a\" is not in the file"}, "x.", "student.");
}

}  // namespace
}  // namespace gradstep_test
