// SPDX-License-Identifier: Apache-2.0
#include "saved_json.hpp"

#include <cmath>
#include <limits>

#include "json_text.hpp"
#include "text.hpp"

namespace gradstep::internal {

nlohmann::json number_to_json(double number) {
  if (std::isfinite(number)) return number;
  return std::isnan(number) ? "nan" : number > 0 ? "inf" : "-inf";
}

void json_place::refuse(const std::string& fault) const {
  throw failure(GRADSTEP_CORRUPT, "the optimizer's state, " + where_ + ": " + fault);
}

double json_place::number() const {
  if (value_->is_number()) return value_->get<double>();
  if (value_->is_string()) {
    const auto& text = value_->get_ref<const std::string&>();
    if (text == "inf") return std::numeric_limits<double>::infinity();
    if (text == "-inf") return -std::numeric_limits<double>::infinity();
    if (text == "nan") return std::numeric_limits<double>::quiet_NaN();
  }
  refuse("is no number");
}

std::uint64_t json_place::count() const {
  constexpr std::uint64_t most = std::uint64_t{1} << 53;
  const std::uint64_t count = whole_number();
  if (count > most) refuse("is " + std::to_string(count) + ", which is more than 2^53");
  return count;
}

std::uint64_t json_place::whole_number() const {
  if (!value_->is_number_unsigned()) refuse("is no whole number from 0 on");
  return value_->get<std::uint64_t>();
}

bool json_place::flag() const {
  if (!value_->is_boolean()) refuse("is neither true nor false");
  return value_->get<bool>();
}

std::string json_place::text() const {
  if (!value_->is_string()) refuse("is no text");
  return value_->get<std::string>();
}

json_place json_place::member(const std::string& key, const nlohmann::json& value) const {
  std::string where = where_;
  if (!where.empty()) where += ".";
  where += in_quotes(key);
  return {value, where};
}

json_object::json_object(const json_place& place) : json_place(place) {
  if (!value().is_object()) refuse("is no object");
}

json_place json_object::operator[](const std::string& key) {
  known_.insert(key);
  const auto found = value().find(key);
  if (found == value().end()) refuse(in_quotes(key) + " is missing");
  return member(key, *found);
}

void json_object::finish() const {
  for (const auto& [key, ignored] : value().items()) {
    if (!known_.contains(key)) refuse(in_quotes(key) + " is not known");
  }
}

}  // namespace gradstep::internal
