// SPDX-License-Identifier: Apache-2.0
#include "capi/tensor_checks.hpp"

#include <cstdint>

#include "capi/dtypes.hpp"
#include "capi/listed_params.hpp"
#include "capi/tensor_array_checks.hpp"
#include "capi/tensor_reading.hpp"
#include "step/tensor_arrays.hpp"

namespace gradstep::internal {
namespace {

constexpr std::size_t largest_element = 8;

gradstep_status check_dtype(tensor_label label, std::int32_t type, const char* field,
                            dtype_set allowed) {
  if (contains(allowed, type)) return GRADSTEP_OK;
  return internal::check_dtype(label.of(field).text, type, allowed);
}

gradstep_status check_count(tensor_label label, std::size_t count) {
  constexpr std::size_t most = SIZE_MAX / 2 / largest_element;
  if (count <= most) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "%s.count = %zu is more than memory can hold (%zu)",
              label.text().text, count, most);
}

/// The slots whose pointers are not null, as bits; none if the caller's slots are not the rule's.
std::uint32_t given_slots(const rule_info& rule, const gradstep_tensor& t) {
  std::uint32_t slots = 0;
  if (t.slots == nullptr || t.slot_count != rule.slot_count) return slots;
  for (std::size_t s = 0; s < t.slot_count; ++s) {
    if (t.slots[s] != nullptr) slots |= 1U << s;
  }
  return slots;
}

/// Validates tensors for a rule. MayLackGrad: whether grad may be null, which means that there is
/// none. A template argument, because validation is much of the cost of a step of small tensors.
template <bool MayLackGrad>
class rule_arrays {
 public:
  rule_arrays(const rule_info& info, std::uint32_t used_slots)
      : info_(info), used_slots_(used_slots) {}

  gradstep_status check(tensor_label label, const gradstep_tensor& t) const {
    if (const auto s = check_dtypes(label, t); s != GRADSTEP_OK) return s;
    if (const auto s = check_count(label, t.count); s != GRADSTEP_OK) return s;
    if (const auto s = check_slot_fields(label, t); s != GRADSTEP_OK) return s;
    if (const auto s = check_first_index(label, t); s != GRADSTEP_OK) return s;
    return t.count == 0 ? GRADSTEP_OK : check_arrays(label, t);
  }

 private:
  bool is_used(std::size_t slot) const { return (used_slots_ >> slot & 1) != 0; }

  gradstep_status check_dtypes(tensor_label label, const gradstep_tensor& t) const {
    if (const auto s = check_dtype(label, t.param_dtype, "param_dtype", float_types);
        s != GRADSTEP_OK) {
      return s;
    }
    if (const auto s = check_dtype(label, t.grad_dtype, "grad_dtype", float_types);
        s != GRADSTEP_OK) {
      return s;
    }
    if (t.param_low != nullptr && t.param_dtype != GRADSTEP_BFLOAT16) {
      return fail(GRADSTEP_INVALID_ARGUMENT,
                  "%s.param_low is set, but param_dtype = %d is not GRADSTEP_BFLOAT16 "
                  "(3), the only one with lower halves",
                  label.text().text, static_cast<int>(t.param_dtype));
    }
    if (t.reserved != 0) {
      return fail(GRADSTEP_INVALID_ARGUMENT, "%s.reserved = %d is not 0", label.text().text,
                  static_cast<int>(t.reserved));
    }
    if (t.param_copy == nullptr && t.copy_dtype == 0) return GRADSTEP_OK;
    if (t.param_copy != nullptr || t.count == 0) {
      return check_dtype(label, t.copy_dtype, "copy_dtype", copy_types);
    }
    return fail(GRADSTEP_INVALID_ARGUMENT, "%s.copy_dtype = %d, but param_copy is NULL",
                label.text().text, static_cast<int>(t.copy_dtype));
  }

  gradstep_status check_slot_fields(tensor_label label, const gradstep_tensor& t) const {
    if (t.slot_count != info_.slot_count) {
      return fail(GRADSTEP_INVALID_ARGUMENT, "%s.slot_count = %zu, but %s has %zu slots",
                  label.text().text, t.slot_count, info_.name, info_.slot_count);
    }
    if (t.slot_dtypes != nullptr) {
      for (std::size_t s = 0; s < t.slot_count; ++s) {
        if (!is_used(s)) continue;
        if (const auto status = check_slot_dtype(label, t, s); status != GRADSTEP_OK) return status;
      }
    }
    if (t.slots != nullptr || used_slots_ == 0 || t.count == 0) return GRADSTEP_OK;
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "%s.slots is NULL, but %s uses slots with its present values", label.text().text,
                info_.name);
  }

  gradstep_status check_slot_dtype(tensor_label label, const gradstep_tensor& t,
                                   std::size_t slot) const {
    const auto allowed =
        slot_types_of(computed_type(t.param_dtype), info_.slots[slot].is_non_negative);
    if (!contains(allowed, t.slot_dtypes[slot])) {
      return fail(GRADSTEP_INVALID_ARGUMENT,
                  "%s.slot_dtypes[%zu] = %d, of %s beside param_dtype = %d, is none of "
                  "%s",
                  label.text().text, slot, static_cast<int>(t.slot_dtypes[slot]),
                  info_.slots[slot].name, static_cast<int>(t.param_dtype), to_text(allowed).text);
    }
    if (!has_blocks(given_arrays(t).slot_type(slot)) || t.count == 0) return GRADSTEP_OK;
    if (t.slot_scales != nullptr && t.slot_scales[slot] != nullptr) return GRADSTEP_OK;
    return fail(GRADSTEP_INVALID_ARGUMENT, "%s.slot_scales%s is NULL, but the dtype of %s is 8-bit",
                label.text().text, t.slot_scales == nullptr ? "" : " of that slot",
                info_.slots[slot].name);
  }

  gradstep_status check_first_index(tensor_label label, const gradstep_tensor& t) const {
    if (t.first_index > UINT64_MAX - t.count) {
      return fail(GRADSTEP_OUT_OF_RANGE, "%s.first_index = %llu + count is past 2^64",
                  label.text().text, static_cast<unsigned long long>(t.first_index));
    }
    if (t.first_index % block_elements == 0 || t.slot_dtypes == nullptr) return GRADSTEP_OK;
    for (std::size_t s = 0; s < t.slot_count; ++s) {
      if (!is_used(s) || !has_blocks(given_arrays(t).slot_type(s))) continue;
      return fail(GRADSTEP_INVALID_ARGUMENT,
                  "%s.first_index = %llu is no multiple of %d, but the dtype of %s is "
                  "8-bit, in blocks of so many",
                  label.text().text, static_cast<unsigned long long>(t.first_index),
                  GRADSTEP_BLOCK_SIZE, info_.slots[s].name);
    }
    return GRADSTEP_OK;
  }

  gradstep_status check_arrays(tensor_label label, const gradstep_tensor& t) const {
    array room[most_arrays];
    array_list arrays(room);
    for_each_array(
        info_, used_slots_, given_arrays(t),
        [&](const void* data, const char* name, std::size_t size, std::size_t count,
            presence wanted) __attribute__((always_inline)) {
          const bool may_lack =
              wanted == presence::optional || (wanted == presence::gradient && MayLackGrad);
          if (data != nullptr || !may_lack) arrays.add({data, name, size, count});
        });
    return arrays.check(label);
  }

  const rule_info& info_;
  std::uint32_t used_slots_;  // as bits
};

/// Checks the sizes of the list and of its structs, and calls check(label, tensor) for each tensor.
template <class Check>
gradstep_status check_each(const gradstep_tensor* tensors, std::size_t tensor_count,
                           const Check& check) {
  if (tensor_count == 0) return GRADSTEP_OK;
  if (tensors == nullptr) {
    return fail(GRADSTEP_INVALID_ARGUMENT, "tensors is NULL, but tensor_count = %zu", tensor_count);
  }
  if (const auto s = check_struct_size(tensors, "tensors[0]"); s != GRADSTEP_OK) return s;
  const std::size_t most = SIZE_MAX / 2 / tensors->struct_size;
  if (tensor_count > most) {
    return fail(GRADSTEP_OUT_OF_RANGE, "tensor_count = %zu is more than memory can hold (%zu)",
                tensor_count, most);
  }
  const given_list list(tensors, tensor_count);
  std::size_t total = 0;
  for (std::size_t i = 0; i < tensor_count; ++i) {
    const gradstep_tensor& t = list[i];
    const tensor_label label(i);
    if (t.struct_size != tensors->struct_size) {
      return fail(GRADSTEP_INVALID_ARGUMENT,
                  "tensors[%zu].struct_size = %zu differs from tensors[0].struct_size = %zu", i,
                  t.struct_size, tensors->struct_size);
    }
    if (t.struct_size != sizeof t) {
      if (const auto s = check_struct(&t, label.text().text); s != GRADSTEP_OK) return s;
    }
    if (const auto s = check(label, t); s != GRADSTEP_OK) return s;
    total += t.count;
    if (const auto s = check_count(label, total); s != GRADSTEP_OK) return s;
  }
  return GRADSTEP_OK;
}

}  // namespace

gradstep_status check_tensors(const gradstep_rule& rule, const gradstep_tensor* tensors,
                              std::size_t tensor_count) noexcept {
  const rule_arrays<false> arrays(*rule.entry->info, rule.entry->used_slots(rule.values));
  listed_params params;
  const auto check = [&](tensor_label label, const gradstep_tensor& t) {
    params.add(t);
    return arrays.check(label, t);
  };
  if (const auto s = check_each(tensors, tensor_count, check); s != GRADSTEP_OK) return s;
  return params.check(given_list(tensors, tensor_count));
}

gradstep_status check_added_tensor(const rule_info& rule, std::uint32_t used_slots,
                                   const gradstep_tensor& tensor) noexcept {
  const auto label = tensor_label::of_argument();
  if (tensor.slots != nullptr) {
    return rule_arrays<true>(rule, used_slots | given_slots(rule, tensor)).check(label, tensor);
  }
  if (tensor.slot_count != 0 || tensor.slot_dtypes != nullptr || tensor.slot_scales != nullptr) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "tensor.slots is NULL, so that the library owns the state, but tensor.%s is set: "
                "it is 0 then",
                tensor.slot_count != 0          ? "slot_count"
                : tensor.slot_dtypes != nullptr ? "slot_dtypes"
                                                : "slot_scales");
  }
  gradstep_tensor without_slots = tensor;
  without_slots.slot_count = rule.slot_count;
  return rule_arrays<true>(rule, 0).check(label, without_slots);
}

gradstep_status check_gradients(const gradstep_tensor* tensors, std::size_t tensor_count) noexcept {
  return check_each(tensors, tensor_count, [](tensor_label label, const gradstep_tensor& t) {
    if (const auto s = check_dtype(label, t.grad_dtype, "grad_dtype", float_types);
        s != GRADSTEP_OK)
      return s;
    if (const auto s = check_count(label, t.count); s != GRADSTEP_OK) return s;
    if (t.count == 0) return GRADSTEP_OK;
    return check_array(label, {t.grad, "grad", size_of(static_cast<dtype>(t.grad_dtype)), t.count});
  });
}

}  // namespace gradstep::internal
