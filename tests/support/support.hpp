// SPDX-License-Identifier: Apache-2.0
//
// What the black-box tests share. Everything goes through the public header, and rules,
// hyper-parameters and slots are learnt from the library, so a new rule needs no edit here.
#pragma once

#include <gradstep/gradstep.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace gradstep_test {

// ---- Structs and handles ----------------------------------------------------------------------

/// A zeroed struct of the C interface with its struct_size set.
template <class Struct>
Struct sized() {
  Struct value{};
  value.struct_size = sizeof(Struct);
  return value;
}

struct handle_deleter {
  void operator()(gradstep_context* context) const { gradstep_context_destroy(context); }
  void operator()(gradstep_rule* rule) const { gradstep_rule_destroy(rule); }
};
using context_handle = std::unique_ptr<gradstep_context, handle_deleter>;
using rule_handle = std::unique_ptr<gradstep_rule, handle_deleter>;

inline context_handle make_context(const gradstep_context_options& options) {
  gradstep_context* context = nullptr;
  EXPECT_EQ(gradstep_context_create(&options, &context), GRADSTEP_OK) << gradstep_last_error();
  return context_handle(context);
}

inline gradstep_context_options serial_options(const char* isa = nullptr) {
  auto options = sized<gradstep_context_options>();
  options.thread_count = 1;
  options.isa = isa;
  return options;
}

/// Makes even small steps run as many pieces of 64 elements.
inline gradstep_context_options split_options(std::size_t thread_count, const char* isa = nullptr) {
  auto options = serial_options(isa);
  options.flags = GRADSTEP_CONTEXT_SERIAL_BELOW | GRADSTEP_CONTEXT_PIECE_SIZE;
  options.thread_count = thread_count;
  options.serial_below = 0;
  options.piece_size = 64;
  return options;
}

inline context_handle make_serial_context(const char* isa = nullptr) {
  return make_context(serial_options(isa));
}

inline std::string isa_in_use(const gradstep_context* context) {
  auto info = sized<gradstep_context_info>();
  EXPECT_EQ(gradstep_context_describe(context, &info), GRADSTEP_OK) << gradstep_last_error();
  return info.isa == nullptr ? "" : info.isa;
}

// ---- What the library has ---------------------------------------------------------------------

inline std::vector<std::string> rule_names() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < gradstep_rule_count(); ++i) {
    names.emplace_back(gradstep_rule_name(i));
  }
  return names;
}

inline gradstep_rule_info describe_rule(const std::string& rule_name) {
  auto info = sized<gradstep_rule_info>();
  EXPECT_EQ(gradstep_rule_describe(rule_name.c_str(), &info), GRADSTEP_OK) << gradstep_last_error();
  return info;
}

inline std::vector<gradstep_hyperparameter_info> hyperparameters_of(const std::string& rule_name) {
  std::vector<gradstep_hyperparameter_info> all(describe_rule(rule_name).hyperparameter_count);
  for (std::size_t i = 0; i < all.size(); ++i) {
    all[i] = sized<gradstep_hyperparameter_info>();
    EXPECT_EQ(gradstep_hyperparameter_describe(rule_name.c_str(), i, &all[i]), GRADSTEP_OK)
        << gradstep_last_error();
  }
  return all;
}

inline std::vector<std::string> slot_names_of(const std::string& rule_name) {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < describe_rule(rule_name).slot_count; ++i) {
    auto info = sized<gradstep_slot_info>();
    EXPECT_EQ(gradstep_slot_describe(rule_name.c_str(), i, &info), GRADSTEP_OK)
        << gradstep_last_error();
    names.emplace_back(info.name);
  }
  return names;
}

inline bool has_rule(const std::string& rule_name) {
  const auto names = rule_names();
  return std::find(names.begin(), names.end(), rule_name) != names.end();
}

inline bool has_hyperparameter(const std::string& rule_name, std::string_view name) {
  const auto all = hyperparameters_of(rule_name);
  return std::any_of(all.begin(), all.end(), [&](const auto& info) { return info.name == name; });
}

inline std::vector<std::string> available_isas() {
  std::vector<std::string> names;
  for (std::size_t i = 0; i < gradstep_isa_count(); ++i) {
    if (gradstep_isa_is_available(i) == 1) names.emplace_back(gradstep_isa_name(i));
  }
  return names;
}

#if defined(__x86_64__) || defined(_M_X64)
inline constexpr bool baseline_fuses = false;
#else
inline constexpr bool baseline_fuses = true;
#endif

/// Those that must agree to the bit.
inline std::vector<std::string> fused_isas() {
  auto names = available_isas();
  if (!baseline_fuses) std::erase(names, "baseline");
  return names;
}

// ---- Rules with options -----------------------------------------------------------------------

using option_values = std::vector<std::pair<std::string, double>>;

inline std::string to_text(const option_values& values) {
  std::string text;
  for (const auto& [name, value] : values) text += name + "=" + std::to_string(value) + " ";
  return text;
}

inline rule_handle make_rule(const std::string& rule_name, const option_values& values = {}) {
  gradstep_rule* raw = nullptr;
  EXPECT_EQ(gradstep_rule_create(rule_name.c_str(), &raw), GRADSTEP_OK) << gradstep_last_error();
  rule_handle rule(raw);
  for (const auto& [name, value] : values) {
    EXPECT_EQ(gradstep_rule_set(rule.get(), name.c_str(), value), GRADSTEP_OK)
        << gradstep_last_error();
  }
  return rule;
}

/// The values that a hyper-parameter takes in option_combinations; empty: its default alone.
inline std::vector<double> values_to_try(const gradstep_hyperparameter_info& info) {
  const std::string_view name = info.name;
  if (info.kind == GRADSTEP_FLAG) return {0, 1};
  if (name == "momentum") return {0, 0.9};
  if (name == "weight_decay") return {0, 0.1};
  return {};
}

/// Every combination of a rule's flags, momentum and weight decay that gradstep_rule_check accepts.
inline std::vector<option_values> option_combinations(const std::string& rule_name) {
  std::vector<option_values> all = {{}};
  for (const auto& info : hyperparameters_of(rule_name)) {
    const auto values = values_to_try(info);
    if (values.empty()) continue;
    std::vector<option_values> longer;
    for (const auto& combination : all) {
      for (const double value : values) {
        longer.push_back(combination);
        longer.back().emplace_back(info.name, value);
      }
    }
    all = std::move(longer);
  }
  std::erase_if(all, [&](const option_values& values) {
    return gradstep_rule_check(make_rule(rule_name, values).get()) != GRADSTEP_OK;
  });
  return all;
}

inline double option_of(const option_values& values, std::string_view name) {
  for (const auto& [key, value] : values) {
    if (key == name) return value;
  }
  return 0;
}

// ---- Dtypes and data --------------------------------------------------------------------------

struct dtypes {
  std::int32_t param = GRADSTEP_FLOAT32;
  std::int32_t grad = GRADSTEP_FLOAT32;
};

inline constexpr dtypes all_dtypes[] = {{GRADSTEP_FLOAT32, GRADSTEP_FLOAT32},
                                        {GRADSTEP_FLOAT32, GRADSTEP_FLOAT64},
                                        {GRADSTEP_FLOAT64, GRADSTEP_FLOAT32},
                                        {GRADSTEP_FLOAT64, GRADSTEP_FLOAT64}};
inline constexpr dtypes same_dtypes[] = {{GRADSTEP_FLOAT32, GRADSTEP_FLOAT32},
                                         {GRADSTEP_FLOAT64, GRADSTEP_FLOAT64}};

inline std::string to_text(dtypes types) {
  const auto one = [](std::int32_t type) {
    return type == GRADSTEP_FLOAT32 ? std::string("float32") : std::string("float64");
  };
  return "param " + one(types.param) + " grad " + one(types.grad);
}

inline std::size_t element_size(std::int32_t dtype) {
  switch (dtype) {
    case GRADSTEP_FLOAT64:
      return sizeof(double);
    case GRADSTEP_FLOAT32:
      return sizeof(float);
    case GRADSTEP_BFLOAT16:
    case GRADSTEP_FLOAT16:
      return sizeof(std::uint16_t);
    case GRADSTEP_SIGNED8:
    case GRADSTEP_UNSIGNED8:
      return sizeof(std::uint8_t);
    default:
      ADD_FAILURE() << "element_size of an unknown dtype " << dtype;
      return sizeof(double);
  }
}

/// A hash of both numbers in [-2, 2), the same on every machine (splitmix64).
inline double random_value(std::uint64_t seed, std::uint64_t index) {
  std::uint64_t bits = (seed * 0x100000001b3 + index + 1) * 0x9e3779b97f4a7c15;
  bits = (bits ^ (bits >> 30)) * 0xbf58476d1ce4e5b9;
  bits = (bits ^ (bits >> 27)) * 0x94d049bb133111eb;
  bits ^= bits >> 31;
  return std::ldexp(static_cast<double>(bits >> 11), -51) - 2;
}

/// `count` numbers of one dtype, `offset` bytes after the start of a cache line. get, set, fill and
/// bits are for float32 and float64; mixed_reference.hpp converts the other dtypes.
class number_array {
 public:
  number_array(std::int32_t dtype, std::size_t count, std::size_t offset = 0)
      : dtype_(dtype),
        count_(count),
        offset_(offset),
        lines_((offset + count * element_size(dtype)) / 64 + 1) {}

  std::int32_t dtype() const { return dtype_; }
  std::size_t size() const { return count_; }
  std::size_t bytes() const { return count_ * element_size(dtype_); }

  void* data(std::size_t first = 0) {
    return reinterpret_cast<std::byte*>(lines_.data()) + offset_ + first * element_size(dtype_);
  }
  const void* data(std::size_t first = 0) const {
    return const_cast<number_array*>(this)->data(first);
  }

  double get(std::size_t i) const {
    if (dtype_ == GRADSTEP_FLOAT32) return read<float>(i);
    return read<double>(i);
  }
  void set(std::size_t i, double value) {
    if (dtype_ == GRADSTEP_FLOAT32) return write(i, static_cast<float>(value));
    write(i, value);
  }
  void fill(double value) {
    for (std::size_t i = 0; i < count_; ++i) set(i, value);
  }

  /// The element's bits; one value for all NaNs.
  std::uint64_t bits(std::size_t i) const {
    if (std::isnan(get(i))) return ~std::uint64_t{0};
    if (dtype_ == GRADSTEP_FLOAT32) return std::bit_cast<std::uint32_t>(read<float>(i));
    return std::bit_cast<std::uint64_t>(read<double>(i));
  }

 private:
  struct alignas(64) cache_line {
    std::byte bytes[64];
  };

  template <class Number>
  Number read(std::size_t i) const {
    Number value;
    std::memcpy(&value, data(i), sizeof value);
    return value;
  }
  template <class Number>
  void write(std::size_t i, Number value) {
    std::memcpy(data(i), &value, sizeof value);
  }

  std::int32_t dtype_;
  std::size_t count_;
  std::size_t offset_;
  std::vector<cache_line> lines_;
};

/// A gradstep_tensor and the pointers it refers to. Moving keeps it valid.
struct tensor_view {
  tensor_view() = default;
  tensor_view(tensor_view&&) = default;
  tensor_view& operator=(tensor_view&&) = default;

  std::vector<void*> slots;
  gradstep_tensor tensor = sized<gradstep_tensor>();
};

/// One parameter with its arrays. Slots start as the rule says; those it does not use are NULL.
class parameter {
 public:
  /// `offset`: bytes from a cache line for the first array; each next array one element further.
  parameter(const gradstep_rule* rule, std::size_t slot_count, std::size_t count, dtypes types,
            std::size_t offset = 0)
      : param(types.param, count, offset),
        grad(types.grad, count, next_offset(offset, types.grad, 1)) {
    for (std::size_t i = 0; i < slot_count; ++i) {
      add_slot(rule, i, next_offset(offset, types.param, i + 2));
    }
    for (std::size_t i = 0; i < count; ++i) param.set(i, random_value(1, i));
    set_random_gradient(1);
  }

  void set_random_gradient(std::uint64_t step) {
    for (std::size_t i = 0; i < grad.size(); ++i) grad.set(i, random_value(step + 100, i));
  }

  tensor_view view(std::size_t first, std::size_t count) {
    tensor_view result;
    for (auto& slot : slots) result.slots.push_back(slot ? slot->data(first) : nullptr);
    result.tensor.count = count;
    result.tensor.param = param.data(first);
    result.tensor.grad = grad.data(first);
    result.tensor.slots = result.slots.data();
    result.tensor.slot_count = result.slots.size();
    result.tensor.param_dtype = param.dtype();
    result.tensor.grad_dtype = grad.dtype();
    return result;
  }
  tensor_view view() { return view(0, param.size()); }

  /// The bits of the param and the used slots of the first `count` elements, element by element.
  std::vector<std::uint64_t> snapshot(std::size_t count) const {
    std::vector<std::uint64_t> bits;
    for (std::size_t i = 0; i < count; ++i) {
      bits.push_back(param.bits(i));
      for (const auto& slot : slots) {
        if (slot) bits.push_back(slot->bits(i));
      }
    }
    return bits;
  }
  std::vector<std::uint64_t> snapshot() const { return snapshot(param.size()); }

  number_array param;
  number_array grad;
  std::vector<std::optional<number_array>> slots;

 private:
  static std::size_t next_offset(std::size_t offset, std::int32_t dtype, std::size_t elements) {
    const std::size_t size = element_size(dtype);
    return (offset / size * size + elements * size * (offset != 0)) % 64;
  }

  void add_slot(const gradstep_rule* rule, std::size_t index, std::size_t offset) {
    std::int32_t is_used = 0;
    double initial_value = 0;
    EXPECT_EQ(gradstep_rule_slot_state(rule, index, &is_used, &initial_value), GRADSTEP_OK)
        << gradstep_last_error();
    slots.emplace_back();
    if (is_used == 0) return;
    slots.back().emplace(param.dtype(), param.size(), offset);
    slots.back()->fill(initial_value);
  }
};

inline parameter make_parameter(const std::string& rule_name, const gradstep_rule* rule,
                                std::size_t count, dtypes types, std::size_t offset = 0) {
  return parameter(rule, describe_rule(rule_name).slot_count, count, types, offset);
}

// ---- Steps ------------------------------------------------------------------------------------

inline gradstep_apply_options at_step(std::uint64_t step) {
  auto options = sized<gradstep_apply_options>();
  options.step = step;
  return options;
}

/// One step that must succeed; gives the number of pieces that ran.
inline std::uint64_t apply_list(const gradstep_context* context, const gradstep_rule* rule,
                                const std::vector<gradstep_tensor>& tensors,
                                const gradstep_apply_options& options) {
  auto result = sized<gradstep_apply_result>();
  EXPECT_EQ(gradstep_apply(context, rule, tensors.data(), tensors.size(), &options, &result),
            GRADSTEP_OK)
      << gradstep_last_error();
  return result.piece_count;
}

inline std::uint64_t apply_one(const gradstep_context* context, const gradstep_rule* rule,
                               parameter& target, const gradstep_apply_options& options) {
  const auto view = target.view();
  return apply_list(context, rule, {view.tensor}, options);
}

/// Steps 1 to `steps`, each with its own random gradient; gives the pieces of the last.
inline std::uint64_t run_steps(const gradstep_context* context, const gradstep_rule* rule,
                               parameter& target, std::uint64_t steps = 3) {
  std::uint64_t pieces = 0;
  for (std::uint64_t step = 1; step <= steps; ++step) {
    target.set_random_gradient(step);
    pieces = apply_one(context, rule, target, at_step(step));
  }
  return pieces;
}

/// One rule with one choice of options, and the dtypes to run it with.
struct variant {
  std::string rule_name;
  option_values values;
  dtypes types;
  rule_handle rule;

  parameter make(std::size_t count, std::size_t offset = 0) const {
    return make_parameter(rule_name, rule.get(), count, types, offset);
  }
};

/// Calls body(variant) for all options and dtypes of a rule, and stops at the first that fails.
template <class Types>
void for_each_variant(const std::string& rule_name, const Types& types,
                      const std::function<void(const variant&)>& body) {
  for (const auto& values : option_combinations(rule_name)) {
    for (const dtypes type : types) {
      SCOPED_TRACE(rule_name + " " + to_text(values) + to_text(type));
      body({rule_name, values, type, make_rule(rule_name, values)});
      if (testing::Test::HasFailure()) return;
    }
  }
}

// ---- Comparison -------------------------------------------------------------------------------

/// Like EXPECT_EQ, but says where the first difference is instead of printing both.
inline void expect_same_bits(const std::vector<std::uint64_t>& got,
                             const std::vector<std::uint64_t>& wanted) {
  ASSERT_EQ(got.size(), wanted.size());
  const auto [at, other] = std::mismatch(got.begin(), got.end(), wanted.begin());
  EXPECT_TRUE(at == got.end()) << "value " << at - got.begin() << " of " << got.size()
                               << " differs: bits " << std::hex << *at << ", wanted " << *other;
}

/// For INSTANTIATE_TEST_SUITE_P: rule names are valid test names.
inline std::string rule_as_test_name(const testing::TestParamInfo<std::string>& info) {
  return info.param;
}

}  // namespace gradstep_test
