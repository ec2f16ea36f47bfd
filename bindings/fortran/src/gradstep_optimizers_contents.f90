! SPDX-License-Identifier: Apache-2.0
!
!> What an optimizer has at present.
submodule(gradstep_optimizers) gradstep_optimizers_contents
  use, intrinsic :: iso_c_binding, only: c_loc, c_size_t
  use gradstep_c
  use gradstep_errors, only: c_string, fortran_text, has_null, refuse, report
  use gradstep_tensors, only: counted
  implicit none

contains

  module procedure describe
  type(gradstep_optimizer_info), target :: info
  integer(c_int32_t) :: status

  status = gradstep_optimizer_describe(self%handle, c_loc(info))
  if (present(group_count)) group_count = int(info%group_count)
  if (present(tensor_count)) tensor_count = int(info%tensor_count)
  if (present(step_count)) step_count = info%step_count
  if (present(skipped_count)) skipped_count = info%skipped_count
  if (present(state_bytes)) state_bytes = int(info%state_bytes, int64)
  call report(status, stat, errmsg)
  end procedure describe

  module procedure describe_group
  type(gradstep_group_info), target :: info
  integer(c_int32_t) :: status

  status = gradstep_optimizer_describe_group(self%handle, int(group, c_size_t), c_loc(info))
  if (present(name)) name = fortran_text(info%name)
  if (present(rule)) rule = fortran_text(info%rule_name)
  if (present(schedule)) schedule = fortran_text(info%schedule_name)
  if (present(tensor_count)) tensor_count = int(info%tensor_count)
  if (present(lr)) lr = info%lr
  call report(status, stat, errmsg)
  end procedure describe_group

  module procedure describe_tensor
  type(gradstep_tensor_info), target :: info
  integer(c_int32_t) :: status

  status = gradstep_optimizer_describe_tensor(self%handle, int(tensor, c_size_t), c_loc(info))
  if (present(name)) name = fortran_text(info%name)
  if (present(group)) group = int(info%group)
  if (present(count)) count = int(info%count, int64)
  if (present(step_count)) step_count = info%step_count
  if (present(is_frozen)) is_frozen = info%is_frozen /= 0
  if (present(has_grad)) has_grad = info%has_grad /= 0
  call report(status, stat, errmsg)
  end procedure describe_tensor

  module procedure read_array
  type(gradstep_array), target :: array
  integer(c_size_t), target :: count
  integer(c_int32_t) :: status

  if (has_null("name", name, stat, errmsg)) return
  status = gradstep_optimizer_get_array(self%handle, int(tensor, c_size_t), c_string(name), &
    & c_loc(array), c_loc(count))
  if (status == GRADSTEP_OK) then
    if (allocated(values)) deallocate (values)
    allocate (values(count))
    status = gradstep_array_read(c_loc(array), count, c_loc(values))
  end if
  call report(status, stat, errmsg)
  end procedure read_array

  module procedure write_array
  type(gradstep_array), target :: array
  integer(c_size_t), target :: count
  integer(c_int32_t) :: status

  if (has_null("name", name, stat, errmsg)) return
  status = gradstep_optimizer_get_array(self%handle, int(tensor, c_size_t), c_string(name), &
    & c_loc(array), c_loc(count))
  if (status == GRADSTEP_OK) then
    if (size(values, kind=c_size_t) /= count) then
      call refuse(counted("values", size(values, kind=int64))//", and "//counted("the array", &
        & int(count, int64))// &
        & "; both must be the same", stat, errmsg)
      return
    end if
    status = gradstep_array_write(c_loc(array), count, c_loc(values))
  end if
  call report(status, stat, errmsg)
  end procedure write_array

  module procedure get_scalar
  if (has_null("name", name, stat, errmsg)) return
  call report(gradstep_optimizer_get_scalar(self%handle, int(tensor, c_size_t), c_string(name), c_loc(value)), &
    & stat, errmsg)
  end procedure get_scalar

end submodule gradstep_optimizers_contents
