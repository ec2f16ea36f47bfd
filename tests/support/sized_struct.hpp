// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace gradstep_test {

/// A zeroed struct of the C interface with its struct_size set.
template <class Struct>
Struct sized() {
  Struct value{};
  value.struct_size = sizeof(Struct);
  return value;
}

}  // namespace gradstep_test
