// SPDX-License-Identifier: Apache-2.0
#include "step/step.hpp"

#include <cmath>
#include <cstring>

#include "step/gradient_norm.hpp"
#include "step/ranges.hpp"
#include "threads/pieces.hpp"

namespace gradstep::internal {
namespace {

double value_at(const step_request& r, std::size_t index) {
  return index == no_index ? 0 : r.values[index];
}

/// A number times a power of two.
struct scaled_number {
  double factor, power;
};

/// The product of finite numbers, exact but for one rounding. In an environment that keeps
/// denormals, out of line so that no arithmetic moves out of its scope.
[[gnu::noinline]] scaled_number scaled_product(double a, double b) {
  if (a == 0 || b == 0) return {0, 1};
  int exponent_a = 0, exponent_b = 0;
  const double fraction = std::frexp(a, &exponent_a) * std::frexp(b, &exponent_b);
  constexpr int least = std::numeric_limits<double>::min_exponent - 1;
  constexpr int largest = std::numeric_limits<double>::max_exponent - 1;
  const int exponent = exponent_a + exponent_b;
  const int in_power = std::clamp(exponent, least, largest);
  return {std::ldexp(fraction, exponent - in_power), std::ldexp(1.0, in_power)};
}

/// As a number times a power of two where the product itself would overflow or lose digits.
scaled_number product(double a, double b) {
  const double plain = a * b;
  if (std::isnormal(plain) || !std::isfinite(a) || !std::isfinite(b)) return {plain, 1};
  const float_environment environment(false);
  return scaled_product(a, b);
}

// A copy that is only written is fetched first, unless it is streamed past the caches. From so many
// elements on, some 40 bytes each, the step would have pushed it out of them again.
constexpr std::size_t streamed_from = std::size_t{1} << 21;

struct list_summary {
  std::size_t total = 0;  // elements
  bool has_float32 = false, has_float64 = false;
  explicit list_summary(const tensor_list& tensors) {
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      total += tensors.count(i);
      const bool is_wide = tensors.computed_type(i) == dtype::float64;
      (is_wide ? has_float64 : has_float32) = true;
    }
  }
};

/// The kernels of one step, with what is constant over it, for each type that is computed in.
class prepared_kernels {
 public:
  // NOLINTBEGIN(clang-analyzer-optin.cplusplus.UninitializedObject): what no tensor needs
  prepared_kernels(const context& c, const step_request& r, const list_summary& summary)
      : table_(*c.isa->kernels), kernel_(r.rule.kernel_index(r.values)) {
    const std::size_t total = summary.total;
    if (summary.has_float32) prepare(r, table_.float32.steps[kernel_], total, float32_);
    if (summary.has_float64) prepare(r, table_.float64.steps[kernel_], total, float64_);
  }
  // NOLINTEND(clang-analyzer-optin.cplusplus.UninitializedObject)

  void run(const step_range& range) const {
    if (computed_type(range.param.type) == dtype::float64) {
      return table_.float64.steps[kernel_].run(float64_, range);
    }
    table_.float32.steps[kernel_].run(float32_, range);
  }

 private:
  void prepare(const step_request& r, const step_kernel& kernel, std::size_t total,
               prepared_step& prepared) const {
    const bool is_decoupled = r.rule.info->weight_decay == decay::decoupled;
    const double weight_decay = value_at(r, r.rule.weight_decay);
    kernel.prepare(r.values, r.step, r.step == 1 || r.has_fresh_slots, prepared);
    const scaled_number scale = product(r.grad_scale, r.clip_factor);
    prepared.grad_scale = value_at(r, r.rule.maximize) != 0 ? -scale.factor : scale.factor;
    prepared.grad_scale_power = scale.power;
    prepared.coupled_decay = is_decoupled ? 0 : weight_decay;
    prepared.decoupled_decay = is_decoupled ? value_at(r, r.rule.lr) * weight_decay : 0;
    prepared.value_limit = r.options.value_limit;
    prepared.average_decay = r.options.average_decay;
    prepared.copies_to_average = r.step == 1 || r.options.average_decay == 0;
    prepared.zeroes_grad = r.options.zeroes_grad;
    prepared.streams_copy = total >= streamed_from;
  }

  const kernel_table& table_;
  std::size_t kernel_;
  prepared_step float32_;
  prepared_step float64_;
};

// Out of line, so that no arithmetic moves out of the floating-point environment's scope.
[[gnu::noinline]] prepared_kernels prepare_kernels(const context& c, const step_request& r,
                                                   const list_summary& summary) {
  return {c, r, summary};
}

// A piece that begins inside a tensor begins at a multiple of so many elements of it: of whole
// cache lines, so that two threads write no line both, and of whole strips.
constexpr std::size_t piece_granularity = 64;

std::size_t granularity_of(const tensor& t) {
  const auto is_in_blocks = [](const operand& slot) { return has_blocks(slot.type); };
  return std::any_of(t.slots, t.slots + t.slot_count, is_in_blocks) ? block_elements
                                                                    : piece_granularity;
}

/// Where a cut of the index space falls in a tensor.
std::size_t cut_in_tensor(std::size_t cut, const list_position& at, std::size_t granularity) {
  if (cut <= at.first_index()) return 0;
  const std::size_t inside = cut - at.first_index();
  if (inside >= at.count()) return at.count();
  return std::min((inside + granularity - 1) / granularity * granularity, at.count());
}

/// A piece of the index space.
struct piece {
  std::size_t begin, end;

  /// Calls run(from, to) with the elements that the piece has of a tensor, unless it has none.
  template <class Run>
  void in_tensor(const list_position& at, std::size_t granularity, const Run& run) const {
    const std::size_t from = cut_in_tensor(begin, at, granularity);
    const std::size_t to = cut_in_tensor(end, at, granularity);
    if (from < to) run(from, to);
  }
};

void run_whole(const prepared_kernels& kernels, const step_request& r, std::uint32_t used_slots) {
  tensor t{};
  for (std::size_t i = 0; i < r.tensors.size(); ++i) {
    if (r.tensors.count(i) == 0) continue;
    read_for_step(r, used_slots, i, t);
    kernels.run(t);
  }
}

/// Calls visit(at) at each tensor, other than an empty one, that the piece touches. `at`: at the
/// first of them.
template <class Visit>
void for_each_tensor(list_position at, const piece& p, const Visit& visit) {
  for (;; at.next()) {
    if (at.count() != 0) visit(at);
    if (p.end - at.first_index() <= at.count()) return;
  }
}

/// Several pieces for each thread, so that they end together though one is interrupted; each large
/// enough to hide the claim and the kernel's start. On large arrays 262144 elements were 2 to 3 %
/// faster than 65536 for sgd, adamw and the complete step (Zen 4), and 1048576 no faster.
std::size_t choose_piece_size(const context& c, std::size_t total) {
  if (c.piece_size != 0) return c.piece_size;
  if (c.thread_count == 1) return total;
  constexpr std::size_t smallest = 8192, largest = 262144, pieces_per_thread = 32;
  const std::size_t wanted = total / (c.thread_count * pieces_per_thread);
  return std::clamp(wanted, smallest, largest) / piece_granularity * piece_granularity;
}

/// How the index space of a list is cut.
struct cutting {
  std::size_t total;
  std::size_t piece_size;
  std::size_t piece_count;
  bool is_serial;

  cutting(const context& c, std::size_t total_elements)
      : total(total_elements),
        piece_size(choose_piece_size(c, total)),
        piece_count((total - 1) / piece_size + 1),
        is_serial(total < c.serial_below || piece_count == 1) {}
};

/// Calls visit(piece, at) at each tensor of each piece, on the context's threads.
template <class Visit>
void run_parts(const context& c, const tensor_list& tensors, const cutting& cut,
               const Visit& visit) {
  run_pieces(c, cut.piece_count, cut.is_serial, [&](piece_claims& claims) {
    list_position at(tensors);
    for (std::size_t number = 0; claims.claim(number);) {
      const std::size_t begin = number * cut.piece_size;
      const piece p{begin, std::min(cut.total, begin + cut.piece_size)};
      at.advance_to(begin);
      for_each_tensor(at, p, [&](const list_position& tensor) { visit(p, tensor); });
    }
  });
}

std::uint64_t pieces_of(const cutting& cut) { return cut.is_serial ? 1 : cut.piece_count; }

std::uint64_t update(const context& c, const step_request& r) {
  const list_summary summary(r.tensors);
  if (summary.total == 0) return 0;
  const cutting cut(c, summary.total);
  const prepared_kernels kernels = prepare_kernels(c, r, summary);
  const std::uint32_t used_slots = r.rule.used_slots(r.values);
  if (cut.is_serial) {
    run_whole(kernels, r, used_slots);
    return 1;
  }
  run_parts(c, r.tensors, cut, [&](const piece& p, const list_position& at) {
    tensor t{};
    read_for_step(r, used_slots, at.tensor(), t);
    p.in_tensor(at, granularity_of(t), [&](std::size_t from, std::size_t to) {
      cut_to(t, from, to);
      kernels.run(t);
    });
  });
  return pieces_of(cut);
}

// Out of line, so that no arithmetic moves out of the floating-point environment's scope.
[[gnu::noinline]] step_verdict judge(const gradient_norm& norm, std::uint64_t non_finite_count,
                                     const gradient_limits& limits) {
  const double value = norm.value();
  step_verdict verdict{.non_finite_count = non_finite_count, .grad_norm = value};
  verdict.is_skipped = limits.checks_finite && non_finite_count != 0;
  if (limits.max_norm == std::numeric_limits<double>::infinity()) return verdict;
  // A norm beyond the range of double still makes a factor.
  const double factor = std::isinf(value)
                            ? std::ldexp(limits.max_norm / norm.fraction, -norm.exponent)
                            : limits.max_norm / (value + 1e-6);
  verdict.clip_factor = factor < 1 || std::isnan(factor) ? factor : 1;
  return verdict;
}

}  // namespace

step_result run_step(const context& c, const step_request& request,
                     const gradient_limits& limits) noexcept {
  step_result result;
  const float_environment environment(c.flush_to_zero);
  step_request r = request;
  if (limits.reads_gradients()) {
    result.verdict = judge_gradients(c, r.tensors, r.grad_scale, limits);
    r.clip_factor = result.verdict.clip_factor;
  }
  if (!result.verdict.is_skipped) {
    result.piece_count = update(c, r);
  } else if (r.options.zeroes_grad) {
    result.piece_count = zero_gradients(c, r.tensors);
  }
  return result;
}

step_verdict judge_gradients(const context& c, const tensor_list& tensors, double grad_scale,
                             const gradient_limits& limits) noexcept {
  const gradient_sums sums = sum_gradients(c, tensors, norm_view::as_stepped, grad_scale);
  return judge_norm(sums.norm, sums.non_finite_count, limits);
}

step_verdict judge_norm(const gradient_norm& norm, std::uint64_t non_finite_count,
                        const gradient_limits& limits) noexcept {
  const float_environment environment(false);  // a clip factor may be a denormal
  return judge(norm, non_finite_count, limits);
}

std::uint64_t update_tensors(const context& c, const step_request& request) noexcept {
  const float_environment environment(c.flush_to_zero);
  return update(c, request);
}

std::uint64_t zero_gradients(const context& c, const tensor_list& tensors) noexcept {
  const list_summary summary(tensors);
  if (summary.total == 0) return 0;
  const cutting cut(c, summary.total);
  run_parts(c, tensors, cut, [&](const piece& p, const list_position& at) {
    const operand grad = tensors.gradient(at.tensor());
    p.in_tensor(at, piece_granularity, [&](std::size_t from, std::size_t to) {
      std::memset((grad + from).data, 0, (to - from) * size_of(grad.type));
    });
  });
  return pieces_of(cut);
}

}  // namespace gradstep::internal
