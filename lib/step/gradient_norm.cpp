// SPDX-License-Identifier: Apache-2.0
#include "step/gradient_norm.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/float_environment.hpp"
#include "kernels/kernel_table.hpp"
#include "threads/pieces.hpp"

namespace gradstep::internal {
namespace {

constexpr std::size_t norm_block_elements = 16384;
using block_position = list_position<norm_block_elements>;

/// The sums of so many blocks wait on the stack to be added. Each wave of blocks is one
/// parallel region.
constexpr std::size_t blocks_in_wave = 1024;

/// The largest number in T whose product with the scale is finite. The product is taken as the
/// kernels take it: in double, if the scale is beyond the range of T.
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
  // The quotient is rounded, so the number may be next to it on either side.
  T x = std::nextafter(static_cast<T>(largest / magnitude), largest);
  while (overflows(x)) x = std::nextafter(x, T(0));
  return x;
}

/// Sums blocks, with what is constant over all of them.
class block_summing {
 public:
  block_summing(const kernel_table& kernels, norm_view view, double scale)
      : kernels_(kernels),
        view_(view),
        largest_float32_(largest_finite<float>(scale)),
        largest_float64_(largest_finite<double>(scale)) {}

  /// The sum of a block, by its number in the list. `at`: at the tensor that holds the block.
  norm_sum sum(const tensor_list& tensors, const block_position& at, std::size_t block) const {
    const std::size_t index = at.tensor();
    const std::size_t begin = (block - at.first()) * norm_block_elements;
    const std::size_t count = std::min(norm_block_elements, tensors.count(index) - begin);
    const gradient_block part{tensors.gradient(index), tensors.shape(index).columns, begin, count};
    const dtype type = view_ == norm_view::as_stored ? computed_type(part.grad.type)
                                                     : tensors.computed_type(index);
    if (type == dtype::float64) return kernels_.float64.sum_squares(part, largest_float64_);
    return kernels_.float32.sum_squares(part, largest_float32_);
  }

 private:
  const kernel_table& kernels_;
  norm_view view_;
  double largest_float32_;
  double largest_float64_;
};

/// In units that hold the larger one.
scaled_sum add(scaled_sum a, scaled_sum b) {
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

void add(norm_sum& total, const norm_sum& next) {
  total.squares = add(total.squares, next.squares);
  total.non_finite_count += next.non_finite_count;
}

gradient_norm root_of(scaled_sum squares, double scale) {
  int exponent = 0, scale_exponent = 0;
  const double root = std::frexp(std::sqrt(squares.sum), &exponent);
  const double factor = std::frexp(std::abs(scale), &scale_exponent);
  return {root * factor, exponent + scale_exponent + squares.exponent};
}

/// The sum of a tensor's blocks, which come in order. They are added in a binary tree over their
/// numbers, as add_in_tree (tiles.hpp) does, with one partial sum for each power of two.
class tree_sum {
 public:
  void add_block(norm_sum sum) {
    std::size_t level = 0;
    for (; (count_ >> level & 1) != 0; ++level) sum = added(levels_[level], sum);
    levels_[level] = sum;
    ++count_;
  }
  bool is_empty() const { return count_ == 0; }
  norm_sum take() {
    norm_sum total{};
    for (std::size_t level = 0; count_ >> level != 0; ++level) {
      if ((count_ >> level & 1) != 0) total = added(levels_[level], total);
    }
    count_ = 0;
    return total;
  }

 private:
  static norm_sum added(norm_sum a, const norm_sum& b) {
    add(a, b);
    return a;
  }

  norm_sum levels_[64];
  std::size_t count_ = 0;
};

/// Adds blocks to the sum of their tensor, and the tensors' sums in order to the total.
class ordered_sums {
 public:
  ordered_sums(const tensor_list& tensors, norm_sum* each) : position_(tensors), each_(each) {
    if (each != nullptr) std::fill_n(each, tensors.size(), norm_sum{});
  }

  void add_block(std::size_t block, const norm_sum& sum) {
    position_.advance_to(block);
    if (position_.tensor() != tensor_) finish_tensor();
    tensor_ = position_.tensor();
    blocks_.add_block(sum);
  }
  void finish_tensor() {
    if (blocks_.is_empty()) return;
    const norm_sum sum = blocks_.take();
    add(total_, sum);
    if (each_ != nullptr) each_[tensor_] = sum;
  }
  gradient_sums result(double scale, std::uint64_t piece_count) const {
    return {root_of(total_.squares, scale), total_.non_finite_count, piece_count};
  }

 private:
  block_position position_;
  norm_sum* each_;
  std::size_t tensor_ = 0;
  tree_sum blocks_;
  norm_sum total_{};
};

struct list_size {
  std::size_t elements = 0;
  std::size_t blocks = 0;

  explicit list_size(const tensor_list& tensors) {
    for (std::size_t i = 0; i < tensors.size(); ++i) {
      elements += tensors.count(i);
      blocks += block_position::units_of(tensors.count(i));
    }
  }
};

/// In the step's floating-point environment.
gradient_sums sum_blocks(const context& c, const tensor_list& tensors, norm_view view, double scale,
                         norm_sum* each) {
  const list_size size(tensors);
  const bool is_serial = size.elements < c.serial_below || size.blocks <= 1;
  const block_summing summing(*c.isa->kernels, view, scale);
  ordered_sums sums(tensors, each);
  norm_sum waiting[blocks_in_wave];
  for (std::size_t begin = 0; begin < size.blocks; begin += blocks_in_wave) {
    const std::size_t count = std::min(blocks_in_wave, size.blocks - begin);
    run_pieces(c, count, is_serial, [&](piece_claims& claims) {
      block_position at(tensors);
      for (std::size_t block = 0; claims.claim(block);) {
        at.advance_to(begin + block);
        waiting[block] = summing.sum(tensors, at, begin + block);
      }
    });
    for (std::size_t block = 0; block < count; ++block) {
      sums.add_block(begin + block, waiting[block]);
    }
  }
  sums.finish_tensor();
  return sums.result(scale, is_serial ? size.blocks != 0 : size.blocks);
}

}  // namespace

gradient_sums sum_gradients(const context& c, const tensor_list& tensors, norm_view view,
                            double scale, norm_sum* each) noexcept {
  return in_step_environment(c.flush_to_zero,
                             [&] { return sum_blocks(c, tensors, view, scale, each); });
}

gradient_sums total_of(const context& c, std::span<const norm_sum> sums, double scale) noexcept {
  return in_step_environment(c.flush_to_zero, [&] {
    norm_sum total{};
    for (const norm_sum& each : sums) add(total, each);
    return gradient_sums{root_of(total.squares, scale), total.non_finite_count, 0};
  });
}

}  // namespace gradstep::internal
