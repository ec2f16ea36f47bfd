! SPDX-License-Identifier: Apache-2.0
!
!> Steps, as a whole and tensor by tensor.
submodule(gradstep_optimizers) gradstep_optimizers_steps
  use, intrinsic :: iso_c_binding, only: c_loc, c_size_t
  use gradstep_c
  use gradstep_errors, only: report
  use gradstep_results, only: step_result
  implicit none

contains

  module procedure step
  type(gradstep_step_options), target :: options
  type(gradstep_apply_result), target :: raw
  integer(c_int32_t) :: status

  options = step_options(grad_scale)
  status = gradstep_optimizer_step(self%handle, c_loc(options), c_loc(raw))
  if (present(result)) result = step_result(raw)
  call report(status, stat, errmsg)
  end procedure step

  module procedure begin_step
  type(gradstep_step_options), target :: options

  options = step_options(grad_scale)
  if (present(is_inspected)) then
    if (is_inspected) options%flags = ior(options%flags, GRADSTEP_STEP_INSPECTED)
  end if
  call report(gradstep_optimizer_begin_step(self%handle, c_loc(options)), stat, errmsg)
  end procedure begin_step

  module procedure step_tensor
  call report(gradstep_optimizer_step_tensor(self%handle, int(tensor, c_size_t)), stat, errmsg)
  end procedure step_tensor

  module procedure end_step
  type(gradstep_apply_result), target :: raw
  integer(c_int32_t) :: status

  status = gradstep_optimizer_end_step(self%handle, c_loc(raw))
  if (present(result)) result = step_result(raw)
  call report(status, stat, errmsg)
  end procedure end_step

  module procedure inspect
  real(real64) :: scale

  scale = 1
  if (present(grad_scale)) scale = grad_scale
  call report(gradstep_optimizer_inspect(self%handle, int(tensor, c_size_t), scale), stat, errmsg)
  end procedure inspect

  module procedure accumulate
  real(real64) :: factor

  factor = 1
  if (present(scale)) factor = scale
  call report(gradstep_optimizer_accumulate(self%handle, int(tensor, c_size_t), factor), stat, errmsg)
  end procedure accumulate

  pure function step_options(grad_scale) result(options)
    real(real64), intent(in), optional :: grad_scale
    type(gradstep_step_options) :: options

    if (present(grad_scale)) then
      options%flags = GRADSTEP_STEP_GRAD_SCALE
      options%grad_scale = grad_scale
    end if
  end function step_options

end submodule gradstep_optimizers_steps
