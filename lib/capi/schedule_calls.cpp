// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "base/failure.hpp"
#include "capi/catalogue_calls.hpp"
#include "capi/handles.hpp"
#include "capi/structs.hpp"

namespace gradstep::internal {
namespace {

gradstep_status is_null(const char* argument) noexcept {
  return fail(GRADSTEP_INVALID_ARGUMENT, "%s is NULL", argument);
}

/// What both describe calls check first, then describe(entry), which returns a status.
template <class Info, class Describe>
gradstep_status describe_schedule(const char* schedule_name, const Info* info,
                                  const Describe& describe) {
  if (schedule_name == nullptr) return is_null("schedule_name");
  return guarded([&] {
    const schedule_entry& entry = find_schedule_or_fail(schedule_name);
    const auto status = check_output_struct(info, "info");
    return status == GRADSTEP_OK ? describe(entry) : status;
  });
}

gradstep_status check_t(double t) noexcept {
  if (!std::isnan(t) && t >= 0 && t <= last_step) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "t = %s is outside [0, 2^53]", to_text(t).text);
}

std::vector<schedule> copy_parts(const gradstep_schedule* const* parts, std::size_t count) {
  std::vector<schedule> copies;
  copies.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    if (parts[i] == nullptr) {
      throw failure(GRADSTEP_INVALID_ARGUMENT, "parts[" + std::to_string(i) + "] is NULL");
    }
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
  return index < schedule_catalogue().size() ? schedule_catalogue()[index].name : nullptr;
}

gradstep_status gradstep_schedule_describe(const char* schedule_name,
                                           gradstep_schedule_info* info) {
  return describe_schedule(schedule_name, info, [&](const schedule_entry& e) {
    fill_output(*info, {0, e.name, e.summary, e.formula, e.source, e.parameters.size()});
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_schedule_parameter_describe(const char* schedule_name, size_t index,
                                                     gradstep_hyperparameter_info* info) {
  return describe_schedule(schedule_name, info, [&](const schedule_entry& e) {
    if (const auto s = check_index(index, e.parameters.size(), e.name, "parameters");
        s != GRADSTEP_OK) {
      return s;
    }
    fill_output(*info, info_of(e.parameters[index]));
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_schedule_create(const char* schedule_name, gradstep_schedule** schedule) {
  if (schedule_name == nullptr) return is_null("schedule_name");
  if (schedule == nullptr) return is_null("schedule");
  return guarded([&] {
    *schedule = new gradstep_schedule{gradstep::internal::schedule(schedule_name)};
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_schedule_create_sequence(const gradstep_schedule* const* parts,
                                                  const uint64_t* lengths, size_t count,
                                                  gradstep_schedule** schedule) {
  if (schedule == nullptr) return is_null("schedule");
  if (count > 0 && parts == nullptr) return is_null("parts");
  if (count > 1 && lengths == nullptr) return is_null("lengths");
  return guarded([&] {
    std::vector<std::uint64_t> steps(count);  // one more than is looked at
    if (count > 1) std::copy_n(lengths, count - 1, steps.begin());
    *schedule = new gradstep_schedule{
        gradstep::internal::schedule::sequence(copy_parts(parts, count), steps)};
    return GRADSTEP_OK;
  });
}

void gradstep_schedule_destroy(gradstep_schedule* schedule) { delete schedule; }

gradstep_status gradstep_schedule_set(gradstep_schedule* schedule, const char* name, double value) {
  if (schedule == nullptr) return is_null("schedule");
  if (name == nullptr) return is_null("name");
  return guarded([&] {
    schedule->value.set(name, value);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_schedule_get(const gradstep_schedule* schedule, const char* name,
                                      double* value) {
  if (schedule == nullptr) return is_null("schedule");
  if (name == nullptr) return is_null("name");
  if (value == nullptr) return is_null("value");
  return guarded([&] {
    *value = schedule->value.get(name);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_schedule_set_list(gradstep_schedule* schedule, const char* name,
                                           const double* values, size_t count) {
  if (schedule == nullptr) return is_null("schedule");
  if (name == nullptr) return is_null("name");
  if (values == nullptr && count > 0) return is_null("values");
  return guarded([&] {
    schedule->value.set_list(name, {values, count});
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_schedule_check(const gradstep_schedule* schedule) {
  if (schedule == nullptr) return is_null("schedule");
  return guarded([&] {
    schedule->value.check();
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_schedule_lr(const gradstep_schedule* schedule, double base_lr, double t,
                                     double* lr) {
  if (lr == nullptr) return is_null("lr");
  if (const auto s = gradstep_schedule_check(schedule); s != GRADSTEP_OK) return s;
  if (!(std::isfinite(base_lr) && base_lr >= 0)) {
    return fail(GRADSTEP_OUT_OF_RANGE, "base_lr = %s is outside [0, inf)", to_text(base_lr).text);
  }
  if (const auto s = check_t(t); s != GRADSTEP_OK) return s;
  *lr = schedule->value.lr(base_lr, t);
  return GRADSTEP_OK;
}

gradstep_status gradstep_schedule_momentum(const gradstep_schedule* schedule, double t,
                                           double* momentum) {
  if (momentum == nullptr) return is_null("momentum");
  if (const auto s = gradstep_schedule_check(schedule); s != GRADSTEP_OK) return s;
  if (const auto s = check_t(t); s != GRADSTEP_OK) return s;
  const double driven = schedule->value.momentum(t);
  if (std::isnan(driven)) {
    return fail(GRADSTEP_UNSUPPORTED,
                "%s does not drive momentum at t = %s: one_cycle and cyclic do, with "
                "drives_momentum = 1",
                schedule->value.name(), to_text(t).text);
  }
  *momentum = driven;
  return GRADSTEP_OK;
}

}  // extern "C"
