// SPDX-License-Identifier: Apache-2.0
//
// Reading the JSON of a checkpoint. The sentence of every fault names the place of the value.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/failure.hpp"
#include "json/json_tree.hpp"

namespace gradstep::internal {

/// Throws failure (MISMATCH) for something in a file that this version of the library does not
/// know. A later version may have saved it, so the file counts as whole.
[[noreturn]] void refuse_unknown(const std::string& what);

/// A value and its place. Every function throws failure (CORRUPT) if the value is not of the kind
/// that it reads.
class json_place {
 public:
  /// The root of a tree.
  explicit json_place(const json_value& value) : value_(&value) {}

  /// Throws failure (CORRUPT): <place>: <fault>.
  [[noreturn]] void refuse(const std::string& fault) const;
  /// Throws failure (MISMATCH): a later version of the library has saved this value.
  [[noreturn]] void refuse_as_unknown() const;
  /// Calls use(). A failure of it becomes a fault of this place.
  template <class Use>
  void check(const Use& use) const {
    try {
      use();
    } catch (const failure& f) {
      refuse(f.what());
    }
  }

  bool is_null() const { return value_->kind == json_kind::null; }
  /// A number, or one of the texts "inf", "-inf" and "nan".
  double number() const;
  /// Any whole number of 64 bits.
  std::uint64_t count() const;
  /// A whole number of at most 2^53.
  std::uint64_t step_count() const;
  bool flag() const;
  std::string_view text() const;

  /// Calls use(place) for each element of an array.
  template <class Use>
  void for_each_element(const Use& use) const {
    if (value_->kind != json_kind::array) refuse("is no array");
    std::size_t index = 0;
    for (const auto* v = value_->first; v != nullptr; v = v->next) {
      use(json_place(*v, this, index++));
    }
  }
  /// Calls use(key, place) for each member of an object.
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
  const json_place* around_ = nullptr;  // the array or object around the value; it outlives this
  std::size_t index_ = 0;               // in an array
};

/// An object whose keys are known.
class json_object : public json_place {
 public:
  explicit json_object(const json_place& place);
  /// Refuses an object that lacks the key.
  json_place operator[](std::string_view key);
  bool has(std::string_view key) const;
  /// Refuses, as unknown, a member that operator[] was not called for.
  void finish() const;

 private:
  const json_value* last_ = nullptr;  // found last; the next one often follows it
};

}  // namespace gradstep::internal
