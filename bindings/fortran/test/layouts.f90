! SPDX-License-Identifier: Apache-2.0
!
! Made by bindings/fortran/generate_c.py from include/gradstep/gradstep.json.
program layouts
  use, intrinsic :: iso_c_binding, only: c_funptr, c_intptr_t, c_loc, c_ptr, c_sizeof
  use gradstep_c
  implicit none
  integer :: errors = 0
  type(gradstep_context_options), target :: context_options_
  type(gradstep_context_info), target :: context_info_
  type(gradstep_rule_info), target :: rule_info_
  type(gradstep_hyperparameter_info), target :: hyperparameter_info_
  type(gradstep_slot_info), target :: slot_info_
  type(gradstep_scalar_info), target :: scalar_info_
  type(gradstep_array), target :: array_
  type(gradstep_tensor), target :: tensor_
  type(gradstep_slot_layout), target :: slot_layout_
  type(gradstep_apply_options), target :: apply_options_
  type(gradstep_apply_result), target :: apply_result_
  type(gradstep_norm_result), target :: norm_result_
  type(gradstep_loss_scaler), target :: loss_scaler_
  type(gradstep_schedule_info), target :: schedule_info_
  type(gradstep_plateau), target :: plateau_
  type(gradstep_optimizer_options), target :: optimizer_options_
  type(gradstep_group_options), target :: group_options_
  type(gradstep_step_options), target :: step_options_
  type(gradstep_optimizer_info), target :: optimizer_info_
  type(gradstep_group_info), target :: group_info_
  type(gradstep_tensor_info), target :: tensor_info_
  type(gradstep_save_options), target :: save_options_
  type(gradstep_load_result), target :: load_result_
  type(gradstep_load_options), target :: load_options_
  call expect("gradstep_context_options", int(c_sizeof(context_options_)), 64)
  call expect("gradstep_context_options.struct_size", &
    & offset(c_loc(context_options_%struct_size), c_loc(context_options_)), 0)
  call expect("gradstep_context_options.flags", &
    & offset(c_loc(context_options_%flags), c_loc(context_options_)), 8)
  call expect("gradstep_context_options.thread_count", &
    & offset(c_loc(context_options_%thread_count), c_loc(context_options_)), 16)
  call expect("gradstep_context_options.isa", &
    & offset(c_loc(context_options_%isa), c_loc(context_options_)), 24)
  call expect("gradstep_context_options.parallel_for", &
    & offset(c_loc(context_options_%parallel_for), c_loc(context_options_)), 32)
  call expect("gradstep_context_options.pool", &
    & offset(c_loc(context_options_%pool), c_loc(context_options_)), 40)
  call expect("gradstep_context_options.serial_below", &
    & offset(c_loc(context_options_%serial_below), c_loc(context_options_)), 48)
  call expect("gradstep_context_options.piece_size", &
    & offset(c_loc(context_options_%piece_size), c_loc(context_options_)), 56)
  call expect("gradstep_context_info", int(c_sizeof(context_info_)), 48)
  call expect("gradstep_context_info.struct_size", &
    & offset(c_loc(context_info_%struct_size), c_loc(context_info_)), 0)
  call expect("gradstep_context_info.isa", &
    & offset(c_loc(context_info_%isa), c_loc(context_info_)), 8)
  call expect("gradstep_context_info.thread_count", &
    & offset(c_loc(context_info_%thread_count), c_loc(context_info_)), 16)
  call expect("gradstep_context_info.serial_below", &
    & offset(c_loc(context_info_%serial_below), c_loc(context_info_)), 24)
  call expect("gradstep_context_info.piece_size", &
    & offset(c_loc(context_info_%piece_size), c_loc(context_info_)), 32)
  call expect("gradstep_context_info.threading", &
    & offset(c_loc(context_info_%threading), c_loc(context_info_)), 40)
  call expect("gradstep_rule_info", int(c_sizeof(rule_info_)), 72)
  call expect("gradstep_rule_info.struct_size", &
    & offset(c_loc(rule_info_%struct_size), c_loc(rule_info_)), 0)
  call expect("gradstep_rule_info.name", &
    & offset(c_loc(rule_info_%name), c_loc(rule_info_)), 8)
  call expect("gradstep_rule_info.summary", &
    & offset(c_loc(rule_info_%summary), c_loc(rule_info_)), 16)
  call expect("gradstep_rule_info.formula", &
    & offset(c_loc(rule_info_%formula), c_loc(rule_info_)), 24)
  call expect("gradstep_rule_info.source", &
    & offset(c_loc(rule_info_%source), c_loc(rule_info_)), 32)
  call expect("gradstep_rule_info.hyperparameter_count", &
    & offset(c_loc(rule_info_%hyperparameter_count), c_loc(rule_info_)), 40)
  call expect("gradstep_rule_info.slot_count", &
    & offset(c_loc(rule_info_%slot_count), c_loc(rule_info_)), 48)
  call expect("gradstep_rule_info.scalar_count", &
    & offset(c_loc(rule_info_%scalar_count), c_loc(rule_info_)), 56)
  call expect("gradstep_rule_info.transform_count", &
    & offset(c_loc(rule_info_%transform_count), c_loc(rule_info_)), 64)
  call expect("gradstep_hyperparameter_info", int(c_sizeof(hyperparameter_info_)), 56)
  call expect("gradstep_hyperparameter_info.struct_size", &
    & offset(c_loc(hyperparameter_info_%struct_size), c_loc(hyperparameter_info_)), 0)
  call expect("gradstep_hyperparameter_info.name", &
    & offset(c_loc(hyperparameter_info_%name), c_loc(hyperparameter_info_)), 8)
  call expect("gradstep_hyperparameter_info.help", &
    & offset(c_loc(hyperparameter_info_%help), c_loc(hyperparameter_info_)), 16)
  call expect("gradstep_hyperparameter_info.default_value", &
    & offset(c_loc(hyperparameter_info_%default_value), c_loc(hyperparameter_info_)), 24)
  call expect("gradstep_hyperparameter_info.minimum", &
    & offset(c_loc(hyperparameter_info_%minimum), c_loc(hyperparameter_info_)), 32)
  call expect("gradstep_hyperparameter_info.maximum", &
    & offset(c_loc(hyperparameter_info_%maximum), c_loc(hyperparameter_info_)), 40)
  call expect("gradstep_hyperparameter_info.flags", &
    & offset(c_loc(hyperparameter_info_%flags), c_loc(hyperparameter_info_)), 48)
  call expect("gradstep_hyperparameter_info.kind", &
    & offset(c_loc(hyperparameter_info_%kind), c_loc(hyperparameter_info_)), 52)
  call expect("gradstep_slot_info", int(c_sizeof(slot_info_)), 56)
  call expect("gradstep_slot_info.struct_size", &
    & offset(c_loc(slot_info_%struct_size), c_loc(slot_info_)), 0)
  call expect("gradstep_slot_info.name", &
    & offset(c_loc(slot_info_%name), c_loc(slot_info_)), 8)
  call expect("gradstep_slot_info.help", &
    & offset(c_loc(slot_info_%help), c_loc(slot_info_)), 16)
  call expect("gradstep_slot_info.initial_hyperparameter", &
    & offset(c_loc(slot_info_%initial_hyperparameter), c_loc(slot_info_)), 24)
  call expect("gradstep_slot_info.initial_value", &
    & offset(c_loc(slot_info_%initial_value), c_loc(slot_info_)), 32)
  call expect("gradstep_slot_info.is_non_negative", &
    & offset(c_loc(slot_info_%is_non_negative), c_loc(slot_info_)), 40)
  call expect("gradstep_slot_info.extent", &
    & offset(c_loc(slot_info_%extent), c_loc(slot_info_)), 44)
  call expect("gradstep_slot_info.start", &
    & offset(c_loc(slot_info_%start), c_loc(slot_info_)), 48)
  call expect("gradstep_slot_info.reserved", &
    & offset(c_loc(slot_info_%reserved), c_loc(slot_info_)), 52)
  call expect("gradstep_scalar_info", int(c_sizeof(scalar_info_)), 48)
  call expect("gradstep_scalar_info.struct_size", &
    & offset(c_loc(scalar_info_%struct_size), c_loc(scalar_info_)), 0)
  call expect("gradstep_scalar_info.name", &
    & offset(c_loc(scalar_info_%name), c_loc(scalar_info_)), 8)
  call expect("gradstep_scalar_info.help", &
    & offset(c_loc(scalar_info_%help), c_loc(scalar_info_)), 16)
  call expect("gradstep_scalar_info.initial_hyperparameter", &
    & offset(c_loc(scalar_info_%initial_hyperparameter), c_loc(scalar_info_)), 24)
  call expect("gradstep_scalar_info.initial_value", &
    & offset(c_loc(scalar_info_%initial_value), c_loc(scalar_info_)), 32)
  call expect("gradstep_scalar_info.scope", &
    & offset(c_loc(scalar_info_%scope), c_loc(scalar_info_)), 40)
  call expect("gradstep_scalar_info.index", &
    & offset(c_loc(scalar_info_%index), c_loc(scalar_info_)), 44)
  call expect("gradstep_array", int(c_sizeof(array_)), 40)
  call expect("gradstep_array.data", &
    & offset(c_loc(array_%data), c_loc(array_)), 0)
  call expect("gradstep_array.extra", &
    & offset(c_loc(array_%extra), c_loc(array_)), 8)
  call expect("gradstep_array.extra2", &
    & offset(c_loc(array_%extra2), c_loc(array_)), 16)
  call expect("gradstep_array.pitch", &
    & offset(c_loc(array_%pitch), c_loc(array_)), 24)
  call expect("gradstep_array.dtype", &
    & offset(c_loc(array_%dtype), c_loc(array_)), 32)
  call expect("gradstep_array.flags", &
    & offset(c_loc(array_%flags), c_loc(array_)), 36)
  call expect("gradstep_tensor", int(c_sizeof(tensor_)), 296)
  call expect("gradstep_tensor.struct_size", &
    & offset(c_loc(tensor_%struct_size), c_loc(tensor_)), 0)
  call expect("gradstep_tensor.flags", &
    & offset(c_loc(tensor_%flags), c_loc(tensor_)), 8)
  call expect("gradstep_tensor.count", &
    & offset(c_loc(tensor_%count), c_loc(tensor_)), 16)
  call expect("gradstep_tensor.rows", &
    & offset(c_loc(tensor_%rows), c_loc(tensor_)), 24)
  call expect("gradstep_tensor.columns", &
    & offset(c_loc(tensor_%columns), c_loc(tensor_)), 32)
  call expect("gradstep_tensor.whole_count", &
    & offset(c_loc(tensor_%whole_count), c_loc(tensor_)), 40)
  call expect("gradstep_tensor.first_index", &
    & offset(c_loc(tensor_%first_index), c_loc(tensor_)), 48)
  call expect("gradstep_tensor.key", &
    & offset(c_loc(tensor_%key), c_loc(tensor_)), 56)
  call expect("gradstep_tensor.param", &
    & offset(c_loc(tensor_%param), c_loc(tensor_)), 64)
  call expect("gradstep_tensor.grad", &
    & offset(c_loc(tensor_%grad), c_loc(tensor_)), 104)
  call expect("gradstep_tensor.copy", &
    & offset(c_loc(tensor_%copy), c_loc(tensor_)), 144)
  call expect("gradstep_tensor.average", &
    & offset(c_loc(tensor_%average), c_loc(tensor_)), 184)
  call expect("gradstep_tensor.slots", &
    & offset(c_loc(tensor_%slots), c_loc(tensor_)), 224)
  call expect("gradstep_tensor.slot_count", &
    & offset(c_loc(tensor_%slot_count), c_loc(tensor_)), 232)
  call expect("gradstep_tensor.scalars", &
    & offset(c_loc(tensor_%scalars), c_loc(tensor_)), 240)
  call expect("gradstep_tensor.scalar_count", &
    & offset(c_loc(tensor_%scalar_count), c_loc(tensor_)), 248)
  call expect("gradstep_tensor.delta", &
    & offset(c_loc(tensor_%delta), c_loc(tensor_)), 256)
  call expect("gradstep_slot_layout", int(c_sizeof(slot_layout_)), 56)
  call expect("gradstep_slot_layout.struct_size", &
    & offset(c_loc(slot_layout_%struct_size), c_loc(slot_layout_)), 0)
  call expect("gradstep_slot_layout.count", &
    & offset(c_loc(slot_layout_%count), c_loc(slot_layout_)), 8)
  call expect("gradstep_slot_layout.bytes", &
    & offset(c_loc(slot_layout_%bytes), c_loc(slot_layout_)), 16)
  call expect("gradstep_slot_layout.extra_bytes", &
    & offset(c_loc(slot_layout_%extra_bytes), c_loc(slot_layout_)), 24)
  call expect("gradstep_slot_layout.initial_value", &
    & offset(c_loc(slot_layout_%initial_value), c_loc(slot_layout_)), 32)
  call expect("gradstep_slot_layout.dtype", &
    & offset(c_loc(slot_layout_%dtype), c_loc(slot_layout_)), 40)
  call expect("gradstep_slot_layout.extent", &
    & offset(c_loc(slot_layout_%extent), c_loc(slot_layout_)), 44)
  call expect("gradstep_slot_layout.start", &
    & offset(c_loc(slot_layout_%start), c_loc(slot_layout_)), 48)
  call expect("gradstep_slot_layout.is_used", &
    & offset(c_loc(slot_layout_%is_used), c_loc(slot_layout_)), 52)
  call expect("gradstep_apply_options", int(c_sizeof(apply_options_)), 120)
  call expect("gradstep_apply_options.struct_size", &
    & offset(c_loc(apply_options_%struct_size), c_loc(apply_options_)), 0)
  call expect("gradstep_apply_options.flags", &
    & offset(c_loc(apply_options_%flags), c_loc(apply_options_)), 8)
  call expect("gradstep_apply_options.step", &
    & offset(c_loc(apply_options_%step), c_loc(apply_options_)), 16)
  call expect("gradstep_apply_options.grad_scale", &
    & offset(c_loc(apply_options_%grad_scale), c_loc(apply_options_)), 24)
  call expect("gradstep_apply_options.max_norm", &
    & offset(c_loc(apply_options_%max_norm), c_loc(apply_options_)), 32)
  call expect("gradstep_apply_options.max_value", &
    & offset(c_loc(apply_options_%max_value), c_loc(apply_options_)), 40)
  call expect("gradstep_apply_options.average_decay", &
    & offset(c_loc(apply_options_%average_decay), c_loc(apply_options_)), 48)
  call expect("gradstep_apply_options.seed", &
    & offset(c_loc(apply_options_%seed), c_loc(apply_options_)), 56)
  call expect("gradstep_apply_options.scalars", &
    & offset(c_loc(apply_options_%scalars), c_loc(apply_options_)), 64)
  call expect("gradstep_apply_options.scalar_count", &
    & offset(c_loc(apply_options_%scalar_count), c_loc(apply_options_)), 72)
  call expect("gradstep_apply_options.workspace", &
    & offset(c_loc(apply_options_%workspace), c_loc(apply_options_)), 80)
  call expect("gradstep_apply_options.workspace_size", &
    & offset(c_loc(apply_options_%workspace_size), c_loc(apply_options_)), 88)
  call expect("gradstep_apply_options.grad_norm", &
    & offset(c_loc(apply_options_%grad_norm), c_loc(apply_options_)), 96)
  call expect("gradstep_apply_options.non_finite_count", &
    & offset(c_loc(apply_options_%non_finite_count), c_loc(apply_options_)), 104)
  call expect("gradstep_apply_options.average_count", &
    & offset(c_loc(apply_options_%average_count), c_loc(apply_options_)), 112)
  call expect("gradstep_apply_result", int(c_sizeof(apply_result_)), 64)
  call expect("gradstep_apply_result.struct_size", &
    & offset(c_loc(apply_result_%struct_size), c_loc(apply_result_)), 0)
  call expect("gradstep_apply_result.piece_count", &
    & offset(c_loc(apply_result_%piece_count), c_loc(apply_result_)), 8)
  call expect("gradstep_apply_result.non_finite_count", &
    & offset(c_loc(apply_result_%non_finite_count), c_loc(apply_result_)), 16)
  call expect("gradstep_apply_result.grad_norm", &
    & offset(c_loc(apply_result_%grad_norm), c_loc(apply_result_)), 24)
  call expect("gradstep_apply_result.clip_factor", &
    & offset(c_loc(apply_result_%clip_factor), c_loc(apply_result_)), 32)
  call expect("gradstep_apply_result.is_skipped", &
    & offset(c_loc(apply_result_%is_skipped), c_loc(apply_result_)), 40)
  call expect("gradstep_apply_result.is_stopped", &
    & offset(c_loc(apply_result_%is_stopped), c_loc(apply_result_)), 44)
  call expect("gradstep_apply_result.left_out_count", &
    & offset(c_loc(apply_result_%left_out_count), c_loc(apply_result_)), 48)
  call expect("gradstep_apply_result.first_left_out", &
    & offset(c_loc(apply_result_%first_left_out), c_loc(apply_result_)), 56)
  call expect("gradstep_norm_result", int(c_sizeof(norm_result_)), 32)
  call expect("gradstep_norm_result.struct_size", &
    & offset(c_loc(norm_result_%struct_size), c_loc(norm_result_)), 0)
  call expect("gradstep_norm_result.norm", &
    & offset(c_loc(norm_result_%norm), c_loc(norm_result_)), 8)
  call expect("gradstep_norm_result.non_finite_count", &
    & offset(c_loc(norm_result_%non_finite_count), c_loc(norm_result_)), 16)
  call expect("gradstep_norm_result.piece_count", &
    & offset(c_loc(norm_result_%piece_count), c_loc(norm_result_)), 24)
  call expect("gradstep_loss_scaler", int(c_sizeof(loss_scaler_)), 48)
  call expect("gradstep_loss_scaler.struct_size", &
    & offset(c_loc(loss_scaler_%struct_size), c_loc(loss_scaler_)), 0)
  call expect("gradstep_loss_scaler.scale", &
    & offset(c_loc(loss_scaler_%scale), c_loc(loss_scaler_)), 8)
  call expect("gradstep_loss_scaler.growth_factor", &
    & offset(c_loc(loss_scaler_%growth_factor), c_loc(loss_scaler_)), 16)
  call expect("gradstep_loss_scaler.backoff_factor", &
    & offset(c_loc(loss_scaler_%backoff_factor), c_loc(loss_scaler_)), 24)
  call expect("gradstep_loss_scaler.growth_interval", &
    & offset(c_loc(loss_scaler_%growth_interval), c_loc(loss_scaler_)), 32)
  call expect("gradstep_loss_scaler.steps_in_a_row", &
    & offset(c_loc(loss_scaler_%steps_in_a_row), c_loc(loss_scaler_)), 40)
  call expect("gradstep_schedule_info", int(c_sizeof(schedule_info_)), 48)
  call expect("gradstep_schedule_info.struct_size", &
    & offset(c_loc(schedule_info_%struct_size), c_loc(schedule_info_)), 0)
  call expect("gradstep_schedule_info.name", &
    & offset(c_loc(schedule_info_%name), c_loc(schedule_info_)), 8)
  call expect("gradstep_schedule_info.summary", &
    & offset(c_loc(schedule_info_%summary), c_loc(schedule_info_)), 16)
  call expect("gradstep_schedule_info.formula", &
    & offset(c_loc(schedule_info_%formula), c_loc(schedule_info_)), 24)
  call expect("gradstep_schedule_info.source", &
    & offset(c_loc(schedule_info_%source), c_loc(schedule_info_)), 32)
  call expect("gradstep_schedule_info.hyperparameter_count", &
    & offset(c_loc(schedule_info_%hyperparameter_count), c_loc(schedule_info_)), 40)
  call expect("gradstep_plateau", int(c_sizeof(plateau_)), 96)
  call expect("gradstep_plateau.struct_size", &
    & offset(c_loc(plateau_%struct_size), c_loc(plateau_)), 0)
  call expect("gradstep_plateau.lr", &
    & offset(c_loc(plateau_%lr), c_loc(plateau_)), 8)
  call expect("gradstep_plateau.factor", &
    & offset(c_loc(plateau_%factor), c_loc(plateau_)), 16)
  call expect("gradstep_plateau.threshold", &
    & offset(c_loc(plateau_%threshold), c_loc(plateau_)), 24)
  call expect("gradstep_plateau.min_lr", &
    & offset(c_loc(plateau_%min_lr), c_loc(plateau_)), 32)
  call expect("gradstep_plateau.eps", &
    & offset(c_loc(plateau_%eps), c_loc(plateau_)), 40)
  call expect("gradstep_plateau.best", &
    & offset(c_loc(plateau_%best), c_loc(plateau_)), 48)
  call expect("gradstep_plateau.patience", &
    & offset(c_loc(plateau_%patience), c_loc(plateau_)), 56)
  call expect("gradstep_plateau.cooldown", &
    & offset(c_loc(plateau_%cooldown), c_loc(plateau_)), 64)
  call expect("gradstep_plateau.bad_count", &
    & offset(c_loc(plateau_%bad_count), c_loc(plateau_)), 72)
  call expect("gradstep_plateau.cooldown_left", &
    & offset(c_loc(plateau_%cooldown_left), c_loc(plateau_)), 80)
  call expect("gradstep_plateau.maximizes", &
    & offset(c_loc(plateau_%maximizes), c_loc(plateau_)), 88)
  call expect("gradstep_plateau.is_absolute", &
    & offset(c_loc(plateau_%is_absolute), c_loc(plateau_)), 92)
  call expect("gradstep_optimizer_options", int(c_sizeof(optimizer_options_)), 48)
  call expect("gradstep_optimizer_options.struct_size", &
    & offset(c_loc(optimizer_options_%struct_size), c_loc(optimizer_options_)), 0)
  call expect("gradstep_optimizer_options.flags", &
    & offset(c_loc(optimizer_options_%flags), c_loc(optimizer_options_)), 8)
  call expect("gradstep_optimizer_options.max_norm", &
    & offset(c_loc(optimizer_options_%max_norm), c_loc(optimizer_options_)), 16)
  call expect("gradstep_optimizer_options.max_value", &
    & offset(c_loc(optimizer_options_%max_value), c_loc(optimizer_options_)), 24)
  call expect("gradstep_optimizer_options.average_decay", &
    & offset(c_loc(optimizer_options_%average_decay), c_loc(optimizer_options_)), 32)
  call expect("gradstep_optimizer_options.seed", &
    & offset(c_loc(optimizer_options_%seed), c_loc(optimizer_options_)), 40)
  call expect("gradstep_group_options", int(c_sizeof(group_options_)), 56)
  call expect("gradstep_group_options.struct_size", &
    & offset(c_loc(group_options_%struct_size), c_loc(group_options_)), 0)
  call expect("gradstep_group_options.name", &
    & offset(c_loc(group_options_%name), c_loc(group_options_)), 8)
  call expect("gradstep_group_options.rule", &
    & offset(c_loc(group_options_%rule), c_loc(group_options_)), 16)
  call expect("gradstep_group_options.schedule", &
    & offset(c_loc(group_options_%schedule), c_loc(group_options_)), 24)
  call expect("gradstep_group_options.lr_scale", &
    & offset(c_loc(group_options_%lr_scale), c_loc(group_options_)), 32)
  call expect("gradstep_group_options.slot_dtype", &
    & offset(c_loc(group_options_%slot_dtype), c_loc(group_options_)), 40)
  call expect("gradstep_group_options.flags", &
    & offset(c_loc(group_options_%flags), c_loc(group_options_)), 44)
  call expect("gradstep_group_options.max_norm", &
    & offset(c_loc(group_options_%max_norm), c_loc(group_options_)), 48)
  call expect("gradstep_step_options", int(c_sizeof(step_options_)), 40)
  call expect("gradstep_step_options.struct_size", &
    & offset(c_loc(step_options_%struct_size), c_loc(step_options_)), 0)
  call expect("gradstep_step_options.flags", &
    & offset(c_loc(step_options_%flags), c_loc(step_options_)), 8)
  call expect("gradstep_step_options.grad_scale", &
    & offset(c_loc(step_options_%grad_scale), c_loc(step_options_)), 16)
  call expect("gradstep_step_options.grad_norm", &
    & offset(c_loc(step_options_%grad_norm), c_loc(step_options_)), 24)
  call expect("gradstep_step_options.non_finite_count", &
    & offset(c_loc(step_options_%non_finite_count), c_loc(step_options_)), 32)
  call expect("gradstep_optimizer_info", int(c_sizeof(optimizer_info_)), 80)
  call expect("gradstep_optimizer_info.struct_size", &
    & offset(c_loc(optimizer_info_%struct_size), c_loc(optimizer_info_)), 0)
  call expect("gradstep_optimizer_info.group_count", &
    & offset(c_loc(optimizer_info_%group_count), c_loc(optimizer_info_)), 8)
  call expect("gradstep_optimizer_info.tensor_count", &
    & offset(c_loc(optimizer_info_%tensor_count), c_loc(optimizer_info_)), 16)
  call expect("gradstep_optimizer_info.step_count", &
    & offset(c_loc(optimizer_info_%step_count), c_loc(optimizer_info_)), 24)
  call expect("gradstep_optimizer_info.skipped_count", &
    & offset(c_loc(optimizer_info_%skipped_count), c_loc(optimizer_info_)), 32)
  call expect("gradstep_optimizer_info.grad_norm", &
    & offset(c_loc(optimizer_info_%grad_norm), c_loc(optimizer_info_)), 40)
  call expect("gradstep_optimizer_info.state_bytes", &
    & offset(c_loc(optimizer_info_%state_bytes), c_loc(optimizer_info_)), 48)
  call expect("gradstep_optimizer_info.is_in_step", &
    & offset(c_loc(optimizer_info_%is_in_step), c_loc(optimizer_info_)), 56)
  call expect("gradstep_optimizer_info.reserved", &
    & offset(c_loc(optimizer_info_%reserved), c_loc(optimizer_info_)), 60)
  call expect("gradstep_optimizer_info.tensor_end", &
    & offset(c_loc(optimizer_info_%tensor_end), c_loc(optimizer_info_)), 64)
  call expect("gradstep_optimizer_info.group_end", &
    & offset(c_loc(optimizer_info_%group_end), c_loc(optimizer_info_)), 72)
  call expect("gradstep_group_info", int(c_sizeof(group_info_)), 80)
  call expect("gradstep_group_info.struct_size", &
    & offset(c_loc(group_info_%struct_size), c_loc(group_info_)), 0)
  call expect("gradstep_group_info.name", &
    & offset(c_loc(group_info_%name), c_loc(group_info_)), 8)
  call expect("gradstep_group_info.rule_name", &
    & offset(c_loc(group_info_%rule_name), c_loc(group_info_)), 16)
  call expect("gradstep_group_info.schedule_name", &
    & offset(c_loc(group_info_%schedule_name), c_loc(group_info_)), 24)
  call expect("gradstep_group_info.tensor_count", &
    & offset(c_loc(group_info_%tensor_count), c_loc(group_info_)), 32)
  call expect("gradstep_group_info.lr", &
    & offset(c_loc(group_info_%lr), c_loc(group_info_)), 40)
  call expect("gradstep_group_info.momentum", &
    & offset(c_loc(group_info_%momentum), c_loc(group_info_)), 48)
  call expect("gradstep_group_info.lr_scale", &
    & offset(c_loc(group_info_%lr_scale), c_loc(group_info_)), 56)
  call expect("gradstep_group_info.max_norm", &
    & offset(c_loc(group_info_%max_norm), c_loc(group_info_)), 64)
  call expect("gradstep_group_info.grad_norm", &
    & offset(c_loc(group_info_%grad_norm), c_loc(group_info_)), 72)
  call expect("gradstep_tensor_info", int(c_sizeof(tensor_info_)), 72)
  call expect("gradstep_tensor_info.struct_size", &
    & offset(c_loc(tensor_info_%struct_size), c_loc(tensor_info_)), 0)
  call expect("gradstep_tensor_info.name", &
    & offset(c_loc(tensor_info_%name), c_loc(tensor_info_)), 8)
  call expect("gradstep_tensor_info.group", &
    & offset(c_loc(tensor_info_%group), c_loc(tensor_info_)), 16)
  call expect("gradstep_tensor_info.count", &
    & offset(c_loc(tensor_info_%count), c_loc(tensor_info_)), 24)
  call expect("gradstep_tensor_info.step_count", &
    & offset(c_loc(tensor_info_%step_count), c_loc(tensor_info_)), 32)
  call expect("gradstep_tensor_info.accumulate_count", &
    & offset(c_loc(tensor_info_%accumulate_count), c_loc(tensor_info_)), 40)
  call expect("gradstep_tensor_info.param_dtype", &
    & offset(c_loc(tensor_info_%param_dtype), c_loc(tensor_info_)), 48)
  call expect("gradstep_tensor_info.grad_dtype", &
    & offset(c_loc(tensor_info_%grad_dtype), c_loc(tensor_info_)), 52)
  call expect("gradstep_tensor_info.is_frozen", &
    & offset(c_loc(tensor_info_%is_frozen), c_loc(tensor_info_)), 56)
  call expect("gradstep_tensor_info.has_grad", &
    & offset(c_loc(tensor_info_%has_grad), c_loc(tensor_info_)), 60)
  call expect("gradstep_tensor_info.average_count", &
    & offset(c_loc(tensor_info_%average_count), c_loc(tensor_info_)), 64)
  call expect("gradstep_save_options", int(c_sizeof(save_options_)), 56)
  call expect("gradstep_save_options.struct_size", &
    & offset(c_loc(save_options_%struct_size), c_loc(save_options_)), 0)
  call expect("gradstep_save_options.flags", &
    & offset(c_loc(save_options_%flags), c_loc(save_options_)), 8)
  call expect("gradstep_save_options.path", &
    & offset(c_loc(save_options_%path), c_loc(save_options_)), 16)
  call expect("gradstep_save_options.write", &
    & offset(c_loc(save_options_%write), c_loc(save_options_)), 24)
  call expect("gradstep_save_options.stream", &
    & offset(c_loc(save_options_%stream), c_loc(save_options_)), 32)
  call expect("gradstep_save_options.memory", &
    & offset(c_loc(save_options_%memory), c_loc(save_options_)), 40)
  call expect("gradstep_save_options.memory_size", &
    & offset(c_loc(save_options_%memory_size), c_loc(save_options_)), 48)
  call expect("gradstep_load_result", int(c_sizeof(load_result_)), 32)
  call expect("gradstep_load_result.struct_size", &
    & offset(c_loc(load_result_%struct_size), c_loc(load_result_)), 0)
  call expect("gradstep_load_result.loaded_count", &
    & offset(c_loc(load_result_%loaded_count), c_loc(load_result_)), 8)
  call expect("gradstep_load_result.missing_count", &
    & offset(c_loc(load_result_%missing_count), c_loc(load_result_)), 16)
  call expect("gradstep_load_result.extra_count", &
    & offset(c_loc(load_result_%extra_count), c_loc(load_result_)), 24)
  call expect("gradstep_load_options", int(c_sizeof(load_options_)), 80)
  call expect("gradstep_load_options.struct_size", &
    & offset(c_loc(load_options_%struct_size), c_loc(load_options_)), 0)
  call expect("gradstep_load_options.flags", &
    & offset(c_loc(load_options_%flags), c_loc(load_options_)), 8)
  call expect("gradstep_load_options.path", &
    & offset(c_loc(load_options_%path), c_loc(load_options_)), 16)
  call expect("gradstep_load_options.read", &
    & offset(c_loc(load_options_%read), c_loc(load_options_)), 24)
  call expect("gradstep_load_options.stream", &
    & offset(c_loc(load_options_%stream), c_loc(load_options_)), 32)
  call expect("gradstep_load_options.stream_size", &
    & offset(c_loc(load_options_%stream_size), c_loc(load_options_)), 40)
  call expect("gradstep_load_options.memory", &
    & offset(c_loc(load_options_%memory), c_loc(load_options_)), 48)
  call expect("gradstep_load_options.memory_size", &
    & offset(c_loc(load_options_%memory_size), c_loc(load_options_)), 56)
  call expect("gradstep_load_options.file_prefix", &
    & offset(c_loc(load_options_%file_prefix), c_loc(load_options_)), 64)
  call expect("gradstep_load_options.prefix", &
    & offset(c_loc(load_options_%prefix), c_loc(load_options_)), 72)
  if (errors > 0) error stop "a struct is not laid out as in C"
  print "(a)", "every struct is laid out as in C"
contains
  integer function offset(field, start)
    type(c_ptr), intent(in) :: field, start
    offset = int(transfer(field, 0_c_intptr_t) - transfer(start, 0_c_intptr_t))
  end function offset

  subroutine expect(name, got, wanted)
    character(len=*), intent(in) :: name
    integer, intent(in) :: got, wanted
    if (got == wanted) return
    errors = errors + 1
    print "(a, 2(a, i0))", name, ": ", got, ", and in C ", wanted
  end subroutine expect
end program layouts
