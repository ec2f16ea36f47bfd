// SPDX-License-Identifier: Apache-2.0
//
// A plan says which parts of a checkpoint go where in an optimizer. It is complete, and holds all
// that is loaded, before the optimizer changes.
#pragma once

#include <string>
#include <vector>

#include "checkpoint/checkpoint_reader.hpp"
#include "checkpoint/load.hpp"
#include "optimizer/rule_state.hpp"
#include "optimizer/slots.hpp"

namespace gradstep::internal {

struct load_plan {
  /// For a group of the optimizer.
  struct planned_group {
    const saved_group* from;        // nullptr: the group stays as it is
    group_settings settings_after;  // the group's settings after the load
  };
  /// For a tensor of the optimizer.
  struct planned_tensor {
    const saved_tensor* from = nullptr;   // nullptr: the tensor stays as it is
    state_block sum_memory = {};          // for an accumulated gradient, if the tensor lacks memory
    std::size_t staged_param = no_index;  // in staged, if the param is loaded
  };
  /// An array of the file, in memory of the plan.
  struct staged_array {
    std::size_t tensor, index;     // index: as names_of counts
    const saved_array_type* from;  // nullptr: the file lacks it, and it gets its initial value
    bool has_low;                  // the optimizer's array has lower halves
    std::size_t count;             // of numbers
    operand array;                 // in the optimizer's dtype, without gaps
  };

  checkpoint_reader& file;
  load_settings settings;
  note_map notes = {};  // of the file

  // Set by match_groups and match_tensors.
  std::vector<planned_group> groups = {};
  std::vector<planned_tensor> tensors = {};
  std::vector<std::string> problems = {};  // differences between the model and the file

  // Set by stage_arrays and stage_slots.
  std::vector<staged_array> staged = {};
  state_block staged_memory = {};
  std::vector<new_slots> slots = {};
  std::vector<std::vector<new_workspace>> workspaces = {};  // of each group
};

/// The array of the file's tensor that holds the slot: one of the same name and extent. nullptr: it
/// has none.
const saved_array_type* stored_slot(const saved_tensor& from, const slot& s);

/// Finds the file's group for each group of the optimizer.
void match_groups(load_plan& plan, const optimizer& o);

/// Finds the file's tensor for each tensor of the optimizer. The groups are matched.
void match_tensors(load_plan& plan, const optimizer& o);

/// Reads the arrays of all planned tensors into memory of the plan.
void stage_arrays(load_plan& plan, const optimizer& o);

/// Allocates the slots that rules use after the load and did not use before. Throws failure
/// (MISMATCH) if such a tensor's slots are the caller's.
void stage_slots(load_plan& plan, optimizer& o);

}  // namespace gradstep::internal
