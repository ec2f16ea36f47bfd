// SPDX-License-Identifier: Apache-2.0
#include "step.hpp"

#include "pieces.hpp"

namespace gradstep::internal {
namespace {

double value_at(const step_request& r, std::size_t index) {
  return index == no_index ? 0 : r.values[index];
}

std::size_t position(std::int32_t param_dtype) { return param_dtype == GRADSTEP_FLOAT64; }

struct list_summary {
  std::size_t total = 0;    // elements
  bool is_present[2] = {};  // tensors of each type of param, by position
  explicit list_summary(const tensor_list& tensors) {
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      total += tensors[i].count;
      is_present[position(tensors[i].param_dtype)] = true;
    }
  }
};

/// The kernels of one step, with what is constant over it: one for each type of param.
class prepared_kernels {
 public:
  prepared_kernels(const context& c, const step_request& r, const bool (&is_present)[2]) {
    const std::size_t kernel = r.rule.kernel_index(r.values);
    const kernel_table& table = *c.isa->kernels;
    step_kernels_[0] = &table.float32_steps[kernel];
    step_kernels_[1] = &table.float64_steps[kernel];
    for (std::size_t i = 0; i < 2; ++i) {
      if (is_present[i]) prepare(r, *step_kernels_[i], prepared_[i]);
    }
  }

  void run(std::int32_t param_dtype, const step_range& range) const {
    const std::size_t i = position(param_dtype);
    step_kernels_[i]->run(prepared_[i], range);
  }

 private:
  static void prepare(const step_request& r, const step_kernel& kernel, prepared_step& prepared) {
    const bool is_decoupled = r.rule.info->weight_decay == decay::decoupled;
    const double weight_decay = value_at(r, r.rule.weight_decay);
    kernel.prepare(r.values, r.step, prepared);
    prepared.grad_scale = value_at(r, r.rule.maximize) != 0 ? -r.grad_scale : r.grad_scale;
    prepared.coupled_decay = is_decoupled ? 0 : weight_decay;
    prepared.keep = is_decoupled ? 1 - value_at(r, r.rule.lr) * weight_decay : 1;
  }

  const step_kernel* step_kernels_[2];
  prepared_step prepared_[2];
};

// Out of line, so that no arithmetic moves out of the floating-point environment's scope.
[[gnu::noinline]] prepared_kernels prepare_kernels(const context& c, const step_request& r,
                                                   const list_summary& summary) {
  return {c, r, summary.is_present};
}

/// Elements [begin, end) of a tensor.
step_range range_of(const gradstep_tensor& tensor, std::size_t begin, std::size_t end) {
  const auto param_type = static_cast<dtype>(tensor.param_dtype);
  const auto grad_type = static_cast<dtype>(tensor.grad_dtype);
  const auto at = [begin](void* array, dtype type) -> void* {
    return array == nullptr ? nullptr : static_cast<char*>(array) + begin * size_of(type);
  };
  step_range range{};
  range.param = at(tensor.param, param_type);
  range.grad = at(const_cast<void*>(tensor.grad), grad_type);
  for (std::size_t s = 0; s < tensor.slot_count; ++s) {
    range.slots[s] = at(tensor.slots[s], param_type);
  }
  range.param_type = param_type;
  range.grad_type = grad_type;
  range.count = end - begin;
  return range;
}

/// Fetches the beginnings of the arrays that come next. The CPU's own prefetchers learn of a new
/// array only by missing in it, which a list of small tensors would pay for each of them.
void prefetch(const tensor_list& tensors, std::size_t index) {
  if (index >= tensors.size() || tensors[index].count == 0) return;
  const gradstep_tensor& tensor = tensors[index];
  const auto begin_of = [](const void* array) {
    constexpr std::size_t cache_line = 64, lines = 4;
    if (array == nullptr) return;
    for (std::size_t i = 0; i < lines; ++i) {
      __builtin_prefetch(static_cast<const char*>(array) + i * cache_line);
    }
  };
  begin_of(tensor.grad);
  begin_of(tensor.param);
  for (std::size_t s = 0; s < tensor.slot_count; ++s) begin_of(tensor.slots[s]);
}

void run_whole(const prepared_kernels& kernels, const tensor_list& tensors) {
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const gradstep_tensor& tensor = tensors[i];
    if (tensor.count == 0) continue;
    prefetch(tensors, i + 1);
    kernels.run(tensor.param_dtype, range_of(tensor, 0, tensor.count));
  }
}

// A piece that begins inside a tensor begins at a multiple of so many elements of it: of whole
// cache lines, so that two threads write no line both, and of whole strips.
constexpr std::size_t piece_granularity = 64;

/// Where a cut of the index space falls in a tensor.
std::size_t cut_in_tensor(std::size_t cut, const list_position& at) {
  if (cut <= at.first_index()) return 0;
  const std::size_t inside = cut - at.first_index();
  if (inside >= at.count()) return at.count();
  const std::size_t aligned =
      (inside + piece_granularity - 1) / piece_granularity * piece_granularity;
  return std::min(aligned, at.count());
}

void run_piece(const prepared_kernels& kernels, const tensor_list& tensors, list_position at,
               std::size_t begin, std::size_t end) {
  for (;; at.next()) {
    const std::size_t from = cut_in_tensor(begin, at);
    const std::size_t to = cut_in_tensor(end, at);
    const gradstep_tensor& tensor = tensors[at.tensor()];
    if (to == tensor.count) prefetch(tensors, at.tensor() + 1);
    if (from < to) kernels.run(tensor.param_dtype, range_of(tensor, from, to));
    if (end - at.first_index() <= at.count()) return;
  }
}

/// Several pieces for each thread, so that they end together though one is interrupted; each large
/// enough to hide the claim and the kernel's start, small enough for the second-level cache.
std::size_t choose_piece_size(const context& c, std::size_t total) {
  if (c.piece_size != 0) return c.piece_size;
  if (c.thread_count == 1) return total;
  constexpr std::size_t smallest = 8192, largest = 65536, pieces_per_thread = 8;
  const std::size_t wanted = total / (c.thread_count * pieces_per_thread);
  return std::clamp(wanted, smallest, largest) / piece_granularity * piece_granularity;
}

}  // namespace

std::uint64_t run_step(const context& c, const step_request& r) noexcept {
  const list_summary summary(r.tensors);
  const std::size_t total = summary.total;
  if (total == 0) return 0;
  const float_environment environment(c.flush_to_zero);
  const prepared_kernels kernels = prepare_kernels(c, r, summary);
  const std::size_t piece_size = choose_piece_size(c, total);
  const std::size_t piece_count = (total - 1) / piece_size + 1;
  if (total < c.serial_below || piece_count == 1) {
    run_whole(kernels, r.tensors);
    return 1;
  }
  run_pieces(c, piece_count, false, [&](piece_claims& claims) {
    list_position at(r.tensors);
    for (std::size_t piece = 0; claims.claim(piece);) {
      const std::size_t begin = piece * piece_size;
      at.advance_to(begin);
      run_piece(kernels, r.tensors, at, begin, std::min(total, begin + piece_size));
    }
  });
  return piece_count;
}

}  // namespace gradstep::internal
