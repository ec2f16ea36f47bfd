// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <vector>

#include "capi/catalogue_calls.hpp"
#include "capi/handles.hpp"
#include "catalogue/value_check.hpp"

namespace gradstep::internal {
namespace {

void check_t(double t) {
  if (!std::isnan(t) && t >= 0 && t <= last_step) return;
  refuse(GRADSTEP_OUT_OF_RANGE, "t = %s is outside [0, 2^53]", to_text(t).text);
}

std::vector<schedule> copy_parts(const gradstep_schedule* const* parts, std::size_t count) {
  std::vector<schedule> copies;
  copies.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (parts[i] == nullptr) refuse(GRADSTEP_INVALID_ARGUMENT, "parts[%zu] is NULL", i);
    copies.push_back(parts[i]->value);
  }
  return copies;
}

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

size_t gradstep_schedule_count(void) { return schedule_catalogue().size(); }

const char* gradstep_schedule_name(size_t index) {
  return name_of_entry(schedule_catalogue(), index);
}

gradstep_status gradstep_schedule_describe(const char* schedule_name,
                                           gradstep_schedule_info* info) {
  return describe_entry(schedule_catalogue(), schedule_name, info, [&](const definition& d) {
    fill_output(info, {0, d.name, d.summary, d.formula, d.source, d.hyperparameters.size()});
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_schedule_describe_hyperparameter(const char* schedule_name, size_t index,
                                                          gradstep_hyperparameter_info* info) {
  return describe_entry(schedule_catalogue(), schedule_name, info, [&](const definition& d) {
    return describe_hyperparameter(d, index, info);
  });
}

gradstep_status gradstep_schedule_create(const char* schedule_name, gradstep_schedule** schedule) {
  if (schedule_name != nullptr && schedule == nullptr) return fail_as_null("schedule");
  return with_entry(schedule_catalogue(), schedule_name, [&](const schedule_entry& entry) {
    return guarded([&] {
      *schedule = new gradstep_schedule{gradstep::internal::schedule(entry)};
      return GRADSTEP_OK;
    });
  });
}

gradstep_status gradstep_schedule_create_sequence(const gradstep_schedule* const* parts,
                                                  const uint64_t* lengths, size_t count,
                                                  gradstep_schedule** schedule) {
  if (schedule == nullptr) return fail_as_null("schedule");
  if (count > 0 && parts == nullptr) return fail_as_null("parts");
  if (count > 1 && lengths == nullptr) return fail_as_null("lengths");
  return guarded([&] {
    std::vector<std::uint64_t> steps(count);  // the last one stays 0: it is ignored
    if (count > 1) std::copy_n(lengths, count - 1, steps.begin());
    *schedule = new gradstep_schedule{
        gradstep::internal::schedule::sequence(copy_parts(parts, count), steps)};
    return GRADSTEP_OK;
  });
}

void gradstep_schedule_destroy(gradstep_schedule* schedule) { delete schedule; }

gradstep_status gradstep_schedule_set(gradstep_schedule* schedule, const char* name, double value) {
  if (schedule == nullptr) return fail_as_null("schedule");
  return with_hyperparameter(schedule->value.info(), name,
                             [&](std::size_t index) { schedule->value.set(index, value); });
}

gradstep_status gradstep_schedule_get(const gradstep_schedule* schedule, const char* name,
                                      double* value) {
  if (schedule == nullptr) return fail_as_null("schedule");
  if (name != nullptr && value == nullptr) return fail_as_null("value");
  return with_hyperparameter(schedule->value.info(), name,
                             [&](std::size_t index) { *value = schedule->value.get(index); });
}

gradstep_status gradstep_schedule_set_list(gradstep_schedule* schedule, const char* name,
                                           const double* values, size_t count) {
  if (schedule == nullptr) return fail_as_null("schedule");
  if (name != nullptr && values == nullptr && count > 0) return fail_as_null("values");
  return with_hyperparameter(schedule->value.info(), name, [&](std::size_t index) {
    schedule->value.set_list(index, {values, count});
  });
}

gradstep_status gradstep_schedule_check(const gradstep_schedule* schedule) {
  if (schedule == nullptr) return fail_as_null("schedule");
  return guarded([&] {
    schedule->value.check();
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_schedule_lr(const gradstep_schedule* schedule, double base_lr, double t,
                                     double* lr) {
  if (lr == nullptr) return fail_as_null("lr");
  if (schedule == nullptr) return fail_as_null("schedule");
  return guarded([&] {
    schedule->value.check();
    check_value("base_lr", base_lr, at_least(0));
    check_t(t);
    *lr = schedule->value.lr(base_lr, t);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_schedule_momentum(const gradstep_schedule* schedule, double t,
                                           double* momentum) {
  if (momentum == nullptr) return fail_as_null("momentum");
  if (schedule == nullptr) return fail_as_null("schedule");
  return guarded([&] {
    schedule->value.check();
    check_t(t);
    const double driven = schedule->value.momentum(t);
    if (std::isnan(driven)) {
      refuse(GRADSTEP_UNSUPPORTED,
             "%s does not drive momentum at t = %s: one_cycle and cyclic do, with "
             "drives_momentum = 1",
             schedule->value.name(), to_text(t).text);
    }
    *momentum = driven;
    return GRADSTEP_OK;
  });
}

}  // extern "C"
