// SPDX-License-Identifier: Apache-2.0
//
// Random sequences of tensors that are added, removed, moved, grown, pruned and relaid. After each
// sequence a step has the bits of a fresh optimizer, which is given the state that a plain model of
// these calls expects.
#include <gradstep/gradstep.h>
#include <gtest/gtest.h>
#include <gradstep/gradstep.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "support/context_setup.hpp"
#include "support/optimizer_setup.hpp"
#include "support/rule_setup.hpp"
#include "support/test_values.hpp"

namespace gradstep_test {
namespace {

using floats = std::vector<float>;
using doubles = std::vector<double>;

constexpr std::size_t width = 3;  // elements of an item

struct group_model {
  std::string name, rule_name;
  option_values options;
  std::int32_t slot_dtype;
  std::optional<std::size_t> index;  // empty: the group is removed
};

struct tensor_model {
  std::string name;
  std::size_t group;  // of the model
  std::size_t index;  // of the optimizer
  floats param = {}, grad = {};
  std::map<std::string, doubles> slots = {};  // the others have their initial values
  std::map<std::string, double> scalars = {};
  std::optional<doubles> sum = {};
  bool has_sum_memory = false;  // which stays after the step that uses the sum
  std::uint64_t step_count = 0;

  std::size_t items() const { return param.size() / width; }
};

struct host_arrays {
  floats param, grad;
};

gradstep_tensor tensor_of(floats& param, floats& grad) {
  // A gradient without elements is there all the same: its tensor takes part in steps.
  param.reserve(1);
  grad.reserve(1);
  auto tensor = gradstep::tensor_of(param.data(), grad.data(), param.size());
  tensor.rows = std::max<std::size_t>(1, param.size() / width);
  tensor.columns = width;
  return tensor;
}

doubles exported(const gradstep::optimizer& o, std::size_t tensor, const std::string& name) {
  doubles values(o.read(tensor, name).size());
  o.export_array(tensor, name, gradstep::array_of(values.data()), values.size());
  return values;
}

void import(gradstep::optimizer& o, std::size_t tensor, const std::string& name, doubles values) {
  o.import_array(tensor, name, gradstep::array_of(values.data()), values.size());
}

gradstep_slot_info slot_named(const std::string& rule, const std::string& name) {
  const auto names = slot_names_of(rule);
  const auto index = std::find(names.begin(), names.end(), name) - names.begin();
  auto info = sized<gradstep_slot_info>();
  expect_ok(gradstep_rule_describe_slot(rule.c_str(), static_cast<std::size_t>(index), &info));
  return info;
}

bool is_there(const gradstep::optimizer& o, std::size_t tensor, const std::string& name) {
  gradstep_array array{};
  return gradstep_optimizer_get_array(o.get(), tensor, name.c_str(), &array, nullptr) ==
         GRADSTEP_OK;
}

gradstep_optimizer_options clipped() {
  auto options = sized<gradstep_optimizer_options>();
  options.flags = GRADSTEP_APPLY_MAX_NORM;
  options.max_norm = 5;
  return options;
}

/// What the model expects of an optimizer, and the optimizer itself.
class life {
 public:
  explicit life(std::uint64_t seed) : seed_(seed), real_(context_, clipped()) {
    groups_ = {{"adam", "adam", {}, 0, {}},
               {"adamw", "adamw", {{"amsgrad", 1}}, 0, {}},
               {"sgd", "sgd", {{"momentum", 0.9}}, 0, {}},
               {"free", "schedule_free_adamw", {}, 0, {}},
               {"nadam", "nadam", {}, 0, {}},
               {"lamb", "lamb", {}, 0, {}},
               {"factored", "adafactor", {}, 0, {}},
               {"prodigy", "prodigy", {}, 0, {}},
               {"narrow adam", "adam", {}, GRADSTEP_S1E4M3_B256, {}},
               {"narrow adamw", "adamw", {{"amsgrad", 1}}, GRADSTEP_S1E4M3_B256, {}}};
    for (auto& group : groups_) group.index = add(real_, group);
  }

  void change() {
    switch (random(9)) {
      case 0:
      case 1:
        return add_tensor();
      case 2:
        return remove_tensor();
      case 3:
        return move_tensor();
      case 4:
      case 5:
        return resize();
      case 6:
        return relay();
      case 7:
        return accumulate();
      default:
        return turn_over_group();
    }
  }

  /// Steps the optimizer and a fresh one, compares them, and learns the fresh one's state.
  void step() {
    for (tensor_model& t : tensors_) {
      for (std::size_t i = 0; i < t.grad.size(); ++i) t.grad[i] = value();
      std::copy(t.grad.begin(), t.grad.end(), arrays_[t.index].grad.begin());
    }
    gradstep::optimizer fresh(context_, clipped());
    const auto places = build(fresh);
    const std::size_t idle = idle_sums();
    const auto result = real_.step(), wanted = fresh.step();
    ASSERT_EQ(result.grad_norm, wanted.grad_norm);
    ASSERT_EQ(result.is_stopped, wanted.is_stopped);
    for (std::size_t i = 0; i < tensors_.size(); ++i) compare(fresh, places[i], tensors_[i]);
    for (std::size_t i = 0; i < tensors_.size(); ++i) learn(fresh, places[i], tensors_[i]);
    const auto info = real_.describe(), fresh_info = fresh.describe();
    ASSERT_EQ(info.tensor_count, tensors_.size());
    ASSERT_EQ(info.tensor_end, arrays_.size());
    ASSERT_EQ(info.state_bytes, fresh_info.state_bytes + idle);
  }

 private:
  std::size_t random(std::size_t n) { return splitmix(seed_, count_++) % n; }
  float value() { return static_cast<float>(random_value(seed_, count_++)); }

  std::size_t add(gradstep::optimizer& o, const group_model& group) {
    gradstep::rule rule(group.rule_name);
    for (const auto& [name, value] : group.options) rule.set(name, value);
    return o.add_group(group.name, rule, nullptr, 1, group.slot_dtype);
  }

  // ---- Changes. Without a tensor to change, they do nothing.

  void add_tensor() {
    if (tensors_.size() > 6) return;
    const std::size_t group = random(groups_.size());
    if (!groups_[group].index) return;
    // Names come again.
    const std::string name = numbered_name(random(9));
    for (const tensor_model& t : tensors_) {
      if (t.name == name) return;
    }
    tensor_model t{.name = name, .group = group, .index = arrays_.size()};
    const bool is_large = groups_[group].slot_dtype != 0 && random(2) == 0;
    fill(t.param, width * (random(20) + (is_large ? 1500 : 0)));
    t.grad = t.param;
    arrays_.push_back({t.param, t.grad});
    const auto tensor = tensor_of(arrays_.back().param, arrays_.back().grad);
    ASSERT_EQ(real_.add_tensor(*groups_[group].index, name, tensor), t.index);
    tensors_.push_back(std::move(t));
  }

  void remove_tensor() {
    if (tensors_.empty()) return;
    const std::size_t i = random(tensors_.size());
    real_.remove_tensor(tensors_[i].index);
    arrays_[tensors_[i].index] = {};
    tensors_.erase(tensors_.begin() + static_cast<std::ptrdiff_t>(i));
  }

  void move_tensor() {
    if (tensors_.empty()) return;
    tensor_model& t = tensors_[random(tensors_.size())];
    const std::size_t group = random(groups_.size());
    // A moved slot keeps its dtype, which a fresh tensor has only beside the same slot_dtype.
    if (!groups_[group].index || groups_[group].slot_dtype != groups_[t.group].slot_dtype) return;
    real_.move_tensor(t.index, *groups_[group].index);
    std::erase_if(t.slots,
                  [&](const auto& slot) { return !is_used(groups_[group], t, slot.first); });
    if (groups_[group].rule_name != groups_[t.group].rule_name) t.scalars.clear();
    t.group = group;
  }

  void resize() {
    if (tensors_.empty()) return;
    tensor_model& t = tensors_[random(tensors_.size())];
    const std::size_t before = t.items();
    const std::size_t after = random(5) == 0 ? 0 : random(20) + (before > 1000 ? 1500 : 0);
    std::vector<std::int64_t> sources(after);
    for (auto& source : sources) source = static_cast<std::int64_t>(random(before + 1)) - 1;
    floats param;
    fill(param, width * after);
    arrays_[t.index] = {param, floats(param.size())};
    real_.set_param(t.index, tensor_of(arrays_[t.index].param, arrays_[t.index].grad), sources);
    for (auto& [name, values] : t.slots) {
      values =
          carried(slot_named(groups_[t.group].rule_name, name), values, before, sources, param);
    }
    if (t.sum) t.sum = gathered(*t.sum, width, sources, doubles(param.size(), 0.0));
    t.has_sum_memory = t.sum.has_value();
    t.param = t.grad = param;
  }

  /// The arrays are copied to other places; the old ones are freed first.
  void relay() {
    if (tensors_.empty()) return;
    tensor_model& t = tensors_[random(tensors_.size())];
    arrays_[t.index] = {};
    arrays_[t.index] = {t.param, t.grad};
    real_.set_param(t.index, tensor_of(arrays_[t.index].param, arrays_[t.index].grad));
  }

  void accumulate() {
    if (tensors_.empty()) return;
    tensor_model& t = tensors_[random(tensors_.size())];
    if (t.sum) return;
    fill(t.grad, t.param.size());
    std::copy(t.grad.begin(), t.grad.end(), arrays_[t.index].grad.begin());
    real_.accumulate(t.index);
    t.sum = doubles(t.grad.begin(), t.grad.end());
    t.has_sum_memory = true;
  }

  void turn_over_group() {
    const std::size_t g = random(groups_.size());
    group_model& group = groups_[g];
    if (!group.index) {
      group.index = add(real_, group);
      return;
    }
    const bool is_empty = std::none_of(tensors_.begin(), tensors_.end(),
                                       [&](const tensor_model& t) { return t.group == g; });
    if (!is_empty) {
      EXPECT_EQ(gradstep_optimizer_remove_group(real_.get(), *group.index),
                GRADSTEP_INVALID_ARGUMENT);
      return;
    }
    real_.remove_group(*group.index);
    group.index.reset();
    if (group.rule_name == "prodigy") shared_.clear();
  }

  // ---- The model

  void fill(floats& values, std::size_t count) {
    values.resize(count);
    for (float& each : values) each = value();
  }

  static doubles gathered(const doubles& from, std::size_t numbers,
                          const std::vector<std::int64_t>& sources, doubles to) {
    for (std::size_t i = 0; i < sources.size(); ++i) {
      for (std::size_t k = 0; k < numbers && sources[i] >= 0; ++k) {
        to[i * numbers + k] = from[static_cast<std::size_t>(sources[i]) * numbers + k];
      }
    }
    return to;
  }

  static doubles carried(const gradstep_slot_info& slot, const doubles& from, std::size_t before,
                         const std::vector<std::int64_t>& sources, const floats& param) {
    const std::size_t after = sources.size();
    if (slot.extent == GRADSTEP_EXTENT_ROW) {
      return gathered(from, 1, sources, doubles(after, slot.initial_value));
    }
    if (slot.extent == GRADSTEP_EXTENT_COLUMN) {
      if (before != 0 && after != 0) return from;
      return doubles(after == 0 ? 0 : width, slot.initial_value);
    }
    EXPECT_EQ(slot.extent, GRADSTEP_EXTENT_ELEMENT);
    doubles begun(param.begin(), param.end());
    if (slot.start != GRADSTEP_START_PARAM) begun.assign(param.size(), slot.initial_value);
    return gathered(from, width, sources, begun);
  }

  /// Whether the group's rule has the slot and uses it.
  static bool is_used(const group_model& group, tensor_model& t, const std::string& slot) {
    const auto rule = make_rule(group.rule_name, group.options);
    const auto names = slot_names_of(group.rule_name);
    const auto found = std::find(names.begin(), names.end(), slot);
    if (found == names.end()) return false;
    const auto index = static_cast<std::size_t>(found - names.begin());
    return slot_layout(rule.get(), index, tensor_of(t.param, t.grad)).is_used != 0;
  }

  /// An optimizer with the model's state; the places of its tensors.
  std::vector<std::size_t> build(gradstep::optimizer& fresh) {
    std::map<std::size_t, std::size_t> groups;
    for (std::size_t g = 0; g < groups_.size(); ++g) {
      if (groups_[g].index) groups[g] = add(fresh, groups_[g]);
    }
    std::sort(tensors_.begin(), tensors_.end(),
              [](const tensor_model& a, const tensor_model& b) { return a.index < b.index; });
    std::vector<std::size_t> places;
    for (tensor_model& t : tensors_) {
      const auto place = fresh.add_tensor(groups[t.group], t.name, tensor_of(t.param, t.grad));
      places.push_back(place);
      for (const auto& [name, values] : t.slots) import(fresh, place, name, values);
      for (const auto& [name, value] : t.scalars) fresh.set_scalar(place, name, value);
      if (groups_[t.group].rule_name == "prodigy") {
        for (const auto& [name, value] : shared_) fresh.set_scalar(place, name, value);
      }
      fresh.set_tensor_step_count(place, t.step_count);
      if (!t.sum) continue;
      fresh.accumulate(place);
      import(fresh, place, "accumulated_grad", *t.sum);
    }
    fresh.set_step_count(real_.describe().step_count);
    return places;
  }

  void compare(const gradstep::optimizer& fresh, std::size_t place, const tensor_model& t) {
    SCOPED_TRACE(t.name + " in " + groups_[t.group].name);
    ASSERT_EQ(arrays_[t.index].param, t.param);
    ASSERT_EQ(real_.find_tensor(t.name), t.index);
    ASSERT_EQ(real_.describe_tensor(t.index).step_count, fresh.describe_tensor(place).step_count);
    for (const auto& name : slot_names_of(groups_[t.group].rule_name)) {
      ASSERT_EQ(is_there(real_, t.index, name), is_there(fresh, place, name)) << name;
      if (!is_there(fresh, place, name)) continue;
      ASSERT_EQ(real_.array(t.index, name).dtype, fresh.array(place, name).dtype) << name;
      ASSERT_EQ(real_.read(t.index, name), fresh.read(place, name)) << name;
    }
    for (const auto& info : scalars_of(groups_[t.group].rule_name)) {
      ASSERT_EQ(real_.scalar(t.index, info.name), fresh.scalar(place, info.name)) << info.name;
    }
  }

  void learn(const gradstep::optimizer& fresh, std::size_t place, tensor_model& t) {
    const auto& rule = groups_[t.group].rule_name;
    for (const auto& name : slot_names_of(rule)) {
      if (is_used(groups_[t.group], t, name)) t.slots[name] = exported(fresh, place, name);
    }
    for (const auto& info : scalars_of(rule)) {
      auto& scalars = info.scope == GRADSTEP_SCOPE_ALL ? shared_ : t.scalars;
      scalars[info.name] = fresh.scalar(place, info.name);
    }
    t.step_count = fresh.describe_tensor(place).step_count;
    t.sum.reset();
  }

  /// The memory of sums that tensors keep for their next accumulation, and fresh ones lack.
  std::size_t idle_sums() const {
    std::size_t bytes = 0;
    for (const tensor_model& t : tensors_) {
      if (t.has_sum_memory && !t.sum) bytes += t.param.size() * sizeof(float);
    }
    return bytes;
  }

  std::uint64_t seed_, count_ = 0;
  gradstep::context context_{serial_options()};
  gradstep::optimizer real_;
  std::vector<group_model> groups_;
  std::vector<tensor_model> tensors_;
  std::vector<host_arrays> arrays_;  // by index; vectors of removed tensors are empty
  std::map<std::string, double> shared_;
};

TEST(tensor_life, is_that_of_fresh_optimizers) {
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    SCOPED_TRACE(seed);
    life run(seed);
    for (int round = 0; round < 60 && !testing::Test::HasFatalFailure(); ++round) {
      SCOPED_TRACE(round);
      for (std::uint64_t k = splitmix(seed, 1'000'000 + round) % 4; k > 0; --k) run.change();
      run.step();
    }
    if (testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace gradstep_test
