// SPDX-License-Identifier: Apache-2.0
#include "step/step.hpp"

#include <algorithm>
#include <cstring>

#include "base/float_environment.hpp"
#include "kernels/loops/range_part.hpp"
#include "step/list_pieces.hpp"
#include "step/pass_run.hpp"
#include "step/prepared_kernels.hpp"
#include "step/ranges.hpp"
#include "step/scalar_step.hpp"

namespace gradstep::internal {
namespace {

void run_whole(const prepared_kernels& kernels, const step_request& r, std::uint32_t used_slots) {
  tensor t;  // not initialised: that would be much of a small step
  for (std::size_t i = 0; i < r.tensors.size(); ++i) {
    if (r.tensors.count(i) == 0) continue;
    read_for_step(r, used_slots, i, t);
    kernels.run(t);
  }
}

/// For rules of one pass without scalars.
std::uint64_t update_in_one_pass(const context& c, const step_request& r) {
  const list_summary summary(r.tensors);
  if (summary.total == 0) return 0;
  const list_pieces pieces(c, summary.total);
  const prepared_kernels kernels(c, r, summary);
  const std::uint32_t used_slots = r.rule.used_slots(r.values, false);
  if (pieces.is_serial()) {
    run_whole(kernels, r, used_slots);
    return 1;
  }
  pieces.run(c, r.tensors, [&](const list_piece& piece, const list_position<>& at) {
    tensor t;
    read_for_step(r, used_slots, at.tensor(), t);
    piece.for_part_of(at, granularity_of(t), [&](std::size_t from, std::size_t to) {
      cut_to(t, from, to);
      kernels.run(t);
    });
  });
  return pieces.run_count();
}

/// In the step's floating-point environment.
pass_outcome update(const context& c, step_request& r) {
  if (r.rule.has_passes) return update_in_passes(c, {&r, 1});
  if (!r.rule.info->scalars.empty()) return update_with_scalars(c, r);
  return {update_in_one_pass(c, r), false};
}

/// In the step's floating-point environment.
step_result judge_and_update(const context& c, step_request& r, const gradient_limits& limits) {
  step_result result;
  if (limits.reads_gradients()) {
    result.verdict = judge_gradients(c, r.tensors, r.grad_scale, limits);
    r.clip_factor = result.verdict.clip_factor;
  }
  if (!result.verdict.is_skipped) {
    const pass_outcome outcome = update(c, r);
    result.piece_count = outcome.piece_count;
    result.is_stopped = outcome.is_stopped;
  }
  if ((result.verdict.is_skipped || result.is_stopped) && r.options.zeroes_grad) {
    result.piece_count += zero_gradients(c, r.tensors);
  }
  return result;
}

}  // namespace

step_result run_step(const context& c, step_request& request,
                     const gradient_limits& limits) noexcept {
  return in_step_environment(c.flush_to_zero, [&] { return judge_and_update(c, request, limits); });
}

pass_outcome update_tensors(const context& c, step_request& request) noexcept {
  return in_step_environment(c.flush_to_zero, [&] { return update(c, request); });
}

pass_outcome update_tensors(const context& c, std::span<step_request> requests) noexcept {
  return in_step_environment(c.flush_to_zero, [&] { return update_in_passes(c, requests); });
}

void transform_tensors(const context& c, const step_request& request) noexcept {
  in_step_environment(c.flush_to_zero, [&] { update_with_scalars(c, request); });
}

std::uint64_t zero_gradients(const context& c, const tensor_list& tensors) noexcept {
  const list_summary summary(tensors);
  if (summary.total == 0) return 0;
  const list_pieces pieces(c, summary.total);
  pieces.run(c, tensors, [&](const list_piece& piece, const list_position<>& at) {
    const operand grad = tensors.gradient(at.tensor());
    const std::size_t columns = tensors.shape(at.tensor()).columns;
    const std::size_t size = size_of(grad.type);
    const auto zero = [&](std::size_t place, std::size_t count) {
      std::memset(static_cast<char*>(grad.data) + place * size, 0, count * size);
    };
    piece.for_part_of(at, piece_multiple, [&](std::size_t from, std::size_t to) {
      if (grad.pitch == 0) return zero(from, to - from);
      for (std::size_t i = from; i < to;) {
        const std::size_t count = std::min(to - i, columns - i % columns);
        zero(pitched_index(grad.pitch, columns, i), count);
        i += count;
      }
    });
  });
  return pieces.run_count();
}

}  // namespace gradstep::internal
