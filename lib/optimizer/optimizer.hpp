// SPDX-License-Identifier: Apache-2.0
//
// The state of an optimizer: groups of tensors with their settings, the tensors, and counts of
// steps. The functions over it are in the other headers: setup, removal, moves, relayout,
// gradients, accumulation, param_averages, stepping, given_state and named_arrays for callers;
// overlaps, slots, tensor_changes, verdicts and batches for these.
//
// Preconditions. The C interface has validated each argument by itself, and makes only calls that
// an open step allows. Checks that need the optimizer's state are here.
//
// Failures. A function that throws failure or std::bad_alloc has changed nothing.
//
// Threads. A call enters through the gate, with the use that its declaration names. A call that
// only looks at an optimizer does not enter; it holds the gate's lock. Everything that such a call
// may read (names, counts, settings, places of arrays) is therefore written with the lock held. The
// lock is never held over a parallel region: a host's pool whose threads look at the optimizer
// could then not finish the region.
#pragma once

#include <gradstep/gradstep.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "optimizer/call_gate.hpp"
#include "optimizer/group_settings.hpp"
#include "optimizer/notes.hpp"
#include "optimizer/tensor_table.hpp"
#include "schedules/plateau.hpp"
#include "step/loss_scaling.hpp"
#include "step/step.hpp"
#include "threads/context.hpp"

namespace gradstep::internal {

/// In place of a tensor's index.
inline constexpr std::size_t all_tensors = GRADSTEP_ALL_TENSORS;

/// Counts of steps, skipped steps and accumulated gradients end here, at 2^53.
inline constexpr auto most_counted = static_cast<std::uint64_t>(last_step);

/// Options of every step.
struct optimizer_options {
  step_options around;
  gradient_limits limits;
};

/// Of a removed group the name and the rule are left; it has no members.
struct group_record {
  std::unique_ptr<char[]> name = {};
  bool is_removed = false;
  group_settings settings = {};
  std::optional<internal::plateau> plateau = {};  // its lr is the rule's
  std::vector<std::uint32_t> members = {};        // tensors, in ascending order
  double grad_norm = 0;  // of the last step, taken or skipped; 0: it did not clip the group alone

  // Of the step that is open.
  double step_grad_norm = 0;
  double step_clip_factor = 1;
  rule_values step_rule = {};  // the rule with the rate and momentum of the step
  /// Bit s: step_rule uses slot s of a flat tensor, or of one with rows and columns.
  std::uint32_t step_slots_of[2] = {};

  /// Whether steps clip the group by the norm of its own gradients.
  bool has_own_norm() const noexcept { return settings.max_norm != 0 && !members.empty(); }
  std::uint32_t step_slots(const tensor& t) const noexcept {
    return step_slots_of[t.columns != 0 ? 1 : 0];
  }
};

/// The scalars of a rule that belong to all its tensors.
struct shared_scalars {
  const rule_entry* rule;
  bool is_used = false;  // a step has changed them
  double values[max_scalars] = {};
};

/// The step that is open, from its verdict to its end.
struct open_step {
  bool awaits_tensors = false;   // between begin_step and end_step
  bool needs_inspected = false;  // the verdict is over inspected gradients
  double scale = 1;  // of the gradients: the caller's and the loss scaler's; not clipped
  step_result result = {};
};

/// A tensor that accumulates: a step whose param is the sum adds the gradient. A sixth of the size
/// of `tensor`, which would make accumulating small tensors half as slow again.
struct accumulating_tensor {
  std::size_t count, rows, columns;
  operand sum, grad;
};

/// Lists for calls that run alone. Each has room for every tensor, so a step allocates nothing.
struct step_lists {
  std::vector<std::uint32_t> selected = {};  // tensors that take part, in the order of adding
  /// Tensors of one group, by what they share. Before that: those that are read for groups' norms.
  std::vector<std::uint32_t> batch_order = {};
  std::vector<norm_sum> sums = {};                     // of the selected tensors' gradients
  std::vector<accumulating_tensor> accumulating = {};  // the selected tensors
  std::vector<step_request> requests = {};  // batches of a rule that sums over all tensors
};

struct optimizer {
  optimizer(const internal::context& c, const optimizer_options& o) : context(c), options(o) {}

  const internal::context& context;
  mutable call_gate gate;
  optimizer_options options;

  std::vector<group_record> groups;  // in the order of adding, with those that are removed
  name_index group_names;
  tensor_table table;
  std::vector<internal::shared_scalars> shared_scalars;  // of the rules that have some
  std::optional<internal::loss_scaler> loss_scaler;
  note_map notes;

  std::uint64_t step_count = 0;     // steps that were taken
  std::uint64_t skipped_count = 0;  // steps that were skipped
  double grad_norm = 0;             // of the last step, taken or skipped

  open_step step;
  step_lists lists;
};

/// Calls visit(index) for each group that is not removed.
template <class Visit>
void for_each_group(const optimizer& o, const Visit& visit) {
  for (std::size_t g = 0; g < o.groups.size(); ++g) {
    if (!o.groups[g].is_removed) visit(g);
  }
}

/// Calls visit(index) for each tensor that is not removed.
template <class Visit>
void for_each_tensor(const optimizer& o, const Visit& visit) {
  for (const std::uint32_t i : o.table.present) visit(i);
}

}  // namespace gradstep::internal
