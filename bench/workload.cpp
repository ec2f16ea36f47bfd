// SPDX-License-Identifier: Apache-2.0
#include "workload.hpp"

#include <algorithm>
#include <cstring>
#include <random>

#include "stepper.hpp"

namespace bench {
namespace {

constexpr std::size_t fill_piece = 65536;  // elements; whole blocks

std::size_t round_up(std::size_t count, std::size_t unit) {
  return (count + unit - 1) / unit * unit;
}

/// Elements in a cache line of the narrowest dtype; with 8-bit slots, in a block.
std::size_t grain_of(const storage& s) {
  if (s.slots == GRADSTEP_S1E4M3_B256) return block_elements;
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
  // element_types has no line for E5M3_B256, which is as wide as S1E4M3_B256.
  return type_of(dtype == GRADSTEP_E5M3_B256 ? GRADSTEP_S1E4M3_B256 : dtype).bytes * block_elements;
}

/// Of a block of elements.
struct stored_bytes {
  std::size_t block, extra;
};

stored_bytes bytes_of(std::int32_t dtype) {
  const bool is_bfloat16 = dtype == GRADSTEP_BFLOAT16;  // its extra array: lower halves
  return {block_bytes(dtype), is_bfloat16 ? block_elements * sizeof(std::uint16_t) : sizeof(float)};
}

}  // namespace

workload::workload(const gradstep::rule& rule, const storage& stored, std::uint64_t flags,
                   const layout& l, arrays& memory, team& threads)
    : passes_(passes_of(rule.name(), l.columns != 0)),
      stored_(stored),
      flags_(flags),
      rows_(l.rows),
      columns_(l.columns),
      grain_(grain_of(stored)),
      span_(0),
      initial_scalars_(initial_scalars(rule, GRADSTEP_SCOPE_TENSOR)) {
  for (const std::size_t count : l.counts) span_ += round_up(count, grain_);
  place(rule, memory);
  fill(threads);
  cut(l);
}

void workload::place(const gradstep::rule& rule, arrays& memory) {
  std::size_t next = 0;
  const auto take = [&](std::size_t bytes) { return memory.at(next++, bytes); };
  param_ = take(span_ * type_of(stored_.param).bytes);
  grad_ = take(span_ * type_of(stored_.grad).bytes);
  auto all = gradstep::sized<gradstep_tensor>();
  all.count = span_;
  all.rows = rows_;
  all.columns = columns_;
  all.param.dtype = stored_.param;
  for (std::size_t s = 0; s < rule.slot_count(); ++s) {
    const auto layout = rule.slot_layout(s, all, stored_.slots);
    slot_array slot;
    slot.name = rule.slot(s).name;
    slot.dtype = layout.dtype;
    slot.initial_value = layout.initial_value;
    slot.starts_as_param = layout.start == GRADSTEP_START_PARAM;
    slot.count = layout.count;
    slot.is_by_element = layout.extent == GRADSTEP_EXTENT_ELEMENT;
    if (layout.is_used != 0) {
      slot.data = take(layout.bytes);
      if (layout.extra_bytes != 0) {
        slot.scales = reinterpret_cast<float*>(take(layout.extra_bytes));
      }
    }
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

void workload::fill_array(const gradstep_array& array, std::size_t all_count,
                          const std::vector<double>& values, team& threads) const {
  const stored_bytes bytes = bytes_of(array.dtype);
  const auto at = [&](std::size_t element) {
    gradstep_array part = array;
    part.data = static_cast<std::byte*>(array.data) + element / block_elements * bytes.block;
    if (array.extra != nullptr) {
      part.extra = static_cast<std::byte*>(array.extra) + element / block_elements * bytes.extra;
    }
    return part;
  };
  // Written once by the library, and then copied.
  std::vector<std::byte> data(fill_piece / block_elements * bytes.block);
  std::vector<std::byte> extra(fill_piece / block_elements * bytes.extra);
  gradstep_array first = array;
  first.data = data.data();
  if (array.extra != nullptr) first.extra = extra.data();
  std::vector<double> numbers(fill_piece);
  for (std::size_t k = 0; k < fill_piece; ++k) numbers[k] = values[k % values.size()];
  gradstep::throw_on_failure(gradstep_array_write(&first, fill_piece, numbers.data()));
  // The threads that step also fill. On a machine with several memories, each thread's part of an
  // array is then in its own memory.
  threads.run_parts(all_count, fill_piece, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; i += fill_piece) {
      const std::size_t count = std::min(fill_piece, end - i);
      const std::size_t blocks = (count + block_elements - 1) / block_elements;
      const gradstep_array part = at(i);
      std::memcpy(part.data, data.data(),
                  (count * bytes.block + block_elements - 1) / block_elements);
      if (part.extra != nullptr) std::memcpy(part.extra, extra.data(), blocks * bytes.extra);
    }
  });
}

void workload::refill_grad(team& threads) const {
  fill_array(gradstep::array_of(stored_.grad, grad_), span_, grad_values(), threads);
}

void workload::fill(team& threads) const {
  const std::vector<double> params = random_values(0.01, 1);
  fill_array(gradstep::array_of(stored_.param, param_, low_), span_, params, threads);
  refill_grad(threads);
  for (const slot_array& slot : slot_arrays_) {
    if (slot.data == nullptr) continue;
    fill_array(gradstep::array_of(slot.dtype, slot.data, slot.scales), slot.count,
               slot.starts_as_param ? params : std::vector<double>{slot.initial_value}, threads);
  }
  // Also written once, so that no step pays for page faults.
  if (copy_ != nullptr) fill_array(gradstep::array_of(stored_.copy, copy_), span_, params, threads);
  if (average_ != nullptr) {
    fill_array(gradstep::array_of(stored_.arithmetic(), average_), span_, params, threads);
  }
}

gradstep_tensor workload::tensor_at(std::size_t begin, std::size_t count, std::size_t index) {
  const std::size_t first = index * slot_arrays_.size();
  for (std::size_t s = 0; s < slot_arrays_.size(); ++s) {
    const slot_array& slot = slot_arrays_[s];
    // A slot with one number per row, for example, has equal parts for all tensors: their shape is
    // the same.
    const std::size_t first_number = begin * slot.count / span_;
    const std::size_t offset = first_number * block_bytes(slot.dtype) / block_elements;
    slots_[first + s] = {};
    if (slot.data == nullptr) continue;
    slots_[first + s] =
        gradstep::array_of(slot.dtype, slot.data + offset,
                           slot.scales == nullptr ? nullptr : slot.scales + begin / block_elements);
  }
  const auto at = [begin](std::byte* array, std::int32_t dtype) {
    if (array == nullptr) return gradstep_array{};
    return gradstep::array_of(dtype, array + begin * type_of(dtype).bytes);
  };
  auto tensor = gradstep::sized<gradstep_tensor>();
  tensor.count = count;
  tensor.rows = rows_;
  tensor.columns = columns_;
  tensor.param = at(param_, stored_.param);
  tensor.grad = at(grad_, stored_.grad);
  tensor.slots = slots_.data() + first;
  tensor.slot_count = slot_arrays_.size();
  if (low_ != nullptr) tensor.param.extra = low_ + begin;
  tensor.copy = at(copy_, stored_.copy);
  tensor.average = at(average_, stored_.arithmetic());
  tensor.scalar_count = initial_scalars_.size();
  if (!initial_scalars_.empty()) {
    tensor.scalars = scalars_.data() + index * initial_scalars_.size();
    std::copy(initial_scalars_.begin(), initial_scalars_.end(), tensor.scalars);
  }
  return tensor;
}

void workload::cut(const layout& l) {
  slots_.resize((l.counts.size() + 1) * slot_arrays_.size());
  scalars_.resize((l.counts.size() + 1) * initial_scalars_.size());
  flat_ = tensor_at(0, l.total(), 0);
  std::size_t begin = 0;
  for (const std::size_t count : l.counts) {
    tensors_.push_back(tensor_at(begin, count, tensors_.size() + 1));
    begin += round_up(count, grain_);
  }
}

/// Adds all that belongs to the array; nothing if there is no such array.
void workload::add_streams(std::string_view array, access mode, pass& to) const {
  const auto add = [&](const std::string& name, void* data, std::size_t bytes) {
    if (data != nullptr) to.push_back({name, static_cast<std::byte*>(data), bytes, mode});
  };
  if (array == "param") {
    add("param", param_, block_bytes(stored_.param));
    add("param.extra", low_, block_elements * sizeof *low_);
  } else if (array == "grad") {
    add("grad", grad_, block_bytes(stored_.grad));
  }
  for (const slot_array& slot : slot_arrays_) {
    if (slot.name != array || !slot.is_by_element) continue;
    add(slot.name, slot.data, block_bytes(slot.dtype));
    add(slot.name + " scales", slot.scales, sizeof(float));
  }
}

pass workload::update_pass() const {
  const bool zeroes_grad = (flags_ & GRADSTEP_APPLY_ZERO_GRAD) != 0;
  const access both = access::read_and_write;
  const array_names& absent = passes_.left_alone;
  pass update;
  add_streams("param", both, update);
  for (const slot_array& slot : slot_arrays_) {
    const bool is_absent = std::find(absent.begin(), absent.end(), slot.name) != absent.end();
    if (!is_absent) add_streams(slot.name, both, update);
  }
  if (average_ != nullptr) {
    update.push_back({"average", average_, block_bytes(stored_.arithmetic()), both});
  }
  if (copy_ != nullptr) {
    update.push_back({"copy", copy_, block_bytes(stored_.copy), access::write});
  }
  add_streams("grad", zeroes_grad ? both : access::read, update);
  return update;
}

traffic workload::bytes() const {
  const bool reads_first = (flags_ & (GRADSTEP_APPLY_MAX_NORM | GRADSTEP_APPLY_CHECK_FINITE)) != 0;
  std::vector<array_names> reads = passes_.reads_before;
  if (reads_first) reads.insert(reads.begin(), {"grad"});
  traffic t{{}, count()};
  for (const array_names& names : reads) {
    t.passes.emplace_back();
    for (const std::string_view name : names) add_streams(name, access::read, t.passes.back());
  }
  t.passes.push_back(update_pass());
  return t;
}

}  // namespace bench
