// SPDX-License-Identifier: Apache-2.0
#include "schedules/schedule_catalogue.hpp"

#include <algorithm>
#include <array>

#include "schedules/schedule_formula.hpp"
#include "schedules/schedule_registry.hpp"

namespace gradstep::internal {
namespace {

constexpr hyperparameter warmup_hyperparameters[] = {
    count_from_0("warmup_steps", 0, "steps of linear warm-up before the schedule begins"),
    non_negative("warmup_begin_lr", 0, "the rate at the first step of the warm-up"),
};

template <class Schedule>
constexpr bool has_own_warmup = find_hyperparameter(Schedule::info, "warmup_steps") != no_index;

/// The formula's hyper-parameters and the warm-up's.
template <class Schedule>
constexpr auto all_hyperparameters = [] {
  constexpr auto own = Schedule::info.hyperparameters;
  constexpr std::size_t added = has_own_warmup<Schedule> ? 0 : std::size(warmup_hyperparameters);
  static_assert(own.size() + added <= max_hyperparameters);
  static_assert(std::count_if(own.begin(), own.end(), [](const hyperparameter& h) {
                  return h.bounds.kind == value_kind::list;
                }) <= 1);
  std::array<hyperparameter, own.size() + added> all{};
  std::copy(own.begin(), own.end(), all.begin());
  std::copy_n(warmup_hyperparameters, added, all.begin() + own.size());
  return all;
}();

template <class Schedule>
constexpr definition complete_info = [] {
  definition info = Schedule::info;
  info.hyperparameters = all_hyperparameters<Schedule>;
  return info;
}();

template <class Schedule>
const char* conflict(const parameter_values& values) noexcept {
  return conflict_of<Schedule>(schedules::settings<Schedule>(values));
}

template <class Schedule>
double lr(const parameter_values& values, double base, double t) noexcept {
  return Schedule::lr(schedules::settings<Schedule>(values), base, t);
}

template <class Schedule>
double momentum(const parameter_values& values, double t) noexcept {
  return Schedule::momentum(schedules::settings<Schedule>(values), t);
}

template <class Schedule>
constexpr schedule_entry entry_of() {
  constexpr std::size_t own = Schedule::info.hyperparameters.size();
  schedule_entry entry{&complete_info<Schedule>,
                       conflict<Schedule>,
                       lr<Schedule>,
                       nullptr,
                       has_own_warmup<Schedule> ? no_index : own,
                       has_own_warmup<Schedule> ? no_index : own + 1};
  if constexpr (schedules::drives_momentum<Schedule>) entry.momentum = momentum<Schedule>;
  return entry;
}

template <class... Schedules>
constexpr auto schedules_of(type_list<Schedules...>) {
  return std::array{entry_of<Schedules>()...};
}

constexpr auto schedule_entries = schedules_of(all_schedules());

}  // namespace

std::span<const schedule_entry> schedule_catalogue() noexcept { return schedule_entries; }

}  // namespace gradstep::internal
