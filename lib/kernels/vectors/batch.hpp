// SPDX-License-Identifier: Apache-2.0
//
// One vector of the instruction set that this file is compiled for, with the vocabulary of a rule.
// Only this file knows xsimd and its versions.
//
// fma, min, max, sign and select are our own: xsimd 8.1's fma is not fused on AVX-512 and plain
// AVX2, and its min and max treat NaN as each instruction set does. On AArch64 division and square
// root are our own as well: xsimd 8.1's for float32 are estimates with Newton steps. exactness.hpp
// checks all of them where the library runs.
#pragma once

#include <cstring>
#include <xsimd/xsimd.hpp>

#include "rules/rule.hpp"
#include "rules/scalar_math.hpp"

namespace gradstep::internal {
namespace {

#if defined(__AVX512F__)
using arch = xsimd::avx512bw;
#elif defined(__AVX2__)
using arch = xsimd::fma3<xsimd::avx2>;
#elif defined(__x86_64__)
using arch = xsimd::sse2;
#elif defined(__aarch64__)
using arch = xsimd::neon64;  // even where flags allow SVE
#else
using arch = xsimd::default_arch;
#endif

/// Vectors in a strip of run_plain. With 4, the 32 registers of AVX-512 still hold every operand of
/// adamw.
#if defined(__AVX512F__) || defined(__aarch64__)
constexpr std::size_t strip_vectors = 4;
#else
constexpr std::size_t strip_vectors = 2;
#endif

/// Whether instructions can broadcast a scalar operand from memory.
#if defined(__AVX512F__)
constexpr bool broadcasts_operands = true;
#else
constexpr bool broadcasts_operands = false;
#endif

template <class T>
struct mask {
  xsimd::batch_bool<T, arch> bits;
  friend mask operator|(mask a, mask b) { return {a.bits | b.bits}; }
};

template <class T>
struct vec {
  using batch = xsimd::batch<T, arch>;
  static constexpr std::size_t width = batch::size;

  batch lanes;

  vec() = default;
  explicit vec(T value) : lanes(value) {}
  explicit vec(batch value) : lanes(value) {}

  static vec load(const T* from) { return vec(batch::load_unaligned(from)); }
  void store(T* to) const { lanes.store_unaligned(to); }

  // Negates the register itself: the compiler can then fuse it into a multiply-subtract, which it
  // cannot do with xsimd's.
  friend vec operator-(vec a) {
#if defined(__x86_64__) || defined(__aarch64__)
    return vec(batch(-static_cast<typename batch::register_type>(a.lanes)));
#else
    return vec(-a.lanes);
#endif
  }
  friend vec operator+(vec a, vec b) { return vec(a.lanes + b.lanes); }
  friend vec operator-(vec a, vec b) { return vec(a.lanes - b.lanes); }
  friend vec operator*(vec a, vec b) { return vec(a.lanes * b.lanes); }
  friend vec operator/(vec a, vec b) {
#if defined(__aarch64__)
    if constexpr (sizeof(T) == 4) {
      return vec(batch(vdivq_f32(a.lanes, b.lanes)));
    } else {
      return vec(batch(vdivq_f64(a.lanes, b.lanes)));
    }
#else
    return vec(a.lanes / b.lanes);
#endif
  }
  friend mask<T> operator<(vec a, vec b) { return {a.lanes < b.lanes}; }
  friend mask<T> operator>(vec a, vec b) { return {a.lanes > b.lanes}; }
  friend mask<T> operator<=(vec a, vec b) { return {a.lanes <= b.lanes}; }
  friend mask<T> operator>=(vec a, vec b) { return {a.lanes >= b.lanes}; }
  // On AVX and AVX-512, xsimd 8.1's != is false for two NaNs. Its ! is a call on AVX-512, and a
  // loop keeps nothing in registers around a call.
  friend mask<T> operator!=(vec a, vec b) {
#if defined(__AVX512F__)
    if constexpr (sizeof(T) == 4) {
      return {_mm512_cmp_ps_mask(a.lanes, b.lanes, _CMP_NEQ_UQ)};
    } else {
      return {_mm512_cmp_pd_mask(a.lanes, b.lanes, _CMP_NEQ_UQ)};
    }
#else
    return {!(a.lanes == b.lanes)};
#endif
  }
};

template <class T>
constexpr bool is_vector<vec<T>> = true;

template <class T>
vec<T> sqrt(vec<T> x) {
#if defined(__aarch64__)
  if constexpr (sizeof(T) == 4) {
    return vec<T>(typename vec<T>::batch(vsqrtq_f32(x.lanes)));
  } else {
    return vec<T>(typename vec<T>::batch(vsqrtq_f64(x.lanes)));
  }
#else
  return vec<T>(xsimd::sqrt(x.lanes));
#endif
}
template <class T>
vec<T> abs(vec<T> x) {
  return vec<T>(xsimd::abs(x.lanes));
}
template <class T>
vec<T> select(mask<T> condition, vec<T> yes, vec<T> no) {
  return vec<T>(xsimd::select(condition.bits, yes.lanes, no.lanes));
}
template <class T>
vec<T> max(vec<T> a, vec<T> b) {
  return select((a > b) | (a != a), a, b);
}
template <class T>
vec<T> min(vec<T> a, vec<T> b) {
  return select((a < b) | (a != a), a, b);
}
/// NaN where x is NaN: then x86's instructions give the second operand, and NEON's give a NaN.
template <class T>
vec<T> at_most(vec<T> x, vec<T> limit) {
  using batch = typename vec<T>::batch;
  constexpr bool is_float = sizeof(T) == 4;
#if defined(__AVX512F__)
  if constexpr (is_float) return vec<T>(batch(_mm512_min_ps(limit.lanes, x.lanes)));
  if constexpr (!is_float) return vec<T>(batch(_mm512_min_pd(limit.lanes, x.lanes)));
#elif defined(__AVX__)
  if constexpr (is_float) return vec<T>(batch(_mm256_min_ps(limit.lanes, x.lanes)));
  if constexpr (!is_float) return vec<T>(batch(_mm256_min_pd(limit.lanes, x.lanes)));
#elif defined(__x86_64__)
  if constexpr (is_float) return vec<T>(batch(_mm_min_ps(limit.lanes, x.lanes)));
  if constexpr (!is_float) return vec<T>(batch(_mm_min_pd(limit.lanes, x.lanes)));
#elif defined(__aarch64__)
  if constexpr (is_float) return vec<T>(batch(vminq_f32(limit.lanes, x.lanes)));
  if constexpr (!is_float) return vec<T>(batch(vminq_f64(limit.lanes, x.lanes)));
#else
  return select(x > limit, limit, x);
#endif
}
template <class T>
vec<T> sign(vec<T> x) {
  const vec<T> zero(T(0)), one(T(1));
  return select(x > zero, one, select(x < zero, zero - one, x));
}

/// Whether fma rounds once. x86's baseline has no instruction for that.
#if (defined(__x86_64__) || defined(__i386__)) && !defined(__FMA__)
constexpr bool fuses = false;
#else
constexpr bool fuses = true;
#endif

/// a b + c, rounded once if `fuses`, else twice.
template <class T>
vec<T> fma(vec<T> a, vec<T> b, vec<T> c) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4) {
    return vec<T>(typename vec<T>::batch(_mm512_fmadd_ps(a.lanes, b.lanes, c.lanes)));
  } else {
    return vec<T>(typename vec<T>::batch(_mm512_fmadd_pd(a.lanes, b.lanes, c.lanes)));
  }
#elif defined(__FMA__)
  if constexpr (sizeof(T) == 4) {
    return vec<T>(typename vec<T>::batch(_mm256_fmadd_ps(a.lanes, b.lanes, c.lanes)));
  } else {
    return vec<T>(typename vec<T>::batch(_mm256_fmadd_pd(a.lanes, b.lanes, c.lanes)));
  }
#elif defined(__aarch64__)
  if constexpr (sizeof(T) == 4) {
    return vec<T>(typename vec<T>::batch(vfmaq_f32(c.lanes, a.lanes, b.lanes)));
  } else {
    return vec<T>(typename vec<T>::batch(vfmaq_f64(c.lanes, a.lanes, b.lanes)));
  }
#else
  if constexpr (!fuses) return a * b + c;
  return vec<T>(xsimd::fma(a.lanes, b.lanes, c.lanes));
#endif
}

/// Whether either is NaN.
inline mask<float> unordered(vec<float> a, vec<float> b) {
#if defined(__AVX512F__)
  return {_mm512_cmp_ps_mask(a.lanes, b.lanes, _CMP_UNORD_Q)};
#elif defined(__AVX2__)
  return {_mm256_cmp_ps(a.lanes, b.lanes, _CMP_UNORD_Q)};
#elif defined(__x86_64__)
  return {_mm_cmpunord_ps(a.lanes, b.lanes)};
#else
  return (a != a) | (b != b);
#endif
}
inline bool any(mask<float> a, mask<float> b) {
#if defined(__AVX512F__)
  return _kortestz_mask16_u8(a.bits, b.bits) == 0;
#else
  return xsimd::any(a.bits | b.bits);
#endif
}

/// The lanes of a vector in double: those of its lower half, then those of its upper half.
inline void widen(vec<float> x, vec<double>& low, vec<double>& high) {
#if defined(__AVX512F__)
  low = vec<double>(vec<double>::batch(_mm512_cvtps_pd(_mm512_castps512_ps256(x.lanes))));
  high = vec<double>(vec<double>::batch(_mm512_cvtps_pd(_mm512_extractf32x8_ps(x.lanes, 1))));
#elif defined(__AVX2__)
  low = vec<double>(vec<double>::batch(_mm256_cvtps_pd(_mm256_castps256_ps128(x.lanes))));
  high = vec<double>(vec<double>::batch(_mm256_cvtps_pd(_mm256_extractf128_ps(x.lanes, 1))));
#elif defined(__x86_64__)
  low = vec<double>(vec<double>::batch(_mm_cvtps_pd(x.lanes)));
  high = vec<double>(vec<double>::batch(_mm_cvtps_pd(_mm_movehl_ps(x.lanes, x.lanes))));
#elif defined(__aarch64__)
  low = vec<double>(vec<double>::batch(vcvt_f64_f32(vget_low_f32(x.lanes))));
  high = vec<double>(vec<double>::batch(vcvt_high_f64_f32(x.lanes)));
#else
  constexpr std::size_t half = vec<double>::width;
  float lanes[2 * half];
  double wide[2 * half];
  x.store(lanes);
  for (std::size_t i = 0; i < 2 * half; ++i) wide[i] = static_cast<double>(lanes[i]);
  low = vec<double>::load(wide);
  high = vec<double>::load(wide + half);
#endif
}

/// The compiler's own vector, of any length. It has conversions that xsimd lacks.
template <class T, std::size_t Width>
struct compiler_vector {
  typedef T type __attribute__((vector_size(Width * sizeof(T))));
};

/// One vector of T from as many elements of type From, rounded to nearest when T is narrower.
template <class T, class From>
vec<T> load_converted(const From* from) {
  if constexpr (sizeof(T) == sizeof(From)) {
    return vec<T>::load(from);
  } else {
    constexpr std::size_t width = vec<T>::width;
    using source = typename compiler_vector<From, width>::type;
    using target = typename compiler_vector<T, width>::type;
    source wide;
    std::memcpy(&wide, from, sizeof wide);
    const target converted = __builtin_convertvector(wide, target);
    vec<T> result;
    std::memcpy(&result, &converted, sizeof result);
    return result;
  }
}

#if defined(__AVX2__)
/// g++ 12 converts a compiler's vector in two halves, and on AVX2 by way of memory.
template <>
inline vec<double> load_converted<double>(const float* from) {
#if defined(__AVX512F__)
  return vec<double>(vec<double>::batch(_mm512_cvtps_pd(_mm256_loadu_ps(from))));
#else
  return vec<double>(vec<double>::batch(_mm256_cvtps_pd(_mm_loadu_ps(from))));
#endif
}
#endif

}  // namespace
}  // namespace gradstep::internal
