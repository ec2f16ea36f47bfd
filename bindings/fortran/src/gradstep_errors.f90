! SPDX-License-Identifier: Apache-2.0
!
!> Failures and texts, between C and Fortran. It is for the other modules of this package.
module gradstep_errors
  use, intrinsic :: iso_c_binding, only: c_associated, c_char, c_f_pointer, c_int32_t, c_null_char, c_ptr, c_size_t
  use gradstep_c, only: gradstep_last_error, GRADSTEP_INVALID_ARGUMENT, GRADSTEP_OK
  implicit none
  private
  public :: c_string, fortran_text, has_null, refuse, report

  interface
    function strlen(text) bind(c, name="strlen") result(length)
      import :: c_ptr, c_size_t
      type(c_ptr), value :: text
      integer(c_size_t) :: length
    end function strlen
  end interface

contains

  !> Ends a call: stat becomes the status. Without stat, a failure stops the program. sentence is the
  !> one of this thread's last failed call, if it is not given.
  subroutine report(status, stat, errmsg, sentence)
    integer(c_int32_t), intent(in) :: status
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    character(len=*), intent(in), optional :: sentence
    character(len=:), allocatable :: what

    if (present(stat)) stat = int(status)
    if (status == GRADSTEP_OK) return
    if (present(sentence)) then
      what = sentence
    else
      what = fortran_text(gradstep_last_error())
    end if
    if (.not. present(stat)) error stop "gradstep: "//what
    if (present(errmsg)) errmsg = what
  end subroutine report

  !> Ends a call that got a wrong argument.
  subroutine refuse(sentence, stat, errmsg)
    character(len=*), intent(in) :: sentence
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    call report(GRADSTEP_INVALID_ARGUMENT, stat, errmsg, sentence)
  end subroutine refuse

  !> Whether the argument `what` contains a zero byte, which ends a text of C; this is then reported.
  logical function has_null(what, text, stat, errmsg)
    character(len=*), intent(in) :: what, text
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    has_null = index(text, c_null_char) > 0
    if (has_null) then
      call refuse(what//' "'//text(:index(text, c_null_char) - 1)// &
        & '..." contains a zero byte; none is allowed', stat, errmsg)
    end if
  end function has_null

  !> The text of C; blanks at the end are not part of a text.
  function c_string(text)
    character(len=*), intent(in) :: text
    character(kind=c_char, len=:), allocatable :: c_string

    c_string = trim(text)//c_null_char
  end function c_string

  !> A copy of a text of C's; "" for NULL.
  function fortran_text(text) result(copied)
    type(c_ptr), intent(in) :: text
    character(len=:), allocatable :: copied
    character(kind=c_char), pointer :: characters(:)
    integer :: i, length

    length = 0
    if (c_associated(text)) length = int(strlen(text))
    allocate (character(len=length) :: copied)
    if (length == 0) return
    call c_f_pointer(text, characters, [length])
    do i = 1, length
      copied(i:i) = characters(i)
    end do
  end function fortran_text

end module gradstep_errors
