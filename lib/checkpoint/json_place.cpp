// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/json_place.hpp"

#include <limits>

#include "base/text.hpp"
#include "base/version.hpp"
#include "json/json_writing.hpp"
#include "optimizer/optimizer.hpp"

namespace gradstep::internal {

void refuse_unknown(const std::string& what) {
  internal::refuse(GRADSTEP_MISMATCH,
                   "the optimizer's state has something that this version of the library, %s, does "
                   "not know: %s",
                   version_text(), what.c_str());
}

namespace {

/// A value as a sentence shows it.
std::string short_text(const json_value& value) {
  std::string text;
  switch (value.kind) {
    case json_kind::null:
      return "null";
    case json_kind::boolean:
      return value.boolean ? "true" : "false";
    case json_kind::whole_number:
      return std::to_string(value.whole_number);
    case json_kind::negative_number:
      return std::to_string(value.negative_number);
    case json_kind::real_number:
      append_json_number(text, value.real_number);
      return text;
    case json_kind::string:
      return in_quotes(value.string);
    case json_kind::array:
      return value.first == nullptr ? "[]" : "[...]";
    case json_kind::object:
      return value.first == nullptr ? "{}" : "{...}";
  }
  return text;
}

/// The text of an object's member "name"; nullptr: there is none.
const json_value* name_in(const json_value& value) {
  if (value.kind != json_kind::object) return nullptr;
  const json_value* v = value.first;
  while (v != nullptr && v->key != "name") v = v->next;
  return v != nullptr && v->kind == json_kind::string ? v : nullptr;
}

}  // namespace

std::string json_place::where() const {
  if (around_ == nullptr) return "the whole";
  const std::string around = around_->where();
  if (around_->value_->kind == json_kind::array) {
    const json_value* const name = name_in(*value_);
    return around + "[" + std::to_string(index_) +
           (name == nullptr ? "]" : ": " + in_quotes(name->string) + "]");
  }
  return around + "." + in_quotes(value_->key);
}

void json_place::refuse(const std::string& fault) const {
  internal::refuse(GRADSTEP_CORRUPT, "the optimizer's state, %s: %s", where().c_str(),
                   fault.c_str());
}

void json_place::refuse_as_unknown() const {
  refuse_unknown(where() + " = " + short_text(*value_));
}

double json_place::number() const {
  switch (value_->kind) {
    case json_kind::whole_number:
      return static_cast<double>(value_->whole_number);
    case json_kind::negative_number:
      return static_cast<double>(value_->negative_number);
    case json_kind::real_number:
      return value_->real_number;
    case json_kind::string:
      if (value_->string == "inf") return std::numeric_limits<double>::infinity();
      if (value_->string == "-inf") return -std::numeric_limits<double>::infinity();
      if (value_->string == "nan") return std::numeric_limits<double>::quiet_NaN();
      break;
    default:
      break;
  }
  refuse("is no number");
}

std::uint64_t json_place::count() const {
  if (value_->kind != json_kind::whole_number) refuse("is no whole number from 0 on");
  return value_->whole_number;
}

std::uint64_t json_place::step_count() const {
  if (count() > most_counted) refuse("is " + std::to_string(count()) + ", which is more than 2^53");
  return count();
}

bool json_place::flag() const {
  if (value_->kind != json_kind::boolean) refuse("is neither true nor false");
  return value_->boolean;
}

std::string_view json_place::text() const {
  if (value_->kind != json_kind::string) refuse("is no text");
  return value_->string;
}

json_object::json_object(const json_place& place) : json_place(place) {
  if (value().kind != json_kind::object) refuse("is no object");
}

json_place json_object::operator[](std::string_view key) {
  const auto find = [&](const json_value* v) {
    while (v != nullptr && v->key != key) v = v->next;
    return v;
  };
  const json_value* found = last_ == nullptr ? nullptr : find(last_->next);
  if (found == nullptr) found = find(value().first);
  if (found == nullptr) refuse(in_quotes(key) + " is missing");
  found->is_asked_for = true;
  last_ = found;
  return member(*found);
}

bool json_object::has(std::string_view key) const {
  const json_value* v = value().first;
  while (v != nullptr && v->key != key) v = v->next;
  return v != nullptr;
}

void json_object::finish() const {
  for (const auto* v = value().first; v != nullptr; v = v->next) {
    if (!v->is_asked_for) member(*v).refuse_as_unknown();
  }
}

}  // namespace gradstep::internal
