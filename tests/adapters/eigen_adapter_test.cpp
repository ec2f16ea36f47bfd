// SPDX-License-Identifier: Apache-2.0
//
// Eigen's objects as tensors: where their elements are, and that steps give the bits of plain
// arrays.
#include <gtest/gtest.h>

#include <gradstep/adapters/eigen.hpp>

#include <Eigen/Core>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "support/comparison.hpp"
#include "support/rule_setup.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

using row_major_matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class Matrix>
void fill_random(Matrix&& matrix, std::uint64_t seed) {
  for (Eigen::Index r = 0; r < matrix.rows(); ++r) {
    for (Eigen::Index c = 0; c < matrix.cols(); ++c) {
      const auto place = static_cast<std::uint64_t>(1000 * r + c);
      using element = typename std::remove_reference_t<Matrix>::Scalar;
      matrix(r, c) = element(static_cast<float>(random_value(seed, place)));
    }
  }
}

/// The elements in the order of memory.
template <class Matrix>
auto elements_of(const Matrix& matrix) {
  std::vector<typename Matrix::Scalar> elements;
  for (Eigen::Index o = 0; o < matrix.outerSize(); ++o) {
    for (Eigen::Index i = 0; i < matrix.innerSize(); ++i) {
      elements.push_back(Matrix::IsRowMajor ? matrix.coeff(o, i) : matrix.coeff(i, o));
    }
  }
  return elements;
}

/// Three steps of both: a view of Eigen's, and plain arrays with the same elements and shape.
template <class Param, class Grad>
void expect_plain_bits(const std::string& rule_name, Param&& param, Grad&& grad) {
  SCOPED_TRACE(rule_name);
  const gradstep::context context;
  const gradstep::rule rule(rule_name, {{"lr", 0.01}});
  fill_random(param, 1);
  auto plain_param = elements_of(param);
  const gradstep_tensor viewed = gradstep::eigen_tensor(param, grad);
  gradstep::optimizer ours(context), wanted(context);
  ours.add_tensor(ours.add_group("all", rule), "w", viewed);
  auto plain_grad = elements_of(grad);
  gradstep_tensor plain =
      gradstep::tensor_of(plain_param.data(), plain_grad.data(), plain_param.size());
  plain.rows = viewed.rows;
  plain.columns = viewed.columns;
  wanted.add_tensor(wanted.add_group("all", rule), "w", plain);
  for (std::uint64_t step = 1; step <= 3; ++step) {
    fill_random(grad, 10 + step);
    const auto values = elements_of(grad);
    std::copy(values.begin(), values.end(), plain_grad.begin());
    ours.step();
    wanted.step();
  }
  const auto got = elements_of(param);
  EXPECT_TRUE(std::equal(got.begin(), got.end(), plain_param.begin(), plain_param.end()));
}

TEST(eigen_adapter, steps_as_plain_arrays) {
  for (const std::string& rule : rule_names()) {
    Eigen::MatrixXf w(7, 5), g(7, 5);
    expect_plain_bits(rule, w, g);
    row_major_matrix rw(7, 5), rg(7, 5);
    expect_plain_bits(rule, rw, rg);
    Eigen::VectorXd v(13), vg(13);
    expect_plain_bits(rule, v, vg);
    Eigen::Array33f a, ag;
    expect_plain_bits(rule, a, ag);
  }
}

TEST(eigen_adapter, steps_blocks_and_leaves_what_is_around_them) {
  for (const char* rule : {"sgd", "adamw", "adafactor"}) {
    Eigen::MatrixXf w = Eigen::MatrixXf::Constant(9, 8, 77), g(11, 8);
    expect_plain_bits(rule, w.block(2, 1, 4, 6), g.block(3, 0, 4, 6));
    w.block(2, 1, 4, 6).setConstant(77);
    EXPECT_TRUE((w.array() == 77).all());
    row_major_matrix rw(9, 8), rg(4, 6);
    expect_plain_bits(rule, rw.block(2, 1, 4, 6), rg);
    Eigen::VectorXf v(20), vg(9);
    expect_plain_bits(rule, v.segment(3, 9), vg);
    expect_plain_bits(rule, w.col(2), g.col(3).head(9));
  }
}

TEST(eigen_adapter, has_the_memory_and_shape_of_the_object) {
  Eigen::MatrixXf w(6, 4);
  const gradstep_tensor whole = gradstep::eigen_tensor(w);
  EXPECT_EQ(whole.param.data, w.data());
  EXPECT_EQ(whole.grad.data, nullptr);
  EXPECT_EQ(whole.count, 24U);
  EXPECT_EQ(whole.rows, 4U) << "a column of Eigen's is a row of gradstep's";
  EXPECT_EQ(whole.columns, 6U);
  EXPECT_EQ(whole.param.pitch, 0);
  const gradstep_tensor part = gradstep::eigen_tensor(w.block(1, 2, 3, 2));
  EXPECT_EQ(part.param.data, &w(1, 2));
  EXPECT_EQ(part.rows, 2U);
  EXPECT_EQ(part.columns, 3U);
  EXPECT_EQ(part.param.pitch, 6);
  row_major_matrix r(6, 4);
  EXPECT_EQ(gradstep::eigen_tensor(r).rows, 6U);
  EXPECT_EQ(gradstep::eigen_tensor(r.leftCols(3)).param.pitch, 4);
  Eigen::VectorXf v(5);
  EXPECT_EQ(gradstep::eigen_tensor(v).rows, 0U) << "a vector is flat";
  Eigen::MatrixXf empty(0, 3);
  EXPECT_EQ(gradstep::eigen_tensor(empty).count, 0U);
}

TEST(eigen_adapter, uses_16_bit_elements_and_a_map_with_an_outer_stride) {
  const gradstep::context context;
  const gradstep::rule sgd("sgd", {{"lr", 0.5}});
  Eigen::Matrix<Eigen::bfloat16, 3, 2> w;
  w.setConstant(Eigen::bfloat16(2));
  std::vector<Eigen::half> memory(10, Eigen::half(1));
  using strided =
      Eigen::Map<Eigen::Matrix<Eigen::half, 3, 2>, Eigen::Unaligned, Eigen::OuterStride<>>;
  strided g(memory.data(), Eigen::OuterStride<>(5));
  gradstep::any_parameter weights(sgd, gradstep::eigen_tensor(w, g));
  EXPECT_EQ(weights.tensor().param.dtype, GRADSTEP_BFLOAT16);
  EXPECT_EQ(weights.tensor().grad.dtype, GRADSTEP_FLOAT16);
  auto options = gradstep::sized<gradstep_apply_options>();
  options.step = 1;
  options.flags = GRADSTEP_APPLY_ZERO_GRAD;
  weights.step(context, sgd, options);
  for (const Eigen::bfloat16 element : elements_of(w)) EXPECT_EQ(float(element), 1.5F);
  for (std::size_t i = 0; i < memory.size(); ++i) {
    const bool is_gap = i == 3 || i == 4 || i == 8 || i == 9;
    EXPECT_EQ(float(memory[i]), is_gap ? 1 : 0) << i;
  }
}

TEST(eigen_adapter, gives_arrays_for_averages_and_deltas) {
  const gradstep::context context;
  const gradstep::rule sgd("sgd", {{"lr", 0.25}});
  Eigen::MatrixXf w = Eigen::MatrixXf::Ones(4, 3), g = Eigen::MatrixXf::Ones(4, 3),
                  delta = Eigen::MatrixXf::Zero(8, 3);
  gradstep_tensor tensor = gradstep::eigen_tensor(w, g);
  tensor.delta = gradstep::eigen_array(delta.topRows(4));
  gradstep::any_parameter weights(sgd, tensor);
  weights.step(context, sgd, 1);
  EXPECT_TRUE((w.array() == 1).all());
  EXPECT_TRUE((delta.topRows(4).array() == -0.25F).all());
  EXPECT_TRUE((delta.bottomRows(4).array() == 0).all());
}

/// The sentence of the gradstep::error that call() throws.
template <class Call>
std::string sentence_of(const Call& call) {
  try {
    call();
  } catch (const gradstep::error& failure) {
    EXPECT_EQ(failure.status(), GRADSTEP_INVALID_ARGUMENT);
    return failure.what();
  }
  return "nothing was thrown";
}

TEST(eigen_adapter, refuses_what_only_run_time_shows) {
  Eigen::MatrixXf w(4, 3), g(3, 4);
  expect_words(sentence_of([&] { gradstep::eigen_tensor(w, g); }), {"grad is 3 x 4", "4 x 3"});
  expect_words(sentence_of([&] { gradstep::eigen_tensor(w.row(0)); }), {"inner stride", "is 4"});
  using strided = Eigen::Map<Eigen::MatrixXf, 0, Eigen::OuterStride<>>;
  expect_words(sentence_of([&] {
                 gradstep::eigen_tensor(strided(w.data(), 4, 3, Eigen::OuterStride<>(2)));
               }),
               {"outer stride", "is 2", "4 elements"});
}

}  // namespace
}  // namespace gradstep_test
