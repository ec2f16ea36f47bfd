// SPDX-License-Identifier: Apache-2.0
#include "separate_step.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstring>
#include <utility>

#include "baselines.hpp"
#include "dtype_cases.hpp"
#include "loops/level_loops.hpp"
#include "stepper.hpp"

namespace bench {
namespace {

constexpr std::size_t step_piece = 65536;  // elements

}  // namespace

separate_step::separate_step(const workload& w, team& threads)
    : threads_(&threads),
      count_(w.count()),
      param_(static_cast<float*>(w.param())),
      grad_(static_cast<float*>(w.grad())),
      exp_avg_(static_cast<float*>(w.slot(0))),
      exp_avg_sq_(static_cast<float*>(w.slot(1))),
      copy_(static_cast<std::uint16_t*>(w.copy())),
      average_(static_cast<float*>(w.average())),
      sums_((count_ + step_piece - 1) / step_piece) {}

template <class Work>
void separate_step::run(const Work& work) const {
  threads_->run_pieces(count_, step_piece,
                       [&work](std::size_t begin, std::size_t end) { work(begin, end - begin); });
}

bool separate_step::unscale() {
  const auto scale = static_cast<float>(apply_options(0).grad_scale);
  std::atomic<bool> is_finite = true;
  run([&](std::size_t at, std::size_t n) {
    if (!best_loops().careful.unscale_and_check(grad_ + at, scale, n))
      is_finite.store(false, std::memory_order_relaxed);
  });
  return is_finite;
}

double separate_step::norm() {
  // With one thread there is one piece, so the other sums stay 0.
  std::fill(sums_.begin(), sums_.end(), 0.0);
  run([&](std::size_t at, std::size_t n) {
    sums_[at / step_piece] = best_loops().careful.sum_of_squares(grad_ + at, n);
  });
  double total = 0;
  for (const double sum : sums_) total += sum;
  return std::sqrt(total);
}

void separate_step::operator()() {
  const gradstep_apply_options numbers = apply_options(0);
  if (unscale()) {
    const auto factor = static_cast<float>(std::min(1.0, numbers.max_norm / (norm() + 1e-6)));
    run([&](std::size_t at, std::size_t n) {
      best_loops().careful.scale_by(grad_ + at, factor, n);
    });
    const adamw_constants constants = adamw_constants_at(1000);
    run([&](std::size_t at, std::size_t n) {
      best_loops().careful.adamw(constants, param_ + at, grad_ + at, exp_avg_ + at,
                                 exp_avg_sq_ + at, n);
    });
    run([&](std::size_t at, std::size_t n) {
      best_loops().careful.copy_to_bfloat16(param_ + at, copy_ + at, n);
    });
    const auto weight = static_cast<float>(1 - numbers.average_decay);
    run([&](std::size_t at, std::size_t n) {
      best_loops().careful.move_average(average_ + at, param_ + at, weight, n);
    });
  }
  run([&](std::size_t at, std::size_t n) { std::memset(grad_ + at, 0, n * sizeof(float)); });
}

}  // namespace bench
