! SPDX-License-Identifier: Apache-2.0
!
!> features FOLDER: what optimizers, schedules and the catalogue do. Files go to FOLDER.
program features
  use, intrinsic :: ieee_arithmetic, only: ieee_positive_inf, ieee_value
  use, intrinsic :: iso_fortran_env, only: int64, real32, real64
  use gradstep
  implicit none
  integer :: errors = 0, checks = 0
  character(len=1000) :: folder

  call get_command_argument(1, folder)
  call catalogue_is_the_library_s()
  call schedules_tell_rates()
  call tensor_by_tensor_gives_the_same_bits()
  call checkpoints_continue()
  call gradients_and_groups_change()
  call states_are_plain_data()
  call contexts_outlive_their_variables()
  call many_objects_leave_no_memory_behind()
  print "(i0, a, i0, a)", checks, " checks, ", errors, " errors"
  if (errors > 0) error stop "features do not work"

contains

  subroutine expect(is_true, what)
    logical, intent(in) :: is_true
    character(len=*), intent(in) :: what

    checks = checks + 1
    if (is_true) return
    errors = errors + 1
    print "(2a)", "not so: ", what
  end subroutine expect

  logical function same(a, b)
    real(real32), intent(in) :: a(:), b(:)

    same = size(a) == size(b)
    if (same) same = all(abs(a - b) <= 0)
  end function same

  subroutine catalogue_is_the_library_s()
    type(text_type), allocatable :: names(:)
    type(catalogue_type) :: found
    integer :: i, described

    call list_rules(names)
    described = 0
    do i = 1, size(names)
      call describe_rule(names(i)%text, found)
      if (found%name == names(i)%text .and. len(found%formula) > 0 .and. size(found%hyperparameters) > 0) then
        described = described + 1
      end if
    end do
    call expect(described == size(names) .and. described > 10, "every rule is described")
    call describe_rule("adamw", found)
    call expect(found%slots(1)%text == "exp_avg", "adamw's first slot is exp_avg")
    call list_schedules(names)
    call describe_schedule(names(1)%text, found)
    call expect(found%name == names(1)%text, "a schedule is described")
    call expect(index(gradstep_version_string(), ".") > 0, "the library has a version")
  end subroutine catalogue_is_the_library_s

  subroutine schedules_tell_rates()
    type(schedule_type) :: parts(2), all
    real(real64) :: rate

    call parts(1)%create("constant")
    call parts(2)%create("multistep")
    call parts(2)%set("milestones", [2d0, 4d0])
    call parts(2)%set("gamma", 0.5d0)
    call parts(2)%lr(1d0, 3d0, rate)
    call expect(abs(rate - 0.5d0) < 1d-15, "multistep has halved the rate once")
    call all%create_sequence(parts, [10_int64, 0_int64])
    call all%lr(1d0, 14d0, rate)
    call expect(abs(rate - 0.25d0) < 1d-15, "the second part of a sequence begins at its own 0")
  end subroutine schedules_tell_rates

  !> Steps with momentum: as a whole, or tensor by tensor with the norm from inspections.
  subroutine descend(a, b, steps, by_tensor)
    real(real32), intent(inout), target :: a(:, :), b(:)
    integer, intent(in) :: steps
    logical, intent(in) :: by_tensor
    real(real32), target :: a_grad(size(a)), b_grad(size(b))
    type(rule_type) :: rule
    type(optimizer_type) :: optimizer
    type(step_result_type) :: result
    real(real32), pointer, contiguous :: a_now(:, :), b_now(:)
    integer :: group, t

    allocate (a_now, source=a)
    allocate (b_now, source=b)
    call rule%create("adamw")
    call optimizer%create(max_norm=0.5d0)
    call optimizer%add_group("all", rule, group)
    call optimizer%add(group, "a", a_now, a_grad)
    call optimizer%add(group, "b", b_now, b_grad)
    do t = 1, steps
      a_grad = 2*reshape(a_now, [size(a)])
      b_grad = 2*b_now
      if (by_tensor) then
        call optimizer%inspect(all_tensors)
        call optimizer%begin_step(is_inspected=.true.)
        call optimizer%step_tensor(1)
        call optimizer%step_tensor(0)
        call optimizer%end_step(result)
        call expect(result%left_out_count == 0, "no tensor is left out")
      else
        call optimizer%step(result=result)
      end if
      call expect(result%clip_factor < 1, "the gradients are clipped")
    end do
    a = a_now
    b = b_now
    call optimizer%close()
    deallocate (a_now, b_now)
  end subroutine descend

  subroutine tensor_by_tensor_gives_the_same_bits()
    real(real32), target :: a(5, 3), b(7), c(5, 3), d(7)

    a = 1
    b = -2
    c = a
    d = b
    call descend(a, b, 10, .false.)
    call descend(c, d, 10, .true.)
    call expect(same(reshape(a, [15]), reshape(c, [15])) .and. same(b, d), "both ways give the same bits")
    call expect(all(a < 1) .and. all(b > -2), "both params went towards 0")
  end subroutine tensor_by_tensor_gives_the_same_bits

  subroutine checkpoints_continue()
    real(real64), target :: w(4), grad(4), average(4), v(4), other_average(4)
    real(real64), allocatable, target :: values(:)
    type(rule_type) :: rule
    type(schedule_type) :: schedule
    type(optimizer_type) :: optimizer, other
    type(load_result_type) :: found
    character(len=:), allocatable :: note
    integer(int64) :: steps
    integer :: group, t
    real(real64) :: rate, value

    call rule%create("adam")
    call rule%set("lr", 0.1d0)
    call schedule%create("cosine")
    call schedule%set("total_steps", 20)
    call optimizer%create(average_decay=0.9d0)
    call optimizer%add_group("all", rule, group, schedule=schedule)
    w = [1, 2, 3, 4]
    call optimizer%add(group, "w", w, grad, average)
    call other%create(average_decay=0.9d0)
    call other%add_group("all", rule, schedule=schedule)
    call other%add(group, "w", v, grad, other_average)
    do t = 1, 10
      grad = w
      call optimizer%step()
    end do
    call optimizer%set_note("epoch", "10")
    call optimizer%save(trim(folder)//"/run.safetensors", params=.true.)
    call other%load(trim(folder)//"/run.safetensors", params=.true., found=found)
    call expect(found%loaded == 1 .and. found%missing == 0 .and. found%extra == 0, "one tensor is loaded")
    call other%get_note("epoch", note)
    call expect(note == "10", "the note is loaded")
    call other%describe(step_count=steps)
    call other%describe_group(group, lr=rate)
    call expect(steps == 10 .and. abs(rate - 0.05d0) < 1d-12, "the rate goes on in the middle")
    do t = 11, 20
      grad = w
      call optimizer%step()
      grad = v
      call other%step()
    end do
    call expect(all(abs(w - v) <= 0) .and. all(abs(average - other_average) <= 0), "the run goes on with the same bits")
    call optimizer%read_array(0, "exp_avg", values)
    call expect(size(values) == 4 .and. any(abs(values) > 0), "a slot is read")
    values = [5, 6, 7, 8]
    call optimizer%write_array(0, "exp_avg", values)
    call optimizer%read_array(0, "exp_avg", values)
    call expect(all(abs(values - [5, 6, 7, 8]) <= 0), "a slot is written")
    call optimizer%set_hyperparameter(group, "beta1", 0.5d0)
    call optimizer%get_hyperparameter(group, "beta1", value)
    call expect(abs(value - 0.5d0) <= 0, "a hyper-parameter of a group is set")
  end subroutine checkpoints_continue

  subroutine gradients_and_groups_change()
    real(real32), target :: w(2, 2, 2), grad(2, 2, 2), fresh(8)
    real(real32) :: before(8)
    type(rule_type) :: rule
    type(optimizer_type) :: optimizer
    character(len=:), allocatable :: name, rule_name
    integer :: first, second, w_index, found_index
    logical :: has_grad

    call rule%create("sgd")
    call optimizer%create()
    call optimizer%add_group("first", rule, first)
    call rule%set("lr", 1)
    call optimizer%add_group("second", rule, second)
    w = 1
    grad = 0
    fresh = 1
    call optimizer%add(first, "w", w, grad, index=w_index)
    call optimizer%set_grad(w_index, fresh)
    call optimizer%move(w_index, second)
    call optimizer%remove_group(first)
    call optimizer%step()
    call expect(all(abs(w) <= 0), "the new gradient and the new group's rate count")
    call optimizer%accumulate(w_index, -1d0)
    call optimizer%accumulate(w_index, -1d0)
    call optimizer%step()
    call expect(all(abs(w - 2) <= 0), "the sum of two micro-batches counts")
    before = reshape(w, [8])
    call optimizer%clear_grad(w_index)
    call optimizer%step()
    call optimizer%describe_tensor(w_index, name=name, has_grad=has_grad)
    call expect(same(before, reshape(w, [8])) .and. .not. has_grad, "without a gradient nothing moves")
    call optimizer%describe_group(second, rule=rule_name)
    call optimizer%find_tensor("w", found_index)
    call expect(name == "w" .and. rule_name == "sgd" .and. found_index == w_index, "things are found by name")
    call optimizer%remove(w_index)
    call optimizer%add(second, "w", w)
  end subroutine gradients_and_groups_change

  !> A section with gaps is copied in and out by the compiler.
  subroutine states_are_plain_data()
    real(real32) :: w(3, 4), v(4), grad(4)
    type(rule_type) :: rule
    type(state_type) :: state, copied
    type(step_result_type) :: result

    call rule%create("adamw")
    w = 1
    v = 1
    grad = [0.5, -0.5, 1.0, 2.0]
    call state%create(rule, v)
    copied = state
    call state%apply(rule, v, grad, grad_scale=0.5d0)
    call copied%apply(rule, w(2, :), grad, grad_scale=0.5d0)
    call expect(same(v, w(2, :)) .and. state%step == 1 .and. copied%step == 1, "a section is stepped in place")
    call expect(all(abs(w(1, :) - 1) <= 0) .and. all(abs(w(3, :) - 1) <= 0), "its neighbours are not")
    grad(2) = ieee_value(grad(2), ieee_positive_inf)
    call state%apply(rule, v, grad, check_finite=.true., result=result)
    call expect(result%is_skipped .and. state%step == 1 .and. same(v, w(2, :)), "a skipped step changes nothing")
  end subroutine states_are_plain_data

  subroutine contexts_outlive_their_variables()
    real(real32), target :: w(4), grad(4)
    type(optimizer_type) :: optimizer
    type(rule_type) :: rule
    integer :: group

    w = 1
    grad = 1
    call start(optimizer)
    call rule%create("sgd")
    call optimizer%add_group("all", rule, group)
    call optimizer%add(group, "w", w, grad)
    call optimizer%step()
    call expect(all(w < 1), "an optimizer keeps its context")
  end subroutine contexts_outlive_their_variables

  subroutine start(optimizer)
    type(optimizer_type), intent(inout) :: optimizer
    type(context_type) :: context
    integer :: threads

    call context%create(threads=2)
    call context%describe(threads=threads)
    call expect(threads >= 1 .and. threads <= 2, "the context has its threads")
    call optimizer%create(context=context)
  end subroutine start

  integer(int64) function resident_pages()
    integer(int64) :: pages
    integer :: unit

    open (newunit=unit, file="/proc/self/statm", status="old", action="read")
    read (unit, *) pages, resident_pages
    close (unit)
  end function resident_pages

  !> They go out of scope without a close.
  subroutine one_object()
    real(real32), target :: w(64), grad(64)
    type(rule_type) :: rule
    type(schedule_type) :: schedule
    type(optimizer_type) :: optimizer
    type(state_type) :: state
    integer :: group

    w = 1
    grad = 1
    call rule%create("adamw")
    call schedule%create("constant")
    call optimizer%create()
    call optimizer%add_group("all", rule, group, schedule=schedule)
    call optimizer%add(group, "w", w, grad)
    call optimizer%step()
    call state%create(rule, w)
  end subroutine one_object

  subroutine many_objects_leave_no_memory_behind()
    integer(int64) :: before
    integer :: i

    do i = 1, 20000
      call one_object()
    end do
    before = resident_pages()
    do i = 1, 100000
      call one_object()
    end do
    call expect((resident_pages() - before)*4096 < 32*2**20, "100000 objects leave no memory behind")
  end subroutine many_objects_leave_no_memory_behind

end program features
