// SPDX-License-Identifier: Apache-2.0
#include "move_runs.hpp"

#include <algorithm>
#include <stdexcept>

namespace bench {
namespace {

/// Arrays of which a run each is moved in turn.
class run_list {
 public:
  struct run {
    std::byte* data;
    std::size_t block_bytes;
    run_function move;
  };
  void add(const run& r) {
    if (count_ == most) throw std::out_of_range("a step of more arrays: raise run_list::most");
    runs_[count_++] = r;
  }
  void move(std::size_t begin, std::size_t elements) const {
    for (std::size_t s = 0; s < count_; ++s) {
      const run& r = runs_[s];
      r.move(r.data + begin * r.block_bytes / block_elements,
             elements * r.block_bytes / block_elements);
    }
  }

 private:
  static constexpr std::size_t most = 16;
  run runs_[most];
  std::size_t count_ = 0;
};

run_function function_of(const run_style& style, access mode) {
  switch (mode) {
    case access::read:
      return style.read;
    case access::write:
      return style.write;
    case access::read_and_write:
      return style.read_and_write;
  }
  return nullptr;
}

}  // namespace

std::string name_of(const run_style& style) {
  return std::to_string(style.vector_bytes) + "-byte vectors, runs of " +
         std::to_string(style.elements) + (style.is_past_caches ? ", written past caches" : "");
}

std::vector<run_style> run_styles(const pass& p) {
  const bool only_writes =
      std::any_of(p.begin(), p.end(), [](const stream& s) { return s.mode == access::write; });
  std::vector<run_style> styles;
  for (std::size_t i = 0; i < run_count; ++i) {
    const run_style& style = best_loops().runs[i];
    if (only_writes || !style.is_past_caches) styles.push_back(style);
  }
  return styles;
}

void move_runs(const pass& p, const run_style& style, std::size_t begin, std::size_t end) {
  run_list wide, scales;
  for (const stream& s : p) {
    (s.block_bytes < block_elements ? scales : wide)
        .add({s.data, s.block_bytes, function_of(style, s.mode)});
  }
  const std::size_t whole = std::max(style.elements, block_elements);
  std::size_t i = begin;
  for (; i + whole <= end; i += whole) {
    for (std::size_t k = 0; k < whole; k += style.elements) wide.move(i + k, style.elements);
    scales.move(i, whole);
  }
  for (const stream& s : p) {
    const std::size_t first = s.bytes_of(i);
    function_of(style, s.mode)(s.data + first, s.bytes_of(end) - first);
  }
}

}  // namespace bench
