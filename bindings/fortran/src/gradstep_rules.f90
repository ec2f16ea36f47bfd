! SPDX-License-Identifier: Apache-2.0
!
!> Update formulas by name, with a value for each of their hyper-parameters.
module gradstep_rules
  use, intrinsic :: iso_c_binding, only: c_associated, c_int32_t, c_loc, c_null_ptr, c_ptr
  use, intrinsic :: iso_fortran_env, only: real64
  use gradstep_c
  use gradstep_errors, only: c_string, has_null, report
  implicit none
  private
  public :: rule_type

  !> An update formula ("adamw") with a value for each of its hyper-parameters. Optimizers copy it.
  !> It cannot be assigned. It is freed where it goes out of scope, or by close.
  type :: rule_type
    type(c_ptr) :: handle = c_null_ptr !! for gradstep_c
    character(len=:), allocatable :: name !! as create got it
  contains
    procedure :: create
    procedure, private :: set_real, set_integer, set_logical, refuse_assignment
    generic :: set => set_real, set_integer, set_logical
    procedure :: get
    procedure :: check
    procedure :: close => close_rule
    generic :: assignment(=) => refuse_assignment
    final :: finish
  end type rule_type

contains

  !> Every hyper-parameter has its default. list_rules tells which rules there are.
  subroutine create(self, name, stat, errmsg)
    class(rule_type), intent(inout) :: self
    character(len=*), intent(in) :: name
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(c_ptr) :: handle
    integer(c_int32_t) :: status

    if (has_null("name", name, stat, errmsg)) return
    handle = c_null_ptr
    status = gradstep_rule_create(c_string(name), handle)
    if (status == GRADSTEP_OK) then
      call self%close()
      self%handle = handle
      self%name = trim(name)
    end if
    call report(status, stat, errmsg)
  end subroutine create

  !> Sets a hyper-parameter. A value is real(real64), an integer or, for a flag, a logical: 0.1d0. (A
  !> constant of default kind, as 0.1, would be another number.)
  subroutine set_real(self, name, value, stat, errmsg)
    class(rule_type), intent(in) :: self
    character(len=*), intent(in) :: name
    real(real64), intent(in) :: value
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    if (has_null("name", name, stat, errmsg)) return
    call report(gradstep_rule_set(self%handle, c_string(name), value), stat, errmsg)
  end subroutine set_real

  subroutine set_integer(self, name, value, stat, errmsg)
    class(rule_type), intent(in) :: self
    character(len=*), intent(in) :: name
    integer, intent(in) :: value
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call self%set_real(name, real(value, real64), stat, errmsg)
  end subroutine set_integer

  subroutine set_logical(self, name, value, stat, errmsg)
    class(rule_type), intent(in) :: self
    character(len=*), intent(in) :: name
    logical, intent(in) :: value
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call self%set_real(name, merge(1.0_real64, 0.0_real64, value), stat, errmsg)
  end subroutine set_logical

  !> Reads a hyper-parameter.
  subroutine get(self, name, value, stat, errmsg)
    class(rule_type), intent(in) :: self
    character(len=*), intent(in) :: name
    real(real64), intent(inout), target :: value
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    if (has_null("name", name, stat, errmsg)) return
    call report(gradstep_rule_get(self%handle, c_string(name), c_loc(value)), stat, errmsg)
  end subroutine get

  !> Checks that the hyper-parameters go together; every step does too.
  subroutine check(self, stat, errmsg)
    class(rule_type), intent(in) :: self
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call report(gradstep_rule_check(self%handle), stat, errmsg)
  end subroutine check

  subroutine close_rule(self)
    class(rule_type), intent(inout) :: self

    call gradstep_rule_destroy(self%handle)
    self%handle = c_null_ptr
  end subroutine close_rule

  impure elemental subroutine finish(self)
    type(rule_type), intent(inout) :: self

    call self%close()
  end subroutine finish

  impure elemental subroutine refuse_assignment(to, from)
    class(rule_type), intent(inout) :: to
    class(rule_type), intent(in) :: from

    if (c_associated(to%handle, from%handle)) return
    error stop "gradstep: a rule cannot be assigned; create another one"
  end subroutine refuse_assignment

end module gradstep_rules
