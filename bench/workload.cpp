// SPDX-License-Identifier: Apache-2.0
#include "workload.hpp"

#include <algorithm>
#include <random>

namespace bench {
namespace {

constexpr std::size_t fill_piece = 4096;  // elements; whole blocks

std::size_t round_up(std::size_t count, std::size_t unit) {
  return (count + unit - 1) / unit * unit;
}

/// Elements in a cache line of the narrowest dtype; with 8-bit slots, in a block.
std::size_t grain_of(const storage& s) {
  if (s.slots == GRADSTEP_SIGNED8) return block_elements;
  const std::size_t narrowest =
      std::min({type_of(s.param).bytes, type_of(s.grad).bytes, type_of(s.slots).bytes,
                s.copy == 0 ? 8 : type_of(s.copy).bytes});
  return 64 / narrowest;
}

/// Values in +-[smallest, largest]. Their number is prime, so that no stride meets only a few.
std::vector<double> random_values(double smallest, double largest) {
  constexpr std::size_t count = 65521;
  std::mt19937_64 random(20240229);
  std::uniform_real_distribution<double> size(smallest, largest);
  std::vector<double> values(count);
  for (double& value : values) value = random() % 2 == 0 ? size(random) : -size(random);
  return values;
}

const std::vector<double>& grad_values() {
  static const std::vector<double> values = random_values(0.005, 0.015);
  return values;
}

std::size_t block_bytes(std::int32_t dtype) {
  // element_types has no line for UNSIGNED8, which is as wide as SIGNED8.
  return type_of(dtype == GRADSTEP_UNSIGNED8 ? GRADSTEP_SIGNED8 : dtype).bytes * block_elements;
}

}  // namespace

workload::workload(const gradstep::rule& rule, const storage& stored, std::uint64_t flags,
                   const layout& l, arrays& memory, team& threads)
    : stored_(stored), flags_(flags), grain_(grain_of(stored)), span_(0) {
  for (const std::size_t count : l.counts) span_ += round_up(count, grain_);
  place(rule, memory);
  fill(rule, threads);
  cut(l);
}

void workload::place(const gradstep::rule& rule, arrays& memory) {
  std::size_t next = 0;
  const auto take = [&](std::size_t bytes) { return memory.at(next++, bytes); };
  param_ = take(span_ * type_of(stored_.param).bytes);
  grad_ = take(span_ * type_of(stored_.grad).bytes);
  for (std::size_t s = 0; s < rule.slot_count(); ++s) {
    auto info = gradstep::sized<gradstep_storage_info>();
    gradstep::throw_on_failure(gradstep_slot_storage(rule.name(), s, stored_.slots, span_, &info));
    slot_array slot{rule.slot(s).name, nullptr, nullptr, info.dtype};
    if (rule.uses_slot(s)) {
      slot.data = take(info.bytes);
      if (info.scale_count != 0) {
        slot.scales = reinterpret_cast<float*>(take(info.scale_count * sizeof(float)));
      }
    }
    slot_dtypes_.push_back(slot.dtype);
    slot_arrays_.push_back(std::move(slot));
  }
  if (stored_.is_split) {
    low_ = reinterpret_cast<std::uint16_t*>(take(span_ * sizeof(std::uint16_t)));
  }
  if (stored_.copy != 0) copy_ = take(span_ * type_of(stored_.copy).bytes);
  if ((flags_ & GRADSTEP_APPLY_AVERAGE) != 0) {
    average_ = take(span_ * type_of(stored_.arithmetic()).bytes);
  }
}

gradstep_array workload::whole(void* data, void* extra, std::int32_t dtype) const {
  auto array = gradstep::sized<gradstep_array>();
  array.count = span_;
  array.data = data;
  array.extra = extra;
  array.dtype = dtype;
  return array;
}

void workload::fill_array(const gradstep_array& array, const std::vector<double>& values,
                          team& threads) const {
  const std::size_t bytes = block_bytes(array.dtype);
  const std::size_t extra_bytes =
      array.dtype == GRADSTEP_BFLOAT16 ? block_elements * sizeof(std::uint16_t) : sizeof(float);
  // The threads that step also fill. On a machine with several memories, each thread's part of an
  // array is then in its own memory.
  threads.run_parts(span_, fill_piece, [&](std::size_t begin, std::size_t end) {
    std::vector<double> numbers(fill_piece);
    gradstep_array part = array;
    for (std::size_t i = begin; i < end; i += part.count) {
      part.count = std::min(fill_piece, end - i);
      part.data = static_cast<std::byte*>(array.data) + i / block_elements * bytes;
      if (array.extra != nullptr) {
        part.extra = static_cast<std::byte*>(array.extra) + i / block_elements * extra_bytes;
      }
      for (std::size_t k = 0, v = i % values.size(); k < part.count; ++k) {
        numbers[k] = values[v];
        if (++v == values.size()) v = 0;
      }
      gradstep::throw_on_failure(gradstep_array_write(&part, numbers.data()));
    }
  });
}

void workload::refill_grad(team& threads) const {
  fill_array(whole(grad_, nullptr, stored_.grad), grad_values(), threads);
}

void workload::fill(const gradstep::rule& rule, team& threads) const {
  const std::vector<double> params = random_values(0.01, 1);
  fill_array(whole(param_, low_, stored_.param), params, threads);
  refill_grad(threads);
  for (std::size_t s = 0; s < slot_arrays_.size(); ++s) {
    const slot_array& slot = slot_arrays_[s];
    if (slot.data == nullptr) continue;
    fill_array(whole(slot.data, slot.scales, slot.dtype), {rule.initial_value(s)}, threads);
  }
  // Also written once, so that no step pays for page faults.
  if (copy_ != nullptr) fill_array(whole(copy_, nullptr, stored_.copy), params, threads);
  if (average_ != nullptr)
    fill_array(whole(average_, nullptr, stored_.arithmetic()), params, threads);
}

gradstep_tensor workload::tensor_at(std::size_t begin, std::size_t count, std::size_t index) {
  const std::size_t first = index * slot_arrays_.size();
  for (std::size_t s = 0; s < slot_arrays_.size(); ++s) {
    const slot_array& slot = slot_arrays_[s];
    const std::size_t offset = begin * block_bytes(slot.dtype) / block_elements;
    slots_[first + s] = slot.data == nullptr ? nullptr : slot.data + offset;
    scales_[first + s] = slot.scales == nullptr ? nullptr : slot.scales + begin / block_elements;
  }
  const auto at = [begin](std::byte* array, std::int32_t dtype) {
    return array == nullptr ? nullptr : array + begin * type_of(dtype).bytes;
  };
  auto tensor = gradstep::sized<gradstep_tensor>();
  tensor.count = count;
  tensor.param = at(param_, stored_.param);
  tensor.grad = at(grad_, stored_.grad);
  tensor.slots = slots_.data() + first;
  tensor.slot_count = slot_arrays_.size();
  tensor.param_dtype = stored_.param;
  tensor.grad_dtype = stored_.grad;
  if (stored_.slots != stored_.arithmetic()) {
    tensor.slot_dtypes = slot_dtypes_.data();
    tensor.slot_scales = scales_.data() + first;
  }
  tensor.param_low = low_ == nullptr ? nullptr : low_ + begin;
  tensor.copy_dtype = stored_.copy;
  tensor.param_copy = at(copy_, stored_.copy);
  tensor.average = at(average_, stored_.arithmetic());
  return tensor;
}

void workload::cut(const layout& l) {
  slots_.resize((l.counts.size() + 1) * slot_arrays_.size());
  scales_.resize(slots_.size());
  flat_ = tensor_at(0, l.total(), 0);
  std::size_t begin = 0;
  for (const std::size_t count : l.counts) {
    tensors_.push_back(tensor_at(begin, count, tensors_.size() + 1));
    begin += round_up(count, grain_);
  }
}

traffic workload::bytes() const {
  const bool zeroes_grad = (flags_ & GRADSTEP_APPLY_ZERO_GRAD) != 0;
  const bool reads_first = (flags_ & (GRADSTEP_APPLY_MAX_NORM | GRADSTEP_APPLY_CHECK_FINITE)) != 0;
  traffic t{{}, count()};
  if (reads_first) t.passes.push_back({{"grad", grad_, block_bytes(stored_.grad), access::read}});
  pass update;
  const auto add = [&](const std::string& name, void* data, std::size_t bytes, access mode) {
    if (data != nullptr) update.push_back({name, static_cast<std::byte*>(data), bytes, mode});
  };
  const access both = access::read_and_write;
  add("param", param_, block_bytes(stored_.param), both);
  add("param_low", low_, block_elements * sizeof *low_, both);
  for (const slot_array& slot : slot_arrays_) {
    add(slot.name, slot.data, block_bytes(slot.dtype), both);
    add(slot.name + " scales", slot.scales, sizeof(float), both);
  }
  add("average", average_, block_bytes(stored_.arithmetic()), both);
  if (copy_ != nullptr) add("copy", copy_, block_bytes(stored_.copy), access::write);
  add("grad", grad_, block_bytes(stored_.grad), zeroes_grad ? both : access::read);
  t.passes.push_back(std::move(update));
  return t;
}

gradstep_apply_options apply_options(std::uint64_t flags) {
  auto options = gradstep::sized<gradstep_apply_options>();
  options.flags = flags;
  options.grad_scale = 1.0 / 1024;
  options.max_norm = 1;
  options.max_value = 0.01;
  options.average_decay = 0.999;
  options.seed = 3;
  return options;
}

}  // namespace bench
