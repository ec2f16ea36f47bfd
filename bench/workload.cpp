// SPDX-License-Identifier: Apache-2.0
#include "workload.hpp"

#include <algorithm>
#include <numeric>
#include <random>

namespace bench {
namespace {

constexpr std::size_t cache_line_elements = 16;  // of the narrowest type

std::size_t rounded_to_line(std::size_t count) {
  return (count + cache_line_elements - 1) / cache_line_elements * cache_line_elements;
}

/// From the first of the tensors to the end of the last, in elements.
std::size_t span_of(const layout& l) {
  std::size_t span = 0;
  for (const std::size_t count : l.counts) span += rounded_to_line(count);
  return span;
}

/// Values in +-[smallest, largest], a prime number of them so that no stride meets only a few.
std::vector<double> random_values(double smallest, double largest) {
  constexpr std::size_t count = 65521;
  std::mt19937_64 random(20240229);
  std::uniform_real_distribution<double> size(smallest, largest);
  std::vector<double> values(count);
  for (double& value : values) value = random() % 2 == 0 ? size(random) : -size(random);
  return values;
}

template <class T>
void fill_range(T* array, std::size_t begin, std::size_t end, const std::vector<double>& values) {
  for (std::size_t i = begin, v = begin % values.size(); i < end; ++i) {
    array[i] = static_cast<T>(values[v]);
    if (++v == values.size()) v = 0;
  }
}

}  // namespace

std::size_t layout::total() const {
  return std::accumulate(counts.begin(), counts.end(), std::size_t{0});
}

layout flat_layout(std::size_t count) {
  constexpr std::size_t k = 1024, m = k * k;
  if (count % m == 0) return {std::to_string(count / m) + "M", {count}};
  if (count % k == 0) return {std::to_string(count / k) + "K", {count}};
  return {std::to_string(count), {count}};
}

layout small_layout() {
  layout result{"1000-small", {}};
  std::mt19937_64 random(1000);
  for (int i = 0; i < 1000; ++i) result.counts.push_back(1000 + random() % 3001);
  return result;
}

layout gpt2_layout() {
  constexpr std::size_t width = 768, vocabulary = 50257, positions = 1024, layers = 12;
  layout result{"gpt2", {vocabulary * width, positions * width}};
  const auto add = [&](std::initializer_list<std::size_t> counts) {
    result.counts.insert(result.counts.end(), counts);
  };
  for (std::size_t i = 0; i < layers; ++i) {
    add({width, width});                                            // first norm
    add({width * 3 * width, 3 * width, width * width, width});      // attention
    add({width, width});                                            // second norm
    add({width * 4 * width, 4 * width, 4 * width * width, width});  // perceptron
  }
  add({width, width});  // last norm
  return result;
}

workload::workload(const gradstep::rule& rule, const element_type& type, const layout& l,
                   arrays& memory, team& threads)
    : type_(type) {
  const std::size_t span = span_of(l);
  place(rule, span, memory);
  fill(rule, span, threads);
  cut(l);
}

void workload::place(const gradstep::rule& rule, std::size_t span, arrays& memory) {
  std::size_t next = 0;
  const auto take = [&] { return memory.at(next++, span * type_.bytes); };
  param_ = take();
  grad_ = take();
  for (std::size_t s = 0; s < rule.slot_count(); ++s) {
    flat_slots_.push_back(rule.uses_slot(s) ? take() : nullptr);
  }
}

void workload::fill(const gradstep::rule& rule, std::size_t span, team& threads) {
  const auto fill_array = [&](void* array, const std::vector<double>& values) {
    // By the threads that step: on a machine with several memories each gets its own part.
    threads.run_parts(span, 4096, [&](std::size_t begin, std::size_t end) {
      if (type_.code == GRADSTEP_FLOAT64) {
        fill_range(static_cast<double*>(array), begin, end, values);
      } else {
        fill_range(static_cast<float*>(array), begin, end, values);
      }
    });
  };
  fill_array(param_, random_values(0.01, 1));
  fill_array(grad_, random_values(0.005, 0.015));
  for (std::size_t s = 0; s < flat_slots_.size(); ++s) {
    if (flat_slots_[s] != nullptr) fill_array(flat_slots_[s], {rule.initial_value(s)});
  }
}

gradstep_tensor workload::tensor_at(std::size_t begin, std::size_t count, void** slots) const {
  for (std::size_t s = 0; s < flat_slots_.size(); ++s) {
    auto* const slot = static_cast<std::byte*>(flat_slots_[s]);
    slots[s] = slot == nullptr ? nullptr : slot + begin * type_.bytes;
  }
  auto tensor = gradstep::sized<gradstep_tensor>();
  tensor.count = count;
  tensor.param = param_ + begin * type_.bytes;
  tensor.grad = grad_ + begin * type_.bytes;
  tensor.slots = slots;
  tensor.slot_count = flat_slots_.size();
  tensor.param_dtype = tensor.grad_dtype = type_.code;
  return tensor;
}

void workload::cut(const layout& l) {
  const std::size_t slot_count = flat_slots_.size();
  slots_.resize((l.counts.size() + 1) * slot_count);
  void** slots = slots_.data();
  flat_ = tensor_at(0, l.total(), slots);
  std::size_t begin = 0;
  for (const std::size_t count : l.counts) {
    slots += slot_count;
    tensors_.push_back(tensor_at(begin, count, slots));
    begin += rounded_to_line(count);
  }
}

streams workload::bytes() const {
  streams result{{param_}, count() * type_.bytes};
  for (void* slot : flat_slots_) {
    if (slot != nullptr) result.arrays.push_back(static_cast<std::byte*>(slot));
  }
  result.arrays.push_back(grad_);
  return result;
}

std::size_t workload::bytes_per_element() const {
  const std::size_t arrays = bytes().arrays.size();
  return ((arrays - 1) * 2 + 1) * type_.bytes;
}

}  // namespace bench
