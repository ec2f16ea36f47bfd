// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "checkpoint/saved_state.hpp"
#include "optimizer/array_registry.hpp"
#include "optimizer/group_settings.hpp"
#include "optimizer/named_arrays.hpp"
#include "threads/call_gate.hpp"
#include "threads/context.hpp"

namespace gradstep::internal {

inline constexpr std::size_t all_tensors = GRADSTEP_ALL_TENSORS;

/// Groups, tensors, their state and step counts. The C interface has validated what each call is
/// given by itself, and calls nothing but what a step allows while one is open; what depends on the
/// state is checked here. Calls throw failure or std::bad_alloc before anything has changed.
///
/// Threads. The C interface lets calls in by the gate, each with the use that stands beside it
/// below; const calls but save need no more than the gate's lock, which the others take to write
/// what those read.
class optimizer {
 public:
  optimizer(const context& c, const optimizer_options& options) : context_(c), options_(options) {}

  call_gate& gate() const noexcept { return gate_; }

  // ---- optimizer.cpp: setting up; use::all ------------------------------------------------------

  void set_options(const optimizer_options& options) noexcept { options_ = options; }

  /// The name is not taken; the rule's values go together, and with the schedule.
  std::size_t add_group(std::string_view name, group_settings&& settings);

  /// The name is not taken; the tensor is one of the group's rule. Where its slots are null, they
  /// become the library's.
  std::size_t add_tensor(std::size_t group, std::string_view name, const gradstep_tensor& tensor);

  /// The same rule with other values that go together, and all else; slots that the rule now uses
  /// are allocated.
  void change_group(std::size_t group, group_settings&& settings);

  /// Its lr is the rule's from now on.
  void set_plateau(std::size_t group, const std::optional<gradstep_plateau>& plateau) noexcept;
  void set_loss_scaler(const std::optional<gradstep_loss_scaler>& scaler) noexcept;
  /// To every plateau; gives how many rates were lowered.
  std::size_t report_metric(double metric) noexcept;
  void set_frozen(std::size_t tensor, bool is_frozen) noexcept;

  // ---- optimizer_gradients.cpp; use::tensor, for all tensors use::all ---------------------------

  /// Aligned and of the dtype as before, or null. It may overlap another gradient until one of the
  /// two is looked at.
  void set_grad(std::size_t tensor, void* grad);
  void inspect(std::size_t tensor, double grad_scale);
  void accumulate(std::size_t tensor, double scale);

  // ---- optimizer_steps.cpp; use::all, but step_tensor -------------------------------------------

  step_result step(const step_settings& settings);
  void begin_step(const step_settings& settings);
  void step_tensor(std::size_t tensor);
  step_result end_step() noexcept;

  // ---- optimizer_save.cpp, optimizer_load.cpp; use::save, use::all ------------------------------

  void save(const std::string& path, bool with_params) const;
  load_counts load(const std::string& path, const load_settings& settings);

  // ---- Looking into it --------------------------------------------------------------------------

  std::span<const group_record> groups() const { return groups_; }
  std::span<const tensor_record> records() const { return records_; }
  const gradstep_tensor& tensor(std::size_t index) const { return tensors_[index]; }
  /// Null where there is none.
  const std::uint32_t* find_group(std::string_view name) const;
  const std::uint32_t* find_tensor(std::string_view name) const;
  const std::optional<gradstep_loss_scaler>& loss_scaler() const { return loss_scaler_; }
  std::uint64_t step_count() const { return step_count_; }
  std::uint64_t skipped_count() const { return skipped_count_; }
  double grad_norm() const { return grad_norm_; }
  std::size_t state_bytes() const { return state_bytes_; }
  bool is_in_step() const { return is_in_step_; }

  /// The arrays of a tensor: names_of(tensor).size() of them.
  array_names names_of(std::size_t tensor) const noexcept;
  named_array array(std::size_t tensor, std::size_t index) const noexcept;

  /// The rule of a group's next step, with its rate and momentum; inside a step, of that one.
  rule_values next_rule(const group_record& group) const noexcept;

 private:
  using index_list = std::vector<std::uint32_t>;
  using name_index = std::unordered_map<std::string_view, std::uint32_t>;

  /// Slots of one tensor that are allocated but not yet in place.
  struct new_slots {
    std::uint32_t tensor;
    std::uint32_t mask;
    state_block memory;
    slot_arrays arrays;
    std::size_t bytes;
  };

  void reserve_tensor(group_record& group);
  void check_overlaps(const gradstep_tensor& tensor, const rule_info& rule,
                      array_registry::entries& added,
                      array_registry::grad_entries& added_grads) const;
  void plan_slots(const group_settings& group, const gradstep_tensor& tensor,
                  slot_arrays& slots) const;
  new_slots allocate_slots(const rule_values& rule, std::uint32_t mask,
                           const gradstep_tensor& tensor, const slot_arrays& planned) const;
  std::vector<new_slots> allocate_missing_slots(const group_record& group,
                                                const group_settings& settings);
  void put_in_place(new_slots&& added) noexcept;

  double total_scale(double grad_scale) const;
  gradient_limits limits_in_force() const noexcept;
  bool takes_part(std::size_t tensor) const noexcept;
  bool has_sum(std::size_t tensor) const noexcept { return records_[tensor].accumulate_count != 0; }
  void place_gradient(std::size_t tensor) noexcept;
  void check_grads_apart(std::size_t tensor) const;
  void check_not_stepped(std::size_t tensor) const;
  void check_may_accumulate(std::size_t tensor) const;
  void select_uninspected(double scale) noexcept;
  void select_accumulating();
  std::vector<state_block> allocate_sums(std::span<const std::uint32_t> tensors) const;
  void take_sums(std::span<const std::uint32_t> tensors, std::span<tensor_sum> sums,
                 double scale) noexcept;
  void add_to_sums(std::span<const std::uint32_t> tensors, std::span<gradstep_tensor> sums,
                   double scale);

  saved_state state_to_save() const;
  struct load_plan;
  void match_groups(load_plan& plan) const;
  std::vector<std::string> differences(const load_plan& plan, std::size_t index,
                                       const saved_tensor& from) const;
  void match_tensors(load_plan& plan) const;
  void stage_tensor(load_plan& plan, std::size_t index) const;
  void read_staged(load_plan& plan) const;
  void allocate_for(load_plan& plan, std::size_t group);
  void take_tensor(load_plan& plan, std::size_t index) noexcept;
  void take_arrays(const load_plan& plan) noexcept;
  void take_settings(load_plan& plan) noexcept;

  void select_participants() noexcept;
  void check_step_count(std::size_t tensor) const;
  void check_step_counts() const;
  void check_inspected(std::size_t tensor, double scale) const;
  gradient_sums inspected_sums(double scale) noexcept;
  step_verdict judge(const step_settings& settings, double scale,
                     const gradient_limits& limits) noexcept;
  void open_step(const step_settings& settings);
  struct batch_key;
  batch_key key_of(const group_record& group, std::size_t tensor) const noexcept;
  std::uint64_t run_group(const group_record& group) noexcept;
  std::uint64_t run_batch(const group_record& group,
                          std::span<const std::uint32_t> batch) const noexcept;
  bool is_zeroed(std::size_t tensor) const noexcept;
  std::uint64_t zero_selected() noexcept;
  void finish_tensor(std::size_t tensor) noexcept;
  void count_left_out() noexcept;
  step_result close_step() noexcept;

  const context& context_;
  mutable call_gate gate_;
  optimizer_options options_;
  std::vector<group_record> groups_;
  std::vector<gradstep_tensor> tensors_;  // in the order of adding; a step reads them here
  std::vector<tensor_record> records_;    // of the same tensors
  name_index group_names_, tensor_names_;
  array_registry arrays_;  // the caller's
  std::optional<gradstep_loss_scaler> loss_scaler_;
  std::uint64_t step_count_ = 0;
  std::uint64_t skipped_count_ = 0;
  double grad_norm_ = 0;  // of the last step
  std::size_t state_bytes_ = 0;

  // Of the step that runs. The lists have room for every tensor: a step allocates nothing. A call
  // for one tensor uses none of them.
  bool is_in_step_ = false;
  bool needs_inspected_ = false;
  double open_scale_ = 1;  // as the caller's settings and the loss scaler give it, not clipped
  step_result open_result_;
  index_list selected_;     // tensors that take part, in the order of adding
  index_list batch_order_;  // those of one group, by step count
  std::vector<tensor_sum> sums_;
  std::vector<gradstep_tensor> accumulating_;
};

}  // namespace gradstep::internal
