// SPDX-License-Identifier: Apache-2.0
//
// A group's hyper-parameters and schedule as JSON, written and read. Reading throws failure:
// CORRUPT for any fault, MISMATCH for a member that is not known. The sentence names the place.
#pragma once

#include <string>

#include "checkpoint/json_place.hpp"
#include "rules/rule_catalogue.hpp"
#include "schedules/schedule.hpp"

namespace gradstep::internal {

/// Infinities and NaN, which JSON does not have, become the texts "inf", "-inf" and "nan".
void write_number(std::string& to, double number);

/// {"lr": 0.001, ...}: the hyper-parameters of the rule; without those that came later than the
/// rule and are at their defaults.
void write_hyperparameters(std::string& to, const rule_values& rule);
/// Sets every value of the rule, whose entry is set.
void read_hyperparameters(const json_place& place, rule_values& rule);

/// {"name", "parameters": {...}}, or {"name": "sequence", "parts": [{"length", "schedule"}, ...]}.
void write_schedule(std::string& to, const schedule& s);
schedule read_schedule(const json_place& place);

/// The most objects and arrays inside each other in a schedule's JSON.
inline constexpr std::size_t schedule_json_depth = 3 + 3 * schedule::max_depth;

}  // namespace gradstep::internal
