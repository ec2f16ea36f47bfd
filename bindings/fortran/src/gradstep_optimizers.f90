! SPDX-License-Identifier: Apache-2.0
!
!> Parameters in groups, with their state, step counts and learning rates.
module gradstep_optimizers
  use, intrinsic :: iso_c_binding, only: c_associated, c_int32_t, c_null_ptr, c_ptr
  use, intrinsic :: iso_fortran_env, only: int8, int64, real32, real64
  use gradstep_c, only: gradstep_optimizer_destroy
  use gradstep_contexts, only: context_type, held_context, let_go
  use gradstep_results, only: step_result_type
  use gradstep_rules, only: rule_type
  use gradstep_schedules, only: schedule_type
  implicit none
  private
  public :: all_tensors, load_result_type, optimizer_type

  !> For calls that take all tensors.
  integer, parameter :: all_tensors = -1

  !> What a load has found.
  type :: load_result_type
    integer :: loaded = 0 !! tensors of the optimizer whose state was loaded
    integer :: missing = 0 !! tensors of the optimizer that the checkpoint does not have
    integer :: extra = 0 !! tensors of the checkpoint that were not loaded
  end type load_result_type

  !> An optimizer. It keeps pointers to the params, gradients and averages that it is given, so these
  !> are targets that live, where they are, until remove, set_grad or close. It cannot be assigned. It
  !> is freed where it goes out of scope, or by close. Groups and tensors have indices from 0 on, in
  !> the order of adding. stat is 0, or one of the numbers GRADSTEP_OUT_OF_RANGE ...; errmsg is then
  !> the sentence. Without stat, a failure stops the program.
  type :: optimizer_type
    type(c_ptr) :: handle = c_null_ptr !! for gradstep_c
    type(held_context), pointer, private :: held => null()
  contains
    procedure :: create, add_group, find_group, find_tensor, remove, remove_group, move
    procedure :: set_hyperparameter, get_hyperparameter, set_schedule, set_frozen
    procedure :: step, begin_step, step_tensor, end_step, inspect, accumulate, transform
    procedure :: describe, describe_group, describe_tensor
    procedure :: read_array, write_array, get_scalar
    procedure :: save, save_bytes, load, load_bytes, set_note, get_note, remove_note
    procedure, private :: add_real32, add_real64, set_grad_real32, set_grad_real64, refuse_assignment
    generic :: add => add_real32, add_real64
    generic :: set_grad => set_grad_real32, set_grad_real64
    procedure :: clear_grad
    procedure :: close => close_optimizer
    generic :: assignment(=) => refuse_assignment
    final :: finish
  end type optimizer_type

  interface
    !> Options of all steps. max_norm: clips by the norm of all gradients of a step. max_value: clips
    !> each element. average_decay: moves the averages of tensors that have one; average_equal: these
    !> are means of all params. check_finite: skips steps in which a gradient is not finite. zero_grad:
    !> steps zero the gradients. nearest_slots: rounds narrow slots to nearest. seed: of stochastic
    !> rounding. context: absent for the process's own.
    module subroutine create(self, max_norm, max_value, average_decay, average_equal, check_finite, &
      & zero_grad, nearest_slots, seed, context, stat, errmsg)
      class(optimizer_type), intent(inout) :: self
      real(real64), intent(in), optional :: max_norm, max_value, average_decay
      logical, intent(in), optional :: average_equal, check_finite, zero_grad, nearest_slots
      integer(int64), intent(in), optional :: seed
      type(context_type), intent(in), optional :: context
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine create

    !> Adds a group, whose name no other group has; rule and schedule are copied. The rule's lr is the
    !> base rate of the schedule. lr_scale: multiplies the rate. max_norm: clips the group by the norm
    !> of its own gradients. slot_dtype: GRADSTEP_BFLOAT16 or another one that is wanted for slots.
    module subroutine add_group(self, name, rule, index, schedule, lr_scale, max_norm, slot_dtype, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      character(len=*), intent(in) :: name
      type(rule_type), intent(in) :: rule
      integer, intent(out), optional :: index
      type(schedule_type), intent(in), optional :: schedule
      real(real64), intent(in), optional :: lr_scale, max_norm
      integer(c_int32_t), intent(in), optional :: slot_dtype
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine add_group

    !> Adds a tensor, whose name no other tensor has. param, grad and average are targets without gaps,
    !> of any rank, with the same number of elements. Without grad, set_grad sets it. README tells what
    !> rows and columns are.
    module subroutine add_real32(self, group, name, param, grad, average, index, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer, intent(in) :: group
      character(len=*), intent(in) :: name
      real(real32), pointer, contiguous, intent(in) :: param(..)
      real(real32), pointer, contiguous, intent(in), optional :: grad(..), average(..)
      integer, intent(out), optional :: index
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine add_real32

    module subroutine add_real64(self, group, name, param, grad, average, index, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer, intent(in) :: group
      character(len=*), intent(in) :: name
      real(real64), pointer, contiguous, intent(in) :: param(..)
      real(real64), pointer, contiguous, intent(in), optional :: grad(..), average(..)
      integer, intent(out), optional :: index
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine add_real64

    !> Replaces a tensor's gradient, in the kind that it has.
    module subroutine set_grad_real32(self, tensor, grad, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer, intent(in) :: tensor
      real(real32), pointer, contiguous, intent(in) :: grad(..)
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine set_grad_real32

    module subroutine set_grad_real64(self, tensor, grad, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer, intent(in) :: tensor
      real(real64), pointer, contiguous, intent(in) :: grad(..)
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine set_grad_real64

    !> The tensor has no gradient from now on, and takes no part in steps.
    module subroutine clear_grad(self, tensor, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer, intent(in) :: tensor
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine clear_grad

    !> group becomes the index of the group with this name; -1: there is none.
    module subroutine find_group(self, name, group, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      character(len=*), intent(in) :: name
      integer, intent(out) :: group
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine find_group

    !> Removes a group that has no tensors.
    module subroutine remove_group(self, group, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer, intent(in) :: group
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine remove_group

    !> Sets a hyper-parameter of a group's rule; "lr" is the base rate of its schedule.
    module subroutine set_hyperparameter(self, group, name, value, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer, intent(in) :: group
      character(len=*), intent(in) :: name
      real(real64), intent(in) :: value
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine set_hyperparameter

    !> Reads a hyper-parameter of a group's rule.
    module subroutine get_hyperparameter(self, group, name, value, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer, intent(in) :: group
      character(len=*), intent(in) :: name
      real(real64), intent(inout), target :: value
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine get_hyperparameter

    !> Replaces a group's schedule; absent: a constant rate.
    module subroutine set_schedule(self, group, schedule, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer, intent(in) :: group
      type(schedule_type), intent(in), optional :: schedule
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine set_schedule

    !> Makes a transform of the rule ("evaluate", "train") for a group; absent: for all that have it.
    module subroutine transform(self, name, group, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      character(len=*), intent(in) :: name
      integer, intent(in), optional :: group
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine transform

    !> tensor becomes the index of the tensor with this name; -1: there is none.
    module subroutine find_tensor(self, name, tensor, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      character(len=*), intent(in) :: name
      integer, intent(out) :: tensor
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine find_tensor

    !> Removes a tensor and its state. Its name is free again, and its arrays are no longer used.
    module subroutine remove(self, tensor, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer, intent(in) :: tensor
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine remove

    !> Moves a tensor to another group; state that the new rule knows by name goes along.
    module subroutine move(self, tensor, group, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer, intent(in) :: tensor
      integer, intent(in) :: group
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine move

    !> A frozen tensor takes no part in steps.
    module subroutine set_frozen(self, tensor, is_frozen, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer, intent(in) :: tensor
      logical, intent(in) :: is_frozen
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine set_frozen

    !> Steps every tensor that has a gradient and is not frozen. grad_scale multiplies the gradients.
    module subroutine step(self, grad_scale, result, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      real(real64), intent(in), optional :: grad_scale
      type(step_result_type), intent(out), optional :: result
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine step

    !> Begins a step tensor by tensor: begin_step, step_tensor once for each tensor as soon as its
    !> gradient is ready, end_step. The bits are those of step. is_inspected: the norm comes from
    !> inspect, which clipping and check_finite then need.
    module subroutine begin_step(self, grad_scale, is_inspected, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      real(real64), intent(in), optional :: grad_scale
      logical, intent(in), optional :: is_inspected
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine begin_step

    !> Steps one tensor, between begin_step and end_step; different threads may step different ones.
    module subroutine step_tensor(self, tensor, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer, intent(in) :: tensor
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine step_tensor

    !> Ends the step; result%left_out_count tells how many tensors were forgotten.
    module subroutine end_step(self, result, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      type(step_result_type), intent(out), optional :: result
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine end_step

    !> Reads a tensor's gradient for the norm of the next step with is_inspected; all_tensors: those
    !> that are not read yet. grad_scale is that of the step.
    module subroutine inspect(self, tensor, grad_scale, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer, intent(in) :: tensor
      real(real64), intent(in), optional :: grad_scale
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine inspect

    !> Adds the gradient, times scale, to the tensor's sum, which the next step uses in its place.
    module subroutine accumulate(self, tensor, scale, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer, intent(in) :: tensor
      real(real64), intent(in), optional :: scale
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine accumulate

    !> Counts: groups, tensors, steps, skipped steps, and bytes of slots and accumulated gradients.
    module subroutine describe(self, group_count, tensor_count, step_count, skipped_count, &
      & state_bytes, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer, intent(out), optional :: group_count
      integer, intent(out), optional :: tensor_count
      integer(int64), intent(out), optional :: step_count
      integer(int64), intent(out), optional :: skipped_count
      integer(int64), intent(out), optional :: state_bytes
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine describe

    !> What a group is: its name, rule and schedule ("": none), and the learning rate of the next
    !> step.
    module subroutine describe_group(self, group, name, rule, schedule, tensor_count, lr, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer, intent(in) :: group
      character(len=:), allocatable, intent(out), optional :: name
      character(len=:), allocatable, intent(out), optional :: rule
      character(len=:), allocatable, intent(out), optional :: schedule
      integer, intent(out), optional :: tensor_count
      real(real64), intent(out), optional :: lr
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine describe_group

    !> What a tensor is: step_count counts the steps in which it took part.
    module subroutine describe_tensor(self, tensor, name, group, count, step_count, is_frozen, &
      & has_grad, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer, intent(in) :: tensor
      character(len=:), allocatable, intent(out), optional :: name
      integer, intent(out), optional :: group
      integer(int64), intent(out), optional :: count
      integer(int64), intent(out), optional :: step_count
      logical, intent(out), optional :: is_frozen
      logical, intent(out), optional :: has_grad
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine describe_tensor

    !> Copies a tensor's array: a slot ("exp_avg"), "param", "average" or "accumulated_grad".
    module subroutine read_array(self, tensor, name, values, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer, intent(in) :: tensor
      character(len=*), intent(in) :: name
      real(real64), allocatable, target, intent(inout) :: values(:)
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine read_array

    !> Replaces the numbers of such an array, rounded to its dtype.
    module subroutine write_array(self, tensor, name, values, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer, intent(in) :: tensor
      character(len=*), intent(in) :: name
      real(real64), contiguous, target, intent(in) :: values(:)
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine write_array

    !> Reads a single number of the state of a tensor's rule: "d" of prodigy.
    module subroutine get_scalar(self, tensor, name, value, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer, intent(in) :: tensor
      character(len=*), intent(in) :: name
      real(real64), intent(inout), target :: value
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine get_scalar

    !> Writes the whole state and, if params is true, the params. The file is replaced as a whole or
    !> not at all.
    module subroutine save(self, path, params, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      character(len=*), intent(in) :: path
      logical, intent(in), optional :: params
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine save

    !> The bytes that save would write.
    module subroutine save_bytes(self, bytes, params, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer(int8), allocatable, target, intent(inout) :: bytes(:)
      logical, intent(in), optional :: params
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine save_bytes

    !> Loads what save has written. params: the params too. partial: the tensors that fit, and no
    !> others. keep_settings: no settings. any_group: groups and rules may differ. start_missing: what
    !> the file lacks starts afresh. On a failure nothing has changed.
    module subroutine load(self, path, params, partial, keep_settings, any_group, start_missing, &
      & found, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      character(len=*), intent(in) :: path
      logical, intent(in), optional :: params
      logical, intent(in), optional :: partial
      logical, intent(in), optional :: keep_settings
      logical, intent(in), optional :: any_group
      logical, intent(in), optional :: start_missing
      type(load_result_type), intent(out), optional :: found
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine load

    !> Loads the bytes of a checkpoint.
    module subroutine load_bytes(self, bytes, params, partial, keep_settings, any_group, &
      & start_missing, found, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      integer(int8), contiguous, target, intent(in) :: bytes(:)
      logical, intent(in), optional :: params
      logical, intent(in), optional :: partial
      logical, intent(in), optional :: keep_settings
      logical, intent(in), optional :: any_group
      logical, intent(in), optional :: start_missing
      type(load_result_type), intent(out), optional :: found
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine load_bytes

    !> Sets a text that checkpoints hold beside the state.
    module subroutine set_note(self, name, text, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      character(len=*), intent(in) :: name
      character(len=*), intent(in) :: text
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine set_note

    !> Removes a text.
    module subroutine remove_note(self, name, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      character(len=*), intent(in) :: name
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine remove_note

    !> Reads a text that was set or loaded.
    module subroutine get_note(self, name, text, stat, errmsg)
      class(optimizer_type), intent(in) :: self
      character(len=*), intent(in) :: name
      character(len=:), allocatable, intent(inout) :: text
      integer, intent(out), optional :: stat
      character(len=*), intent(inout), optional :: errmsg
    end subroutine get_note
  end interface

contains

  subroutine close_optimizer(self)
    class(optimizer_type), intent(inout) :: self

    call gradstep_optimizer_destroy(self%handle)
    self%handle = c_null_ptr
    call let_go(self%held)
  end subroutine close_optimizer

  impure elemental subroutine finish(self)
    type(optimizer_type), intent(inout) :: self

    call self%close()
  end subroutine finish

  impure elemental subroutine refuse_assignment(to, from)
    class(optimizer_type), intent(inout) :: to
    class(optimizer_type), intent(in) :: from

    if (c_associated(to%handle, from%handle)) return
    error stop "gradstep: an optimizer cannot be assigned; pass it as an argument"
  end subroutine refuse_assignment

end module gradstep_optimizers
