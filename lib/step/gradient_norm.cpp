// SPDX-License-Identifier: Apache-2.0
#include "step/gradient_norm.hpp"

#include <cmath>
#include <limits>

#include "threads/pieces.hpp"

namespace gradstep::internal {
namespace {

constexpr std::size_t norm_block_elements = 16384;

/// Blocks whose sums wait on the stack to be added in order: one parallel region each.
constexpr std::size_t blocks_in_wave = 1024;

std::size_t block_count(std::size_t elements) {
  return elements / norm_block_elements + (elements % norm_block_elements != 0);
}

/// The largest number in T whose product with the scale is finite. As the kernels take it: in
/// double, where the scale is beyond the range of T.
template <class T>
T largest_finite(double scale) {
  const T largest = std::numeric_limits<T>::max();
  const double magnitude = std::abs(scale);
  if (magnitude <= 1) return largest;
  const T narrow = static_cast<T>(magnitude);
  const auto overflows = [=](T x) {
    const T product = std::isinf(narrow) ? static_cast<T>(x * magnitude) : x * narrow;
    return std::isinf(product);
  };
  // The quotient is rounded: the number may be next to it on either side.
  T x = std::nextafter(static_cast<T>(largest / magnitude), largest);
  while (overflows(x)) x = std::nextafter(x, T(0));
  return x;
}

/// What is constant over a norm's blocks.
class block_summing {
 public:
  block_summing(const kernel_table& kernels, norm_view view, double scale)
      : kernels_(kernels),
        view_(view),
        largest_float32_(largest_finite<float>(scale)),
        largest_float64_(largest_finite<double>(scale)) {}

  /// Of elements [begin, begin + count) of the index-th tensor.
  norm_sum sum(const tensor_list& tensors, std::size_t index, std::size_t begin,
                std::size_t count) const {
    const operand grad = tensors.gradient(index) + begin;
    const dtype type =
        view_ == norm_view::as_stored ? computed_type(grad.type) : tensors.computed_type(index);
    if (type == dtype::float64) return kernels_.float64.sum_squares(grad, largest_float64_, count);
    return kernels_.float32.sum_squares(grad, largest_float32_, count);
  }

 private:
  const kernel_table& kernels_;
  norm_view view_;
  double largest_float32_;
  double largest_float64_;
};

// Out of line, so that no arithmetic moves out of the floating-point environment's scope.
[[gnu::noinline]] block_summing prepare_summing(const context& c, norm_view view, double scale) {
  return {*c.isa->kernels, view, scale};
}

/// The tensor and block that a number of the list's sequence of blocks stands for.
class block_position {
 public:
  explicit block_position(const tensor_list& tensors) : tensors_(&tensors) {}

  /// The number never goes down, and is below the number of blocks.
  void advance_to(std::size_t block) {
    while (block - first_block_ >= block_count(count())) {
      first_block_ += block_count(count());
      ++tensor_;
    }
    block_ = block - first_block_;
  }
  std::size_t tensor() const { return tensor_; }

  norm_sum sum(const block_summing& summing) const {
    const std::size_t begin = block_ * norm_block_elements;
    return summing.sum(*tensors_, tensor_, begin, std::min(norm_block_elements, count() - begin));
  }

 private:
  std::size_t count() const { return tensors_->count(tensor_); }

  const tensor_list* tensors_;
  std::size_t tensor_ = 0;
  std::size_t first_block_ = 0;  // of the tensor
  std::size_t block_ = 0;        // within the tensor
};

// Out of line, so that no arithmetic moves out of the floating-point environment's scope.
/// In units that hold the larger one.
[[gnu::noinline]] scaled_sum add(scaled_sum a, scaled_sum b) {
  if (a.sum == 0 || b.sum == 0) return a.sum == 0 ? b : a;
  const auto in_units = [](scaled_sum x, int exponent) {
    return std::ldexp(x.sum, 2 * (x.exponent - exponent));
  };
  int exponent = std::max(a.exponent, b.exponent);
  double sum = in_units(a, exponent) + in_units(b, exponent);
  if (std::isinf(sum) && std::isfinite(a.sum) && std::isfinite(b.sum)) {
    exponent += 600;
    sum = in_units(a, exponent) + in_units(b, exponent);
  }
  return {sum, exponent};
}
[[gnu::noinline]] void add(norm_sum& total, const norm_sum& next) {
  total.squares = add(total.squares, next.squares);
  total.non_finite_count += next.non_finite_count;
}
[[gnu::noinline]] gradient_norm root_of(scaled_sum squares, double scale) {
  int exponent = 0, scale_exponent = 0;
  const double root = std::frexp(std::sqrt(squares.sum), &exponent);
  const double factor = std::frexp(std::abs(scale), &scale_exponent);
  return {root * factor, exponent + scale_exponent + squares.exponent};
}

/// Adds blocks in order to the sum of their tensor, and tensors in order to the total.
class ordered_sums {
 public:
  ordered_sums(const tensor_list& tensors, norm_sum* each) : position_(tensors), each_(each) {
    if (each != nullptr) std::fill_n(each, tensors.size(), norm_sum{});
  }

  void add_block(std::size_t block, const norm_sum& sum) {
    position_.advance_to(block);
    if (position_.tensor() != tensor_) finish_tensor();
    tensor_ = position_.tensor();
    add(tensor_sum_, {sum.squares, sum.non_finite_count});
    if (each_ != nullptr) each_[tensor_] = tensor_sum_;
  }
  void finish_tensor() {
    add(total_, tensor_sum_);
    tensor_sum_ = {};
  }
  gradient_sums result(double scale, std::uint64_t piece_count) const {
    return {root_of(total_.squares, scale), total_.non_finite_count, piece_count};
  }

 private:
  block_position position_;
  norm_sum* each_;
  std::size_t tensor_ = 0;
  norm_sum tensor_sum_{};
  norm_sum total_{};
};

struct list_size {
  std::size_t elements = 0;
  std::size_t blocks = 0;
};

list_size list_size_of(const tensor_list& tensors) {
  list_size size;
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    size.elements += tensors.count(i);
    size.blocks += block_count(tensors.count(i));
  }
  return size;
}

}  // namespace

gradient_sums sum_gradients(const context& c, const tensor_list& tensors, norm_view view,
                            double scale, norm_sum* each) noexcept {
  const list_size size = list_size_of(tensors);
  const float_environment environment(c.flush_to_zero);
  const block_summing summing = prepare_summing(c, view, scale);
  const bool is_serial = size.elements < c.serial_below || size.blocks <= 1;
  ordered_sums sums(tensors, each);
  norm_sum waiting[blocks_in_wave];
  for (std::size_t begin = 0; begin < size.blocks; begin += blocks_in_wave) {
    const std::size_t count = std::min(blocks_in_wave, size.blocks - begin);
    const auto sum_claimed = [&](piece_claims& claims) {
      block_position at(tensors);
      for (std::size_t block = 0; claims.claim(block);) {
        at.advance_to(begin + block);
        waiting[block] = at.sum(summing);
      }
    };
    run_pieces(c, count, is_serial, sum_claimed);
    for (std::size_t block = 0; block < count; ++block)
      sums.add_block(begin + block, waiting[block]);
  }
  sums.finish_tensor();
  return sums.result(scale, is_serial ? size.blocks != 0 : size.blocks);
}

gradient_sums total_of(const context& c, std::span<const norm_sum> sums, double scale) noexcept {
  const float_environment environment(c.flush_to_zero);
  norm_sum total{};
  for (const norm_sum& each : sums) add(total, each);
  return {root_of(total.squares, scale), total.non_finite_count, 0};
}

}  // namespace gradstep::internal
