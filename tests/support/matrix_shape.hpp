// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>

namespace gradstep_test {

/// The rows and columns of a tensor; both 0: it is flat.
struct matrix_shape {
  std::size_t rows = 0, columns = 0;
};

}  // namespace gradstep_test
