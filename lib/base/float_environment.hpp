// SPDX-License-Identifier: Apache-2.0
//
// The floating-point environment that the numerical contract is stated for. Every thread that works
// on a step sets it itself: what the caller has set does not reach threads that exist already.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#elif !defined(__aarch64__)
#include <cfenv>
#endif

namespace gradstep::internal {

/// Round to nearest, no traps, denormals kept or flushed; the old environment, with its exception
/// flags, comes back at the end of the scope. Arithmetic that relies on it belongs in a function
/// that the compiler cannot inline into this scope, or it may move across the switch.
class float_environment {
 public:
  float_environment(const float_environment&) = delete;
  float_environment& operator=(const float_environment&) = delete;

#if defined(__x86_64__)
  explicit float_environment(bool flush_to_zero) : saved_(_mm_getcsr()) {
    constexpr unsigned all_masked = 0x1F80, flush = 0x8000, denormals_are_zero = 0x40;
    _mm_setcsr(flush_to_zero ? all_masked | flush | denormals_are_zero : all_masked);
  }
  ~float_environment() { _mm_setcsr(saved_); }

 private:
  unsigned saved_;
#elif defined(__aarch64__)
  explicit float_environment(bool flush_to_zero) {
    __asm__ volatile("mrs %0, fpcr" : "=r"(saved_control_));
    __asm__ volatile("mrs %0, fpsr" : "=r"(saved_status_));
    constexpr std::uint64_t flush = 1U << 24;
    __asm__ volatile("msr fpcr, %0" : : "r"(flush_to_zero ? flush : std::uint64_t{0}));
  }
  ~float_environment() {
    __asm__ volatile("msr fpcr, %0" : : "r"(saved_control_));
    __asm__ volatile("msr fpsr, %0" : : "r"(saved_status_));
  }

 private:
  std::uint64_t saved_control_;
  std::uint64_t saved_status_;
#else
  explicit float_environment(bool) {
    std::feholdexcept(&saved_);
    std::fesetround(FE_TONEAREST);
  }
  ~float_environment() { std::fesetenv(&saved_); }

 private:
  std::fenv_t saved_;
#endif
};

}  // namespace gradstep::internal
