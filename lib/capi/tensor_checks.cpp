// SPDX-License-Identifier: Apache-2.0
#include "tensor_checks.hpp"

#include <cstdint>
#include <cstdio>

#include "dtypes.hpp"
#include "ranges.hpp"
#include "tensor_list.hpp"

namespace gradstep::internal {
namespace {

constexpr std::size_t largest_element = 8;

struct array {
  const void* data;
  std::uintptr_t begin, end;  // as numbers
  const char* name;
  std::size_t element_size;  // a power of two
  std::size_t count;

  array() = default;
  array(const void* array_data, const char* array_name, std::size_t size, std::size_t elements)
      : data(array_data),
        begin(reinterpret_cast<std::uintptr_t>(array_data)),
        end(begin + elements * size),
        name(array_name),
        element_size(size),
        count(elements) {}

  bool is_null() const { return data == nullptr; }
  bool is_aligned() const { return (begin & (element_size - 1)) == 0; }
  bool overlaps(const array& other) const {
    // Not &&: no branch.
    return (static_cast<int>(begin < other.end) & static_cast<int>(other.begin < end)) != 0;
  }
};

struct tensor_name {
  char text[40];
  explicit tensor_name(std::size_t index) {
    std::snprintf(text, sizeof text, "tensors[%zu]", index);
  }
};

gradstep_status check_dtype(std::size_t index, std::int32_t type, const char* field,
                            dtype_set allowed) {
  if (contains(allowed, type)) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT, "tensors[%zu].%s = %d is none of %s", index, field,
              static_cast<int>(type), to_text(allowed).text);
}

gradstep_status check_count(std::size_t index, std::size_t count) {
  constexpr std::size_t most = SIZE_MAX / 2 / largest_element;
  if (count <= most) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "tensors[%zu].count = %zu is more than memory can hold (%zu)",
              index, count, most);
}

gradstep_status check_array(std::size_t index, const array& a) {
  if (a.is_null()) {
    return fail(GRADSTEP_INVALID_ARGUMENT, "tensors[%zu].%s is NULL", index, a.name);
  }
  if (a.is_aligned()) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT,
              "tensors[%zu].%s = %p is not aligned to an element, %zu bytes", index, a.name, a.data,
              a.element_size);
}

gradstep_status check_overlap(std::size_t index, const array& a, const array& b) {
  if (!a.overlaps(b)) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT,
              "the arrays of tensors[%zu] overlap: %s at %p (%zu elements) and %s at %p (%zu)",
              index, b.name, b.data, b.count, a.name, a.data, a.count);
}

/// The arrays of one tensor, in the order in which they were added. Validation is serial, and so
/// much of what a list of small tensors costs: that something is wrong is found without a branch,
/// and only then what it is.
class array_list {
 public:
  void add(const array& a) {
    int is_wrong = static_cast<int>(a.is_null()) | static_cast<int>(!a.is_aligned());
    for (std::size_t i = 0; i < size_; ++i) is_wrong |= static_cast<int>(a.overlaps(arrays_[i]));
    is_wrong_ |= is_wrong;
    arrays_[size_++] = a;
  }
  void add_optional(const array& a) {
    if (!a.is_null()) add(a);
  }

  gradstep_status check(std::size_t index) const {
    return is_wrong_ != 0 ? find_wrong(index) : GRADSTEP_OK;
  }

 private:
  gradstep_status find_wrong(std::size_t index) const {
    for (std::size_t i = 0; i < size_; ++i) {
      if (const auto s = check_array(index, arrays_[i]); s != GRADSTEP_OK) return s;
      for (std::size_t j = 0; j < i; ++j) {
        if (const auto s = check_overlap(index, arrays_[j], arrays_[i]); s != GRADSTEP_OK) return s;
      }
    }
    return GRADSTEP_OK;
  }

  array arrays_[5 + 2 * max_slots];
  std::size_t size_ = 0;
  int is_wrong_ = 0;
};

/// A step's rule, with its used slots looked up once for the whole list.
class rule_arrays {
 public:
  explicit rule_arrays(const gradstep_rule& rule)
      : info_(*rule.entry->info), used_slots_(rule.entry->used_slots(rule.values)) {}

  gradstep_status check(std::size_t index, const gradstep_tensor& t) const {
    if (const auto s = check_dtypes(index, t); s != GRADSTEP_OK) return s;
    if (const auto s = check_count(index, t.count); s != GRADSTEP_OK) return s;
    if (const auto s = check_slot_fields(index, t); s != GRADSTEP_OK) return s;
    if (const auto s = check_first_index(index, t); s != GRADSTEP_OK) return s;
    return t.count == 0 ? GRADSTEP_OK : check_arrays(index, t);
  }

 private:
  bool is_used(std::size_t slot) const { return (used_slots_ >> slot & 1) != 0; }

  gradstep_status check_dtypes(std::size_t index, const gradstep_tensor& t) const {
    if (const auto s = check_dtype(index, t.param_dtype, "param_dtype", float_types);
        s != GRADSTEP_OK) {
      return s;
    }
    if (const auto s = check_dtype(index, t.grad_dtype, "grad_dtype", float_types);
        s != GRADSTEP_OK) {
      return s;
    }
    if (t.param_low != nullptr && t.param_dtype != GRADSTEP_BFLOAT16) {
      return fail(GRADSTEP_INVALID_ARGUMENT,
                  "tensors[%zu].param_low is set, but param_dtype = %d is not GRADSTEP_BFLOAT16 "
                  "(3), the only one with lower halves",
                  index, static_cast<int>(t.param_dtype));
    }
    if (t.reserved != 0) {
      return fail(GRADSTEP_INVALID_ARGUMENT, "tensors[%zu].reserved = %d is not 0", index,
                  static_cast<int>(t.reserved));
    }
    if (t.param_copy != nullptr) return check_dtype(index, t.copy_dtype, "copy_dtype", copy_types);
    if (t.copy_dtype == 0) return GRADSTEP_OK;
    return fail(GRADSTEP_INVALID_ARGUMENT, "tensors[%zu].copy_dtype = %d, but param_copy is NULL",
                index, static_cast<int>(t.copy_dtype));
  }

  gradstep_status check_slot_fields(std::size_t index, const gradstep_tensor& t) const {
    if (t.slot_count != info_.slot_count) {
      return fail(GRADSTEP_INVALID_ARGUMENT, "tensors[%zu].slot_count = %zu, but %s has %zu slots",
                  index, t.slot_count, info_.name, info_.slot_count);
    }
    if (t.slot_dtypes != nullptr) {
      for (std::size_t s = 0; s < t.slot_count; ++s) {
        if (!is_used(s)) continue;
        if (const auto status = check_slot_dtype(index, t, s); status != GRADSTEP_OK) return status;
      }
    }
    if (t.slots != nullptr || used_slots_ == 0 || t.count == 0) return GRADSTEP_OK;
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "tensors[%zu].slots is NULL, but %s uses slots with its present values", index,
                info_.name);
  }

  gradstep_status check_slot_dtype(std::size_t index, const gradstep_tensor& t,
                                   std::size_t slot) const {
    const auto allowed =
        slot_types(computed_type(t.param_dtype), info_.slots[slot].is_non_negative);
    if (!contains(allowed, t.slot_dtypes[slot])) {
      return fail(GRADSTEP_INVALID_ARGUMENT,
                  "tensors[%zu].slot_dtypes[%zu] = %d, of %s beside param_dtype = %d, is none of "
                  "%s",
                  index, slot, static_cast<int>(t.slot_dtypes[slot]), info_.slots[slot].name,
                  static_cast<int>(t.param_dtype), to_text(allowed).text);
    }
    if (!has_blocks(slot_type(t, slot)) || t.count == 0) return GRADSTEP_OK;
    if (t.slot_scales != nullptr && t.slot_scales[slot] != nullptr) return GRADSTEP_OK;
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "tensors[%zu].slot_scales%s is NULL, but the dtype of %s is 8-bit", index,
                t.slot_scales == nullptr ? "" : " of that slot", info_.slots[slot].name);
  }

  gradstep_status check_first_index(std::size_t index, const gradstep_tensor& t) const {
    if (t.first_index > UINT64_MAX - t.count) {
      return fail(GRADSTEP_OUT_OF_RANGE, "tensors[%zu].first_index = %llu + count is past 2^64",
                  index, static_cast<unsigned long long>(t.first_index));
    }
    if (t.first_index % block_elements == 0 || t.slot_dtypes == nullptr) return GRADSTEP_OK;
    for (std::size_t s = 0; s < t.slot_count; ++s) {
      if (!is_used(s) || !has_blocks(slot_type(t, s))) continue;
      return fail(GRADSTEP_INVALID_ARGUMENT,
                  "tensors[%zu].first_index = %llu is no multiple of %d, but the dtype of %s is "
                  "8-bit, in blocks of so many",
                  index, static_cast<unsigned long long>(t.first_index), GRADSTEP_BLOCK_SIZE,
                  info_.slots[s].name);
    }
    return GRADSTEP_OK;
  }

  gradstep_status check_arrays(std::size_t index, const gradstep_tensor& t) const {
    const auto size = [](std::int32_t type) { return size_of(static_cast<dtype>(type)); };
    array_list arrays;
    arrays.add({t.param, "param", size(t.param_dtype), t.count});
    arrays.add({t.grad, "grad", size(t.grad_dtype), t.count});
    for (std::size_t s = 0; s < info_.slot_count; ++s) {
      if (!is_used(s)) continue;
      const dtype type = slot_type(t, s);
      arrays.add({t.slots[s], info_.slots[s].name, size_of(type), t.count});
      if (!has_blocks(type)) continue;
      arrays.add({t.slot_scales[s], "slot_scales", sizeof(float), scale_count(t.count)});
    }
    arrays.add_optional({t.param_low, "param_low", sizeof(std::uint16_t), t.count});
    arrays.add_optional({t.param_copy, "param_copy", size(t.copy_dtype), t.count});
    arrays.add_optional({t.average, "average", size_of(computed_type(t.param_dtype)), t.count});
    return arrays.check(index);
  }

  const rule_info& info_;
  std::uint32_t used_slots_;  // bit s: slot s
};

/// Sizes of the structs, then check(index, tensor) of each.
template <class Check>
gradstep_status check_each(const gradstep_tensor* tensors, std::size_t tensor_count,
                           const Check& check) {
  if (tensor_count == 0) return GRADSTEP_OK;
  if (tensors == nullptr) {
    return fail(GRADSTEP_INVALID_ARGUMENT, "tensors is NULL, but tensor_count = %zu", tensor_count);
  }
  if (const auto s = check_struct_size(tensors, "tensors[0]"); s != GRADSTEP_OK) return s;
  const tensor_list list(tensors, tensor_count);
  std::size_t total = 0;
  for (std::size_t i = 0; i < tensor_count; ++i) {
    const gradstep_tensor& t = list[i];
    if (t.struct_size != tensors->struct_size) {
      return fail(GRADSTEP_INVALID_ARGUMENT,
                  "tensors[%zu].struct_size = %zu differs from tensors[0].struct_size = %zu", i,
                  t.struct_size, tensors->struct_size);
    }
    if (t.struct_size != sizeof t) {
      if (const auto s = check_struct(&t, tensor_name(i).text); s != GRADSTEP_OK) return s;
    }
    if (const auto s = check(i, t); s != GRADSTEP_OK) return s;
    total += t.count;
    if (const auto s = check_count(i, total); s != GRADSTEP_OK) return s;
  }
  return GRADSTEP_OK;
}

}  // namespace

gradstep_status check_tensors(const gradstep_rule& rule, const gradstep_tensor* tensors,
                              std::size_t tensor_count) noexcept {
  const rule_arrays arrays(rule);
  return check_each(tensors, tensor_count, [&](std::size_t index, const gradstep_tensor& t) {
    return arrays.check(index, t);
  });
}

gradstep_status check_gradients(const gradstep_tensor* tensors, std::size_t tensor_count) noexcept {
  return check_each(tensors, tensor_count, [](std::size_t index, const gradstep_tensor& t) {
    if (const auto s = check_dtype(index, t.grad_dtype, "grad_dtype", float_types);
        s != GRADSTEP_OK)
      return s;
    if (const auto s = check_count(index, t.count); s != GRADSTEP_OK) return s;
    if (t.count == 0) return GRADSTEP_OK;
    return check_array(index, {t.grad, "grad", size_of(static_cast<dtype>(t.grad_dtype)), t.count});
  });
}

}  // namespace gradstep::internal
