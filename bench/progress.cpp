// SPDX-License-Identifier: Apache-2.0
#include "progress.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace bench {
namespace {

constexpr int bar_width = 24, name_width = 44;

}  // namespace

std::string duration_text(double seconds) {
  if (seconds < 100) return std::to_string(std::max(1L, std::lround(seconds))) + " s";
  return std::to_string(std::lround(seconds / 60)) + " min";
}

progress::progress(double weight) : weight_(weight), is_terminal_(isatty(STDERR_FILENO) != 0) {}

progress::~progress() {
  if (is_terminal_) std::fprintf(stderr, "\r%*s\r", bar_width + name_width + 30, "");
}

void progress::begin(const std::string& name) {
  name_ = name;
  if (is_terminal_) show();
}

void progress::add(double weight) {
  done_ += weight;
  if (is_terminal_) return show();
  const int tenths = static_cast<int>(10 * done_ / weight_ + 1e-9);
  if (tenths <= shown_tenths_) return;
  shown_tenths_ = tenths;
  std::fprintf(stderr, "%3d %% done, about %s left\n", 10 * tenths,
               duration_text(seconds_left()).c_str());
}

double progress::seconds_left() const {
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start_;
  return done_ <= 0 ? 0 : spent.count() * (weight_ - done_) / done_;
}

void progress::show() const {
  const double share = std::clamp(done_ / weight_, 0.0, 1.0);
  const std::string bar(static_cast<std::size_t>(share * bar_width), '#');
  const std::string left = done_ > 0 ? "about " + duration_text(seconds_left()) + " left" : "";
  std::fprintf(stderr, "\r[%-*s] %3.0f %%  %-18s %-*.*s", bar_width, bar.c_str(), 100 * share,
               left.c_str(), name_width, name_width, name_.c_str());
  std::fflush(stderr);
}

}  // namespace bench
