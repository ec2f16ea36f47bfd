! SPDX-License-Identifier: Apache-2.0
!
!> misuse: a wrong argument gives a stat and a sentence, and changes nothing. misuse stop: the same
!> without stat stops the program with the sentence. misuse assign: so does an assignment.
program misuse
  use, intrinsic :: iso_c_binding, only: c_null_char
  use, intrinsic :: iso_fortran_env, only: real32, real64
  use gradstep
  implicit none
  integer :: errors = 0, checks = 0, stat
  character(len=500) :: errmsg
  character(len=20) :: how = ""
  type(rule_type) :: rule, other_rule

  call get_command_argument(1, how)
  call rule%create("adamw")
  if (how == "stop") call rule%set("beta1", 1.5d0)
  if (how == "assign") other_rule = rule
  call rules_and_contexts()
  call optimizers()
  call states()
  print "(i0, a, i0, a)", checks, " sentences, ", errors, " errors"
  if (errors > 0) error stop "misuse is not told"

contains

  subroutine expect(wanted, words)
    integer, intent(in) :: wanted
    character(len=*), intent(in) :: words

    checks = checks + 1
    if (stat /= wanted .or. index(errmsg, words) == 0) then
      errors = errors + 1
      print "(a, i0, 4a)", "stat ", stat, ": ", trim(errmsg), "; expected: ", words
    end if
    errmsg = ""
  end subroutine expect

  subroutine rules_and_contexts()
    type(context_type) :: context
    type(schedule_type) :: schedule
    type(catalogue_type) :: found
    character(len=10) :: short
    real(real64) :: rate, before, after

    call other_rule%create("adamm", stat, errmsg)
    call expect(GRADSTEP_UNKNOWN_NAME, "adam")
    call other_rule%create("ada"//c_null_char//"m", stat, errmsg)
    call expect(GRADSTEP_INVALID_ARGUMENT, "zero byte")
    call rule%get("beta1", before)
    call rule%set("beta1", 1.5d0, stat, errmsg)
    call expect(GRADSTEP_OUT_OF_RANGE, "beta1")
    call rule%get("beta1", after)
    if (abs(before - after) > 0) errors = errors + 1
    call rule%set("beta1", 1.5d0, stat, short)
    if (len_trim(short) /= 10) errors = errors + 1
    call other_rule%set("lr", 0.1d0, stat, errmsg)
    call expect(GRADSTEP_INVALID_ARGUMENT, "rule")
    call describe_rule("adamm", found, stat, errmsg)
    call expect(GRADSTEP_UNKNOWN_NAME, "adam")
    call context%create(isa="mmx", stat=stat, errmsg=errmsg)
    call expect(GRADSTEP_UNKNOWN_NAME, "mmx")
    call context%create(threads=-1, stat=stat, errmsg=errmsg)
    call expect(GRADSTEP_OUT_OF_RANGE, "thread")
    call schedule%create("cosine")
    call schedule%lr(0.1d0, 0d0, rate, stat, errmsg)
    call expect(GRADSTEP_INVALID_ARGUMENT, "total_steps")
    call schedule%create_sequence([schedule_type ::], [1_8], stat, errmsg)
    call expect(GRADSTEP_INVALID_ARGUMENT, "lengths")
  end subroutine rules_and_contexts

  subroutine optimizers()
    real(real32), target :: w(8), grad(8), seven(7)
    real(real64), target :: double(8)
    real(real32), pointer, contiguous :: nothing(:)
    real(real64), allocatable, target :: values(:)
    type(optimizer_type) :: optimizer
    integer :: group, tensor

    nothing => null()
    call optimizer%step(stat=stat, errmsg=errmsg)
    call expect(GRADSTEP_INVALID_ARGUMENT, "optimizer")
    call optimizer%create(max_norm=-1d0, stat=stat, errmsg=errmsg)
    call expect(GRADSTEP_OUT_OF_RANGE, "max_norm")
    call optimizer%create()
    call optimizer%add_group("all", other_rule, group, stat=stat, errmsg=errmsg)
    call expect(GRADSTEP_INVALID_ARGUMENT, "rule")
    call optimizer%add_group("all", rule, group)
    call optimizer%add_group("all", rule, stat=stat, errmsg=errmsg)
    call expect(GRADSTEP_INVALID_ARGUMENT, "all")
    call optimizer%add(group, "w", w, seven, stat=stat, errmsg=errmsg)
    call expect(GRADSTEP_INVALID_ARGUMENT, "grad has 7 elements, and param has 8 elements; both must be the same")
    call optimizer%add(group, "w", nothing, stat=stat, errmsg=errmsg)
    call expect(GRADSTEP_INVALID_ARGUMENT, "param is not associated")
    call optimizer%add(group, "w", w, nothing, stat=stat, errmsg=errmsg)
    call expect(GRADSTEP_INVALID_ARGUMENT, "grad is not associated")
    call optimizer%add(group + 1, "w", w, grad, stat=stat, errmsg=errmsg)
    call expect(GRADSTEP_OUT_OF_RANGE, "group")
    call optimizer%add(-5, "w", w, grad, stat=stat, errmsg=errmsg)
    call expect(GRADSTEP_OUT_OF_RANGE, "group")
    w = 1
    grad = 1
    call optimizer%add(group, "w", w, grad, index=tensor)
    call optimizer%add(group, "v", w, stat=stat, errmsg=errmsg)
    call expect(GRADSTEP_INVALID_ARGUMENT, "overlap")
    call optimizer%set_grad(tensor, double, stat, errmsg)
    call expect(GRADSTEP_INVALID_ARGUMENT, "kind")
    call optimizer%set_grad(tensor, seven, stat, errmsg)
    call expect(GRADSTEP_INVALID_ARGUMENT, "7 elements")
    call optimizer%read_array(tensor, "exp_avgg", values, stat, errmsg)
    call expect(GRADSTEP_UNKNOWN_NAME, "exp_avg")
    values = [1d0, 2d0]
    call optimizer%write_array(tensor, "exp_avg", values, stat, errmsg)
    call expect(GRADSTEP_INVALID_ARGUMENT, "values has 2 elements")
    call optimizer%load("/nowhere/at/all", stat=stat, errmsg=errmsg)
    call expect(GRADSTEP_IO_ERROR, "/nowhere/at/all")
    call optimizer%begin_step()
    call optimizer%save("/tmp/never", stat=stat, errmsg=errmsg)
    call expect(GRADSTEP_WRONG_ORDER, "step")
    call optimizer%end_step()
    call optimizer%remove(tensor)
    call optimizer%remove(tensor, stat, errmsg)
    call expect(GRADSTEP_OUT_OF_RANGE, "tensor")
    call optimizer%close()
    call optimizer%close()
    call optimizer%remove(tensor, stat, errmsg)
    call expect(GRADSTEP_INVALID_ARGUMENT, "optimizer")
  end subroutine optimizers

  subroutine states()
    real(real32) :: w(8), grad(8), seven(7)
    real(real64) :: double(8)
    type(state_type) :: state

    w = 1
    grad = 1
    seven = 1
    double = 1
    call state%apply(rule, w, grad, stat=stat, errmsg=errmsg)
    call expect(GRADSTEP_INVALID_ARGUMENT, "the state is not one of this rule and param")
    call state%create(other_rule, w, stat, errmsg)
    call expect(GRADSTEP_INVALID_ARGUMENT, "rule is not created")
    call state%create(rule, w)
    call state%apply(rule, w, seven, stat=stat, errmsg=errmsg)
    call expect(GRADSTEP_INVALID_ARGUMENT, "grad has 7 elements")
    call state%apply(rule, seven, seven, stat=stat, errmsg=errmsg)
    call expect(GRADSTEP_INVALID_ARGUMENT, "the state is not")
    call state%apply(rule, double, double, stat=stat, errmsg=errmsg)
    call expect(GRADSTEP_INVALID_ARGUMENT, "the state is not")
    if (any(abs(w - 1) > 0) .or. state%step /= 0) errors = errors + 1
  end subroutine states

end program misuse
