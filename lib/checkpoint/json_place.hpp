// SPDX-License-Identifier: Apache-2.0
//
// The JSON of a checkpoint, taken apart with the place of each value in every sentence.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/failure.hpp"
#include "json/json_tree.hpp"

namespace gradstep::internal {

/// A value and where it stands. What is not as wanted is refused: failure (CORRUPT).
class json_place {
 public:
  /// The whole of a text.
  explicit json_place(const json_value& value) : value_(&value) {}

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

  bool is_null() const { return value_->kind == json_kind::null; }
  double number() const;
  /// Any whole number of 64 bits.
  std::uint64_t count() const;
  /// Of what is counted step by step: at most 2^53.
  std::uint64_t step_count() const;
  bool flag() const;
  std::string_view text() const;

  /// use(place) for each element of an array.
  template <class Use>
  void for_each_element(const Use& use) const {
    if (value_->kind != json_kind::array) refuse("is no array");
    std::size_t index = 0;
    for (const auto* v = value_->first; v != nullptr; v = v->next) {
      use(json_place(*v, this, index++));
    }
  }
  /// use(key, place) for each member of an object.
  template <class Use>
  void for_each_member(const Use& use) const {
    if (value_->kind != json_kind::object) refuse("is no object");
    for (const auto* v = value_->first; v != nullptr; v = v->next) use(v->key, member(*v));
  }

 protected:
  json_place member(const json_value& value) const { return {value, this, 0}; }
  const json_value& value() const { return *value_; }

 private:
  json_place(const json_value& value, const json_place* around, std::size_t index)
      : value_(&value), around_(around), index_(index) {}
  std::string where() const;

  const json_value* value_;
  const json_place* around_ = nullptr;  // the array or object that it is in, which outlives it
  std::size_t index_ = 0;               // of an element
};

/// An object of known keys, each of which has to be there, unless `has` is asked first.
class json_object : public json_place {
 public:
  explicit json_object(const json_place& place);
  json_place operator[](std::string_view key);
  bool has(std::string_view key) const;
  /// Refuses a key that nobody has asked for.
  void finish() const;

 private:
  const json_value* last_ = nullptr;  // what was asked for last: the next one is often behind it
};

}  // namespace gradstep::internal
