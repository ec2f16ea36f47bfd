! SPDX-License-Identifier: Apache-2.0
!
!> The learning rate as a function of the step.
module gradstep_schedules
  use, intrinsic :: iso_c_binding, only: c_associated, c_int32_t, c_loc, c_null_ptr, c_ptr, c_size_t
  use, intrinsic :: iso_fortran_env, only: int64, real64
  use gradstep_c
  use gradstep_errors, only: c_string, has_null, refuse, report
  implicit none
  private
  public :: schedule_type

  !> A course of the learning rate ("cosine"). Optimizers copy it. It cannot be assigned. It is freed
  !> where it goes out of scope, or by close.
  type :: schedule_type
    type(c_ptr) :: handle = c_null_ptr !! for gradstep_c
  contains
    procedure :: create
    procedure :: create_sequence
    procedure, private :: set_real, set_integer, set_list, refuse_assignment
    generic :: set => set_real, set_integer, set_list
    procedure :: get
    procedure :: lr
    procedure :: momentum
    procedure :: close => close_schedule
    generic :: assignment(=) => refuse_assignment
    final :: finish
  end type schedule_type

contains

  !> list_schedules tells which schedules there are. What has no default must be set.
  subroutine create(self, name, stat, errmsg)
    class(schedule_type), intent(inout) :: self
    character(len=*), intent(in) :: name
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(c_ptr) :: handle

    if (has_null("name", name, stat, errmsg)) return
    handle = c_null_ptr
    call take(self, gradstep_schedule_create(c_string(name), handle), handle, stat, errmsg)
  end subroutine create

  !> A schedule of schedules: parts(i) for lengths(i) steps, and the last one for ever. The parts are
  !> copied.
  subroutine create_sequence(self, parts, lengths, stat, errmsg)
    class(schedule_type), intent(inout) :: self
    type(schedule_type), intent(in) :: parts(:)
    integer(int64), intent(in) :: lengths(:)
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(c_ptr), allocatable, target :: handles(:)
    integer(int64), allocatable, target :: copied(:)
    type(c_ptr) :: handle
    integer(c_int32_t) :: status
    integer :: i

    if (size(parts) /= size(lengths)) then
      call refuse("lengths does not have as many elements as parts; it must have", stat, errmsg)
      return
    end if
    handles = [(parts(i)%handle, i=1, size(parts))]
    copied = lengths
    handle = c_null_ptr
    status = gradstep_schedule_create_sequence(c_loc(handles), c_loc(copied), size(parts, kind=c_size_t), handle)
    call take(self, status, handle, stat, errmsg)
  end subroutine create_sequence

  subroutine take(self, status, handle, stat, errmsg)
    class(schedule_type), intent(inout) :: self
    integer(c_int32_t), intent(in) :: status
    type(c_ptr), intent(in) :: handle
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    if (status == GRADSTEP_OK) then
      call self%close()
      self%handle = handle
    end if
    call report(status, stat, errmsg)
  end subroutine take

  !> Sets a hyper-parameter: real(real64), an integer or, for milestones and other lists, an array.
  subroutine set_real(self, name, value, stat, errmsg)
    class(schedule_type), intent(in) :: self
    character(len=*), intent(in) :: name
    real(real64), intent(in) :: value
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    if (has_null("name", name, stat, errmsg)) return
    call report(gradstep_schedule_set(self%handle, c_string(name), value), stat, errmsg)
  end subroutine set_real

  subroutine set_integer(self, name, value, stat, errmsg)
    class(schedule_type), intent(in) :: self
    character(len=*), intent(in) :: name
    integer, intent(in) :: value
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call self%set_real(name, real(value, real64), stat, errmsg)
  end subroutine set_integer

  subroutine set_list(self, name, values, stat, errmsg)
    class(schedule_type), intent(in) :: self
    character(len=*), intent(in) :: name
    real(real64), intent(in) :: values(:)
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    real(real64), allocatable, target :: copied(:)

    if (has_null("name", name, stat, errmsg)) return
    copied = values
    call report(gradstep_schedule_set_list(self%handle, c_string(name), c_loc(copied), &
      & size(values, kind=c_size_t)), stat, errmsg)
  end subroutine set_list

  !> Reads a hyper-parameter; NaN if it has neither a value nor a default.
  subroutine get(self, name, value, stat, errmsg)
    class(schedule_type), intent(in) :: self
    character(len=*), intent(in) :: name
    real(real64), intent(inout), target :: value
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    if (has_null("name", name, stat, errmsg)) return
    call report(gradstep_schedule_get(self%handle, c_string(name), c_loc(value)), stat, errmsg)
  end subroutine get

  !> rate becomes the learning rate at t, which counts from 0.
  subroutine lr(self, base_lr, t, rate, stat, errmsg)
    class(schedule_type), intent(in) :: self
    real(real64), intent(in) :: base_lr, t
    real(real64), intent(inout), target :: rate
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call report(gradstep_schedule_lr(self%handle, base_lr, t, c_loc(rate)), stat, errmsg)
  end subroutine lr

  !> value becomes the momentum at t, if the schedule drives it.
  subroutine momentum(self, t, value, stat, errmsg)
    class(schedule_type), intent(in) :: self
    real(real64), intent(in) :: t
    real(real64), intent(inout), target :: value
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call report(gradstep_schedule_momentum(self%handle, t, c_loc(value)), stat, errmsg)
  end subroutine momentum

  subroutine close_schedule(self)
    class(schedule_type), intent(inout) :: self

    call gradstep_schedule_destroy(self%handle)
    self%handle = c_null_ptr
  end subroutine close_schedule

  impure elemental subroutine finish(self)
    type(schedule_type), intent(inout) :: self

    call self%close()
  end subroutine finish

  impure elemental subroutine refuse_assignment(to, from)
    class(schedule_type), intent(inout) :: to
    class(schedule_type), intent(in) :: from

    if (c_associated(to%handle, from%handle)) return
    error stop "gradstep: a schedule cannot be assigned; create another one"
  end subroutine refuse_assignment

end module gradstep_schedules
