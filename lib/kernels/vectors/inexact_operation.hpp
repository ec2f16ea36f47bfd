// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace gradstep::internal {

/// An operation that a build does not round exactly: {"float32", "division"}. Both names are null
/// when there is none.
struct inexact_operation {
  const char* type;
  const char* name;
};

}  // namespace gradstep::internal
