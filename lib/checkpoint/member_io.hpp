// SPDX-License-Identifier: Apache-2.0
//
// Writing and reading the members of an object. A list of members, such as `plateau_members` in
// metadata.cpp, names each member once, with its kind. It is called with a member_writer, which
// turns the object into JSON, or with a member_reader, which turns JSON into the object.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/sorted_names.hpp"
#include "base/version.hpp"
#include "checkpoint/json_place.hpp"
#include "checkpoint/metadata.hpp"
#include "checkpoint/settings_json.hpp"
#include "checkpoint/stored_types.hpp"
#include "json/json_writing.hpp"

namespace gradstep::internal {

inline bool is_same_number(double a, double b) {
  return a == b || (std::isnan(a) && std::isnan(b));
}

class member_writer {
 public:
  template <class Object, class Members>
  static void write(std::string& to, const Object& object, const Members& members) {
    member_writer writer(to);
    members(writer, object);
    writer.members_.end();
  }

  void format(const char* key, std::uint64_t version) { count(key, version); }
  void number(const char* key, double value) { write_number(members_[key], value); }
  void count(const char* key, std::uint64_t value) { append_json_number(members_[key], value); }
  void step_count(const char* key, std::uint64_t value) { count(key, value); }
  /// Absent if it is 0.
  void count_if_any(const char* key, std::uint64_t value) {
    if (value != 0) count(key, value);
  }
  /// Absent if it is the default.
  void step_count_unless(const char* key, std::uint64_t default_value, std::uint64_t value) {
    if (value != default_value) step_count(key, value);
  }
  void number_unless(const char* key, double default_value, double value) {
    if (!is_same_number(value, default_value)) number(key, value);
  }
  void flag(const char* key, bool value) { members_[key] += value ? "true" : "false"; }
  void text(const char* key, std::string_view value) { append_json_string(members_[key], value); }

  template <class IsAllowed>
  void texts_if_any(const char* key, const std::vector<std::string>& texts, const IsAllowed&,
                    const char*) {
    if (texts.empty()) return;
    json_array_writer list(members_[key]);
    for (const std::string& text : texts) append_json_string(list.next(), text);
    list.end();
  }

  void numbers_if_any(const char* key, const std::vector<saved_number>& numbers) {
    if (numbers.empty()) return;
    json_object_writer object(members_[key]);
    for (const saved_number& each : numbers) write_number(object[each.name.c_str()], each.value);
    object.end();
  }

  template <class Object, class Members>
  void optional(const char* key, const std::optional<Object>& object, const Members& members) {
    std::string& to = members_[key];
    if (!object) {
      to += "null";
    } else {
      write(to, *object, members);
    }
  }

  template <class Object, class Members>
  void named_list(const char* key, const std::vector<Object>& objects, const Members& members) {
    json_array_writer list(members_[key]);
    for (const Object& object : objects) write(list.next(), object, members);
    list.end();
  }

  template <class Object, class Members>
  void named_list_if_any(const char* key, const std::vector<Object>& objects,
                         const Members& members) {
    if (!objects.empty()) named_list(key, objects, members);
  }

  void rule_name(const char* key, const rule_values& rule) { text(key, rule.entry->info->name); }
  void hyperparameters(const char* key, const rule_values& rule) {
    write_hyperparameters(members_[key], rule);
  }
  void schedule(const char* key, const std::optional<internal::schedule>& value) {
    std::string& to = members_[key];
    if (!value) {
      to += "null";
    } else {
      write_schedule(to, *value);
    }
  }
  void array_types(const char* key, const std::vector<saved_array_type>& arrays) {
    json_object_writer types(members_[key]);
    for (const saved_array_type& array : arrays) {
      append_json_string(types[array.name], stored_name(array.type, array.has_low));
    }
    types.end();
  }

  // Checks are for the reader.

  void require(const char*, bool, const char*) {}
  void require_or_absent(const char*, bool, const char*) {}
  template <class Check>
  void check(const Check&) {}

 private:
  explicit member_writer(std::string& to) : members_(to) {}

  json_object_writer members_;
};

/// Throws failure: CORRUPT for a member that is missing or not of its kind, MISMATCH for one that
/// is unknown. The sentence names the place.
class member_reader {
 public:
  template <class Object, class Members>
  static Object read(const json_place& place, const Members& members) {
    Object object{};
    member_reader reader(place);
    members(reader, object);
    reader.object_.finish();
    return object;
  }

  /// Refuses another version.
  void format(const char* key, std::uint64_t version) {
    const json_place place = object_[key];
    if (place.count() == version) return;
    place.refuse("is " + std::to_string(place.count()) + ", but this version of the library, " +
                 version_text() + ", reads " + std::to_string(version));
  }
  void number(const char* key, double& value) { value = object_[key].number(); }
  /// Any whole number of 64 bits.
  void count(const char* key, std::uint64_t& value) { value = object_[key].count(); }
  void count_if_any(const char* key, std::uint64_t& value) {
    if (object_.has(key)) count(key, value);
  }
  void number_unless(const char* key, double default_value, double& value) {
    value = object_.has(key) ? object_[key].number() : default_value;
  }
  /// At most 2^53.
  void step_count(const char* key, std::uint64_t& value) { value = object_[key].step_count(); }
  void step_count_unless(const char* key, std::uint64_t default_value, std::uint64_t& value) {
    value = object_.has(key) ? object_[key].step_count() : default_value;
  }
  template <class Flag>
  void flag(const char* key, Flag& value) {
    value = object_[key].flag();
  }
  void text(const char* key, std::string& value) { value = object_[key].text(); }

  /// A list of texts; absent if it is empty.
  template <class IsAllowed>
  void texts_if_any(const char* key, std::vector<std::string>& texts, const IsAllowed& is_allowed,
                    const char* fault) {
    if (!object_.has(key)) return;
    object_[key].for_each_element([&](const json_place& place) {
      if (!is_allowed(place.text())) place.refuse(fault);
      texts.emplace_back(place.text());
    });
  }

  /// An object of numbers whose names differ; absent if it is empty.
  void numbers_if_any(const char* key, std::vector<saved_number>& numbers) {
    if (!object_.has(key)) return;
    const json_place place = object_[key];
    place.for_each_member([&](std::string_view name, const json_place& value) {
      numbers.push_back({std::string(name), value.number()});
    });
    if (const auto name = sorted_names(numbers, &saved_number::name).repeated()) {
      place.refuse("there is another one with the name " + in_quotes(*name));
    }
  }

  /// An object, or null.
  template <class Object, class Members>
  void optional(const char* key, std::optional<Object>& object, const Members& members) {
    const json_place place = object_[key];
    if (!place.is_null()) object = read<Object>(place, members);
  }

  /// A list of objects whose names differ.
  template <class Object, class Members>
  void named_list(const char* key, std::vector<Object>& objects, const Members& members) {
    const json_place place = object_[key];
    place.for_each_element(
        [&](const json_place& element) { objects.push_back(read<Object>(element, members)); });
    if (const auto name = sorted_names(objects, &Object::name).repeated()) {
      place.refuse("there is another one with the name " + in_quotes(*name));
    }
  }

  template <class Object, class Members>
  void named_list_if_any(const char* key, std::vector<Object>& objects, const Members& members) {
    if (object_.has(key)) named_list(key, objects, members);
  }

  void rule_name(const char* key, rule_values& rule) {
    const json_place name = object_[key];
    rule.entry = find_rule(name.text());
    if (rule.entry == nullptr) name.refuse_as_unknown();
  }
  /// rule_name comes first.
  void hyperparameters(const char* key, rule_values& rule) {
    read_hyperparameters(object_[key], rule);
  }
  void schedule(const char* key, std::optional<internal::schedule>& value) {
    const json_place place = object_[key];
    if (!place.is_null()) value = read_schedule(place);
  }
  void array_types(const char* key, std::vector<saved_array_type>& arrays) {
    object_[key].for_each_member([&](std::string_view name, const json_place& value) {
      const std::string_view type = value.text();
      const auto found = find_stored_type(type);
      if (!found) value.refuse(in_quotes(type) + " is no dtype");
      arrays.push_back({std::string(name), found->type, found->has_low});
    });
  }

  /// Refuses the member's value unless the condition holds.
  void require(const char* key, bool condition, const char* fault) {
    if (!condition) object_[key].refuse(fault);
  }
  /// The same for a member that may be absent, which is then at fault by its absence.
  void require_or_absent(const char* key, bool condition, const char* fault) {
    if (condition) return;
    if (object_.has(key)) object_[key].refuse(fault);
    object_.refuse(std::string(key) + " is missing beside rows");
  }
  /// Calls check(). A failure of it becomes a fault of the object's place.
  template <class Check>
  void check(const Check& check) {
    object_.check(check);
  }

 private:
  explicit member_reader(const json_place& place) : object_(place) {}

  json_object object_;
};

}  // namespace gradstep::internal
