// SPDX-License-Identifier: Apache-2.0
#include "step/scalar_step.hpp"

#include "kernels/loops/range_part.hpp"
#include "step/list_pieces.hpp"
#include "step/prepared_kernels.hpp"
#include "step/ranges.hpp"

namespace gradstep::internal {
namespace {

/// A transform reads no gradient, so its kernel gets the param in place of one.
void leave_to_transform(tensor& t) {
  t.grad = t.param;
  t.grad.is_stochastic = false;
  t.average.data = nullptr;
}

}  // namespace

pass_outcome update_with_scalars(const context& c, const step_request& r) noexcept {
  const list_summary summary(r.tensors);
  if (summary.total == 0) return {};
  const list_pieces pieces(c, summary.total);
  const auto used_slots = [&](const tensor_shape& shape) {
    return r.rule.used_slots(r.values, shape.is_matrix());
  };
  pieces.run(
      c, r.tensors, [&] { return tensor_constants(c, r, summary.total); },
      [&](tensor_constants& constants, const list_piece& piece, const list_position<>& at) {
        tensor t{};
        read_for_step(r, used_slots(r.tensors.shape(at.tensor())), at.tensor(), t);
        if (r.transform != no_index) leave_to_transform(t);
        constants.prepare_for(t);
        piece.for_part_of(at, granularity_of(t), [&](std::size_t from, std::size_t to) {
          cut_to(t, from, to);
          run_kernel(constants.kernel(), constants.prepared(), t);
        });
      });
  tensor_constants constants(c, r, summary.total);
  for (std::size_t i = 0; i < r.tensors.size(); ++i) {
    if (r.tensors.count(i) == 0) continue;
    tensor t{};
    read_for_step(r, 0, i, t);
    constants.prepare_for(t);
    step_scalars after = constants.after();
    if (r.transform != no_index) {
      after.values[r.rule.info->mode] = r.rule.info->transforms[r.transform].mode_after;
    }
    store_scalars(r, t, after);
  }
  return {pieces.run_count(), false};
}

}  // namespace gradstep::internal
