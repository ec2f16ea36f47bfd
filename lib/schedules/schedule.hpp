// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "schedules/schedule_catalogue.hpp"

namespace gradstep::internal {

/// The catalogue's schedule of that name. Throws failure (UNKNOWN_NAME).
const schedule_entry& find_schedule_or_fail(const std::string& name);

/// A schedule of the catalogue with a value for each of its parameters, or a sequence of schedules.
/// A value: copied whole, and compared by what it holds. All of it can be read, and what is read
/// can be put together again, so a checkpoint needs nothing else. Functions that are not noexcept
/// throw failure, and leave the schedule as it was.
class schedule {
 public:
  static constexpr std::size_t max_depth = 8;
  static constexpr std::size_t max_list_length = 65536;

  /// Every parameter at its default. UNKNOWN_NAME.
  explicit schedule(const std::string& name);

  /// The i-th part for lengths[i] steps, the last one for ever: lengths[count - 1] is not looked
  /// at, and kept as 0. As many lengths as parts. INVALID_ARGUMENT, OUT_OF_RANGE.
  static schedule sequence(std::vector<schedule> parts, std::span<const std::uint64_t> lengths);

  const char* name() const noexcept { return entry_ == nullptr ? "sequence" : entry_->name; }
  bool is_sequence() const noexcept { return entry_ == nullptr; }
  std::span<const schedule> parts() const noexcept { return parts_; }
  std::span<const std::uint64_t> lengths() const noexcept { return lengths_; }

  /// None where it is a sequence.
  std::span<const hyperparameter> parameters() const noexcept;
  /// Of the index-th parameter; NaN: not set. Of a list: its length.
  double value(std::size_t index) const noexcept { return values_[index]; }
  /// Of the parameter whose kind is list; empty without one.
  std::span<const double> list() const noexcept { return list_; }

  /// UNKNOWN_NAME, or INVALID_ARGUMENT for a list.
  double get(const std::string& name) const;
  /// The same, and OUT_OF_RANGE.
  void set(const std::string& name, double value);
  /// UNKNOWN_NAME, OUT_OF_RANGE, or INVALID_ARGUMENT for a parameter that is no list and for
  /// numbers that do not ascend.
  void set_list(const std::string& name, std::span<const double> numbers);

  /// That all is set and goes together, in all parts. INVALID_ARGUMENT.
  void check() const;

  // After check() alone:

  /// The rate at t in [0, last_step] for a finite base >= 0: finite and >= 0. Allocates nothing.
  double lr(double base, double t) const noexcept;
  /// NaN where momentum is not driven at t.
  double momentum(double t) const noexcept;
  /// Whether it is driven at any t.
  bool drives_momentum() const noexcept;

  bool operator==(const schedule& other) const noexcept;

 private:
  schedule() = default;
  std::size_t find_or_fail(const std::string& name) const;
  std::size_t depth() const noexcept;
  schedule_values values() const noexcept { return {values_, list_}; }
  double formula(double base, double t) const noexcept;
  double warmup_steps() const noexcept;
  double lr_of_part(double base, double t) const noexcept;
  double momentum_of_part(double t) const noexcept;
  const schedule& part_at(double& t) const noexcept;

  const schedule_entry* entry_ = nullptr;  // null: a sequence
  std::array<double, max_schedule_parameters> values_{};
  std::vector<double> list_;
  std::vector<schedule> parts_;
  std::vector<std::uint64_t> lengths_;
};

}  // namespace gradstep::internal
