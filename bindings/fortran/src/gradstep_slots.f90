! SPDX-License-Identifier: Apache-2.0
!
!> Arrays of state before the first step.
module gradstep_slots
  use, intrinsic :: iso_c_binding, only: c_associated, c_int32_t, c_loc, c_size_t
  use, intrinsic :: iso_fortran_env, only: real32, real64
  use gradstep_c
  use gradstep_errors, only: c_string, fortran_text
  use gradstep_rules, only: rule_type
  implicit none
  private
  public :: slot_type, start_scalars, start_slot

  !> An array of state. One of the two is allocated: that of the param's kind.
  type :: slot_type
    real(real32), allocatable :: single(:)
    real(real64), allocatable :: double(:)
  end type slot_type

contains

  subroutine start_slot(rule, index, tensor, slot, status)
    type(rule_type), intent(in) :: rule
    integer(c_size_t), intent(in) :: index
    type(gradstep_tensor), intent(in), target :: tensor
    type(slot_type), intent(inout), target :: slot
    integer(c_int32_t), intent(out) :: status
    type(gradstep_slot_layout), target :: layout
    type(gradstep_array), target :: array, param
    real(real64), allocatable, target :: values(:)

    status = gradstep_rule_slot_layout(rule%handle, index, c_loc(tensor), 0_c_int32_t, c_loc(layout))
    if (status /= GRADSTEP_OK) return
    if (layout%is_used == 0) layout%count = 0
    allocate (values(layout%count), source=layout%initial_value)
    if (layout%start == GRADSTEP_START_PARAM .and. layout%is_used /= 0) then
      param = tensor%param
      status = gradstep_array_read(c_loc(param), int(layout%count, c_size_t), c_loc(values))
      if (status /= GRADSTEP_OK) return
    end if
    array%dtype = tensor%param%dtype
    if (array%dtype == GRADSTEP_FLOAT64) then
      allocate (slot%double(layout%count))
      array%data = c_loc(slot%double)
    else
      allocate (slot%single(layout%count))
      array%data = c_loc(slot%single)
    end if
    status = gradstep_array_write(c_loc(array), int(layout%count, c_size_t), c_loc(values))
  end subroutine start_slot

  !> Those of the tensor come first, as gradstep_apply_arrays takes them.
  subroutine start_scalars(rule, count, scalars, status)
    type(rule_type), intent(in) :: rule
    integer(c_size_t), intent(in) :: count
    real(real64), allocatable, intent(out) :: scalars(:)
    integer(c_int32_t), intent(inout) :: status
    type(gradstep_scalar_info), target :: info
    real(real64), target :: value
    integer(c_int32_t) :: scope
    integer(c_size_t) :: i

    allocate (scalars(0))
    do scope = GRADSTEP_SCOPE_TENSOR, GRADSTEP_SCOPE_ALL
      do i = 1, count
        if (status == GRADSTEP_OK) status = gradstep_rule_describe_scalar(c_string(rule%name), i - 1, c_loc(info))
        if (status /= GRADSTEP_OK) return
        if (info%scope /= scope) cycle
        call initial_scalar(rule, info, value, status)
        scalars = [scalars, value]
      end do
    end do
  end subroutine start_scalars

  subroutine initial_scalar(rule, info, value, status)
    type(rule_type), intent(in) :: rule
    type(gradstep_scalar_info), intent(in) :: info
    real(real64), intent(out), target :: value
    integer(c_int32_t), intent(inout) :: status

    value = info%initial_value
    if (c_associated(info%initial_hyperparameter)) then
      status = gradstep_rule_get(rule%handle, c_string(fortran_text(info%initial_hyperparameter)), c_loc(value))
    end if
  end subroutine initial_scalar

end module gradstep_slots
