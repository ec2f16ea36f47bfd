// SPDX-License-Identifier: Apache-2.0
//
// The sizes of a case's tensors.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace bench {

/// The tensors' sizes, in elements.
struct layout {
  std::string name;
  std::vector<std::size_t> counts;
  std::size_t rows = 0, columns = 0;  // of every tensor; both 0: they are flat

  std::size_t total() const;
};

/// One tensor. The name is its count: "16K" = 16 * 1024, "64M" = 64 * 1024 * 1024.
layout flat_layout(std::size_t count);
/// One matrix: "8192x8192".
layout matrix_layout(std::size_t rows, std::size_t columns);
/// 1000 tensors of 1000 to 4000 elements: the norms and biases of a large network.
layout small_layout();
/// The 148 parameters, 124 million elements, of GPT-2 small.
layout gpt2_layout();

}  // namespace bench
