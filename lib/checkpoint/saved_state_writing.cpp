// SPDX-License-Identifier: Apache-2.0
//
// The state as JSON, straight to its text: keys in the order of their bytes, so that the same state
// gives the same text.
#include <algorithm>
#include <cmath>
#include <iterator>

#include "base/text_environment.hpp"
#include "checkpoint/saved_state.hpp"
#include "json/json_text.hpp"

namespace gradstep::internal {
namespace {

/// The values of an array, or the members of an object: commas come by themselves.
class json_list {
 public:
  /// brackets: "{}" or "[]".
  json_list(std::string& to, const char* brackets) : to_(to), brackets_(brackets) {
    to_ += brackets_[0];
  }
  void end() { to_ += brackets_[1]; }

  /// Where the next value goes.
  std::string& next() {
    if (!is_first_) to_ += ',';
    is_first_ = false;
    return to_;
  }
  /// Where the next member's value goes.
  std::string& operator[](std::string_view key) {
    append_json_string(next(), key);
    return to_ += ':';
  }

 private:
  std::string& to_;
  const char* brackets_;
  bool is_first_ = true;
};

/// As text where JSON cannot hold it.
void append(std::string& to, double number) {
  if (std::isfinite(number)) {
    append_json_number(to, number);
  } else {
    to += std::isnan(number) ? R"("nan")" : number > 0 ? R"("inf")" : R"("-inf")";
  }
}
void append(std::string& to, std::uint64_t number) { append_json_number(to, number); }
void append(std::string& to, bool value) { to += value ? "true" : "false"; }
void append(std::string& to, std::string_view text) { append_json_string(to, text); }

/// Indices of what has names, in the order of these.
template <class NameOf>
std::vector<std::size_t> by_name(std::size_t count, const NameOf& name_of) {
  std::vector<std::size_t> order(count);
  for (std::size_t i = 0; i < count; ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return std::string_view(name_of(a)) < std::string_view(name_of(b));
  });
  return order;
}

void append(std::string& to, const schedule& s) {
  json_list members(to, "{}");
  append(members["name"], std::string_view(s.name()));
  if (s.is_sequence()) {
    json_list parts(members["parts"], "[]");
    for (std::size_t i = 0; i < s.parts().size(); ++i) {
      json_list part(parts.next(), "{}");
      append(part["length"], s.lengths()[i]);
      append(part["schedule"], s.parts()[i]);
      part.end();
    }
    parts.end();
    return members.end();
  }
  const auto all = s.info().hyperparameters;
  json_list parameters(members["parameters"], "{}");
  for (const std::size_t i : by_name(all.size(), [&](std::size_t p) { return all[p].name; })) {
    std::string& value = parameters[all[i].name];
    if (all[i].bounds.kind != value_kind::list) {
      append(value, s.value(i));
      continue;
    }
    json_list numbers(value, "[]");
    for (const double number : s.list()) append(numbers.next(), number);
    numbers.end();
  }
  parameters.end();
  members.end();
}

void append(std::string& to, const gradstep_plateau& p) {
  json_list members(to, "{}");
  append(members["bad_count"], p.bad_count);
  append(members["best"], p.best);
  append(members["cooldown"], p.cooldown);
  append(members["cooldown_left"], p.cooldown_left);
  append(members["eps"], p.eps);
  append(members["factor"], p.factor);
  append(members["is_absolute"], p.is_absolute != 0);
  append(members["lr"], p.lr);
  append(members["maximizes"], p.maximizes != 0);
  append(members["min_lr"], p.min_lr);
  append(members["patience"], p.patience);
  append(members["threshold"], p.threshold);
  members.end();
}

void append(std::string& to, const gradstep_loss_scaler& s) {
  json_list members(to, "{}");
  append(members["backoff_factor"], s.backoff_factor);
  append(members["growth_factor"], s.growth_factor);
  append(members["growth_interval"], s.growth_interval);
  append(members["scale"], s.scale);
  append(members["steps_in_a_row"], s.steps_in_a_row);
  members.end();
}

template <class T>
void append(std::string& to, const std::optional<T>& value) {
  if (value) {
    append(to, *value);
  } else {
    to += "null";
  }
}

void append(std::string& to, const saved_group& g) {
  const rule_info& rule = *g.settings.rule.entry->info;
  const auto all = rule.hyperparameters;
  json_list members(to, "{}");
  json_list values(members["hyperparameters"], "{}");
  const auto name_of = [&](std::size_t h) { return all[h].name; };
  for (const std::size_t i : by_name(all.size(), name_of)) {
    append(values[all[i].name], g.settings.rule.values[i]);
  }
  values.end();
  append(members["lr_scale"], g.settings.lr_scale);
  append(members["name"], std::string_view(g.name));
  append(members["plateau"], g.plateau);
  append(members["rule"], std::string_view(rule.name));
  append(members["schedule"], g.settings.schedule);
  members.end();
}

void append(std::string& to, const std::vector<std::string>& texts) {
  json_list list(to, "[]");
  for (const std::string& text : texts) append(list.next(), std::string_view(text));
  list.end();
}

void append(std::string& to, const saved_tensor& t) {
  json_list members(to, "{}");
  append(members["accumulate_count"], t.accumulate_count);
  json_list arrays(members["arrays"], "{}");
  const auto name_of = [&](std::size_t a) { return std::string_view(t.arrays[a].name); };
  for (const std::size_t a : by_name(t.arrays.size(), name_of)) {
    append(arrays[name_of(a)],
           std::string_view(stored_type_of(t.arrays[a].type, t.arrays[a].has_low).name));
  }
  arrays.end();
  append(members["count"], t.count);
  if (!t.fresh_slots.empty()) append(members["fresh_slots"], t.fresh_slots);
  append(members["group"], std::string_view(t.group));
  append(members["is_frozen"], t.is_frozen);
  append(members["name"], std::string_view(t.name));
  append(members["step_count"], t.step_count);
  members.end();
}

template <class T>
void append(std::string& to, const std::vector<T>& values) {
  json_list list(to, "[]");
  for (const T& value : values) append(list.next(), value);
  list.end();
}

// Out of line, so that no arithmetic moves out of the environment's scope.
[[gnu::noinline]] std::string text_of(const saved_state& state) {
  std::string text;
  json_list members(text, "{}");
  append(members["format"], state_format);
  append(members["grad_norm"], state.grad_norm);
  append(members["groups"], state.groups);
  append(members["loss_scaler"], state.loss_scaler);
  append(members["skipped_count"], state.skipped_count);
  append(members["step_count"], state.step_count);
  append(members["tensors"], state.tensors);
  members.end();
  return text;
}

}  // namespace

const stored_type& stored_type_of(dtype type, bool has_low) {
  return *std::find_if(
      std::begin(stored_types), std::end(stored_types),
      [&](const stored_type& known) { return known.type == type && known.has_low == has_low; });
}

std::string write_state(const saved_state& state) {
  const text_environment environment;
  return text_of(state);
}

}  // namespace gradstep::internal
