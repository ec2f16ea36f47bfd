// SPDX-License-Identifier: Apache-2.0
//
// A small optimizer that has everything a checkpoint can hold, and what a load of any bytes into it
// must leave.
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/finding.hpp"
#include "fuzz/saved_bytes.hpp"
#include "support/sized_struct.hpp"

namespace gradstep_test {

class loaded_model {
 public:
  loaded_model() {
    auto options = sized<gradstep_context_options>();
    options.thread_count = 1;
    check(gradstep_context_create(&options, &context_));
    auto all = sized<gradstep_optimizer_options>();
    all.flags = GRADSTEP_APPLY_AVERAGE;
    all.average_decay = 0.5;
    check(gradstep_optimizer_create(context_, &all, &optimizer_));
    add_group("a", "adamw", GRADSTEP_BFLOAT16);
    add_group("b", "adafactor", 0);
    add_group("c", "prodigy", 0);
    add_group("d", "schedule_free_adamw", GRADSTEP_FLOAT16);
    for (std::size_t i = 0; i < tensor_count; ++i) add_tensor(i);
    add_settings();
    check(gradstep_optimizer_step(optimizer_, nullptr, nullptr));
    check(gradstep_optimizer_transform(optimizer_, GRADSTEP_ALL_GROUPS, "evaluate"));
    check(gradstep_optimizer_transform(optimizer_, GRADSTEP_ALL_GROUPS, "train"));
    check(gradstep_optimizer_accumulate(optimizer_, 1, 0.5));
    good_ = checkpoint_of(optimizer_);
  }
  ~loaded_model() {
    gradstep_optimizer_destroy(optimizer_);
    gradstep_context_destroy(context_);
  }
  loaded_model(const loaded_model&) = delete;
  loaded_model& operator=(const loaded_model&) = delete;

  /// The model's own checkpoint.
  const std::string& good() const { return good_; }

  /// Loads any bytes. After a refusal the optimizer is as it was. After a success it can be
  /// stepped, and can load its first checkpoint again.
  bool load(std::string_view bytes, std::uint64_t flags) {
    const auto status = load_copy(bytes, flags);
    if (status != GRADSTEP_OK) {
      check_that(status == GRADSTEP_CORRUPT || status == GRADSTEP_MISMATCH, gradstep_last_error());
      check_that(*gradstep_last_error() != '\0', "a load failed without a sentence");
      check_that(checkpoint_of(optimizer_) == good_, "a refused load has changed the optimizer");
      return false;
    }
    check_that(!checkpoint_of(optimizer_).empty(), "nothing can be saved after a load");
    check_that(gradstep_optimizer_step(optimizer_, nullptr, nullptr) != GRADSTEP_INTERNAL,
               gradstep_last_error());
    check(load_copy(good_, GRADSTEP_CHECKPOINT_PARAMS));
    check_that(checkpoint_of(optimizer_) == good_, "a load leaves state of the load before");
    return true;
  }

 private:
  static constexpr std::size_t tensor_count = 5;
  static constexpr std::size_t count = 6;

  static void check(gradstep_status status) {
    check_that(status == GRADSTEP_OK, gradstep_last_error());
  }

  /// From memory that ends where the checkpoint ends.
  gradstep_status load_copy(std::string_view bytes, std::uint64_t flags) {
    const std::vector<char> copy(bytes.begin(), bytes.end());
    auto options = sized<gradstep_load_options>();
    options.flags = flags;
    char none = 0;
    options.memory = copy.empty() ? &none : copy.data();
    options.memory_size = copy.size();
    auto result = sized<gradstep_load_result>();
    return gradstep_optimizer_load_from(optimizer_, &options, &result);
  }

  void add_group(const char* name, const char* rule_name, std::int32_t slot_dtype) {
    gradstep_rule* rule = nullptr;
    check(gradstep_rule_create(rule_name, &rule));
    auto options = sized<gradstep_group_options>();
    options.name = name;
    options.rule = rule;
    options.slot_dtype = slot_dtype;
    check(gradstep_optimizer_add_group(optimizer_, &options, nullptr));
    gradstep_rule_destroy(rule);
  }

  void add_tensor(std::size_t i) {
    params_[i].assign(count, 0.5F);
    grads_[i].assign(count, 0.25F);
    averages_[i].assign(count, 0);
    auto tensor = sized<gradstep_tensor>();
    tensor.count = count;
    tensor.rows = i == 1 ? 2 : 0;
    tensor.columns = i == 1 ? 3 : 0;
    tensor.param.data = params_[i].data();
    tensor.grad.data = grads_[i].data();
    tensor.param.dtype = tensor.grad.dtype = tensor.average.dtype = GRADSTEP_FLOAT32;
    if (i % 2 == 0) tensor.average.data = averages_[i].data();
    const std::string name = std::string("t").append(std::to_string(i));
    check(gradstep_optimizer_add_tensor(optimizer_, i % 4, name.c_str(), &tensor, nullptr));
  }

  void add_settings() {
    gradstep_schedule* parts[2] = {};
    gradstep_schedule* sequence = nullptr;
    check(gradstep_schedule_create("one_cycle", &parts[0]));
    check(gradstep_schedule_set(parts[0], "total_steps", 20));
    check(gradstep_schedule_set(parts[0], "drives_momentum", 1));
    check(gradstep_schedule_create("multistep", &parts[1]));
    const double milestones[] = {3, 8};
    check(gradstep_schedule_set_list(parts[1], "milestones", milestones, 2));
    const std::uint64_t lengths[] = {20, 0};
    check(gradstep_schedule_create_sequence(parts, lengths, 2, &sequence));
    check(gradstep_optimizer_set_schedule(optimizer_, 0, sequence));
    for (auto* each : {parts[0], parts[1], sequence}) gradstep_schedule_destroy(each);
    auto plateau = sized<gradstep_plateau>();
    check(gradstep_plateau_init(&plateau, 0.1));
    check(gradstep_optimizer_set_plateau(optimizer_, 1, &plateau));
    auto scaler = sized<gradstep_loss_scaler>();
    check(gradstep_loss_scaler_init(&scaler));
    check(gradstep_optimizer_set_loss_scaler(optimizer_, &scaler));
    check(gradstep_optimizer_set_group_max_norm(optimizer_, 0, 2));
    check(gradstep_optimizer_set_note(optimizer_, "epoch", "1"));
    check(gradstep_optimizer_set_frozen(optimizer_, 4, 1));
  }

  gradstep_context* context_ = nullptr;
  gradstep_optimizer* optimizer_ = nullptr;
  std::vector<float> params_[tensor_count], grads_[tensor_count], averages_[tensor_count];
  std::string good_;
};

}  // namespace gradstep_test
