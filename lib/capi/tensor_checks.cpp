// SPDX-License-Identifier: Apache-2.0
#include "tensor_checks.hpp"

#include <cstdint>
#include <cstdio>

#include "tensor_list.hpp"

namespace gradstep::internal {
namespace {

constexpr std::size_t largest_element = 8;

bool is_dtype(std::int32_t type) { return type == GRADSTEP_FLOAT32 || type == GRADSTEP_FLOAT64; }

std::size_t element_size(std::int32_t type) { return size_of(static_cast<dtype>(type)); }

struct array {
  const void* data;
  const char* name;
  std::size_t element_size;
};

struct tensor_name {
  char text[40];
  explicit tensor_name(std::size_t index) {
    std::snprintf(text, sizeof text, "tensors[%zu]", index);
  }
};

gradstep_status check_dtype(std::size_t index, std::int32_t type, const char* field) {
  if (is_dtype(type)) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT,
              "tensors[%zu].%s = %d is none of GRADSTEP_FLOAT32 (1), GRADSTEP_FLOAT64 (2)", index,
              field, static_cast<int>(type));
}

gradstep_status check_count(std::size_t index, std::size_t count) {
  constexpr std::size_t most = SIZE_MAX / 2 / largest_element;
  if (count <= most) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "tensors[%zu].count = %zu is more than memory can hold (%zu)",
              index, count, most);
}

gradstep_status check_array(std::size_t index, const array& a) {
  if (a.data == nullptr) {
    return fail(GRADSTEP_INVALID_ARGUMENT, "tensors[%zu].%s is NULL", index, a.name);
  }
  if (reinterpret_cast<std::uintptr_t>(a.data) % a.element_size == 0) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT,
              "tensors[%zu].%s = %p is not aligned to an element, %zu bytes", index, a.name, a.data,
              a.element_size);
}

gradstep_status check_overlap(std::size_t index, std::size_t count, const array& a,
                              const array& b) {
  const auto a_begin = reinterpret_cast<std::uintptr_t>(a.data);
  const auto b_begin = reinterpret_cast<std::uintptr_t>(b.data);
  if (a_begin + count * a.element_size <= b_begin || b_begin + count * b.element_size <= a_begin) {
    return GRADSTEP_OK;
  }
  return fail(GRADSTEP_INVALID_ARGUMENT,
              "the arrays of tensors[%zu] overlap: %s at %p and %s at %p, %zu elements each", index,
              b.name, b.data, a.name, a.data, count);
}

/// A step's rule, with its used slots looked up once for the whole list.
class rule_arrays {
 public:
  explicit rule_arrays(const gradstep_rule& rule)
      : info_(*rule.entry->info), used_slots_(rule.entry->used_slots(rule.values)) {}

  gradstep_status check(std::size_t index, const gradstep_tensor& t) const {
    if (const auto s = check_dtype(index, t.param_dtype, "param_dtype"); s != GRADSTEP_OK) return s;
    if (const auto s = check_dtype(index, t.grad_dtype, "grad_dtype"); s != GRADSTEP_OK) return s;
    if (const auto s = check_count(index, t.count); s != GRADSTEP_OK) return s;
    if (const auto s = check_slot_count(index, t); s != GRADSTEP_OK) return s;
    return t.count == 0 ? GRADSTEP_OK : check_arrays(index, t);
  }

 private:
  gradstep_status check_slot_count(std::size_t index, const gradstep_tensor& t) const {
    if (t.slot_count != info_.slot_count) {
      return fail(GRADSTEP_INVALID_ARGUMENT, "tensors[%zu].slot_count = %zu, but %s has %zu slots",
                  index, t.slot_count, info_.name, info_.slot_count);
    }
    if (t.slots != nullptr || used_slots_ == 0 || t.count == 0) return GRADSTEP_OK;
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "tensors[%zu].slots is NULL, but %s uses slots with its present values", index,
                info_.name);
  }

  gradstep_status check_arrays(std::size_t index, const gradstep_tensor& t) const {
    array arrays[2 + max_slots];
    std::size_t n = 0;
    arrays[n++] = {t.param, "param", element_size(t.param_dtype)};
    arrays[n++] = {t.grad, "grad", element_size(t.grad_dtype)};
    for (std::size_t s = 0; s < info_.slot_count; ++s) {
      if ((used_slots_ >> s & 1) != 0) {
        arrays[n++] = {t.slots[s], info_.slots[s].name, element_size(t.param_dtype)};
      }
    }
    for (std::size_t i = 0; i < n; ++i) {
      if (const auto s = check_array(index, arrays[i]); s != GRADSTEP_OK) return s;
      for (std::size_t j = 0; j < i; ++j) {
        if (const auto s = check_overlap(index, t.count, arrays[j], arrays[i]); s != GRADSTEP_OK) {
          return s;
        }
      }
    }
    return GRADSTEP_OK;
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
    if (const auto s = check_dtype(index, t.grad_dtype, "grad_dtype"); s != GRADSTEP_OK) return s;
    if (const auto s = check_count(index, t.count); s != GRADSTEP_OK) return s;
    if (t.count == 0) return GRADSTEP_OK;
    return check_array(index, {t.grad, "grad", element_size(t.grad_dtype)});
  });
}

}  // namespace gradstep::internal
