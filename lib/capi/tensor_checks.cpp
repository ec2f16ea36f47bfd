// SPDX-License-Identifier: Apache-2.0
#include "capi/tensor_checks.hpp"

#include <cstdint>

#include "capi/dtypes.hpp"
#include "capi/listed_params.hpp"
#include "capi/rule_state_checks.hpp"
#include "capi/tensor_array_checks.hpp"
#include "capi/tensor_field_checks.hpp"
#include "capi/tensor_reading.hpp"
#include "step/tensor_arrays.hpp"

namespace gradstep::internal {
namespace {

using unsigned_number = unsigned long long;  // for printf

constexpr array_role param_array{float_types, true, true};
constexpr array_role grad_array{float_types, false, true};
constexpr array_role copy_array{copy_types, false, true};

/// The slots that are there, as bits; none if the caller's slots are not the rule's.
std::uint32_t given_slots(const rule_info& rule, const gradstep_tensor& t) {
  std::uint32_t slots = 0;
  if (t.slots == nullptr || t.slot_count != rule.slot_count) return slots;
  for (std::size_t s = 0; s < t.slot_count; ++s) {
    if (t.slots[s].data != nullptr) slots |= 1U << s;
  }
  return slots;
}

/// What `delta` may be, in a tensor that has one.
enum class delta_place {
  any,         // an array of its own, or the gradient's
  not_grad,    // the step zeroes gradients
  own,         // in an optimizer, whose gradients come and go
  not_allowed  // a transform
};

/// Validates tensors for a rule. MayLackGrad: whether grad may be absent. A template argument,
/// because validation is much of the cost of a step of small tensors.
template <bool MayLackGrad>
class rule_arrays {
 public:
  /// owns_state: the library has the tensors' scalars if the caller gives none.
  rule_arrays(const rule_entry& rule, std::uint32_t used_slots, delta_place delta, bool owns_state)
      : rule_(rule),
        info_(*rule.info),
        used_slots_(used_slots),
        delta_(delta),
        owns_state_(owns_state),
        has_more_(rule.has_passes || !rule.info->scalars.empty()) {}

  gradstep_status check(tensor_label label, const gradstep_tensor& t) const {
    if (const auto s = check_count(label, t.count); s != GRADSTEP_OK) return s;
    if (has_more_ || has_rare_fields(t)) {
      if (const auto s = check_rare_fields(label, t); s != GRADSTEP_OK) return s;
      if (const auto s = check_state(label, t); s != GRADSTEP_OK) return s;
    }
    if (!is_plain_float32(t)) {
      if (const auto s = check_params(label, t); s != GRADSTEP_OK) return s;
      if (const auto s = check_slots(label, t); s != GRADSTEP_OK) return s;
    }
    if (t.count == 0) return GRADSTEP_OK;
    return t.rows == 0 ? check_pointers<false>(label, t) : check_pointers<true>(label, t);
  }

 private:
  /// What is 0 if an array's fields, `data` excepted, are those of a float32 array without extras.
  static std::uint64_t beyond_float32(const gradstep_array& a) {
    return reinterpret_cast<std::uintptr_t>(a.extra) | reinterpret_cast<std::uintptr_t>(a.extra2) |
           static_cast<std::uint64_t>(a.pitch) | a.flags |
           static_cast<std::uint32_t>(a.dtype ^ GRADSTEP_FLOAT32);
  }

  /// True for most tensors: param, gradient and slots are float32, and there is nothing else. Such
  /// fields are valid.
  bool is_plain_float32(const gradstep_tensor& t) const {
    if (t.slot_count != info_.slot_count || (t.slots == nullptr && used_slots_ != 0)) return false;
    std::uint64_t beyond = beyond_float32(t.param) | beyond_float32(t.grad) |
                           reinterpret_cast<std::uintptr_t>(t.copy.data) |
                           reinterpret_cast<std::uintptr_t>(t.average.data) |
                           reinterpret_cast<std::uintptr_t>(t.delta.data);
    for (std::size_t s = 0; s < t.slot_count; ++s) {
      if (is_used(s)) beyond |= beyond_float32(t.slots[s]);
    }
    return beyond == 0;
  }

  /// Checks what the rule needs beside arrays.
  gradstep_status check_state(tensor_label label, const gradstep_tensor& t) const {
    const std::size_t count = scalar_count(info_, scalar_scope::tensor);
    if (const auto s = check_scalars(label.text().text, t.scalars, t.scalar_count, info_, count,
                                     owns_state_ || t.count == 0);
        s != GRADSTEP_OK) {
      return s;
    }
    return check_is_whole(label, rule_, t);
  }

  bool is_used(std::size_t slot) const { return (used_slots_ >> slot & 1) != 0; }

  static gradstep_status check_array(tensor_label label, const char* name, const gradstep_array& a,
                                     const array_role& role, const gradstep_tensor& t) {
    if (is_plain(a, role.types, role.may_be_split)) return GRADSTEP_OK;
    return check_fields(label, name, a, role, t);
  }

  /// All arrays but slots.
  gradstep_status check_params(tensor_label label, const gradstep_tensor& t) const {
    if (const auto s = check_array(label, "param", t.param, param_array, t); s != GRADSTEP_OK) {
      return s;
    }
    if (const auto s = check_array(label, "grad", t.grad, grad_array, t); s != GRADSTEP_OK) {
      return s;
    }
    if (t.copy.data != nullptr) {
      if (const auto s = check_array(label, "copy", t.copy, copy_array, t); s != GRADSTEP_OK) {
        return s;
      }
    }
    if (t.average.data != nullptr) {
      const array_role average{only(computed_type(t.param.dtype)), false, true};
      if (const auto s = check_array(label, "average", t.average, average, t); s != GRADSTEP_OK) {
        return s;
      }
    }
    return t.delta.data == nullptr ? GRADSTEP_OK : check_delta(label, t);
  }

  gradstep_status check_delta(tensor_label label, const gradstep_tensor& t) const {
    if (delta_ == delta_place::not_allowed) {
      return fail(GRADSTEP_INVALID_ARGUMENT,
                  "%s is set, but a transform changes the param itself: delta is absent then",
                  label.of("delta.data").text);
    }
    const bool is_wide = computed_type(t.param.dtype) == dtype::float64;
    const array_role role{is_wide ? only(dtype::float64) : copy_types, false, true};
    if (const auto s = check_array(label, "delta", t.delta, role, t); s != GRADSTEP_OK) return s;
    if (t.copy.data != nullptr || t.average.data != nullptr) {
      return fail(GRADSTEP_INVALID_ARGUMENT,
                  "%s is set beside delta.data: the step then leaves the param as it is, so there "
                  "is nothing to copy or to average",
                  label.of(t.copy.data != nullptr ? "copy.data" : "average.data").text);
    }
    if (!is_in_place(t) || delta_ == delta_place::any || t.count == 0) return GRADSTEP_OK;
    return fail(GRADSTEP_INVALID_ARGUMENT, "%s is grad.data = %p: %s", label.of("delta.data").text,
                t.grad.data,
                delta_ == delta_place::own ? "in an optimizer, delta is an array of its own"
                                           : "GRADSTEP_APPLY_ZERO_GRAD would zero the change");
  }

  gradstep_status check_slots(tensor_label label, const gradstep_tensor& t) const {
    if (t.slot_count != info_.slot_count) {
      return fail(GRADSTEP_INVALID_ARGUMENT, "%s.slot_count = %zu, but %s has %zu slots",
                  label.text().text, t.slot_count, info_.name, info_.slot_count);
    }
    if (used_slots_ == 0) return GRADSTEP_OK;
    if (t.slots == nullptr) {
      if (t.count == 0) return GRADSTEP_OK;
      return fail(GRADSTEP_INVALID_ARGUMENT,
                  "%s.slots is NULL, but %s uses slots with its present values", label.text().text,
                  info_.name);
    }
    bool has_8_bits = false;
    for (std::size_t s = 0; s < t.slot_count; ++s) {
      if (!is_used(s)) continue;
      if (const auto status = check_slot(label, t, s); status != GRADSTEP_OK) return status;
      has_8_bits |= has_blocks(static_cast<dtype>(t.slots[s].dtype));
    }
    return has_8_bits ? check_blocks(label, t) : GRADSTEP_OK;
  }

  gradstep_status check_slot(tensor_label label, const gradstep_tensor& t, std::size_t s) const {
    const slot& info = info_.slots[s];
    const bool is_per_element = info.extent == slot_extent::element;
    const dtype computed = computed_type(t.param.dtype);
    const dtype_set types =
        is_per_element ? slot_types_of(computed, info.is_non_negative) : only(computed);
    if (is_plain(t.slots[s], types, false)) return GRADSTEP_OK;
    if (t.slots[s].data == nullptr && t.count != 0) {
      if (slot_elements(info.extent, {t.count, t.rows, t.columns}) == 0) return GRADSTEP_OK;
      return fail_as_null(label.of(names_of_slots[s].data).text);
    }
    if (!contains(types, t.slots[s].dtype)) {
      return fail(GRADSTEP_INVALID_ARGUMENT, "%s = %d, of %s beside %s = %d, is none of %s",
                  label.of(names_of_slots[s].array, "dtype").text,
                  static_cast<int>(t.slots[s].dtype), info.name, label.of("param", "dtype").text,
                  static_cast<int>(t.param.dtype), to_text(types).text);
    }
    return check_fields(label, names_of_slots[s].array, t.slots[s], {types, false, is_per_element},
                        t);
  }

  /// Checks a tensor with an 8-bit slot: rows with gaps, and the tensor itself, begin at blocks.
  gradstep_status check_blocks(tensor_label label, const gradstep_tensor& t) const {
    const bool begins_at_block = t.first_index % block_elements == 0;
    if (begins_at_block && (t.columns % block_elements == 0 || !has_gaps(t, used_slots_))) {
      return GRADSTEP_OK;
    }
    std::size_t s = 0;
    while (!is_used(s) || !has_blocks(static_cast<dtype>(t.slots[s].dtype))) ++s;
    if (!begins_at_block) {
      return fail(GRADSTEP_INVALID_ARGUMENT,
                  "%s.first_index = %llu is no multiple of %d, but the dtype of %s is 8-bit, in "
                  "blocks of so many",
                  label.text().text, static_cast<unsigned_number>(t.first_index),
                  GRADSTEP_BLOCK_SIZE, info_.slots[s].name);
    }
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "%s.columns = %llu is no multiple of %d: then no array may have a pitch beside %s, "
                "whose dtype is 8-bit, in blocks of so many",
                label.text().text, static_cast<unsigned_number>(t.columns), GRADSTEP_BLOCK_SIZE,
                info_.slots[s].name);
  }

  /// Calls visit(data, name, element_size, length, pitch) for each array that is or has to be
  /// there.
  template <bool HasShape, class Visit>
  void visit_arrays(const gradstep_tensor& t, const Visit& visit) const {
    for_each_array(
        info_, used_slots_, given_arrays<HasShape>(t),
        [&](const void* data, const char* name, std::size_t size, std::size_t length,
            presence wanted, std::size_t pitch) __attribute__((always_inline)) {
          const bool may_lack =
              wanted == presence::optional || (wanted == presence::gradient && MayLackGrad);
          if (data != nullptr || !may_lack) visit(data, name, size, length, pitch);
        });
  }

  template <bool HasShape>
  gradstep_status check_pointers(tensor_label label, const gradstep_tensor& t) const {
    array_spans::span room[most_arrays];
    array_spans spans(room);
    visit_arrays<HasShape>(
        t, [&](const void* data, const char*, std::size_t size, std::size_t length, std::size_t)
               __attribute__((always_inline)) { spans.add(data, size, length); });
    return spans.is_suspicious() ? explain_pointers<HasShape>(label, t) : GRADSTEP_OK;
  }

  template <bool HasShape>
  [[gnu::noinline]] gradstep_status explain_pointers(tensor_label label,
                                                     const gradstep_tensor& t) const {
    // The optimizer's registry of arrays counts gaps too.
    array_list arrays(t.columns, MayLackGrad);
    visit_arrays<HasShape>(
        t, [&](const void* data, const char* name, std::size_t size, std::size_t length,
               std::size_t pitch) { arrays.add(data, name, size, length, pitch); });
    return arrays.check(label);
  }

  const rule_entry& rule_;
  const rule_info& info_;
  std::uint32_t used_slots_;  // as bits
  delta_place delta_;
  bool owns_state_;
  bool has_more_;  // than slots: scalars, or passes
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
  const std::size_t size = size_of_given(tensors);
  const std::size_t most = SIZE_MAX / 2 / size;
  if (tensor_count > most) {
    return fail(GRADSTEP_OUT_OF_RANGE, "tensor_count = %zu is more than memory can hold (%zu)",
                tensor_count, most);
  }
  const given_list list(tensors, tensor_count);
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < tensor_count; ++i) {
    const gradstep_tensor* t = list.given(i);
    const tensor_label label(i);
    if (size_of_given(t) != size) {
      return fail(GRADSTEP_INVALID_ARGUMENT,
                  "tensors[%zu].struct_size = %zu differs from tensors[0].struct_size = %zu", i,
                  size_of_given(t), size);
    }
    gradstep_tensor room;
    if (size != sizeof room) {
      if (const auto s = check_unknown_fields(t, size, label.text().text); s != GRADSTEP_OK)
        return s;
      t = &with_our_fields(t, size, room);
    }
    if (const auto s = check(label, *t); s != GRADSTEP_OK) return s;
    total += t->count;
    if (const auto s = check_count(label, total); s != GRADSTEP_OK) return s;
  }
  return GRADSTEP_OK;
}

template <bool MayLackGrad>
gradstep_status check_list(const gradstep_rule& rule, const gradstep_tensor* tensors,
                           std::size_t tensor_count, delta_place delta) noexcept {
  const rule_entry& entry = *rule.entry;
  const std::uint32_t of_flat = entry.used_slots(rule.values, false);
  const std::uint32_t of_matrices =
      entry.has_passes ? entry.used_slots(rule.values, true) : of_flat;
  const rule_arrays<MayLackGrad> flat(entry, of_flat, delta, false);
  const rule_arrays<MayLackGrad> matrices(entry, of_matrices, delta, false);
  listed_params params;
  const auto check = [&](tensor_label label, const gradstep_tensor& t) {
    const auto& arrays = t.rows == 0 ? flat : matrices;
    if (const auto s = arrays.check(label, t); s != GRADSTEP_OK) return s;
    params.add(t);
    return GRADSTEP_OK;
  };
  if (const auto s = check_each(tensors, tensor_count, check); s != GRADSTEP_OK) return s;
  const given_list list(tensors, tensor_count);
  if (const auto s = params.check(list); s != GRADSTEP_OK) return s;
  if (entry.info->scalars.empty()) return GRADSTEP_OK;
  return check_scalars_differ(*entry.info, list);
}

}  // namespace

gradstep_status check_tensors(const gradstep_rule& rule, const gradstep_tensor* tensors,
                              std::size_t tensor_count, bool zeroes_grad) noexcept {
  const delta_place delta = zeroes_grad ? delta_place::not_grad : delta_place::any;
  return check_list<false>(rule, tensors, tensor_count, delta);
}

gradstep_status check_tensors_without_grad(const gradstep_rule& rule,
                                           const gradstep_tensor* tensors,
                                           std::size_t tensor_count) noexcept {
  return check_list<true>(rule, tensors, tensor_count, delta_place::not_allowed);
}

gradstep_status check_shapes(const gradstep_tensor* tensors, std::size_t tensor_count) noexcept {
  return check_each(tensors, tensor_count, [](tensor_label label, const gradstep_tensor& t) {
    if (const auto s = check_count(label, t.count); s != GRADSTEP_OK) return s;
    return check_shape(label, t);
  });
}

gradstep_status check_array_arguments(const gradstep_rule& rule,
                                      const gradstep_tensor& tensor) noexcept {
  const std::uint32_t used_slots = rule.entry->used_slots(rule.values, tensor.rows != 0);
  return rule_arrays<false>(*rule.entry, used_slots, delta_place::any, false)
      .check(tensor_label::of_arrays(), tensor);
}

gradstep_status check_added_tensor(const rule_entry& rule, std::uint32_t used_slots,
                                   const gradstep_tensor& tensor, tensor_label label) noexcept {
  if (tensor.slots != nullptr) {
    const std::uint32_t slots = used_slots | given_slots(*rule.info, tensor);
    return rule_arrays<true>(rule, slots, delta_place::own, true).check(label, tensor);
  }
  if (tensor.slot_count != 0) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "%s.slots is NULL, so that the library owns the state, but %s.slot_count = %zu: it "
                "is 0 then",
                label.text().text, label.text().text, tensor.slot_count);
  }
  gradstep_tensor without_slots = tensor;
  without_slots.slot_count = rule.info->slot_count;
  return rule_arrays<true>(rule, 0, delta_place::own, true).check(label, without_slots);
}

gradstep_status check_gradients(const gradstep_tensor* tensors, std::size_t tensor_count) noexcept {
  const auto check = [](tensor_label label, const gradstep_tensor& t) {
    if (const auto s = check_count(label, t.count); s != GRADSTEP_OK) return s;
    if (const auto s = check_shape(label, t); s != GRADSTEP_OK) return s;
    if (!is_plain(t.grad, grad_array.types, grad_array.may_be_split)) {
      if (const auto s = check_fields(label, "grad", t.grad, grad_array, t); s != GRADSTEP_OK) {
        return s;
      }
    }
    if (t.count == 0) return GRADSTEP_OK;
    return check_pointer(label, "grad.data", t.grad.data,
                         size_of(static_cast<dtype>(t.grad.dtype)));
  };
  return check_each(tensors, tensor_count, check);
}

}  // namespace gradstep::internal
