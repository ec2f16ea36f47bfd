// SPDX-License-Identifier: Apache-2.0
//
// A group's rule and schedule as JSON, written and read. Reading trusts nothing: it throws failure
// (CORRUPT) that names the place.
#pragma once

#include <string>

#include "checkpoint/json_place.hpp"
#include "rules/catalogue.hpp"
#include "schedules/schedule.hpp"

namespace gradstep::internal {

/// A number; JSON cannot hold infinities and NaN, so these become the texts "inf", "-inf", "nan".
void write_number(std::string& to, double number);

/// {"lr": 0.001, ...}: every hyper-parameter of the rule.
void write_hyperparameters(std::string& to, const rule_values& rule);
/// The entry of the rule is set.
void read_hyperparameters(const json_place& place, rule_values& rule);

/// {"name", "parameters": {...}}, or {"name": "sequence", "parts": [{"length", "schedule"}, ...]}.
void write_schedule(std::string& to, const schedule& s);
schedule read_schedule(const json_place& place);

/// How many objects and arrays a schedule puts inside each other, at most.
inline constexpr std::size_t schedule_json_depth = 3 + 3 * schedule::max_depth;

}  // namespace gradstep::internal
