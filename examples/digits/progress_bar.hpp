// SPDX-License-Identifier: Apache-2.0
#ifndef GRADSTEP_EXAMPLES_DIGITS_PROGRESS_BAR_HPP
#define GRADSTEP_EXAMPLES_DIGITS_PROGRESS_BAR_HPP

#include <cstdint>
#include <cstdio>
#include <string>

#if defined(_WIN32)
#include <io.h>
#else
#include <unistd.h>
#endif

namespace digits {

inline bool is_terminal(std::FILE* file) {
#if defined(_WIN32)
  return _isatty(_fileno(file)) != 0;
#else
  return isatty(fileno(file)) != 0;
#endif
}

/// Shows a bar on standard error, if that is a terminal, until its destructor clears the line.
class progress_bar {
 public:
  explicit progress_bar(std::uint64_t total) : total_(total), shown_(is_terminal(stderr)) {}
  progress_bar(const progress_bar&) = delete;
  progress_bar& operator=(const progress_bar&) = delete;
  ~progress_bar() {
    if (shown_) std::fputs("\r\033[K", stderr);  // back to the line's start, and clear it
  }

  /// Counts one more part of the total as done.
  void advance(const std::string& label) {
    ++done_;
    if (!shown_) return;
    const std::size_t filled = total_ == 0 ? 0 : width * done_ / total_;
    const std::string bar = std::string(filled, '#') + std::string(width - filled, '.');
    std::fprintf(stderr, "\r%-12s [%s] %3llu%%", label.c_str(), bar.c_str(),
                 static_cast<unsigned long long>(100 * done_ / total_));
  }

 private:
  static constexpr std::size_t width = 40;

  std::uint64_t total_;
  std::uint64_t done_ = 0;
  bool shown_;
};

}  // namespace digits

#endif  // GRADSTEP_EXAMPLES_DIGITS_PROGRESS_BAR_HPP
