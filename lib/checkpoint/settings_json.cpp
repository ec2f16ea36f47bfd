// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/settings_json.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <optional>
#include <string_view>
#include <vector>

#include "catalogue/catalogue.hpp"
#include "json/json_writing.hpp"

namespace gradstep::internal {
namespace {

/// Hyper-parameters that rules have got after their first version. All have a default, at which
/// they are absent from the file. See metadata.cpp.
constexpr std::string_view later_hyperparameters[] = {
    "decay_after_step",
    "l1_penalty",
};

bool is_later(const hyperparameter& h) {
  return std::find(std::begin(later_hyperparameters), std::end(later_hyperparameters), h.name) !=
         std::end(later_hyperparameters);
}

schedule read_schedule_at(const json_place& place, std::size_t depth);

// ---- Sequences ----------------------------------------------------------------------------------

void write_parts(std::string& to, const schedule& s) {
  json_array_writer parts(to);
  for (std::size_t i = 0; i < s.parts().size(); ++i) {
    json_object_writer part(parts.next());
    append_json_number(part["length"], s.lengths()[i]);
    write_schedule(part["schedule"], s.parts()[i]);
    part.end();
  }
  parts.end();
}

schedule read_sequence(const json_place& place, json_object& object, std::size_t depth) {
  if (depth > schedule::max_depth) place.refuse("has too many sequences inside each other");
  std::vector<schedule> parts;
  std::vector<std::uint64_t> lengths;
  object["parts"].for_each_element([&](const json_place& element) {
    json_object part(element);
    lengths.push_back(part["length"].count());
    parts.push_back(read_schedule_at(part["schedule"], depth + 1));
    part.finish();
  });
  std::optional<schedule> result;
  place.check([&] { result = schedule::sequence(std::move(parts), lengths); });
  return *std::move(result);
}

// ---- Schedules of the catalogue -----------------------------------------------------------------

void write_parameters(std::string& to, const schedule& s) {
  json_object_writer parameters(to);
  const auto all = s.info().hyperparameters;
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::string& value = parameters[all[i].name];
    if (all[i].bounds.kind != value_kind::list) {
      write_number(value, s.value(i));
      continue;
    }
    json_array_writer numbers(value);
    for (const double number : s.list()) write_number(numbers.next(), number);
    numbers.end();
  }
  parameters.end();
}

schedule read_plain_schedule(const json_place& place, json_object& object,
                             const std::string& name) {
  std::optional<schedule> result;
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
  return *std::move(result);
}

// ---- Either -------------------------------------------------------------------------------------

/// depth: 1 + the number of sequences around the schedule.
schedule read_schedule_at(const json_place& place, std::size_t depth) {
  json_object object(place);
  const std::string name(object["name"].text());
  schedule result = name == "sequence" ? read_sequence(place, object, depth)
                                       : read_plain_schedule(place, object, name);
  object.finish();
  place.check([&] { result.check(); });
  return result;
}

}  // namespace

void write_schedule(std::string& to, const schedule& s) {
  json_object_writer members(to);
  append_json_string(members["name"], s.name());
  if (s.is_sequence()) {
    write_parts(members["parts"], s);
  } else {
    write_parameters(members["parameters"], s);
  }
  members.end();
}

schedule read_schedule(const json_place& place) { return read_schedule_at(place, 1); }

void write_hyperparameters(std::string& to, const rule_values& rule) {
  const rule_info& info = *rule.entry->info;
  json_object_writer values(to);
  for (std::size_t i = 0; i < info.hyperparameters.size(); ++i) {
    const hyperparameter& h = info.hyperparameters[i];
    if (is_later(h) && rule.values[i] == h.default_value) continue;
    write_number(values[h.name], rule.values[i]);
  }
  values.end();
}

void read_hyperparameters(const json_place& place, rule_values& rule) {
  json_object values(place);
  const rule_info& info = *rule.entry->info;
  for (std::size_t i = 0; i < info.hyperparameters.size(); ++i) {
    const hyperparameter& h = info.hyperparameters[i];
    if (is_later(h) && !values.has(h.name)) {
      rule.values[i] = h.default_value;
      continue;
    }
    const json_place value = values[h.name];
    const double number = value.number();
    value.check([&] { set_value(info, i, number, rule.values); });
  }
  values.finish();
}

void write_number(std::string& to, double number) {
  if (std::isfinite(number)) {
    append_json_number(to, number);
  } else {
    to += std::isnan(number) ? R"("nan")" : number > 0 ? R"("inf")" : R"("-inf")";
  }
}

}  // namespace gradstep::internal
