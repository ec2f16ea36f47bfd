! SPDX-License-Identifier: Apache-2.0
!
!> Which rules and schedules the running library has, and what they are.
module gradstep_catalogue
  use, intrinsic :: iso_c_binding, only: c_int32_t, c_loc, c_ptr, c_size_t
  use, intrinsic :: iso_fortran_env, only: real64
  use gradstep_c
  use gradstep_errors, only: c_string, fortran_text, has_null, report
  implicit none
  private
  public :: catalogue_type, describe_rule, describe_schedule, hyperparameter_type, list_rules, list_schedules, text_type

  !> A text in an array of texts.
  type :: text_type
    character(len=:), allocatable :: text
  end type text_type

  !> A hyper-parameter of a rule or a schedule, and its bounds.
  type :: hyperparameter_type
    character(len=:), allocatable :: name, help
    real(real64) :: default_value !! NaN: a value must be set
    real(real64) :: minimum, maximum
    integer :: kind !! GRADSTEP_REAL, GRADSTEP_FLAG (0 or 1), GRADSTEP_INTEGER or GRADSTEP_LIST
  end type hyperparameter_type

  !> What a rule or a schedule is.
  type :: catalogue_type
    character(len=:), allocatable :: name, summary, formula, source
    type(hyperparameter_type), allocatable :: hyperparameters(:)
    type(text_type), allocatable :: slots(:) !! the names of a rule's arrays of state
    type(text_type), allocatable :: scalars(:) !! the names of the single numbers of a rule's state
  end type catalogue_type

contains

  !> The names of all rules, in the library's order.
  subroutine list_rules(names)
    type(text_type), allocatable, intent(inout) :: names(:)
    integer(c_size_t) :: i

    if (allocated(names)) deallocate (names)
    allocate (names(gradstep_rule_count()))
    do i = 1, size(names)
      names(i)%text = fortran_text(gradstep_rule_name(i - 1))
    end do
  end subroutine list_rules

  !> The names of all schedules, in the library's order.
  subroutine list_schedules(names)
    type(text_type), allocatable, intent(inout) :: names(:)
    integer(c_size_t) :: i

    if (allocated(names)) deallocate (names)
    allocate (names(gradstep_schedule_count()))
    do i = 1, size(names)
      names(i)%text = fortran_text(gradstep_schedule_name(i - 1))
    end do
  end subroutine list_schedules

  !> Tells what a rule is.
  subroutine describe_rule(name, found, stat, errmsg)
    character(len=*), intent(in) :: name
    type(catalogue_type), intent(inout) :: found
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(gradstep_rule_info), target :: info
    type(gradstep_hyperparameter_info), target :: one
    type(gradstep_slot_info), target :: slot
    type(gradstep_scalar_info), target :: scalar
    integer(c_int32_t) :: status
    integer(c_size_t) :: i

    if (has_null("name", name, stat, errmsg)) return
    status = gradstep_rule_describe(c_string(name), c_loc(info))
    if (status == GRADSTEP_OK) then
      found = start(info%name, info%summary, info%formula, info%source, &
        & info%hyperparameter_count, info%slot_count, info%scalar_count)
    end if
    do i = 1, info%hyperparameter_count
      status = gradstep_rule_describe_hyperparameter(c_string(name), i - 1, c_loc(one))
      found%hyperparameters(i) = hyperparameter(one)
    end do
    do i = 1, info%slot_count
      status = gradstep_rule_describe_slot(c_string(name), i - 1, c_loc(slot))
      found%slots(i)%text = fortran_text(slot%name)
    end do
    do i = 1, info%scalar_count
      status = gradstep_rule_describe_scalar(c_string(name), i - 1, c_loc(scalar))
      found%scalars(i)%text = fortran_text(scalar%name)
    end do
    call report(status, stat, errmsg)
  end subroutine describe_rule

  !> Tells what a schedule is.
  subroutine describe_schedule(name, found, stat, errmsg)
    character(len=*), intent(in) :: name
    type(catalogue_type), intent(inout) :: found
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(gradstep_schedule_info), target :: info
    type(gradstep_hyperparameter_info), target :: one
    integer(c_int32_t) :: status
    integer(c_size_t) :: i

    if (has_null("name", name, stat, errmsg)) return
    status = gradstep_schedule_describe(c_string(name), c_loc(info))
    if (status == GRADSTEP_OK) then
      found = start(info%name, info%summary, info%formula, info%source, &
        & info%hyperparameter_count, 0_c_size_t, 0_c_size_t)
    end if
    do i = 1, info%hyperparameter_count
      status = gradstep_schedule_describe_hyperparameter(c_string(name), i - 1, c_loc(one))
      found%hyperparameters(i) = hyperparameter(one)
    end do
    call report(status, stat, errmsg)
  end subroutine describe_schedule

  function start(name, summary, formula, source, hyperparameters, slots, scalars) result(found)
    type(c_ptr), intent(in) :: name, summary, formula, source
    integer(c_size_t), intent(in) :: hyperparameters, slots, scalars
    type(catalogue_type) :: found

    found%name = fortran_text(name)
    found%summary = fortran_text(summary)
    found%formula = fortran_text(formula)
    found%source = fortran_text(source)
    allocate (found%hyperparameters(hyperparameters), found%slots(slots), found%scalars(scalars))
  end function start

  function hyperparameter(info) result(found)
    type(gradstep_hyperparameter_info), intent(in) :: info
    type(hyperparameter_type) :: found

    found%name = fortran_text(info%name)
    found%help = fortran_text(info%help)
    found%default_value = info%default_value
    found%minimum = info%minimum
    found%maximum = info%maximum
    found%kind = int(info%kind)
  end function hyperparameter

end module gradstep_catalogue
