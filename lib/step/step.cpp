// SPDX-License-Identifier: Apache-2.0
#include "step/step.hpp"

#include <algorithm>
#include <cstring>

#include "base/float_environment.hpp"
#include "step/list_pieces.hpp"
#include "step/prepared_kernels.hpp"
#include "step/ranges.hpp"

namespace gradstep::internal {
namespace {

/// Where pieces may cut a tensor: between blocks of 8-bit slots.
std::size_t granularity_of(const tensor& t) {
  const auto is_in_blocks = [](const operand& slot) { return has_blocks(slot.type); };
  const bool has_any = std::any_of(t.slots, t.slots + t.slot_count, is_in_blocks);
  return has_any ? block_elements : piece_multiple;
}

void run_whole(const prepared_kernels& kernels, const step_request& r, std::uint32_t used_slots) {
  tensor t{};
  for (std::size_t i = 0; i < r.tensors.size(); ++i) {
    if (r.tensors.count(i) == 0) continue;
    read_for_step(r, used_slots, i, t);
    kernels.run(t);
  }
}

/// In the step's floating-point environment.
std::uint64_t update(const context& c, const step_request& r) {
  const list_summary summary(r.tensors);
  if (summary.total == 0) return 0;
  const list_pieces pieces(c, summary.total);
  const prepared_kernels kernels(c, r, summary);
  const std::uint32_t used_slots = r.rule.used_slots(r.values);
  if (pieces.is_serial()) {
    run_whole(kernels, r, used_slots);
    return 1;
  }
  pieces.run(c, r.tensors, [&](const list_piece& piece, const list_position<>& at) {
    tensor t{};
    read_for_step(r, used_slots, at.tensor(), t);
    piece.for_part_of(at, granularity_of(t), [&](std::size_t from, std::size_t to) {
      cut_to(t, from, to);
      kernels.run(t);
    });
  });
  return pieces.run_count();
}

/// In the step's floating-point environment.
step_result judge_and_update(const context& c, const step_request& request,
                             const gradient_limits& limits) {
  step_result result;
  if (!limits.reads_gradients()) {
    result.piece_count = update(c, request);
    return result;
  }
  step_request r = request;
  result.verdict = judge_gradients(c, r.tensors, r.grad_scale, limits);
  r.clip_factor = result.verdict.clip_factor;
  if (!result.verdict.is_skipped) {
    result.piece_count = update(c, r);
  } else if (r.options.zeroes_grad) {
    result.piece_count = zero_gradients(c, r.tensors);
  }
  return result;
}

}  // namespace

step_result run_step(const context& c, const step_request& request,
                     const gradient_limits& limits) noexcept {
  return in_step_environment(c.flush_to_zero, [&] { return judge_and_update(c, request, limits); });
}

std::uint64_t update_tensors(const context& c, const step_request& request) noexcept {
  return in_step_environment(c.flush_to_zero, [&] { return update(c, request); });
}

std::uint64_t zero_gradients(const context& c, const tensor_list& tensors) noexcept {
  const list_summary summary(tensors);
  if (summary.total == 0) return 0;
  const list_pieces pieces(c, summary.total);
  pieces.run(c, tensors, [&](const list_piece& piece, const list_position<>& at) {
    const operand grad = tensors.gradient(at.tensor());
    const std::size_t size = size_of(grad.type);
    piece.for_part_of(at, piece_multiple, [&](std::size_t from, std::size_t to) {
      std::memset(static_cast<char*>(grad.data) + from * size, 0, (to - from) * size);
    });
  });
  return pieces.run_count();
}

}  // namespace gradstep::internal
