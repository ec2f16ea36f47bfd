! SPDX-License-Identifier: Apache-2.0
!
!> Steps without an optimizer: the program keeps the state of each parameter itself.
module gradstep_states
  use, intrinsic :: iso_c_binding, only: c_int32_t, c_loc, c_null_ptr, c_ptr, c_size_t
  use, intrinsic :: iso_fortran_env, only: int64, real32, real64
  use gradstep_c
  use gradstep_contexts, only: context_of, context_type, held_context
  use gradstep_errors, only: c_string, refuse, report
  use gradstep_results, only: step_result, step_result_type
  use gradstep_rules, only: rule_type
  use gradstep_slots, only: slot_type, start_scalars, start_slot
  use gradstep_tensors, only: counted, tensor_of
  implicit none
  private
  public :: slot_type, state_type

  !> The state of one parameter. It is plain data: it may be assigned, written and read.
  type :: state_type
    integer(int64) :: step = 0 !! the number of steps made
    type(slot_type), allocatable :: slots(:) !! in the order of describe_rule; size 0: not used
    real(real64), allocatable :: scalars(:) !! those of the tensor, then those of all tensors
  contains
    procedure, private :: create_real32, create_real64, apply_real32, apply_real64
    generic :: create => create_real32, create_real64
    generic :: apply => apply_real32, apply_real64
  end type state_type

contains

  !> The state before the first step of the rule. param has any rank; see README for what rows and
  !> columns are.
  subroutine create_real32(self, rule, param, stat, errmsg)
    class(state_type), intent(inout) :: self
    type(rule_type), intent(in) :: rule
    real(real32), intent(in), target, contiguous :: param(..)
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call create_any(self, rule, tensor_of(c_loc(param), GRADSTEP_FLOAT32, shape(param, kind=int64)), stat, errmsg)
  end subroutine create_real32

  subroutine create_real64(self, rule, param, stat, errmsg)
    class(state_type), intent(inout) :: self
    type(rule_type), intent(in) :: rule
    real(real64), intent(in), target, contiguous :: param(..)
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call create_any(self, rule, tensor_of(c_loc(param), GRADSTEP_FLOAT64, shape(param, kind=int64)), stat, errmsg)
  end subroutine create_real64

  subroutine create_any(self, rule, tensor, stat, errmsg)
    class(state_type), intent(inout) :: self
    type(rule_type), intent(in) :: rule
    type(gradstep_tensor), intent(in), target :: tensor
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(gradstep_rule_info), target :: info
    type(slot_type), allocatable :: slots(:)
    real(real64), allocatable :: scalars(:)
    integer(c_int32_t) :: status
    integer(c_size_t) :: i

    if (.not. allocated(rule%name)) then
      call refuse("rule is not created; it must be", stat, errmsg)
      return
    end if
    status = gradstep_rule_describe(c_string(rule%name), c_loc(info))
    allocate (slots(info%slot_count))
    do i = 1, size(slots)
      if (status == GRADSTEP_OK) call start_slot(rule, i - 1, tensor, slots(i), status)
    end do
    if (status == GRADSTEP_OK) call start_scalars(rule, info%scalar_count, scalars, status)
    if (status == GRADSTEP_OK) then
      self%step = 0
      call move_alloc(slots, self%slots)
      call move_alloc(scalars, self%scalars)
    end if
    call report(status, stat, errmsg)
  end subroutine create_any

  !> Makes step self%step + 1 for one parameter. grad has as many elements as param, and its shape
  !> does not matter. grad_scale: multiplies the gradient. max_norm: clips it by its own norm. max_value:
  !> clips each element. check_finite: skips the step if the gradient is not finite. A step that was
  !> skipped or stopped is not counted.
  subroutine apply_real32(self, rule, param, grad, grad_scale, max_norm, max_value, check_finite, &
    & context, result, stat, errmsg)
    class(state_type), intent(inout) :: self
    type(rule_type), intent(in) :: rule
    real(real32), intent(inout), target, contiguous :: param(..)
    real(real32), intent(in), target, contiguous :: grad(..)
    real(real64), intent(in), optional :: grad_scale, max_norm, max_value
    logical, intent(in), optional :: check_finite
    type(context_type), intent(in), optional :: context
    type(step_result_type), intent(out), optional :: result
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call apply_any(self, rule, tensor_of(c_loc(param), GRADSTEP_FLOAT32, shape(param, kind=int64)), &
      & c_loc(grad), size(grad, kind=int64), options_of(grad_scale, max_norm, max_value, check_finite), &
      & context, result, stat, errmsg)
  end subroutine apply_real32

  subroutine apply_real64(self, rule, param, grad, grad_scale, max_norm, max_value, check_finite, &
    & context, result, stat, errmsg)
    class(state_type), intent(inout) :: self
    type(rule_type), intent(in) :: rule
    real(real64), intent(inout), target, contiguous :: param(..)
    real(real64), intent(in), target, contiguous :: grad(..)
    real(real64), intent(in), optional :: grad_scale, max_norm, max_value
    logical, intent(in), optional :: check_finite
    type(context_type), intent(in), optional :: context
    type(step_result_type), intent(out), optional :: result
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call apply_any(self, rule, tensor_of(c_loc(param), GRADSTEP_FLOAT64, shape(param, kind=int64)), &
      & c_loc(grad), size(grad, kind=int64), options_of(grad_scale, max_norm, max_value, check_finite), &
      & context, result, stat, errmsg)
  end subroutine apply_real64

  subroutine apply_any(self, rule, tensor, grad, grad_count, options, context, result, stat, errmsg)
    class(state_type), intent(inout), target :: self
    type(rule_type), intent(in) :: rule
    type(gradstep_tensor), intent(in) :: tensor
    type(c_ptr), intent(in) :: grad
    integer(int64), intent(in) :: grad_count
    type(gradstep_apply_options), intent(in), target :: options
    type(context_type), intent(in), optional :: context
    type(step_result_type), intent(out), optional :: result
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(gradstep_apply_result), target :: raw
    type(held_context), pointer :: held
    type(c_ptr) :: slots(8), scalars
    integer(c_int32_t) :: status

    if (.not. state_fits(self, rule, tensor, grad_count, stat, errmsg)) return
    slots = slot_pointers(self)
    scalars = c_null_ptr
    if (size(self%scalars) > 0) scalars = c_loc(self%scalars)
    call context_of(held, context, status)
    if (status == GRADSTEP_OK) then
      status = gradstep_apply_arrays(held%handle, rule%handle, self%step + 1, tensor%count, tensor%rows, &
        & tensor%columns, tensor%param%dtype, tensor%param%data, tensor%param%dtype, grad, 0_c_int32_t, &
        & slots(1), slots(2), slots(3), slots(4), slots(5), slots(6), slots(7), slots(8), scalars, &
        & c_loc(options), c_loc(raw))
    end if
    if (status == GRADSTEP_OK .and. raw%is_skipped == 0 .and. raw%is_stopped == 0) self%step = self%step + 1
    if (present(result)) result = step_result(raw)
    call report(status, stat, errmsg)
  end subroutine apply_any

  !> Whether the state is one of this rule and this param, and grad goes with them.
  logical function state_fits(self, rule, tensor, grad_count, stat, errmsg)
    class(state_type), intent(in) :: self
    type(rule_type), intent(in) :: rule
    type(gradstep_tensor), intent(in), target :: tensor
    integer(int64), intent(in) :: grad_count
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(gradstep_rule_info), target :: info
    type(gradstep_slot_layout), target :: layout
    integer(c_int32_t) :: status
    integer(c_size_t) :: i

    state_fits = allocated(self%slots) .and. allocated(self%scalars) .and. allocated(rule%name)
    if (state_fits) then
      status = gradstep_rule_describe(c_string(rule%name), c_loc(info))
      state_fits = status == GRADSTEP_OK .and. size(self%slots) == info%slot_count &
        & .and. size(self%scalars) == info%scalar_count
    end if
    if (state_fits) then
      do i = 1, size(self%slots)
        status = gradstep_rule_slot_layout(rule%handle, i - 1, c_loc(tensor), 0_c_int32_t, c_loc(layout))
        if (layout%is_used == 0) cycle
        state_fits = state_fits .and. status == GRADSTEP_OK .and. &
          & slot_size(self%slots(i), tensor%param%dtype) == layout%count
      end do
    end if
    if (.not. state_fits) then
      call refuse("the state is not one of this rule and param; create it with them", stat, errmsg)
    else if (grad_count /= tensor%count) then
      state_fits = .false.
      call refuse(counted("grad", grad_count)//", and "//counted("param", tensor%count)// &
        & "; both must be the same", stat, errmsg)
    end if
  end function state_fits

  pure integer(int64) function slot_size(slot, dtype)
    type(slot_type), intent(in) :: slot
    integer(c_int32_t), intent(in) :: dtype

    slot_size = -1
    if (dtype == GRADSTEP_FLOAT64) then
      if (allocated(slot%double)) slot_size = size(slot%double, kind=int64)
    else
      if (allocated(slot%single)) slot_size = size(slot%single, kind=int64)
    end if
  end function slot_size

  function slot_pointers(state) result(slots)
    class(state_type), intent(in), target :: state
    type(c_ptr) :: slots(8)
    integer :: i

    slots = c_null_ptr
    do i = 1, size(state%slots)
      if (allocated(state%slots(i)%double)) then
        if (size(state%slots(i)%double) > 0) slots(i) = c_loc(state%slots(i)%double)
      else if (allocated(state%slots(i)%single)) then
        if (size(state%slots(i)%single) > 0) slots(i) = c_loc(state%slots(i)%single)
      end if
    end do
  end function slot_pointers

  pure function options_of(grad_scale, max_norm, max_value, check_finite) result(options)
    real(real64), intent(in), optional :: grad_scale, max_norm, max_value
    logical, intent(in), optional :: check_finite
    type(gradstep_apply_options) :: options

    if (present(grad_scale)) then
      options%flags = ior(options%flags, GRADSTEP_APPLY_GRAD_SCALE)
      options%grad_scale = grad_scale
    end if
    if (present(max_norm)) then
      options%flags = ior(options%flags, GRADSTEP_APPLY_MAX_NORM)
      options%max_norm = max_norm
    end if
    if (present(max_value)) then
      options%flags = ior(options%flags, GRADSTEP_APPLY_MAX_VALUE)
      options%max_value = max_value
    end if
    if (present(check_finite)) then
      if (check_finite) options%flags = ior(options%flags, GRADSTEP_APPLY_CHECK_FINITE)
    end if
  end function options_of

end module gradstep_states
