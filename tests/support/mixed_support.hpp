// SPDX-License-Identifier: Apache-2.0
//
// A parameter whose arrays are stored in any of the dtypes, the choices of storage and options that
// the tests of the mixed-precision step go through, and that step in plain scalar code around the
// library's own plain step, which oracle_test.cpp proves.
#pragma once

#include "support/mixed_reference.hpp"

namespace gradstep_test {

// ---- Choices ----------------------------------------------------------------------------------

/// How the arrays of one parameter are stored.
struct storage {
  std::int32_t param = GRADSTEP_FLOAT32;
  std::int32_t grad = GRADSTEP_FLOAT32;
  std::int32_t slot = GRADSTEP_FLOAT32;  // UNSIGNED8: where the slot is non-negative, else SIGNED8
  std::int32_t copy = 0;                 // 0: none
  bool is_split = false;                 // the param has lower halves
  bool has_average = false;
  std::uint64_t flags = 0;  // of the options, that say how it is rounded
};

inline std::string to_text(const storage& s) {
  std::string text = "param " + dtype_text(s.param) + (s.is_split ? " split" : "") + ", grad " +
                     dtype_text(s.grad) + ", slots " + dtype_text(s.slot);
  if (s.copy != 0) text += ", copy " + dtype_text(s.copy);
  if (s.has_average) text += ", average";
  return text + ", flags " + std::to_string(s.flags);
}

/// Every way to store a param and slots, with float32 gradients.
inline std::vector<storage> param_and_slot_storages() {
  std::vector<storage> params;
  for (const std::int32_t dtype : float_dtypes) params.push_back({.param = dtype});
  for (const std::int32_t dtype : {GRADSTEP_BFLOAT16, GRADSTEP_FLOAT16}) {
    params.push_back({.param = dtype, .flags = GRADSTEP_APPLY_STOCHASTIC_PARAM});
  }
  params.push_back({.param = GRADSTEP_BFLOAT16, .is_split = true});
  std::vector<storage> all;
  for (storage s : params) {
    if (s.param == GRADSTEP_FLOAT64) {
      s.slot = GRADSTEP_FLOAT64;
      all.push_back(s);
      continue;
    }
    for (const std::int32_t slot : slot_dtypes) {
      s.slot = slot;
      all.push_back(s);
      if (slot == GRADSTEP_FLOAT32) continue;
      all.push_back(s);
      all.back().flags |= GRADSTEP_APPLY_NEAREST_SLOTS;
    }
  }
  return all;
}

inline std::vector<storage> all_storages() {
  std::vector<storage> all;
  for (storage s : param_and_slot_storages()) {
    for (const std::int32_t grad : float_dtypes) {
      s.grad = grad;
      all.push_back(s);
    }
  }
  return all;
}

inline constexpr std::uint64_t all_flags = 63;  // but for the kinds of rounding

/// Every way to store a param and slots, with all that may stand beside them, and each dtype of
/// gradients and copies somewhere.
inline std::vector<storage> full_storages() {
  auto all = param_and_slot_storages();
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i].grad = float_dtypes[i % std::size(float_dtypes)];
    all[i].copy = copy_dtypes[i % std::size(copy_dtypes)];
    all[i].has_average = true;
  }
  return all;
}

inline constexpr std::uint64_t rounding_seed = 0x5eed;

/// Numbers under which every option shows.
inline gradstep_apply_options mixed_options(std::uint64_t flags, std::uint64_t step = 1) {
  auto options = at_step(step);
  options.flags = flags;
  options.grad_scale = 1 / 3.0;
  options.max_norm = 20;
  options.max_value = 0.75;
  options.average_decay = 0.9;
  options.seed = rounding_seed;
  return options;
}

/// The combination that uses the most slots and terms.
inline option_values richest_options(const std::string& rule_name) {
  return option_combinations(rule_name).back();
}

// ---- Parameters -------------------------------------------------------------------------------

/// A gradstep_tensor and what it refers to. Moving keeps it valid.
struct mixed_view {
  mixed_view() = default;
  mixed_view(mixed_view&&) = default;
  mixed_view& operator=(mixed_view&&) = default;

  std::vector<void*> slots;
  std::vector<std::int32_t> slot_dtypes;
  std::vector<float*> slot_scales;
  gradstep_tensor tensor = sized<gradstep_tensor>();
};

/// Between 2^-20 and 2^10 about evenly in the logarithm; some zeros and denormals.
inline double mixed_value(std::uint64_t seed, std::size_t i) {
  if (i % 16 == 5) return 0;
  if (i % 64 == 6) return 1e-41 * random_value(seed, i);
  const double exponent = std::floor(7.5 * random_value(seed + 1'000'000, i)) - 5;
  return std::ldexp(random_value(seed, i), static_cast<int>(exponent));
}

class mixed_parameter {
 public:
  /// `offset`: bytes from a cache line for the first array, each next one 8 further.
  mixed_parameter(const gradstep_rule* rule, const std::string& rule_name, const storage& how,
                  std::size_t count, std::uint64_t data_seed = 1, std::size_t offset = 0)
      : param(how.param, count, offset, how.is_split),
        grad(how.grad, count, next(offset, 1)),
        data_seed_(data_seed) {
    for (std::size_t s = 0; s < describe_rule(rule_name).slot_count; ++s) {
      add_slot(rule, rule_name, how.slot, s, next(offset, 2 + s));
    }
    if (how.copy != 0) copy.emplace(how.copy, count, next(offset, 10));
    if (how.has_average) average.emplace(native(), count, next(offset, 11));
    std::vector<double> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = mixed_value(data_seed_, i);
    param.narrow(values);
    set_gradient(1);
  }

  /// The dtype that it is computed in.
  std::int32_t native() const {
    return param.dtype() == GRADSTEP_FLOAT64 ? GRADSTEP_FLOAT64 : GRADSTEP_FLOAT32;
  }
  std::size_t size() const { return param.size(); }

  void set_gradient(std::uint64_t step) {
    std::vector<double> values(size());
    for (std::size_t i = 0; i < size(); ++i) values[i] = mixed_value(data_seed_ + 100 * step, i);
    grad.narrow(values);
  }

  mixed_view view(std::size_t first, std::size_t count) {
    mixed_view v;
    for (auto& slot : slots) {
      v.slots.push_back(slot ? slot->data.data(first) : nullptr);
      v.slot_dtypes.push_back(slot ? slot->dtype() : 0);
      const bool has_scales = slot && is_blocked(slot->dtype());
      v.slot_scales.push_back(has_scales ? static_cast<float*>(slot->extra_data(first)) : nullptr);
    }
    gradstep_tensor& t = v.tensor;
    t.count = count;
    t.param = param.data.data(first);
    t.param_low = static_cast<std::uint16_t*>(param.extra_data(first));
    t.grad = grad.data.data(first);
    t.slots = v.slots.data();
    t.slot_count = v.slots.size();
    t.slot_dtypes = v.slot_dtypes.data();
    t.slot_scales = v.slot_scales.data();
    t.param_dtype = param.dtype();
    t.grad_dtype = grad.dtype();
    if (copy) {
      t.param_copy = copy->data.data(first);
      t.copy_dtype = copy->dtype();
    }
    if (average) t.average = average->data.data(first);
    return v;
  }
  mixed_view view() { return view(0, size()); }

  /// body(name, array) of each that there is.
  template <class Body>
  void for_each_array(const Body& body) {
    body("param", param);
    body("grad", grad);
    for (std::size_t s = 0; s < slots.size(); ++s) {
      if (slots[s]) body("slot " + std::to_string(s), *slots[s]);
    }
    if (copy) body("copy", *copy);
    if (average) body("average", *average);
  }

  std::vector<std::uint64_t> snapshot() {
    std::vector<std::uint64_t> bits;
    for_each_array([&](const std::string&, const stored_array& array) {
      for (std::size_t i = 0; i < array.size(); ++i) bits.push_back(array.bits(i));
    });
    return bits;
  }

  /// Every byte, whatever it stands for.
  std::vector<std::byte> bytes() {
    std::vector<std::byte> all;
    const auto add = [&all](const number_array& numbers) {
      const auto* begin = static_cast<const std::byte*>(numbers.data());
      all.insert(all.end(), begin, begin + numbers.bytes());
    };
    for_each_array([&](const std::string&, const stored_array& array) {
      add(array.data);
      if (array.extra) add(*array.extra);
    });
    return all;
  }

  stored_array param;
  stored_array grad;
  std::vector<std::optional<stored_array>> slots;
  std::optional<stored_array> copy;
  std::optional<stored_array> average;

 private:
  static std::size_t next(std::size_t offset, std::size_t n) {
    return offset == 0 ? 0 : (offset + 8 * n) / 8 * 8 % 64;
  }

  void add_slot(const gradstep_rule* rule, const std::string& rule_name, std::int32_t dtype,
                std::size_t index, std::size_t offset) {
    std::int32_t is_used = 0;
    double initial_value = 0;
    auto info = sized<gradstep_slot_info>();
    EXPECT_EQ(gradstep_rule_slot_state(rule, index, &is_used, &initial_value), GRADSTEP_OK);
    EXPECT_EQ(gradstep_slot_describe(rule_name.c_str(), index, &info), GRADSTEP_OK);
    slots.emplace_back();
    if (is_used == 0) return;
    if (dtype == GRADSTEP_UNSIGNED8 && info.is_non_negative == 0) dtype = GRADSTEP_SIGNED8;
    slots.back().emplace(dtype, size(), offset);
    // An array of zeros and, for 8 bits, scales of 0 is what the header asks for.
    if (initial_value != 0) slots.back()->narrow(std::vector<double>(size(), initial_value));
  }

  std::uint64_t data_seed_;
};

// ---- Steps ------------------------------------------------------------------------------------

inline std::vector<mixed_view> views_of(std::vector<mixed_parameter>& parameters) {
  std::vector<mixed_view> views;
  views.reserve(parameters.size());
  for (auto& each : parameters) views.push_back(each.view());
  return views;
}

/// One step that must succeed.
inline gradstep_apply_result apply_views(const gradstep_context* context, const gradstep_rule* rule,
                                         const std::vector<mixed_view>& views,
                                         const gradstep_apply_options& options) {
  std::vector<gradstep_tensor> list;
  list.reserve(views.size());
  for (const auto& view : views) list.push_back(view.tensor);
  auto result = sized<gradstep_apply_result>();
  EXPECT_EQ(gradstep_apply(context, rule, list.data(), list.size(), &options, &result), GRADSTEP_OK)
      << gradstep_last_error();
  return result;
}

inline gradstep_apply_result apply_mixed(const gradstep_context* context, const gradstep_rule* rule,
                                         std::vector<mixed_parameter>& parameters,
                                         const gradstep_apply_options& options) {
  return apply_views(context, rule, views_of(parameters), options);
}

/// Steps 1 to `steps` of one parameter; gives the last one's result.
inline gradstep_apply_result run_mixed(const gradstep_context* context, const gradstep_rule* rule,
                                       mixed_parameter& target, std::uint64_t flags,
                                       std::uint64_t steps = 3) {
  auto result = sized<gradstep_apply_result>();
  for (std::uint64_t step = 1; step <= steps; ++step) {
    target.set_gradient(step);
    std::vector<mixed_view> views;
    views.push_back(target.view());
    result = apply_views(context, rule, views, mixed_options(flags, step));
  }
  return result;
}

}  // namespace gradstep_test
