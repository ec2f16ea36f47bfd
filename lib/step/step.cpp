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

/// Updates the piece's part of a tensor. Returns whether there is any.
bool run_part_of(const prepared_kernels& kernels, const step_request& r, std::uint32_t used_slots,
                 const list_piece& piece, const list_position<>& at) {
  tensor t;
  bool has_run = false;
  read_for_step(r, used_slots, at.tensor(), t);
  piece.for_part_of(at, granularity_of(t), [&](std::size_t from, std::size_t to) {
    cut_to(t, from, to);
    kernels.run(t);
    has_run = true;
  });
  return has_run;
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
    run_part_of(kernels, r, used_slots, piece, at);
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
step_result update_as_judged(const context& c, step_request& r, const step_verdict& verdict) {
  step_result result{.verdict = verdict};
  r.clip_factor = verdict.clip_factor;
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

/// Zeroes the piece's part of a gradient. Returns whether there is any.
bool zero_part_of(const tensor_list& tensors, const list_piece& piece, const list_position<>& at) {
  const operand grad = tensors.gradient(at.tensor());
  const std::size_t columns = tensors.shape(at.tensor()).columns;
  const std::size_t size = size_of(grad.type);
  const auto zero = [&](std::size_t place, std::size_t count) {
    std::memset(static_cast<char*>(grad.data) + place * size, 0, count * size);
  };
  bool has_run = false;
  piece.for_part_of(at, piece_multiple, [&](std::size_t from, std::size_t to) {
    has_run = true;
    if (grad.pitch == 0) return zero(from, to - from);
    for (std::size_t i = from; i < to;) {
      const std::size_t count = std::min(to - i, columns - i % columns);
      zero(pitched_index(grad.pitch, columns, i), count);
      i += count;
    }
  });
  return has_run;
}

/// Number `part` of part_count pieces of almost the same size.
list_piece piece_of(std::size_t total, std::size_t part, std::size_t part_count) {
  const auto begin_of = [&](std::size_t i) {
    return total / part_count * i + total % part_count * i / part_count;
  };
  return {begin_of(part), begin_of(part + 1)};
}

/// In the step's floating-point environment.
step_result update_part(const context& c, const step_request& r, const step_verdict& verdict,
                        std::size_t part, std::size_t part_count) {
  step_result result{.verdict = verdict};
  const list_summary summary(r.tensors);
  const list_piece piece = piece_of(summary.total, part, part_count);
  if (piece.begin == piece.end) return result;
  bool has_run = false;
  list_position<> first(r.tensors);
  if (!verdict.is_skipped) {
    const prepared_kernels kernels(c, r, summary);
    const std::uint32_t used_slots = r.rule.used_slots(r.values, false);
    piece.for_each_tensor(first, [&](const list_position<>& at) {
      has_run |= run_part_of(kernels, r, used_slots, piece, at);
    });
  } else if (r.options.zeroes_grad) {
    piece.for_each_tensor(
        first, [&](const list_position<>& at) { has_run |= zero_part_of(r.tensors, piece, at); });
  }
  result.piece_count = has_run ? 1 : 0;
  return result;
}

}  // namespace

step_result run_step(const context& c, step_request& request,
                     const gradient_limits& limits) noexcept {
  return in_step_environment(c.flush_to_zero, [&] {
    step_verdict verdict;
    if (limits.reads_gradients()) {
      verdict = judge_gradients(c, request.tensors, request.grad_scale, limits);
    }
    return update_as_judged(c, request, verdict);
  });
}

step_result run_step(const context& c, step_request& request,
                     const step_verdict& verdict) noexcept {
  return in_step_environment(c.flush_to_zero,
                             [&] { return update_as_judged(c, request, verdict); });
}

step_result run_part(const context& c, step_request& request, const step_verdict& verdict,
                     std::size_t part, std::size_t part_count) noexcept {
  request.clip_factor = verdict.clip_factor;
  return in_step_environment(c.flush_to_zero,
                             [&] { return update_part(c, request, verdict, part, part_count); });
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
    zero_part_of(tensors, piece, at);
  });
  return pieces.run_count();
}

}  // namespace gradstep::internal
