// SPDX-License-Identifier: Apache-2.0
#include "checkpoint/json_place.hpp"

#include <limits>

#include "base/text.hpp"
#include "json/json_writing.hpp"
#include "optimizer/optimizer.hpp"

namespace gradstep::internal {

std::string json_place::where() const {
  if (around_ == nullptr) return "the whole";
  const std::string around = around_->where();
  if (around_->value_->kind == json_kind::array) return around + "[" + std::to_string(index_) + "]";
  return around + "." + in_quotes(value_->key);
}

void json_place::refuse(const std::string& fault) const {
  internal::refuse(GRADSTEP_CORRUPT, "the optimizer's state, %s: %s", where().c_str(),
                   fault.c_str());
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
    if (!v->is_asked_for) refuse(in_quotes(v->key) + " is not known");
  }
}

}  // namespace gradstep::internal
