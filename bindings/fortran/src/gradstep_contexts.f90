! SPDX-License-Identifier: Apache-2.0
!
!> Which threads and instructions the steps use.
module gradstep_contexts
  use, intrinsic :: iso_c_binding, only: c_loc, c_int32_t, c_null_ptr, c_ptr, c_size_t
  use, intrinsic :: iso_fortran_env, only: int64
  use gradstep_c
  use gradstep_errors, only: c_string, fortran_text, has_null, refuse, report
  implicit none
  private
  public :: context_type, gradstep_version_string, context_of, held_context, hold, let_go

  !> The handle, which lives as long as the context_type or an optimizer has it.
  type :: held_context
    type(c_ptr) :: handle = c_null_ptr
    integer :: holders = 0
  end type held_context

  !> Threads and an instruction set; immutable. Any number of optimizers use one context. It lives on
  !> after close until the last of them is closed. It cannot be assigned.
  type :: context_type
    type(held_context), pointer, private :: held => null()
  contains
    procedure :: create
    procedure :: describe
    procedure :: close => close_context
    procedure, private :: refuse_assignment
    generic :: assignment(=) => refuse_assignment
    final :: finish
  end type context_type

  type(held_context), pointer, save :: shared => null()

contains

  !> threads: the most that work on a step; absent: one for each CPU of the process. isa: the name of
  !> the instruction set; absent: the highest of the CPU. flush_to_zero: steps treat denormal numbers
  !> as zero. serial_below: a step of fewer elements runs on the calling thread alone.
  subroutine create(self, threads, isa, flush_to_zero, serial_below, stat, errmsg)
    class(context_type), intent(inout) :: self
    integer, intent(in), optional :: threads
    character(len=*), intent(in), optional :: isa
    logical, intent(in), optional :: flush_to_zero
    integer(int64), intent(in), optional :: serial_below
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(gradstep_context_options), target :: options
    character(len=:), allocatable, target :: isa_text
    type(c_ptr) :: handle
    integer(c_int32_t) :: status

    if (present(threads)) options%thread_count = int(threads, c_size_t)
    if (present(isa)) then
      if (has_null("isa", isa, stat, errmsg)) return
      isa_text = c_string(isa)
      options%isa = c_loc(isa_text)
    end if
    if (present(flush_to_zero)) then
      if (flush_to_zero) options%flags = ior(options%flags, GRADSTEP_CONTEXT_FLUSH_TO_ZERO)
    end if
    if (present(serial_below)) then
      if (serial_below < 0) then
        call refuse("serial_below is below 0; it must be at least 0", stat, errmsg)
        return
      end if
      options%flags = ior(options%flags, GRADSTEP_CONTEXT_SERIAL_BELOW)
      options%serial_below = serial_below
    end if
    handle = c_null_ptr
    status = gradstep_context_create(c_loc(options), handle)
    if (status == GRADSTEP_OK) then
      call self%close()
      allocate (self%held)
      self%held = held_context(handle, 1)
    end if
    call report(status, stat, errmsg)
  end subroutine create

  !> isa: the instruction set in use. threads: the most that work on a step. threading: whose threads
  !> they are. For a context that is not created: those of the process's own context.
  subroutine describe(self, isa, threads, threading, stat, errmsg)
    class(context_type), intent(in) :: self
    character(len=:), allocatable, intent(out), optional :: isa, threading
    integer, intent(out), optional :: threads
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(gradstep_context_info), target :: info
    type(held_context), pointer :: held
    integer(c_int32_t) :: status

    call context_of(held, self, status)
    if (status == GRADSTEP_OK) status = gradstep_context_describe(held%handle, c_loc(info))
    if (present(isa)) isa = fortran_text(info%isa)
    if (present(threads)) threads = int(info%thread_count)
    if (present(threading)) threading = fortran_text(info%threading)
    call report(status, stat, errmsg)
  end subroutine describe

  subroutine close_context(self)
    class(context_type), intent(inout) :: self

    call let_go(self%held)
  end subroutine close_context

  impure elemental subroutine finish(self)
    type(context_type), intent(inout) :: self

    call self%close()
  end subroutine finish

  impure elemental subroutine refuse_assignment(to, from)
    class(context_type), intent(inout) :: to
    class(context_type), intent(in) :: from

    if (associated(to%held, from%held)) return
    error stop "gradstep: a context cannot be assigned; pass it as an argument"
  end subroutine refuse_assignment

  !> The context's handle; without a context, or if it is not created, the process's own one.
  subroutine context_of(held, context, status)
    type(held_context), pointer, intent(out) :: held
    class(context_type), intent(in), optional :: context
    integer(c_int32_t), intent(out) :: status
    type(c_ptr) :: handle

    status = GRADSTEP_OK
    held => null()
    if (present(context)) held => context%held
    if (associated(held)) return
    !$omp critical(gradstep_shared_context)
    if (.not. associated(shared)) then
      handle = c_null_ptr
      status = gradstep_context_create(c_null_ptr, handle)
      if (status == GRADSTEP_OK) then
        allocate (shared)
        shared = held_context(handle, 1)
      end if
    end if
    !$omp end critical(gradstep_shared_context)
    held => shared
  end subroutine context_of

  subroutine hold(held)
    type(held_context), pointer, intent(in) :: held

    !$omp atomic
    held%holders = held%holders + 1
  end subroutine hold

  !> The last one who lets go destroys the context.
  subroutine let_go(held)
    type(held_context), pointer, intent(inout) :: held
    integer :: left

    if (.not. associated(held)) return
    !$omp atomic capture
    held%holders = held%holders - 1
    left = held%holders
    !$omp end atomic
    if (left == 0) then
      call gradstep_context_destroy(held%handle)
      deallocate (held)
    end if
    held => null()
  end subroutine let_go

  !> The version of the running library: "0.2.0".
  function gradstep_version_string() result(version)
    character(len=:), allocatable :: version

    version = fortran_text(gradstep_version_text())
  end function gradstep_version_string

end module gradstep_contexts
