// SPDX-License-Identifier: Apache-2.0
//
// The JSON of a checkpoint, taken apart with the place of each value in every sentence.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "failure.hpp"

namespace gradstep::internal {

/// A number as JSON can hold it: as text where it is not finite.
nlohmann::json number_to_json(double number);

/// A value and where it stands. What is not as wanted is refused: failure (CORRUPT).
class json_place {
 public:
  json_place(const nlohmann::json& value, std::string where)
      : value_(&value), where_(std::move(where)) {}

  [[noreturn]] void refuse(const std::string& fault) const;
  /// Calls use(), and makes a failure of it one of this place.
  template <class Use>
  void check(const Use& use) const {
    try {
      use();
    } catch (const failure& f) {
      refuse(f.what());
    }
  }

  bool is_null() const { return value_->is_null(); }
  double number() const;
  std::uint64_t count() const;         // at most 2^53
  std::uint64_t whole_number() const;  // of 64 bits
  bool flag() const;
  std::string text() const;

  /// use(place) for each element of an array.
  template <class Use>
  void for_each_element(const Use& use) const {
    if (!value_->is_array()) refuse("is no array");
    for (std::size_t i = 0; i < value_->size(); ++i) {
      use(json_place((*value_)[i], where_ + "[" + std::to_string(i) + "]"));
    }
  }
  /// use(key, place) for each member of an object.
  template <class Use>
  void for_each_member(const Use& use) const {
    if (!value_->is_object()) refuse("is no object");
    for (const auto& [key, value] : value_->items()) use(key, member(key, value));
  }

 protected:
  json_place member(const std::string& key, const nlohmann::json& value) const;
  const nlohmann::json& value() const { return *value_; }

 private:
  const nlohmann::json* value_;
  std::string where_;
};

/// An object of known keys, each of which has to be there.
class json_object : public json_place {
 public:
  explicit json_object(const json_place& place);
  json_place operator[](const std::string& key);
  /// Refuses a key that nobody has asked for.
  void finish() const;

 private:
  std::set<std::string> known_;
};

}  // namespace gradstep::internal
