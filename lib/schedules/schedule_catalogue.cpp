// SPDX-License-Identifier: Apache-2.0
#include "schedules/schedule_catalogue.hpp"

#include <algorithm>

#include "schedules/schedule_registry.hpp"

namespace gradstep::internal {
namespace {

constexpr hyperparameter warmup_parameters[] = {
    schedules::count_from_0("warmup_steps", 0,
                            "steps of linear warm-up before the schedule begins"),
    schedules::rate("warmup_begin_lr", 0, "the rate at the first step of the warm-up"),
};

template <class Schedule>
constexpr bool has_own_warmup = schedules::find_parameter<Schedule>("warmup_steps") != no_parameter;

template <class Schedule>
constexpr auto all_parameters = [] {
  constexpr std::size_t own = std::size(Schedule::parameters);
  constexpr std::size_t added = has_own_warmup<Schedule> ? 0 : std::size(warmup_parameters);
  static_assert(own + added <= max_schedule_parameters);
  std::array<hyperparameter, own + added> all{};
  std::copy_n(Schedule::parameters, own, all.begin());
  std::copy_n(warmup_parameters, added, all.begin() + own);
  static_assert(std::count_if(std::begin(Schedule::parameters), std::end(Schedule::parameters),
                              [](const hyperparameter& p) { return p.kind == value_kind::list; }) <=
                1);
  return all;
}();

template <class Schedule>
double lr(const schedule_values& values, double base, double t) noexcept {
  return Schedule::lr(schedules::settings<Schedule>{values}, base, t);
}

template <class Schedule>
double momentum(const schedule_values& values, double t) noexcept {
  return Schedule::momentum(schedules::settings<Schedule>{values}, t);
}

template <class Schedule>
const char* conflict(const schedule_values& values) noexcept {
  if constexpr (schedules::checks_values<Schedule>) {
    return Schedule::conflict(schedules::settings<Schedule>{values});
  } else {
    return nullptr;
  }
}

template <class Schedule>
constexpr schedule_entry entry_of() {
  constexpr std::size_t own = std::size(Schedule::parameters);
  schedule_entry entry{Schedule::text.name,
                       Schedule::text.summary,
                       Schedule::text.formula,
                       Schedule::text.source,
                       all_parameters<Schedule>,
                       has_own_warmup<Schedule> ? no_parameter : own,
                       has_own_warmup<Schedule> ? no_parameter : own + 1,
                       lr<Schedule>,
                       nullptr,
                       conflict<Schedule>};
  if constexpr (schedules::drives_momentum<Schedule>) entry.momentum = momentum<Schedule>;
  return entry;
}

template <class... Schedules>
constexpr auto entries_of(schedule_list<Schedules...>) {
  return std::array{entry_of<Schedules>()...};
}

constexpr auto entries = entries_of(all_schedules());

}  // namespace

std::span<const schedule_entry> schedule_catalogue() noexcept { return entries; }

const schedule_entry* find_schedule(std::string_view name) noexcept {
  for (const schedule_entry& candidate : entries) {
    if (candidate.name == name) return &candidate;
  }
  return nullptr;
}

}  // namespace gradstep::internal
