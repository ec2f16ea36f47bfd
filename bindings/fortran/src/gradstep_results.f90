! SPDX-License-Identifier: Apache-2.0
!
!> What a step has done.
module gradstep_results
  use, intrinsic :: iso_fortran_env, only: int64, real64
  use gradstep_c, only: gradstep_apply_result
  implicit none
  private
  public :: step_result_type, step_result

  !> What a step has done.
  type :: step_result_type
    logical :: is_skipped = .false. !! nothing was changed: a gradient is not finite
    logical :: is_stopped = .false. !! nothing was changed: the rule stopped the step
    real(real64) :: grad_norm = 0 !! of the scaled gradients before clipping; 0 unless the step needed it
    integer(int64) :: non_finite_count = 0 !! elements of gradients; 0 unless the step looked for them
    real(real64) :: clip_factor = 1 !! by which the gradients were clipped
    integer(int64) :: left_out_count = 0 !! of end_step: tensors that should have been stepped
  end type step_result_type

contains

  pure function step_result(raw) result(found)
    type(gradstep_apply_result), intent(in) :: raw
    type(step_result_type) :: found

    found = step_result_type(raw%is_skipped /= 0, raw%is_stopped /= 0, raw%grad_norm, &
      & raw%non_finite_count, raw%clip_factor, int(raw%left_out_count, int64))
  end function step_result

end module gradstep_results
