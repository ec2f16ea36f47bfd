! SPDX-License-Identifier: Apache-2.0
!
!> Fortran's arrays as the C interface's tensors.
module gradstep_tensors
  use, intrinsic :: iso_c_binding, only: c_int32_t, c_ptr
  use, intrinsic :: iso_fortran_env, only: int64
  use gradstep_c, only: gradstep_tensor
  implicit none
  private
  public :: counted, tensor_of

contains

  !> A param with these extents, without other arrays. Fortran's first dimension is the one whose
  !> elements follow each other: it has the columns of the library's row-major matrices.
  pure function tensor_of(param, dtype, extents) result(tensor)
    type(c_ptr), intent(in) :: param
    integer(c_int32_t), intent(in) :: dtype
    integer(int64), intent(in) :: extents(:)
    type(gradstep_tensor) :: tensor

    tensor%count = product(extents)
    if (size(extents) >= 2 .and. tensor%count > 0) then
      tensor%columns = extents(1)
      tensor%rows = extents(2)
    end if
    tensor%param%data = param
    tensor%param%dtype = dtype
    tensor%grad%dtype = dtype
  end function tensor_of

  !> For sentences: "grad has 7 elements".
  function counted(what, count) result(text)
    character(len=*), intent(in) :: what
    integer(int64), intent(in) :: count
    character(len=:), allocatable :: text
    character(len=20) :: digits

    write (digits, "(i0)") count
    text = what//" has "//trim(digits)//" elements"
  end function counted

end module gradstep_tensors
