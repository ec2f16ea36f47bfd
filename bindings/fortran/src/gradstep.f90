! SPDX-License-Identifier: Apache-2.0
!
!> The optimizer's update in machine learning, at memory speed. `use gradstep` is all that a program
!> needs; the module gradstep_c has the C interface itself.
module gradstep
  use gradstep_c, only: &
    & GRADSTEP_OK, GRADSTEP_INVALID_ARGUMENT, GRADSTEP_UNKNOWN_NAME, GRADSTEP_OUT_OF_RANGE, &
    & GRADSTEP_UNSUPPORTED, GRADSTEP_OUT_OF_MEMORY, GRADSTEP_INTERNAL, GRADSTEP_BUSY, &
    & GRADSTEP_WRONG_ORDER, GRADSTEP_IO_ERROR, GRADSTEP_CORRUPT, GRADSTEP_MISMATCH, &
    & GRADSTEP_FLOAT32, GRADSTEP_BFLOAT16, GRADSTEP_FLOAT16, GRADSTEP_S1E4M3_B256, &
    & GRADSTEP_REAL, GRADSTEP_FLAG, GRADSTEP_INTEGER, GRADSTEP_LIST
  use gradstep_catalogue, only: catalogue_type, describe_rule, describe_schedule, hyperparameter_type, &
    & list_rules, list_schedules, text_type
  use gradstep_contexts, only: context_type, gradstep_version_string
  use gradstep_optimizers, only: all_tensors, load_result_type, optimizer_type
  use gradstep_results, only: step_result_type
  use gradstep_rules, only: rule_type
  use gradstep_schedules, only: schedule_type
  use gradstep_slots, only: slot_type
  use gradstep_states, only: state_type
  implicit none
  public
end module gradstep
