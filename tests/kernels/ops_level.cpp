// SPDX-License-Identifier: Apache-2.0
//
// The operations of lib/kernels/vectors/batch.hpp, compiled with the flags of one of the library's
// kernel objects.
#include "kernels/ops_table.hpp"
#include "kernels/vectors/batch.hpp"
#include "kernels/vectors/exactness.hpp"

#define GRADSTEP_JOIN_AGAIN(a, b) a##b
#define GRADSTEP_JOIN(a, b) GRADSTEP_JOIN_AGAIN(a, b)
#define GRADSTEP_TEXT_AGAIN(a) #a
#define GRADSTEP_TEXT(a) GRADSTEP_TEXT_AGAIN(a)

namespace gradstep_test {
namespace {

template <class T>
void run(operation op, const T* a, const T* b, const T* c, T* result, std::size_t count) {
  using vec = gradstep::internal::vec<T>;
  for (std::size_t i = 0; i < count; i += vec::width) {
    gradstep::internal::evaluate(op, vec::load(a + i), vec::load(b + i), vec::load(c + i))
        .store(result + i);
  }
}

gradstep::internal::inexact_operation find_inexact_here() {
  return gradstep::internal::find_inexact<gradstep::internal::vec>(gradstep::internal::fuses);
}

}  // namespace

extern const ops_table GRADSTEP_JOIN(ops_, GRADSTEP_LEVEL);
const ops_table GRADSTEP_JOIN(ops_, GRADSTEP_LEVEL){GRADSTEP_TEXT(GRADSTEP_LEVEL), run<float>,
                                                    run<double>, find_inexact_here};

}  // namespace gradstep_test
