/* SPDX-License-Identifier: Apache-2.0
 *
 * The layout of every public struct on LP64. A change here breaks every program that is built.
 * Fields may be appended: then only the sizes below change. The includer defines LAYOUT(name,
 * condition). */
#ifdef __LP64__

#define AT(type, field, offset) LAYOUT(type##_##field, offsetof(type, field) == (offset))
#define SIZE(type, size) LAYOUT(type##_size, sizeof(type) == (size))

SIZE(gradstep_status, 4);

SIZE(gradstep_context_options, 64);
AT(gradstep_context_options, struct_size, 0);
AT(gradstep_context_options, flags, 8);
AT(gradstep_context_options, thread_count, 16);
AT(gradstep_context_options, isa, 24);
AT(gradstep_context_options, parallel_for, 32);
AT(gradstep_context_options, pool, 40);
AT(gradstep_context_options, serial_below, 48);
AT(gradstep_context_options, piece_size, 56);

SIZE(gradstep_context_info, 48);
AT(gradstep_context_info, struct_size, 0);
AT(gradstep_context_info, isa, 8);
AT(gradstep_context_info, thread_count, 16);
AT(gradstep_context_info, serial_below, 24);
AT(gradstep_context_info, piece_size, 32);
AT(gradstep_context_info, threading, 40);

SIZE(gradstep_rule_info, 72);
AT(gradstep_rule_info, struct_size, 0);
AT(gradstep_rule_info, name, 8);
AT(gradstep_rule_info, summary, 16);
AT(gradstep_rule_info, formula, 24);
AT(gradstep_rule_info, source, 32);
AT(gradstep_rule_info, hyperparameter_count, 40);
AT(gradstep_rule_info, slot_count, 48);
AT(gradstep_rule_info, scalar_count, 56);
AT(gradstep_rule_info, transform_count, 64);

SIZE(gradstep_hyperparameter_info, 56);
AT(gradstep_hyperparameter_info, struct_size, 0);
AT(gradstep_hyperparameter_info, name, 8);
AT(gradstep_hyperparameter_info, help, 16);
AT(gradstep_hyperparameter_info, default_value, 24);
AT(gradstep_hyperparameter_info, minimum, 32);
AT(gradstep_hyperparameter_info, maximum, 40);
AT(gradstep_hyperparameter_info, flags, 48);
AT(gradstep_hyperparameter_info, kind, 52);

SIZE(gradstep_slot_info, 56);
AT(gradstep_slot_info, struct_size, 0);
AT(gradstep_slot_info, name, 8);
AT(gradstep_slot_info, help, 16);
AT(gradstep_slot_info, initial_hyperparameter, 24);
AT(gradstep_slot_info, initial_value, 32);
AT(gradstep_slot_info, is_non_negative, 40);
AT(gradstep_slot_info, extent, 44);
AT(gradstep_slot_info, start, 48);
AT(gradstep_slot_info, reserved, 52);

SIZE(gradstep_scalar_info, 48);
AT(gradstep_scalar_info, struct_size, 0);
AT(gradstep_scalar_info, name, 8);
AT(gradstep_scalar_info, help, 16);
AT(gradstep_scalar_info, initial_hyperparameter, 24);
AT(gradstep_scalar_info, initial_value, 32);
AT(gradstep_scalar_info, scope, 40);
AT(gradstep_scalar_info, index, 44);

SIZE(gradstep_array, 40);
AT(gradstep_array, data, 0);
AT(gradstep_array, extra, 8);
AT(gradstep_array, extra2, 16);
AT(gradstep_array, pitch, 24);
AT(gradstep_array, dtype, 32);
AT(gradstep_array, flags, 36);

SIZE(gradstep_tensor, 296);
AT(gradstep_tensor, struct_size, 0);
AT(gradstep_tensor, flags, 8);
AT(gradstep_tensor, count, 16);
AT(gradstep_tensor, rows, 24);
AT(gradstep_tensor, columns, 32);
AT(gradstep_tensor, whole_count, 40);
AT(gradstep_tensor, first_index, 48);
AT(gradstep_tensor, key, 56);
AT(gradstep_tensor, param, 64);
AT(gradstep_tensor, grad, 104);
AT(gradstep_tensor, copy, 144);
AT(gradstep_tensor, average, 184);
AT(gradstep_tensor, slots, 224);
AT(gradstep_tensor, slot_count, 232);
AT(gradstep_tensor, scalars, 240);
AT(gradstep_tensor, scalar_count, 248);
AT(gradstep_tensor, delta, 256);

SIZE(gradstep_slot_layout, 56);
AT(gradstep_slot_layout, struct_size, 0);
AT(gradstep_slot_layout, count, 8);
AT(gradstep_slot_layout, bytes, 16);
AT(gradstep_slot_layout, extra_bytes, 24);
AT(gradstep_slot_layout, initial_value, 32);
AT(gradstep_slot_layout, dtype, 40);
AT(gradstep_slot_layout, extent, 44);
AT(gradstep_slot_layout, start, 48);
AT(gradstep_slot_layout, is_used, 52);

SIZE(gradstep_apply_options, 120);
AT(gradstep_apply_options, struct_size, 0);
AT(gradstep_apply_options, flags, 8);
AT(gradstep_apply_options, step, 16);
AT(gradstep_apply_options, grad_scale, 24);
AT(gradstep_apply_options, max_norm, 32);
AT(gradstep_apply_options, max_value, 40);
AT(gradstep_apply_options, average_decay, 48);
AT(gradstep_apply_options, seed, 56);
AT(gradstep_apply_options, scalars, 64);
AT(gradstep_apply_options, scalar_count, 72);
AT(gradstep_apply_options, workspace, 80);
AT(gradstep_apply_options, workspace_size, 88);
AT(gradstep_apply_options, grad_norm, 96);
AT(gradstep_apply_options, non_finite_count, 104);
AT(gradstep_apply_options, average_count, 112);

SIZE(gradstep_apply_result, 64);
AT(gradstep_apply_result, struct_size, 0);
AT(gradstep_apply_result, piece_count, 8);
AT(gradstep_apply_result, non_finite_count, 16);
AT(gradstep_apply_result, grad_norm, 24);
AT(gradstep_apply_result, clip_factor, 32);
AT(gradstep_apply_result, is_skipped, 40);
AT(gradstep_apply_result, is_stopped, 44);
AT(gradstep_apply_result, left_out_count, 48);
AT(gradstep_apply_result, first_left_out, 56);

SIZE(gradstep_norm_result, 32);
AT(gradstep_norm_result, struct_size, 0);
AT(gradstep_norm_result, norm, 8);
AT(gradstep_norm_result, non_finite_count, 16);
AT(gradstep_norm_result, piece_count, 24);

SIZE(gradstep_loss_scaler, 48);
AT(gradstep_loss_scaler, struct_size, 0);
AT(gradstep_loss_scaler, scale, 8);
AT(gradstep_loss_scaler, growth_factor, 16);
AT(gradstep_loss_scaler, backoff_factor, 24);
AT(gradstep_loss_scaler, growth_interval, 32);
AT(gradstep_loss_scaler, steps_in_a_row, 40);

SIZE(gradstep_optimizer_options, 48);
AT(gradstep_optimizer_options, struct_size, 0);
AT(gradstep_optimizer_options, flags, 8);
AT(gradstep_optimizer_options, max_norm, 16);
AT(gradstep_optimizer_options, max_value, 24);
AT(gradstep_optimizer_options, average_decay, 32);
AT(gradstep_optimizer_options, seed, 40);

SIZE(gradstep_group_options, 56);
AT(gradstep_group_options, struct_size, 0);
AT(gradstep_group_options, name, 8);
AT(gradstep_group_options, rule, 16);
AT(gradstep_group_options, schedule, 24);
AT(gradstep_group_options, lr_scale, 32);
AT(gradstep_group_options, slot_dtype, 40);
AT(gradstep_group_options, flags, 44);
AT(gradstep_group_options, max_norm, 48);

SIZE(gradstep_step_options, 40);
AT(gradstep_step_options, struct_size, 0);
AT(gradstep_step_options, flags, 8);
AT(gradstep_step_options, grad_scale, 16);
AT(gradstep_step_options, grad_norm, 24);
AT(gradstep_step_options, non_finite_count, 32);

SIZE(gradstep_optimizer_info, 80);
AT(gradstep_optimizer_info, struct_size, 0);
AT(gradstep_optimizer_info, group_count, 8);
AT(gradstep_optimizer_info, tensor_count, 16);
AT(gradstep_optimizer_info, step_count, 24);
AT(gradstep_optimizer_info, skipped_count, 32);
AT(gradstep_optimizer_info, grad_norm, 40);
AT(gradstep_optimizer_info, state_bytes, 48);
AT(gradstep_optimizer_info, is_in_step, 56);
AT(gradstep_optimizer_info, reserved, 60);
AT(gradstep_optimizer_info, tensor_end, 64);
AT(gradstep_optimizer_info, group_end, 72);

SIZE(gradstep_group_info, 80);
AT(gradstep_group_info, struct_size, 0);
AT(gradstep_group_info, name, 8);
AT(gradstep_group_info, rule_name, 16);
AT(gradstep_group_info, schedule_name, 24);
AT(gradstep_group_info, tensor_count, 32);
AT(gradstep_group_info, lr, 40);
AT(gradstep_group_info, momentum, 48);
AT(gradstep_group_info, lr_scale, 56);
AT(gradstep_group_info, max_norm, 64);
AT(gradstep_group_info, grad_norm, 72);

SIZE(gradstep_tensor_info, 72);
AT(gradstep_tensor_info, struct_size, 0);
AT(gradstep_tensor_info, name, 8);
AT(gradstep_tensor_info, group, 16);
AT(gradstep_tensor_info, count, 24);
AT(gradstep_tensor_info, step_count, 32);
AT(gradstep_tensor_info, accumulate_count, 40);
AT(gradstep_tensor_info, param_dtype, 48);
AT(gradstep_tensor_info, grad_dtype, 52);
AT(gradstep_tensor_info, is_frozen, 56);
AT(gradstep_tensor_info, has_grad, 60);
AT(gradstep_tensor_info, average_count, 64);

SIZE(gradstep_schedule_info, 48);
AT(gradstep_schedule_info, struct_size, 0);
AT(gradstep_schedule_info, name, 8);
AT(gradstep_schedule_info, summary, 16);
AT(gradstep_schedule_info, formula, 24);
AT(gradstep_schedule_info, source, 32);
AT(gradstep_schedule_info, hyperparameter_count, 40);

SIZE(gradstep_plateau, 96);
AT(gradstep_plateau, struct_size, 0);
AT(gradstep_plateau, lr, 8);
AT(gradstep_plateau, factor, 16);
AT(gradstep_plateau, threshold, 24);
AT(gradstep_plateau, min_lr, 32);
AT(gradstep_plateau, eps, 40);
AT(gradstep_plateau, best, 48);
AT(gradstep_plateau, patience, 56);
AT(gradstep_plateau, cooldown, 64);
AT(gradstep_plateau, bad_count, 72);
AT(gradstep_plateau, cooldown_left, 80);
AT(gradstep_plateau, maximizes, 88);
AT(gradstep_plateau, is_absolute, 92);

SIZE(gradstep_save_options, 56);
AT(gradstep_save_options, struct_size, 0);
AT(gradstep_save_options, flags, 8);
AT(gradstep_save_options, path, 16);
AT(gradstep_save_options, write, 24);
AT(gradstep_save_options, stream, 32);
AT(gradstep_save_options, memory, 40);
AT(gradstep_save_options, memory_size, 48);

SIZE(gradstep_load_options, 80);
AT(gradstep_load_options, struct_size, 0);
AT(gradstep_load_options, flags, 8);
AT(gradstep_load_options, path, 16);
AT(gradstep_load_options, read, 24);
AT(gradstep_load_options, stream, 32);
AT(gradstep_load_options, stream_size, 40);
AT(gradstep_load_options, memory, 48);
AT(gradstep_load_options, memory_size, 56);
AT(gradstep_load_options, file_prefix, 64);
AT(gradstep_load_options, prefix, 72);

#undef AT
#undef SIZE

#endif
