// SPDX-License-Identifier: Apache-2.0
#include "capi/array_arguments.hpp"
#include "capi/tensor_array_checks.hpp"
#include "step/array_conversion.hpp"

namespace gradstep::internal {
namespace {

/// An array of the caller's for conversion from or to `values`.
gradstep_status check_values_array(const gradstep_array* array, std::size_t count,
                                   const double* values) noexcept {
  if (const auto s = check_array_argument("array", array, count, 0,
                                          "this call converts arrays without gaps between rows");
      s != GRADSTEP_OK || count == 0) {
    return s;
  }
  if (values == nullptr) return fail_as_null("values");
  return check_alignment("values", values, sizeof(double));
}

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_array_read(const gradstep_array* array, size_t count, double* values) {
  if (const auto s = check_values_array(array, count, values); s != GRADSTEP_OK) return s;
  read_array(operand_of(*array), count, values);
  return GRADSTEP_OK;
}

gradstep_status gradstep_array_write(const gradstep_array* array, size_t count,
                                     const double* values) {
  if (const auto s = check_values_array(array, count, values); s != GRADSTEP_OK) return s;
  write_array(operand_of(*array), count, values);
  return GRADSTEP_OK;
}

}  // extern "C"
