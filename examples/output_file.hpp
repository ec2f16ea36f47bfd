// SPDX-License-Identifier: Apache-2.0
//
// Text files that are written whole, or reported.
#ifndef GRADSTEP_EXAMPLES_OUTPUT_FILE_HPP
#define GRADSTEP_EXAMPLES_OUTPUT_FILE_HPP

#include <cerrno>
#include <cstring>
#include <fstream>
#include <ios>
#include <limits>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

namespace examples {

/// A text file to be written. Numbers are written with all digits that tell them apart.
class output_file {
 public:
  /// Throws if the file cannot be written. Its old contents stay until close(). `argument` is the
  /// option that named the file.
  output_file(std::string argument, std::string path)
      : argument_(std::move(argument)), path_(std::move(path)) {
    errno = 0;
    if (!std::ofstream(path_, std::ios::app)) fail();
    stream_.precision(std::numeric_limits<double>::max_digits10);
  }

  const std::string& path() const { return path_; }
  std::ostream& stream() { return stream_; }

  /// Replaces the file's contents by what was written to stream(), or throws.
  void close() {
    errno = 0;
    std::ofstream file(path_);
    file << stream_.str();
    file.close();
    if (!file) fail();
  }

 private:
  [[noreturn]] void fail() const {
    const std::string reason = errno == 0 ? "the disk may be full" : std::strerror(errno);
    throw std::runtime_error(argument_ + ": cannot write '" + path_ + "': " + reason);
  }

  std::string argument_;
  std::string path_;
  std::ostringstream stream_;
};

}  // namespace examples

#endif  // GRADSTEP_EXAMPLES_OUTPUT_FILE_HPP
