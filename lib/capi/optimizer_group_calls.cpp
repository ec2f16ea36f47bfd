// SPDX-License-Identifier: Apache-2.0
//
// Groups of an optimizer: rules, hyper-parameters, schedules, plateaus.
#include <cmath>

#include "capi/catalogue_calls.hpp"
#include "capi/dtypes.hpp"
#include "capi/entry_names.hpp"
#include "capi/optimizer_calls.hpp"
#include "capi/state_structs.hpp"
#include "optimizer/setup.hpp"
#include "schedules/plateau.hpp"

namespace gradstep::internal {
namespace {

gradstep_status check_lr_scale(const gradstep_group_options& o) {
  if (!has(o, GRADSTEP_GROUP_LR_SCALE) && o.lr_scale != 0) {
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "options.lr_scale = %s is set, but options.flags lacks GRADSTEP_GROUP_LR_SCALE, "
                "without which it is 1",
                to_text(o.lr_scale).text);
  }
  if (std::isfinite(o.lr_scale) && o.lr_scale >= 0) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "options.lr_scale = %s is not a finite number from 0 on",
              to_text(o.lr_scale).text);
}

gradstep_status check_max_norm(const gradstep_group_options& o) {
  if (!has(o, GRADSTEP_GROUP_MAX_NORM)) {
    if (o.max_norm == 0) return GRADSTEP_OK;
    return fail(GRADSTEP_INVALID_ARGUMENT,
                "options.max_norm = %s is set, but options.flags lacks GRADSTEP_GROUP_MAX_NORM",
                to_text(o.max_norm).text);
  }
  if (!std::isnan(o.max_norm) && o.max_norm > 0) return GRADSTEP_OK;
  return fail(GRADSTEP_OUT_OF_RANGE, "options.max_norm = %s is not above 0",
              to_text(o.max_norm).text);
}

gradstep_status check_slot_dtype(std::int32_t type) {
  if (type == 0 || contains(non_negative_slot_types, type)) return GRADSTEP_OK;
  return fail(GRADSTEP_INVALID_ARGUMENT, "options.slot_dtype = %d is neither 0 nor one of %s",
              static_cast<int>(type), to_text(non_negative_slot_types).text);
}

gradstep_status read_group(const gradstep_group_options& options, group_settings& settings) {
  check_entry_name("options.name", options.name);
  if (options.rule == nullptr) return fail_as_null("options.rule");
  constexpr std::uint64_t known = GRADSTEP_GROUP_LR_SCALE | GRADSTEP_GROUP_MAX_NORM;
  if (const auto s = check_known_flags("options.flags", options.flags, known); s != GRADSTEP_OK)
    return s;
  if (const auto s = check_lr_scale(options); s != GRADSTEP_OK) return s;
  if (const auto s = check_max_norm(options); s != GRADSTEP_OK) return s;
  if (const auto s = check_slot_dtype(options.slot_dtype); s != GRADSTEP_OK) return s;
  settings.rule = *options.rule;
  if (options.schedule != nullptr) settings.schedule = options.schedule->value;
  // std::abs: -0 is 0.
  if (has(options, GRADSTEP_GROUP_LR_SCALE)) settings.lr_scale = std::abs(options.lr_scale);
  if (has(options, GRADSTEP_GROUP_MAX_NORM)) settings.max_norm = options.max_norm;
  if (options.slot_dtype != 0) settings.slot_dtype = static_cast<dtype>(options.slot_dtype);
  check_settings(settings);
  return GRADSTEP_OK;
}

}  // namespace
}  // namespace gradstep::internal

using namespace gradstep::internal;

extern "C" {

gradstep_status gradstep_optimizer_add_group(gradstep_optimizer* optimizer,
                                             const gradstep_group_options* options, size_t* group) {
  return change_between_steps(optimizer, [&](auto& o) {
    input_struct<gradstep_group_options> fields;
    if (const auto s = fields.read(options, "options"); s != GRADSTEP_OK) return s;
    group_settings settings;
    if (const auto s = read_group(*fields, settings); s != GRADSTEP_OK) return s;
    if (const auto s = check_name_is_free("options.name", fields->name, o.group_names, "group");
        s != GRADSTEP_OK) {
      return s;
    }
    const std::size_t added = add_group(o, fields->name, std::move(settings));
    if (group != nullptr) *group = added;
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_set_hyperparameter(gradstep_optimizer* optimizer, size_t group,
                                                      const char* name, double value) {
  return change_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_group(o, group); s != GRADSTEP_OK) return s;
    group_settings settings = o.groups[group].settings;
    const definition& info = *settings.rule.entry->info;
    return with_hyperparameter(info, name, [&](std::size_t index) {
      set_value(info, index, value, settings.rule.values);
      check_settings(settings);
      change_group(o, group, std::move(settings));
    });
  });
}

gradstep_status gradstep_optimizer_get_hyperparameter(const gradstep_optimizer* optimizer,
                                                      size_t group, const char* name,
                                                      double* value) {
  return look_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_group(o, group); s != GRADSTEP_OK) return s;
    if (value == nullptr) return fail_as_null("value");
    const rule_values& rule = o.groups[group].settings.rule;
    return with_hyperparameter(*rule.entry->info, name, [&](std::size_t index) {
      *value = get_value(*rule.entry->info, index, rule.values);
    });
  });
}

gradstep_status gradstep_optimizer_set_schedule(gradstep_optimizer* optimizer, size_t group,
                                                const gradstep_schedule* schedule) {
  return change_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_group(o, group); s != GRADSTEP_OK) return s;
    group_settings settings = o.groups[group].settings;
    settings.schedule.reset();
    if (schedule != nullptr) settings.schedule = schedule->value;
    check_settings(settings);
    change_group(o, group, std::move(settings));
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_set_group_max_norm(gradstep_optimizer* optimizer, size_t group,
                                                      double max_norm) {
  return change_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_group(o, group); s != GRADSTEP_OK) return s;
    if (std::isnan(max_norm) || max_norm < 0) {
      return fail(GRADSTEP_OUT_OF_RANGE, "max_norm = %s is neither 0 nor above 0",
                  to_text(max_norm).text);
    }
    set_max_norm(o, group, std::abs(max_norm));  // -0 is 0
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_set_plateau(gradstep_optimizer* optimizer, size_t group,
                                               const gradstep_plateau* plateau) {
  return change_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_group(o, group); s != GRADSTEP_OK) return s;
    if (plateau == nullptr) {
      set_plateau(o, group, {});
      return GRADSTEP_OK;
    }
    gradstep::internal::plateau read;
    if (const auto s = read_plateau(plateau, read); s != GRADSTEP_OK) return s;
    check_plateau(read);
    set_plateau(o, group, read);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_get_plateau(const gradstep_optimizer* optimizer, size_t group,
                                               gradstep_plateau* plateau) {
  return look_between_steps(optimizer, [&](auto& o) {
    if (const auto s = check_group(o, group); s != GRADSTEP_OK) return s;
    if (const auto s = check_output_struct(plateau, "plateau"); s != GRADSTEP_OK) return s;
    const group_record& g = o.groups[group];
    if (!g.plateau) {
      return fail(GRADSTEP_UNSUPPORTED, "group %zu, %s, has no plateau at present", group,
                  quoted(g.name.get()).text);
    }
    fill_plateau(plateau, *g.plateau);
    return GRADSTEP_OK;
  });
}

gradstep_status gradstep_optimizer_report_metric(gradstep_optimizer* optimizer, double metric,
                                                 size_t* reduced_count) {
  return change_between_steps(optimizer, [&](auto& o) {
    const std::size_t reduced = report_metric(o, metric);
    if (reduced_count != nullptr) *reduced_count = reduced;
    return GRADSTEP_OK;
  });
}

}  // extern "C"
