// SPDX-License-Identifier: Apache-2.0
//
// The structs behind the opaque handles.
#pragma once

#include <gradstep/gradstep.h>

#include "optimizer/optimizer.hpp"
#include "rules/rule_catalogue.hpp"
#include "schedules/schedule.hpp"
#include "threads/context.hpp"

struct gradstep_context {
  gradstep::internal::context value;
};

struct gradstep_rule : gradstep::internal::rule_values {};

struct gradstep_schedule {
  gradstep::internal::schedule value;
};

struct gradstep_optimizer {
  gradstep::internal::optimizer value;
};
