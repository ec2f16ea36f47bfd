// SPDX-License-Identifier: Apache-2.0
#include "machine_differences.hpp"

#include <algorithm>
#include <map>
#include <set>

namespace bench {
namespace {

using nlohmann::json;

using fields = std::map<std::string, std::string>;

const std::string not_known = "not known";

std::string in_words(const json& value) {
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string joined(const json& values) {
  std::string text;
  for (const json& value : values) text += (text.empty() ? "" : ", ") + in_words(value);
  return text;
}

bool has_values_alone(const json& list) {
  return std::none_of(list.begin(), list.end(), [](const json& v) { return v.is_structured(); });
}

/// Adds each value within `value` under its path. A list of values is one of them.
void collect(const json& value, const std::string& path, fields& found) {
  if (value.is_array() && has_values_alone(value)) {
    found[path] = joined(value);
  } else if (value.is_structured()) {
    for (const auto& [name, member] : value.items()) collect(member, path + "." + name, found);
  } else if (!value.is_null()) {
    found[path] = in_words(value);
  }
}

fields fields_of(const json& result) {
  fields found;
  json machine = result.at("machine");
  machine.erase("bandwidth");
  collect(machine, "machine", found);
  collect(result.at("software"), "software", found);
  collect(result.at("program"), "program", found);
  collect(result.at("run").at("mode"), "run.mode", found);
  collect(result.at("run").value("cpus", json("all")), "run.cpus", found);
  return found;
}

}  // namespace

std::vector<difference> machine_differences(const json& a, const json& b) {
  const fields of_a = fields_of(a);
  const fields of_b = fields_of(b);
  std::set<std::string> names;
  for (const auto& [name, value] : of_a) names.insert(name);
  for (const auto& [name, value] : of_b) names.insert(name);
  const auto value_of = [](const fields& all, const std::string& name) {
    const auto found = all.find(name);
    return found == all.end() ? not_known : found->second;
  };
  std::vector<difference> differences;
  for (const std::string& name : names) {
    const difference d{name, value_of(of_a, name), value_of(of_b, name)};
    if (d.a != d.b) differences.push_back(d);
  }
  return differences;
}

}  // namespace bench
