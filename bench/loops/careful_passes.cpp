// SPDX-License-Identifier: Apache-2.0
//
// The work around an update, as one loop each.
#include <cstring>

#include "tables.hpp"
#include "touch.hpp"

namespace bench::GRADSTEP_BENCH_LEVEL {
namespace {

constexpr std::size_t width = widest / sizeof(float);
typedef float float_vector __attribute__((vector_size(widest)));

std::uint32_t bits_of(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

}  // namespace

bool unscale_and_check(float* g, float scale, std::size_t count) {
  // As integers, the magnitudes of infinities and NaNs are above those of all finite numbers.
  std::uint32_t largest = 0;
  for (std::size_t i = 0; i < count; ++i) {
    g[i] *= scale;
    const std::uint32_t magnitude = bits_of(g[i]) & 0x7fffffffU;
    largest = magnitude > largest ? magnitude : largest;
  }
  return largest < 0x7f800000U;
}

double sum_of_squares(const float* g, std::size_t count) {
  // Eight sums hide the latency of an addition; each has so few terms that float32 is enough.
  constexpr std::size_t sums = 8, block = 4096;
  double total = 0;
  std::size_t i = 0;
  for (; i + block <= count; i += block) {
    float_vector s[sums] = {};
    for (std::size_t k = 0; k < block; k += sums * width) {
#pragma GCC unroll 8
      for (std::size_t j = 0; j < sums; ++j) {
        float_vector x;
        std::memcpy(&x, g + i + k + j * width, sizeof x);
        s[j] += x * x;
      }
    }
    for (std::size_t j = 1; j < sums; ++j) s[0] += s[j];
    for (std::size_t lane = 0; lane < width; ++lane) total += static_cast<double>(s[0][lane]);
  }
  for (; i < count; ++i) total += static_cast<double>(g[i]) * static_cast<double>(g[i]);
  return total;
}

void scale_by(float* g, float factor, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) g[i] *= factor;
}

void copy_to_bfloat16(const float* __restrict p, std::uint16_t* __restrict copy,
                      std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint32_t bits = bits_of(p[i]);
    const std::uint32_t rounded = (bits + 0x7fffU + (bits >> 16 & 1U)) >> 16;
    const bool is_nan = (bits & 0x7fffffffU) > 0x7f800000U;
    copy[i] = static_cast<std::uint16_t>(is_nan ? bits >> 16 | 0x40U : rounded);
  }
}

void move_average(float* __restrict a, const float* __restrict p, float weight, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) a[i] += weight * (p[i] - a[i]);
}

}  // namespace bench::GRADSTEP_BENCH_LEVEL
