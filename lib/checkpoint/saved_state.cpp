// SPDX-License-Identifier: Apache-2.0
//
// Reading the state.
#include "checkpoint/saved_state.hpp"

#include <algorithm>
#include <cmath>

#include "base/text.hpp"
#include "base/text_environment.hpp"
#include "catalogue/catalogue.hpp"
#include "checkpoint/saved_json.hpp"
#include "json/json_text.hpp"
#include "safetensors/sorted_names.hpp"
#include "schedules/plateau.hpp"
#include "step/loss_scaling.hpp"

namespace gradstep::internal {
namespace {

// Three around a group, then three for each depth of a sequence.
constexpr std::size_t deepest = 6 + 3 * schedule::max_depth;

schedule read_schedule(const json_place& place, std::size_t depth = 1) {
  json_object object(place);
  const std::string name(object["name"].text());
  std::optional<schedule> result;
  if (name == "sequence") {
    if (depth > schedule::max_depth) place.refuse("has too many sequences inside each other");
    std::vector<schedule> parts;
    std::vector<std::uint64_t> lengths;
    object["parts"].for_each_element([&](const json_place& element) {
      json_object part(element);
      lengths.push_back(part["length"].count());
      parts.push_back(read_schedule(part["schedule"], depth + 1));
      part.finish();
    });
    place.check([&] { result = schedule::sequence(std::move(parts), lengths); });
  } else {
    place.check([&] { result = schedule(name); });
    json_object values(object["parameters"]);
    const auto all = result->info().hyperparameters;
    for (std::size_t i = 0; i < all.size(); ++i) {
      const json_place value = values[all[i].name];
      if (all[i].bounds.kind == value_kind::list) {
        std::vector<double> list;
        value.for_each_element([&](const json_place& x) { list.push_back(x.number()); });
        value.check([&] { result->set_list(i, list); });
      } else {
        value.check([&] { result->set(i, value.number()); });
      }
    }
    values.finish();
  }
  object.finish();
  place.check([&] { result->check(); });
  return *result;
}

gradstep_plateau read_plateau(const json_place& place) {
  json_object object(place);
  gradstep_plateau p{};
  p.struct_size = sizeof p;
  p.lr = object["lr"].number();
  p.factor = object["factor"].number();
  p.threshold = object["threshold"].number();
  p.min_lr = object["min_lr"].number();
  p.eps = object["eps"].number();
  p.best = object["best"].number();
  p.patience = object["patience"].count();
  p.cooldown = object["cooldown"].count();
  p.bad_count = object["bad_count"].count();
  p.cooldown_left = object["cooldown_left"].count();
  p.maximizes = object["maximizes"].flag() ? 1 : 0;
  p.is_absolute = object["is_absolute"].flag() ? 1 : 0;
  object.finish();
  place.check([&] { check_plateau(p); });
  return p;
}

gradstep_loss_scaler read_loss_scaler(const json_place& place) {
  json_object object(place);
  gradstep_loss_scaler s{};
  s.struct_size = sizeof s;
  s.scale = object["scale"].number();
  s.growth_factor = object["growth_factor"].number();
  s.backoff_factor = object["backoff_factor"].number();
  s.growth_interval = object["growth_interval"].count();
  s.steps_in_a_row = object["steps_in_a_row"].count();
  object.finish();
  place.check([&] { check_loss_scaler(s); });
  return s;
}

rule_values read_rule(json_object& group) {
  const json_place name = group["rule"];
  rule_values rule{find_rule(name.text()), {}};
  if (rule.entry == nullptr) name.refuse(in_quotes(name.text()) + " is no rule");
  json_object values(group["hyperparameters"]);
  const rule_info& info = *rule.entry->info;
  for (std::size_t i = 0; i < info.hyperparameters.size(); ++i) {
    const json_place value = values[info.hyperparameters[i].name];
    const double number = value.number();
    value.check([&] { set_value(info, i, number, rule.values); });
  }
  values.finish();
  return rule;
}

saved_group read_group(const json_place& place) {
  json_object object(place);
  saved_group g;
  g.name = object["name"].text();
  g.settings.rule = read_rule(object);
  const json_place lr_scale = object["lr_scale"];
  g.settings.lr_scale = lr_scale.number();
  if (!(g.settings.lr_scale >= 0 && std::isfinite(g.settings.lr_scale))) {
    lr_scale.refuse("is not a finite number from 0 on");
  }
  const json_place schedule = object["schedule"], plateau = object["plateau"];
  if (!schedule.is_null()) g.settings.schedule = read_schedule(schedule);
  if (!plateau.is_null()) {
    g.plateau = read_plateau(plateau);
    if (g.plateau->lr != base_lr(g.settings.rule)) plateau.refuse("lr is not the rule's");
  }
  object.finish();
  place.check([&] { check_settings(g.settings); });
  return g;
}

saved_tensor read_tensor(const json_place& place) {
  json_object object(place);
  saved_tensor t;
  t.name = object["name"].text();
  t.group = object["group"].text();
  t.count = object["count"].count();
  t.step_count = object["step_count"].step_count();
  t.accumulate_count = object["accumulate_count"].step_count();
  t.is_frozen = object["is_frozen"].flag();
  object["arrays"].for_each_member([&](std::string_view name, const json_place& value) {
    const std::string_view type = value.text();
    const auto found = std::find_if(std::begin(stored_types), std::end(stored_types),
                                    [&](const stored_type& known) { return type == known.name; });
    if (found == std::end(stored_types)) value.refuse(in_quotes(type) + " is no dtype");
    t.arrays.push_back({std::string(name), found->type, found->has_low});
  });
  if (object.has("fresh_slots")) {
    object["fresh_slots"].for_each_element([&](const json_place& name) {
      if (t.find(name.text()) == nullptr) name.refuse("is no array of the tensor");
      t.fresh_slots.emplace_back(name.text());
    });
  }
  object.finish();
  return t;
}

/// Every element as read, and no two of the same name.
template <class Read>
auto read_all(const json_place& place, const Read& read) {
  std::vector<decltype(read(place))> result;
  place.for_each_element([&](const json_place& element) { result.push_back(read(element)); });
  using element = typename decltype(result)::value_type;
  if (const auto name = sorted_names(result, &element::name).repeated()) {
    place.refuse("there is another one with the name " + in_quotes(*name));
  }
  return result;
}

// Out of line, so that no arithmetic moves out of the environment's scope.
[[gnu::noinline]] saved_state parse_state(std::string_view text) {
  const json_tree tree(text, deepest, "the optimizer's state");
  json_object object{json_place(tree.root())};
  const json_place format = object["format"];
  if (format.count() != state_format) {
    format.refuse("is " + std::to_string(format.count()) + ", but this version of the library, " +
                  gradstep_version_text() + ", reads " + std::to_string(state_format));
  }
  saved_state state;
  state.step_count = object["step_count"].step_count();
  state.skipped_count = object["skipped_count"].step_count();
  const json_place grad_norm = object["grad_norm"];
  state.grad_norm = grad_norm.number();
  if (state.grad_norm < 0) grad_norm.refuse("is below 0");
  const json_place scaler = object["loss_scaler"];
  if (!scaler.is_null()) state.loss_scaler = read_loss_scaler(scaler);
  state.groups = read_all(object["groups"], read_group);
  state.tensors = read_all(object["tensors"], read_tensor);
  object.finish();
  return state;
}

}  // namespace

const saved_array_type* saved_tensor::find(std::string_view array_name) const {
  const auto found = std::find_if(arrays.begin(), arrays.end(),
                                  [&](const saved_array_type& a) { return a.name == array_name; });
  return found == arrays.end() ? nullptr : &*found;
}

saved_state read_state(std::string_view text) {
  const text_environment environment;
  return parse_state(text);
}

}  // namespace gradstep::internal
