// SPDX-License-Identifier: Apache-2.0
//
// The floating-point environment of docs/numerics.md. Every thread that works on a step sets it,
// because a caller's setting does not reach threads that exist already.
#pragma once

#include <cstdint>

#if defined(__x86_64__)
#include <immintrin.h>
#elif !defined(__aarch64__)
#include <cfenv>
#endif

namespace gradstep::internal {

/// Round to nearest, no traps, denormals kept or flushed to zero. The destructor restores the old
/// environment and its exception flags. The compiler may move arithmetic across the switch, so use
/// in_step_environment() below, which prevents that.
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

/// Calls body() and returns its result.
template <class Body>
[[gnu::noinline]] decltype(auto) out_of_line(const Body& body) {
  return body();
}

/// Calls body() in that environment and returns its result. The body is a function of its own, so
/// the compiler cannot move its arithmetic out of the environment's scope.
template <class Body>
decltype(auto) in_step_environment(bool flush_to_zero, const Body& body) {
  const float_environment environment(flush_to_zero);
  return out_of_line(body);
}

}  // namespace gradstep::internal
