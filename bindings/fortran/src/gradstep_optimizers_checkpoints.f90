! SPDX-License-Identifier: Apache-2.0
!
!> Checkpoints and notes.
submodule(gradstep_optimizers) gradstep_optimizers_checkpoints
  use, intrinsic :: iso_c_binding, only: c_loc, c_null_char, c_size_t
  use gradstep_c
  use gradstep_errors, only: c_string, fortran_text, has_null, report
  implicit none

contains

  module procedure save
  if (has_null("path", path, stat, errmsg)) return
  call report(gradstep_optimizer_save(self%handle, c_string(path), flags_of(params)), stat, errmsg)
  end procedure save

  module procedure save_bytes
  type(gradstep_save_options), target :: options
  integer(int64), target :: count
  integer(c_int32_t) :: status

  options%flags = flags_of(params)
  status = gradstep_optimizer_save_to(self%handle, c_loc(options), c_loc(count))
  if (status == GRADSTEP_OK) then
    if (allocated(bytes)) deallocate (bytes)
    allocate (bytes(count))
    options%memory = c_loc(bytes)
    options%memory_size = int(count, c_size_t)
    status = gradstep_optimizer_save_to(self%handle, c_loc(options), c_loc(count))
  end if
  call report(status, stat, errmsg)
  end procedure save_bytes

  module procedure load
  type(gradstep_load_options), target :: options
  character(len=:), allocatable, target :: c_path

  if (has_null("path", path, stat, errmsg)) return
  c_path = c_string(path)
  options%path = c_loc(c_path)
  options%flags = flags_of(params, partial, keep_settings, any_group, start_missing)
  call load_from(self, options, found, stat, errmsg)
  end procedure load

  module procedure load_bytes
  type(gradstep_load_options), target :: options

  options%memory = c_loc(bytes)
  options%memory_size = size(bytes, kind=c_size_t)
  options%flags = flags_of(params, partial, keep_settings, any_group, start_missing)
  call load_from(self, options, found, stat, errmsg)
  end procedure load_bytes

  module procedure set_note
  if (has_null("name", name, stat, errmsg)) return
  if (has_null("text", text, stat, errmsg)) return
  call report(gradstep_optimizer_set_note(self%handle, c_string(name), text//c_null_char), stat, errmsg)
  end procedure set_note

  module procedure remove_note
  if (has_null("name", name, stat, errmsg)) return
  call report(gradstep_optimizer_set_note(self%handle, c_string(name)), stat, errmsg)
  end procedure remove_note

  module procedure get_note
  type(c_ptr), target :: found
  integer(c_int32_t) :: status

  if (has_null("name", name, stat, errmsg)) return
  status = gradstep_optimizer_get_note(self%handle, c_string(name), c_loc(found))
  if (status == GRADSTEP_OK) text = fortran_text(found)
  call report(status, stat, errmsg)
  end procedure get_note

  subroutine load_from(self, options, found, stat, errmsg)
    class(optimizer_type), intent(in) :: self
    type(gradstep_load_options), intent(in), target :: options
    type(load_result_type), intent(out), optional :: found
    integer, intent(out), optional :: stat
    character(len=*), intent(inout), optional :: errmsg
    type(gradstep_load_result), target :: raw
    integer(c_int32_t) :: status

    status = gradstep_optimizer_load_from(self%handle, c_loc(options), c_loc(raw))
    if (present(found)) found = load_result_type(int(raw%loaded_count), int(raw%missing_count), &
      & int(raw%extra_count))
    call report(status, stat, errmsg)
  end subroutine load_from

  pure integer(int64) function flags_of(params, partial, keep_settings, any_group, start_missing) result(flags)
    logical, intent(in), optional :: params, partial, keep_settings, any_group, start_missing

    flags = ior(ior(one(GRADSTEP_CHECKPOINT_PARAMS, params), one(GRADSTEP_CHECKPOINT_PARTIAL, partial)), &
      & ior(one(GRADSTEP_CHECKPOINT_KEEP_SETTINGS, keep_settings), one(GRADSTEP_CHECKPOINT_ANY_GROUP, any_group)))
    flags = ior(flags, one(GRADSTEP_CHECKPOINT_START_MISSING, start_missing))
  end function flags_of

  pure integer(int64) function one(flag, is_set)
    integer(int64), intent(in) :: flag
    logical, intent(in), optional :: is_set

    one = 0
    if (.not. present(is_set)) return
    if (is_set) one = flag
  end function one

end submodule gradstep_optimizers_checkpoints
