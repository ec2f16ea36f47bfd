// SPDX-License-Identifier: Apache-2.0
//
// The digits: reads the file, and splits it into a training part and a test part.
#ifndef GRADSTEP_EXAMPLES_DIGITS_DATASET_HPP
#define GRADSTEP_EXAMPLES_DIGITS_DATASET_HPP

#include <zlib.h>
#include <Eigen/Core>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "random.hpp"

namespace digits {

constexpr int pixel_count = 64;
constexpr int class_count = 10;
constexpr int darkest = 16;

/// Images and the digits that they show.
struct dataset {
  Eigen::MatrixXf images;   ///< one column per image, from 0 (white) to 1 (black)
  std::vector<int> labels;  ///< 0 to 9

  Eigen::Index size() const { return images.cols(); }

  /// A text that tells it from other datasets: "1498 images, CRC-32 1a2b3c4d".
  std::string describe() const {
    const auto add = [](uLong sum, const void* bytes, std::size_t size) {
      return crc32_z(sum, static_cast<const Bytef*>(bytes), size);
    };
    uLong sum = add(0, images.data(), static_cast<std::size_t>(images.size()) * sizeof(float));
    sum = add(sum, labels.data(), labels.size() * sizeof(int));
    char text[64];
    std::snprintf(text, sizeof text, "%lld images, CRC-32 %08lx", static_cast<long long>(size()),
                  sum);
    return text;
  }

  /// The images at these positions, in this order.
  dataset select(const std::vector<int>& positions) const {
    dataset chosen{images(Eigen::seqN(0, images.rows()), positions), {}};
    for (const int position : positions) chosen.labels.push_back(labels[position]);
    return chosen;
  }
};

/// The whole numbers of a line such as "1,2,3". Empty for any other line, and for more than `most`.
inline std::vector<int> parse_row(const std::string& line, std::size_t most) {
  std::vector<int> numbers;
  const char* next = line.data();
  const char* end = next + line.size();
  while (numbers.size() < most) {
    int number = 0;
    const auto [stop, error] = std::from_chars(next, end, number);
    if (error != std::errc()) return {};
    numbers.push_back(number);
    if (stop == end) return numbers;
    if (*stop != ',') return {};
    next = stop + 1;
  }
  return {};
}

/// Whether a row is an image: its pixels, then its digit.
inline bool is_image(const std::vector<int>& row) {
  if (row.size() != pixel_count + 1) return false;
  for (int i = 0; i < pixel_count; ++i) {
    if (row[i] < 0 || row[i] > darkest) return false;
  }
  return 0 <= row.back() && row.back() < class_count;
}

/// Reads a file in the format of data/README.md. Throws at anything else; the message has file and
/// line.
inline dataset load(const std::string& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("--data: cannot open '" + path + "'");
  std::vector<std::vector<int>> rows;
  for (std::string line; std::getline(file, line);) {
    if (!line.empty() && line.back() == '\r') line.pop_back();  // checked out on Windows
    rows.push_back(parse_row(line, pixel_count + 1));
    if (is_image(rows.back())) continue;
    throw std::runtime_error(
        path + ":" + std::to_string(rows.size()) +
        ": expected 65 whole numbers with commas between them: 64 pixels from 0 to 16, then the "
        "digit from 0 to 9; found '" +
        (line.size() <= 40 ? line : line.substr(0, 40) + "...") + "'");
  }
  if (file.bad()) throw std::runtime_error("--data: cannot read '" + path + "'");

  dataset all{Eigen::MatrixXf(pixel_count, rows.size()), {}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    for (int j = 0; j < pixel_count; ++j) {
      all.images(j, i) = static_cast<float>(rows[i][j]) / darkest;
    }
    all.labels.push_back(rows[i].back());
  }
  return all;
}

struct parts {
  dataset training;
  dataset test;
};

/// Shuffles by the seed and keeps one sixth for the test: 299 of 1797 images.
inline parts split(const dataset& all, std::uint64_t seed) {
  const std::size_t test_count = all.labels.size() / 6;
  if (test_count == 0) {
    throw std::runtime_error("--data: found " + std::to_string(all.labels.size()) +
                             " images, at least 6 are needed: a sixth is kept for the test");
  }
  random_source random(seed, random_use::split);
  const std::vector<int> order = random.permutation(static_cast<int>(all.labels.size()));
  const auto border = order.begin() + static_cast<std::ptrdiff_t>(test_count);
  return {all.select({border, order.end()}), all.select({order.begin(), border})};
}

}  // namespace digits

#endif  // GRADSTEP_EXAMPLES_DIGITS_DATASET_HPP
