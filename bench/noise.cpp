// SPDX-License-Identifier: Apache-2.0
#include "noise.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <string>
#include <utility>

namespace bench {
namespace {

double seconds_of(const timeval& t) {
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6;
}

double own_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

}  // namespace

noise_meter::noise_meter(std::filesystem::path root) : root_(std::move(root)), begin_(read()) {}

std::optional<noise_meter::times> noise_meter::read() const {
  std::ifstream file(root_ / "proc/stat");
  std::string name;
  // Of all CPUs together, in ticks; proc(5).
  double user = 0, nice = 0, system = 0, idle = 0, waiting = 0, irq = 0, soft_irq = 0, stolen = 0;
  if (!(file >> name >> user >> nice >> system >> idle >> waiting >> irq >> soft_irq >> stolen)) {
    return {};
  }
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const std::chrono::duration<double> now = std::chrono::steady_clock::now().time_since_epoch();
  return times{(user + nice + system + irq + soft_irq) / ticks, stolen / ticks, own_seconds(),
               now.count()};
}

std::optional<noise> noise_meter::measured() const {
  const std::optional<times> end = read();
  if (!begin_ || !end || end->now <= begin_->now) return {};
  const double seconds = end->now - begin_->now;
  const double others = (end->busy - begin_->busy) - (end->own - begin_->own);
  return noise{std::max(0.0, others / seconds),
               std::max(0.0, (end->stolen - begin_->stolen) / seconds)};
}

}  // namespace bench
