// SPDX-License-Identifier: Apache-2.0
//
// What stands behind the opaque handles.
#pragma once

#include <gradstep/gradstep.h>

#include "catalogue.hpp"
#include "context.hpp"
#include "schedule.hpp"

struct gradstep_context {
  gradstep::internal::context value;
};

struct gradstep_rule {
  const gradstep::internal::catalogue_entry* entry;
  double values[gradstep::internal::max_hyperparameters];
};

struct gradstep_schedule {
  gradstep::internal::schedule value;
};
