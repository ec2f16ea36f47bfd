// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "schedules/schedule_catalogue.hpp"

namespace gradstep::internal {

/// A schedule of the catalogue with a value for each of its hyper-parameters, or a sequence of
/// schedules. A value type: copies are deep, and == compares contents. A checkpoint saves what the
/// accessors give, and makes an equal schedule of that. Functions that are not noexcept throw
/// failure, and then leave the schedule as it was.
class schedule {
 public:
  static constexpr std::size_t max_depth = 8;
  static constexpr std::size_t max_list_length = 65536;

  /// Every hyper-parameter has its default.
  explicit schedule(const schedule_entry& entry) noexcept;
  /// The catalogue's schedule of that name. UNKNOWN_NAME.
  explicit schedule(const std::string& name);

  /// The i-th part for lengths[i] steps, the last one for ever: lengths[count - 1] is ignored, and
  /// kept as 0. There are as many lengths as parts. INVALID_ARGUMENT, OUT_OF_RANGE.
  static schedule sequence(std::vector<schedule> parts, std::span<const std::uint64_t> lengths);

  bool is_sequence() const noexcept { return entry_ == nullptr; }
  std::span<const schedule> parts() const noexcept { return parts_; }
  std::span<const std::uint64_t> lengths() const noexcept { return lengths_; }

  /// A sequence has the name "sequence" and no hyper-parameters.
  const definition& info() const noexcept;
  const char* name() const noexcept { return info().name; }

  // Hyper-parameters, by their indices in info():

  /// NaN: it is not set. For a list: its length.
  double value(std::size_t index) const noexcept { return values_[index]; }
  /// The same. INVALID_ARGUMENT for a list.
  double get(std::size_t index) const;
  /// The numbers of the one that is a list; empty without one.
  std::span<const double> list() const noexcept { return list_; }
  /// INVALID_ARGUMENT for a list, OUT_OF_RANGE.
  void set(std::size_t index, double value);
  /// INVALID_ARGUMENT for a hyper-parameter that is not a list and for numbers that do not ascend,
  /// OUT_OF_RANGE.
  void set_list(std::size_t index, std::span<const double> numbers);

  /// Requires that every value, of every part, is set, and that all go together. INVALID_ARGUMENT.
  void check() const;

  // For a schedule that passes check():

  /// The rate at t in [0, last_step] for a finite base >= 0: finite and >= 0. Allocates nothing.
  double lr(double base, double t) const noexcept;
  /// NaN: the schedule does not drive momentum at t.
  double momentum(double t) const noexcept;
  /// Whether the schedule drives momentum at any t.
  bool drives_momentum() const noexcept;

  bool operator==(const schedule& other) const noexcept;

 private:
  schedule() = default;
  std::size_t depth() const noexcept;
  parameter_values values() const noexcept { return {values_.data(), list_}; }
  double formula(double base, double t) const noexcept;
  double warmup_steps() const noexcept;
  double lr_of_part(double base, double t) const noexcept;
  double momentum_of_part(double t) const noexcept;
  const schedule& part_at(double& t) const noexcept;

  const schedule_entry* entry_ = nullptr;  // null: a sequence
  std::array<double, max_hyperparameters> values_{};
  std::vector<double> list_;
  std::vector<schedule> parts_;
  std::vector<std::uint64_t> lengths_;
};

}  // namespace gradstep::internal
