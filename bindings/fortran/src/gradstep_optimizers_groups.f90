! SPDX-License-Identifier: Apache-2.0
!
!> Options and groups.
submodule(gradstep_optimizers) gradstep_optimizers_groups
  use, intrinsic :: iso_c_binding, only: c_loc, c_size_t
  use gradstep_c
  use gradstep_contexts, only: context_of, hold
  use gradstep_errors, only: c_string, has_null, report
  implicit none

contains

  module procedure find_group
  integer(c_size_t), target :: found
  integer(c_int32_t) :: status

  group = -1
  if (has_null("name", name, stat, errmsg)) return
  status = gradstep_optimizer_find_group(self%handle, c_string(name), c_loc(found))
  if (status == GRADSTEP_OK) group = int(found)
  call report(status, stat, errmsg)
  end procedure find_group

  module procedure remove_group
  call report(gradstep_optimizer_remove_group(self%handle, int(group, c_size_t)), stat, errmsg)
  end procedure remove_group

  module procedure set_hyperparameter
  if (has_null("name", name, stat, errmsg)) return
  call report(gradstep_optimizer_set_hyperparameter(self%handle, int(group, c_size_t), c_string(name), &
    & value), stat, errmsg)
  end procedure set_hyperparameter

  module procedure get_hyperparameter
  if (has_null("name", name, stat, errmsg)) return
  call report(gradstep_optimizer_get_hyperparameter(self%handle, int(group, c_size_t), c_string(name), &
    & c_loc(value)), stat, errmsg)
  end procedure get_hyperparameter

  module procedure set_schedule
  type(c_ptr) :: handle

  handle = c_null_ptr
  if (present(schedule)) handle = schedule%handle
  call report(gradstep_optimizer_set_schedule(self%handle, int(group, c_size_t), handle), stat, errmsg)
  end procedure set_schedule

  module procedure transform
  integer(c_size_t) :: chosen

  if (has_null("name", name, stat, errmsg)) return
  chosen = GRADSTEP_ALL_GROUPS
  if (present(group)) chosen = int(group, c_size_t)
  call report(gradstep_optimizer_transform(self%handle, chosen, c_string(name)), stat, errmsg)
  end procedure transform

  module procedure create
  type(gradstep_optimizer_options), target :: options
  type(held_context), pointer :: held
  type(c_ptr) :: handle
  integer(c_int32_t) :: status

  if (present(seed)) options%seed = seed
  call set(GRADSTEP_APPLY_MAX_NORM, options%max_norm, max_norm)
  call set(GRADSTEP_APPLY_MAX_VALUE, options%max_value, max_value)
  call set(GRADSTEP_APPLY_AVERAGE, options%average_decay, average_decay)
  call switch(ior(GRADSTEP_APPLY_AVERAGE, GRADSTEP_APPLY_AVERAGE_EQUAL), average_equal)
  call switch(GRADSTEP_APPLY_CHECK_FINITE, check_finite)
  call switch(GRADSTEP_APPLY_ZERO_GRAD, zero_grad)
  call switch(GRADSTEP_APPLY_NEAREST_SLOTS, nearest_slots)
  handle = c_null_ptr
  call context_of(held, context, status)
  if (status == GRADSTEP_OK) status = gradstep_optimizer_create(held%handle, c_loc(options), handle)
  if (status == GRADSTEP_OK) then
    call hold(held)
    call self%close()
    self%handle = handle
    self%held => held
  end if
  call report(status, stat, errmsg)

contains

  subroutine set(flag, field, value)
    integer(int64), intent(in) :: flag
    real(real64), intent(inout) :: field
    real(real64), intent(in), optional :: value

    if (.not. present(value)) return
    options%flags = ior(options%flags, flag)
    field = value
  end subroutine set

  subroutine switch(flags, is_on)
    integer(int64), intent(in) :: flags
    logical, intent(in), optional :: is_on

    if (.not. present(is_on)) return
    if (is_on) options%flags = ior(options%flags, flags)
  end subroutine switch

  end procedure create

  module procedure add_group
  type(gradstep_group_options), target :: options
  character(len=:), allocatable, target :: c_name
  integer(c_size_t), target :: found
  integer(c_int32_t) :: status

  if (has_null("name", name, stat, errmsg)) return
  c_name = c_string(name)
  options%name = c_loc(c_name)
  options%rule = rule%handle
  if (present(schedule)) options%schedule = schedule%handle
  if (present(lr_scale)) then
    options%lr_scale = lr_scale
    options%flags = ior(options%flags, GRADSTEP_GROUP_LR_SCALE)
  end if
  if (present(max_norm)) then
    options%max_norm = max_norm
    options%flags = ior(options%flags, GRADSTEP_GROUP_MAX_NORM)
  end if
  if (present(slot_dtype)) options%slot_dtype = slot_dtype
  status = gradstep_optimizer_add_group(self%handle, c_loc(options), c_loc(found))
  if (present(index)) index = merge(int(found), -1, status == GRADSTEP_OK)
  call report(status, stat, errmsg)
  end procedure add_group

end submodule gradstep_optimizers_groups
