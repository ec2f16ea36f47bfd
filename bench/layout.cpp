// SPDX-License-Identifier: Apache-2.0
#include "layout.hpp"

#include <initializer_list>
#include <numeric>
#include <random>

namespace bench {

std::size_t layout::total() const {
  return std::accumulate(counts.begin(), counts.end(), std::size_t{0});
}

layout flat_layout(std::size_t count) {
  constexpr std::size_t k = 1024, m = k * k;
  if (count % m == 0) return {std::to_string(count / m) + "M", {count}};
  if (count % k == 0) return {std::to_string(count / k) + "K", {count}};
  return {std::to_string(count), {count}};
}

layout matrix_layout(std::size_t rows, std::size_t columns) {
  const std::string name = std::to_string(rows) + "x" + std::to_string(columns);
  return {name, {rows * columns}, rows, columns};
}

layout small_layout() {
  layout result{"1000-small", {}};
  std::mt19937_64 random(1000);
  for (int i = 0; i < 1000; ++i) result.counts.push_back(1000 + random() % 3001);
  return result;
}

layout gpt2_layout() {
  constexpr std::size_t width = 768, vocabulary = 50257, positions = 1024, layers = 12;
  layout result{"gpt2", {vocabulary * width, positions * width}};
  const auto add = [&](std::initializer_list<std::size_t> counts) {
    result.counts.insert(result.counts.end(), counts);
  };
  for (std::size_t i = 0; i < layers; ++i) {
    add({width, width});                                            // first norm
    add({width * 3 * width, 3 * width, width * width, width});      // attention
    add({width, width});                                            // second norm
    add({width * 4 * width, 4 * width, 4 * width * width, width});  // perceptron
  }
  add({width, width});  // last norm
  return result;
}

}  // namespace bench
