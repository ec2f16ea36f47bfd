// SPDX-License-Identifier: Apache-2.0
//
// A step at random: a rule with options, tensors with numbers of every kind, and how they are
// stored.
#pragma once

#include <gradstep/gradstep.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "fuzz/fuzz_input.hpp"
#include "support/dtype_lists.hpp"
#include "support/rule_setup.hpp"
#include "support/storages.hpp"
#include "support/stored_parameter.hpp"
#include "support/stored_steps.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {

/// Numbers of one array: most have about the same size, some are special.
struct number_mix {
  std::uint64_t seed;
  int exponent;
  unsigned special_of_256;

  double at(std::size_t i) const {
    constexpr double infinity = std::numeric_limits<double>::infinity();
    constexpr double special[] = {
        0.0,       -0.0,      1,         -1,       NAN,     infinity,
        -infinity, 0x1p-149,  -0x1p-149, 0x1p-126, 0x1p127, -0x1.fffffep127,
        1e39,      0x1p-1074, 1e300,     65504,    65520,   -65519,
        0x1p-24,   0x1p-25,   1e-46};
    const std::uint64_t bits = splitmix(seed, i);
    if ((bits & 255) < special_of_256) return special[(bits >> 8) % std::size(special)];
    return std::ldexp(random_value(seed + 7, i), exponent - static_cast<int>(bits >> 8 & 7));
  }
  std::vector<double> list(std::size_t count) const {
    std::vector<double> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = at(i);
    return values;
  }
};

class step_case {
 public:
  explicit step_case(fuzz_input& in) {
    rule_name_ = in.one_of(rules());
    set_rule(in);
    set_storage(in);
    set_options(in);
    set_tensors(in);
    constexpr int exponents[] = {0, -3, 10, -20, 60, -60, -130, 120, -148, 300, -1000};
    constexpr unsigned specials[] = {0, 8, 64, 1, 200};
    for (number_mix* mix : {&params_, &grads_, &slots_}) {
      *mix = {in.byte(), in.one_of(exponents), in.one_of(specials)};
    }
    starts_with_slots_ = in.chance(128);
  }

  /// The tensors before the first step.
  std::vector<stored_parameter> tensors() const {
    std::vector<stored_parameter> list;
    for (std::size_t i = 0; i < counts_.size(); ++i) {
      list.emplace_back(rule.get(), rule_name_, how, counts_[i], i + 1, 0, shapes_[i]);
      auto& t = list.back();
      auto mix = params_;
      mix.seed += 1000 * i;
      t.param.narrow(mix.list(t.size()));
      for (std::size_t s = 0; s < t.slots.size(); ++s) {
        if (t.slots[s] && starts_with_slots_) set_slot(*t.slots[s], i, s);
      }
    }
    return list;
  }
  void set_gradients(std::vector<stored_parameter>& list, std::uint64_t step) const {
    for (std::size_t i = 0; i < list.size(); ++i) {
      auto mix = grads_;
      mix.seed += 1000 * i + 50'000 * step;
      list[i].grad.narrow(mix.list(list[i].size()));
    }
  }

  const std::string& rule_name() const { return rule_name_; }

  rule_handle rule;
  storage how;
  gradstep_apply_options options = sized<gradstep_apply_options>();
  int step_count = 1;

 private:
  static const std::vector<std::string>& rules() {
    static const auto names = rule_names();
    return names;
  }
  static const std::vector<option_values>& combinations_of(const std::string& name) {
    static std::map<std::string, std::vector<option_values>> all;
    auto& found = all[name];
    if (found.empty()) found = option_combinations(name);
    return found;
  }

  void set_rule(fuzz_input& in) {
    const auto& combinations = combinations_of(rule_name_);
    const std::size_t choice = in.number<std::uint16_t>();
    rule =
        make_rule(rule_name_, combinations[combinations.size() - 1 - choice % combinations.size()]);
    const auto all = hyperparameters_of(rule_name_);
    constexpr double values[] = {0,    1,     0.5,  0.9,        0.999, 0.1,   1e-3,     10,
                                 1e-8, 1e-30, 1e30, 1 - 0x1p-9, -1,    1e300, 0x1p-126, 3};
    for (std::size_t i = in.below(5); i > 0; --i) {
      const char* const name = in.one_of(all).name;
      double before = 0;
      gradstep_rule_get(rule.get(), name, &before);
      if (gradstep_rule_set(rule.get(), name, in.one_of(values)) != GRADSTEP_OK) continue;
      if (gradstep_rule_check(rule.get()) == GRADSTEP_OK) continue;
      gradstep_rule_set(rule.get(), name, before);
    }
  }

  void set_storage(fuzz_input& in) {
    static const auto storages = param_and_slot_storages();
    how = in.one_of(storages);
    how.grad = in.one_of(float_dtypes);
    const std::uint8_t more = in.byte();
    if (more % 4 == 1) how.copy = copy_dtypes[more / 4 % std::size(copy_dtypes)];
    how.has_average = more % 4 == 1 || more % 4 == 2;
    if (more % 8 == 3) {
      how.delta = how.param == GRADSTEP_FLOAT64 ? GRADSTEP_FLOAT64
                                                : copy_dtypes[more / 8 % std::size(copy_dtypes)];
    }
  }

  void set_options(fuzz_input& in) {
    options.flags = how.flags | (in.byte() & 63U);
    if (in.chance(16)) options.flags |= GRADSTEP_APPLY_FRESH_SLOTS;
    if (!how.has_average) options.flags &= ~GRADSTEP_APPLY_AVERAGE;
    constexpr std::uint64_t steps[] = {1,
                                       2,
                                       3,
                                       10,
                                       1000,
                                       std::uint64_t{1} << 20,
                                       std::uint64_t{1} << 40,
                                       (std::uint64_t{1} << 53) - 2};
    options.step = in.one_of(steps);
    step_count = 1 + static_cast<int>(in.below(3));
    // Powers of two beside max_norm, so that their product with the clip factor is exact.
    constexpr double scales[] = {0.5, 1, 2, -4, 0x1p-20, 0x1p20, 1 / 3.0, 0, 1e-40, 0x1p-140, 1e30};
    const bool has_norm = (options.flags & GRADSTEP_APPLY_MAX_NORM) != 0;
    options.grad_scale = scales[in.byte() % (has_norm ? 6 : std::size(scales))];
    constexpr double norms[] = {20, 1e-3, 1e10, std::numeric_limits<double>::infinity(), 1e-300};
    options.max_norm = in.one_of(norms);
    constexpr double limits[] = {0.75, 1e-3, 1e30, 1e300, 1e-40};
    options.max_value = in.one_of(limits);
    constexpr double decays[] = {0.9, 0.1, 0, 1, 0.9999};
    options.average_decay = in.one_of(decays);
    options.seed = in.byte();
    const std::uint8_t average = in.byte();
    if ((options.flags & GRADSTEP_APPLY_AVERAGE) == 0) return;
    if (average % 4 == 1) options.flags |= GRADSTEP_APPLY_AVERAGE_COUNT;
    options.average_count = average / 8;
    if (average % 8 >= 6) {
      options.flags |= GRADSTEP_APPLY_AVERAGE_EQUAL;
      options.average_decay = 0;
    }
  }

  void set_tensors(fuzz_input& in) {
    constexpr std::size_t counts[] = {67,  1,   2,   3,   7,   8,    15,  16,  17,
                                      31,  33,  64,  65,  100, 128,  129, 255, 256,
                                      257, 300, 511, 513, 700, 1023, 0,   2603};
    for (std::size_t i = 1 + in.below(3); i > 0; --i) {
      matrix_shape shape;
      std::size_t count = in.one_of(counts);
      if (in.chance(80)) {
        constexpr std::size_t sides[] = {3, 1, 2, 5, 16, 17, 40, 65};
        shape = {in.one_of(sides), in.one_of(sides)};
        count = shape.rows * shape.columns * (1 + in.below(3));
      }
      if (in.chance(2)) {
        shape = {};
        count = 3 * 16384 - 5;
      }
      counts_.push_back(count);
      shapes_.push_back(shape);
    }
  }

  void set_slot(stored_array& slot, std::size_t tensor, std::size_t index) const {
    auto mix = slots_;
    mix.seed += 1000 * tensor + 100 * index;
    auto values = mix.list(slot.size());
    if (describe_slot(rule_name_, index).is_non_negative != 0) {
      for (double& each : values) each = std::abs(each);
    }
    slot.narrow(values);
  }

  std::string rule_name_;
  std::vector<std::size_t> counts_;
  std::vector<matrix_shape> shapes_;
  number_mix params_, grads_, slots_;
  bool starts_with_slots_;
};

}  // namespace gradstep_test
