! SPDX-License-Identifier: Apache-2.0
!
!> golden FILE...: replays recorded runs of tests/golden (formulas of the papers, and PyTorch's runs), by
!> an optimizer and by a state alone, in both kinds.
module golden_cases
  use, intrinsic :: iso_c_binding, only: c_char, c_double, c_null_char, c_null_ptr, c_ptr
  use, intrinsic :: iso_fortran_env, only: real32, real64
  use gradstep
  implicit none
  private
  public :: case_type, read_word, replay, numbers

  !> One run. The last dimension of grads and params is the step.
  type :: case_type
    character(len=:), allocatable :: name, rule
    type(text_type), allocatable :: keys(:)
    real(real64), allocatable :: values(:), start(:), grads(:, :), params(:, :), params32(:, :)
    integer :: rows = 0, columns = 0
    logical :: is_plain = .true. !! one tensor, without transforms and stopped steps
  contains
    procedure :: tolerance
  end type case_type

  interface
    function strtod(text, last) bind(c, name="strtod") result(value)
      import :: c_char, c_double, c_ptr
      character(kind=c_char), intent(in) :: text(*)
      type(c_ptr), value :: last
      real(c_double) :: value
    end function strtod
  end interface

contains

  !> Takes the first word off the line; "" at its end.
  subroutine read_word(line, word)
    character(len=:), allocatable, intent(inout) :: line, word
    integer :: last

    line = adjustl(line)
    last = index(line//" ", " ")
    word = line(:last - 1)
    line = line(min(last, len(line) + 1):)
  end subroutine read_word

  function number(word)
    character(len=*), intent(in) :: word
    real(real64) :: number

    number = strtod(word//c_null_char, c_null_ptr)
  end function number

  function numbers(line) result(all)
    character(len=*), intent(in) :: line
    real(real64), allocatable :: all(:)
    character(len=:), allocatable :: rest, word

    allocate (all(0))
    rest = line
    do
      call read_word(rest, word)
      if (word == "") return
      all = [all, number(word)]
    end do
  end function numbers

  real(real64) function tolerance(self, is_single)
    class(case_type), intent(in) :: self
    logical, intent(in) :: is_single

    tolerance = merge(1e-5_real64, 1e-12_real64, self%rule == "nadam") ! PyTorch keeps mu_product in float32
    if (is_single) tolerance = merge(1024, 16, self%rule == "prodigy")*2.0_real64**(-23)
  end function tolerance

  !> Both ways, in both kinds.
  subroutine replay(of, errors)
    type(case_type), intent(in) :: of
    integer, intent(inout) :: errors
    type(rule_type) :: rule
    integer :: i

    call rule%create(of%rule)
    do i = 1, size(of%keys)
      call rule%set(of%keys(i)%text, of%values(i))
    end do
    call replay_double(of, rule, errors)
    call replay_single(of, rule, errors)
  end subroutine replay

  subroutine replay_double(of, rule, errors)
    type(case_type), intent(in) :: of
    type(rule_type), intent(in) :: rule
    integer, intent(inout) :: errors
    real(real64), allocatable, target :: param(:), grad(:), other(:)
    real(real64), pointer, contiguous :: matrices(:, :, :), others(:, :, :)
    type(optimizer_type) :: optimizer
    type(state_type) :: state
    integer :: group, t

    allocate (param(size(of%start)), grad(size(of%start)), other(size(of%start)))
    param(:) = of%start
    other(:) = of%start
    call optimizer%create()
    call optimizer%add_group("all", rule, group)
    if (of%rows > 0) then
      matrices(1:of%columns, 1:of%rows, 1:size(param)/(of%rows*of%columns)) => param
      others(1:of%columns, 1:of%rows, 1:size(param)/(of%rows*of%columns)) => other
      call optimizer%add(group, "w", matrices, grad)
      call state%create(rule, others)
    else
      call optimizer%add(group, "w", param, grad)
      call state%create(rule, other)
    end if
    do t = 1, size(of%grads, 2)
      grad(:) = of%grads(:, t)
      call optimizer%step()
      if (of%rows > 0) then
        call state%apply(rule, others, grad)
      else
        call state%apply(rule, other, grad)
      end if
      call expect_near(of, t, param, of%params, .false., errors)
      if (.not. all(abs(param - other) <= 0)) then
        print "(2a, i0)", of%name, ": the state's param differs in step ", t
        errors = errors + 1
      end if
    end do
  end subroutine replay_double

  subroutine replay_single(of, rule, errors)
    type(case_type), intent(in) :: of
    type(rule_type), intent(in) :: rule
    integer, intent(inout) :: errors
    real(real32), allocatable, target :: param(:), grad(:), other(:)
    real(real32), pointer, contiguous :: matrices(:, :, :), others(:, :, :)
    type(optimizer_type) :: optimizer
    type(state_type) :: state
    integer :: group, t

    allocate (param(size(of%start)), grad(size(of%start)), other(size(of%start)))
    param(:) = real(of%start, real32)
    other(:) = param
    call optimizer%create()
    call optimizer%add_group("all", rule, group)
    if (of%rows > 0) then
      matrices(1:of%columns, 1:of%rows, 1:size(param)/(of%rows*of%columns)) => param
      others(1:of%columns, 1:of%rows, 1:size(param)/(of%rows*of%columns)) => other
      call optimizer%add(group, "w", matrices, grad)
      call state%create(rule, others)
    else
      call optimizer%add(group, "w", param, grad)
      call state%create(rule, other)
    end if
    do t = 1, size(of%grads, 2)
      grad(:) = real(of%grads(:, t), real32)
      call optimizer%step()
      if (of%rows > 0) then
        call state%apply(rule, others, grad)
      else
        call state%apply(rule, other, grad)
      end if
      if (size(of%params32) > 0) then
        call expect_near(of, t, real(param, real64), of%params32, .true., errors)
      else
        call expect_near(of, t, real(param, real64), of%params, .true., errors)
      end if
      if (.not. all(abs(param - other) <= 0)) then
        print "(2a, i0)", of%name, ": the state's param differs in step ", t
        errors = errors + 1
      end if
    end do
  end subroutine replay_single

  subroutine expect_near(of, t, got, wanted, is_single, errors)
    type(case_type), intent(in) :: of
    integer, intent(in) :: t
    real(real64), intent(in) :: got(:), wanted(:, :)
    logical, intent(in) :: is_single
    integer, intent(inout) :: errors
    integer :: i

    if (size(wanted, 2) < t) error stop "a recorded param is missing"
    do i = 1, size(got)
      if (abs(got(i) - wanted(i, t)) <= of%tolerance(is_single)*max(abs(of%start(i)), maxval(abs(wanted(i, :))))) cycle
      print "(a, 2(a, i0), 2(a, es23.16))", of%name, ": step ", t, ", element ", i, ": ", got(i), " for ", wanted(i, t)
      errors = errors + 1
      return
    end do
  end subroutine expect_near

end module golden_cases

program golden
  use, intrinsic :: iso_fortran_env, only: real64
  use gradstep, only: text_type
  use golden_cases, only: case_type, numbers, read_word, replay
  implicit none
  character(len=1000) :: path
  type(case_type) :: run
  integer :: i, cases = 0, errors = 0

  do i = 1, command_argument_count()
    call get_command_argument(i, path)
    call replay_file(trim(path))
  end do
  print "(i0, a, i0, a)", cases, " recorded runs replayed, ", errors, " errors"
  if (errors > 0 .or. cases < 60) error stop "recorded runs are not replayed"

contains

  subroutine replay_file(name)
    character(len=*), intent(in) :: name
    character(len=2000) :: buffer
    character(len=:), allocatable :: line, word, step
    integer :: unit, status

    open (newunit=unit, file=name, status="old", action="read")
    do
      read (unit, "(a)", iostat=status) buffer
      if (status /= 0) exit
      line = trim(buffer)
      call read_word(line, word)
      select case (word)
      case ("start")
        call finish_case()
        run = case_type(start=numbers(line))
        allocate (run%grads(size(run%start), 0))
      case ("grad")
        call read_word(line, step)
        run%grads = appended(run%grads, numbers(line))
      case ("case")
        call finish_case()
        call start_case(line)
      case ("param")
        call read_word(line, step)
        run%params = appended(run%params, numbers(line))
      case ("param32")
        call read_word(line, step)
        run%params32 = appended(run%params32, numbers(line))
      case ("evaluated", "trained", "stopped")
        run%is_plain = .false.
      end select
    end do
    call finish_case()
    close (unit)
  end subroutine replay_file

  subroutine start_case(line)
    character(len=:), allocatable, intent(inout) :: line
    character(len=:), allocatable :: word, value
    integer, allocatable :: extents(:)
    integer :: middle

    run%is_plain = .true.
    run%rows = 0
    run%columns = 0
    run%params = reshape([real(real64) ::], [size(run%start), 0])
    run%params32 = run%params
    run%values = [real(real64) ::]
    if (allocated(run%keys)) deallocate (run%keys)
    allocate (run%keys(0))
    call read_word(line, run%name)
    call read_word(line, run%rule)
    do
      call read_word(line, word)
      if (word == "") return
      middle = index(word, "=")
      value = word(middle + 1:)
      select case (word(:middle - 1))
      case ("shape")
        do while (index(value, "x") > 0)
          value(index(value, "x"):index(value, "x")) = " "
        end do
        extents = nint(numbers(value))
        run%columns = extents(size(extents))
        run%rows = extents(size(extents) - 1)
      case ("split")
        run%is_plain = .false.
      case default
        run%keys = [run%keys, text_type(word(:middle - 1))]
        run%values = [run%values, numbers(value)]
      end select
    end do
  end subroutine start_case

  subroutine finish_case()
    if (allocated(run%name)) then
      if (run%is_plain) then
        cases = cases + 1
        call replay(run, errors)
      end if
      deallocate (run%name)
    end if
  end subroutine finish_case

  pure function appended(columns, column) result(more)
    real(real64), intent(in) :: columns(:, :), column(:)
    real(real64), allocatable :: more(:, :)

    more = reshape([columns, column], [size(columns, 1), size(columns, 2) + 1])
  end function appended

end program golden
