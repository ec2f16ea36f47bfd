! SPDX-License-Identifier: Apache-2.0
!
!> Tensors: their arrays, and the groups that they are in.
submodule(gradstep_optimizers) gradstep_optimizers_tensors
  use, intrinsic :: iso_c_binding, only: c_loc, c_size_t
  use gradstep_c
  use gradstep_errors, only: c_string, has_null, refuse, report
  use gradstep_tensors, only: counted, tensor_of
  implicit none

contains

  module procedure find_tensor
  integer(c_size_t), target :: found
  integer(c_int32_t) :: status

  tensor = -1
  if (has_null("name", name, stat, errmsg)) return
  status = gradstep_optimizer_find_tensor(self%handle, c_string(name), c_loc(found))
  if (status == GRADSTEP_OK) tensor = int(found)
  call report(status, stat, errmsg)
  end procedure find_tensor

  module procedure remove
  call report(gradstep_optimizer_remove_tensor(self%handle, int(tensor, c_size_t)), stat, errmsg)
  end procedure remove

  module procedure move
  call report(gradstep_optimizer_move_tensor(self%handle, int(tensor, c_size_t), int(group, &
    & c_size_t)), stat, errmsg)
  end procedure move

  module procedure set_frozen
  call report(gradstep_optimizer_set_frozen(self%handle, int(tensor, c_size_t), &
    & merge(1_c_int32_t, 0_c_int32_t, is_frozen)), &
    & stat, errmsg)
  end procedure set_frozen

  module procedure add_real32
  type(gradstep_tensor) :: tensor

  if (.not. associated(param)) then
    call refuse("param is not associated; it must be", stat, errmsg)
    return
  end if
  tensor = tensor_of(c_loc(param), GRADSTEP_FLOAT32, shape(param, kind=int64))
  if (present(grad)) then
    if (.not. fits("grad", associated(grad), size(grad, kind=int64), tensor%count, stat, errmsg)) return
    tensor%grad%data = c_loc(grad)
  end if
  if (present(average)) then
    if (.not. fits("average", associated(average), size(average, kind=int64), tensor%count, stat, errmsg)) return
    tensor%average%data = c_loc(average)
    tensor%average%dtype = GRADSTEP_FLOAT32
  end if
  call add_any(self, group, name, tensor, index, stat, errmsg)
  end procedure add_real32

  module procedure set_grad_real32
  if (.not. associated(grad)) then
    call refuse("grad is not associated; it must be", stat, errmsg)
    return
  end if
  call set_any_grad(self, tensor, c_loc(grad), size(grad, kind=int64), GRADSTEP_FLOAT32, stat, errmsg)
  end procedure set_grad_real32

  module procedure add_real64
  type(gradstep_tensor) :: tensor

  if (.not. associated(param)) then
    call refuse("param is not associated; it must be", stat, errmsg)
    return
  end if
  tensor = tensor_of(c_loc(param), GRADSTEP_FLOAT64, shape(param, kind=int64))
  if (present(grad)) then
    if (.not. fits("grad", associated(grad), size(grad, kind=int64), tensor%count, stat, errmsg)) return
    tensor%grad%data = c_loc(grad)
  end if
  if (present(average)) then
    if (.not. fits("average", associated(average), size(average, kind=int64), tensor%count, stat, errmsg)) return
    tensor%average%data = c_loc(average)
    tensor%average%dtype = GRADSTEP_FLOAT64
  end if
  call add_any(self, group, name, tensor, index, stat, errmsg)
  end procedure add_real64

  module procedure set_grad_real64
  if (.not. associated(grad)) then
    call refuse("grad is not associated; it must be", stat, errmsg)
    return
  end if
  call set_any_grad(self, tensor, c_loc(grad), size(grad, kind=int64), GRADSTEP_FLOAT64, stat, errmsg)
  end procedure set_grad_real64

  module procedure clear_grad
  call report(gradstep_optimizer_set_grad(self%handle, int(tensor, c_size_t), c_null_ptr), stat, errmsg)
  end procedure clear_grad

  subroutine add_any(self, group, name, tensor, index, stat, errmsg)
    class(optimizer_type), intent(in) :: self
    integer, intent(in) :: group
    character(len=*), intent(in) :: name
    type(gradstep_tensor), intent(in), target :: tensor
    integer, intent(out), optional :: index
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    integer(c_size_t), target :: found
    integer(c_int32_t) :: status

    if (has_null("name", name, stat, errmsg)) return
    status = gradstep_optimizer_add_tensor(self%handle, int(group, c_size_t), c_string(name), &
      & c_loc(tensor), c_loc(found))
    if (present(index)) index = merge(int(found), -1, status == GRADSTEP_OK)
    call report(status, stat, errmsg)
  end subroutine add_any

  subroutine set_any_grad(self, tensor, grad, count, dtype, stat, errmsg)
    class(optimizer_type), intent(in) :: self
    integer, intent(in) :: tensor
    type(c_ptr), intent(in) :: grad
    integer(int64), intent(in) :: count
    integer(c_int32_t), intent(in) :: dtype
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(gradstep_tensor_info), target :: info
    integer(c_int32_t) :: status

    status = gradstep_optimizer_describe_tensor(self%handle, int(tensor, c_size_t), c_loc(info))
    if (status == GRADSTEP_OK) then
      if (.not. fits("grad", .true., count, int(info%count, int64), stat, errmsg)) return
      if (dtype /= info%grad_dtype) then
        call refuse("grad has another kind than the gradient before; it must have the same", stat, errmsg)
        return
      end if
      status = gradstep_optimizer_set_grad(self%handle, int(tensor, c_size_t), grad)
    end if
    call report(status, stat, errmsg)
  end subroutine set_any_grad

  logical function fits(what, is_associated, count, wanted, stat, errmsg)
    character(len=*), intent(in) :: what
    logical, intent(in) :: is_associated
    integer(int64), intent(in) :: count, wanted
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg

    fits = is_associated .and. count == wanted
    if (.not. is_associated) then
      call refuse(what//" is not associated; it must be", stat, errmsg)
    else if (count /= wanted) then
      call refuse(counted(what, count)//", and "//counted("param", wanted)//"; both must be the same", stat, errmsg)
    end if
  end function fits

end submodule gradstep_optimizers_tensors
