! SPDX-License-Identifier: Apache-2.0
!
!> nf_bench MODEL THREADS: the time of a step of AdamW, neural-fortran's own and gradstep's. MODEL is
!> small (100 tensors of 4096 elements), medium (8 of 2^20) or large (1 of 2^26). neural-fortran, if built
!> with -Ofast, has its temporary arrays on the stack: call `ulimit -s unlimited` first.
program nf_bench
  use, intrinsic :: iso_c_binding, only: c_char, c_int, c_null_char
  use, intrinsic :: iso_fortran_env, only: int64, real64
  use gradstep
  use gradstep_nf, only: gradstep_adam => adam
  use nf_optimizers, only: adam, optimizer_base_type
  implicit none

  !> A parameter as a layer has it.
  type :: tensor_type
    real, allocatable :: param(:), grad(:)
    class(optimizer_base_type), allocatable :: optimizer
  end type tensor_type

  interface
    function setenv(name, value, overwrite) bind(c, name="setenv") result(status)
      import :: c_char, c_int
      character(kind=c_char), intent(in) :: name(*), value(*)
      integer(c_int), value :: overwrite
      integer(c_int) :: status
    end function setenv
  end interface

  type(tensor_type), allocatable :: own(:), ours(:)
  character(len=20) :: model, threads
  integer :: tensors, elements, repetitions, inner, i
  real(real64), allocatable :: own_times(:), our_times(:)

  call get_command_argument(1, model)
  call get_command_argument(2, threads)
  select case (model)
  case ("small")
    tensors = 100
    elements = 4096
    repetitions = 15
    inner = 50
  case ("medium")
    tensors = 8
    elements = 2**20
    repetitions = 7
    inner = 1
  case ("large")
    tensors = 1
    elements = 2**26
    repetitions = 3
    inner = 1
  case default
    error stop "nf_bench small|medium|large THREADS"
  end select
  if (setenv("GRADSTEP_THREADS"//c_null_char, trim(threads)//c_null_char, 1_c_int) /= 0) error stop "setenv fails"
  call build(own, adam(1e-3, weight_decay_decoupled=0.01))
  call build(ours, gradstep_adam(1e-3, weight_decay_decoupled=0.01))
  allocate (own_times(repetitions), our_times(repetitions))
  do i = 0, repetitions
    call time_steps(own, own_times(max(i, 1)))
    call time_steps(ours, our_times(max(i, 1)))
  end do
  do i = 1, tensors
    if (any(abs(own(i)%param - ours(i)%param) > 1e-3*max(1.0, abs(own(i)%param)))) error stop "the params differ"
  end do
  print "(5a, f0.4, a, f0.4, a, f0.2)", "neural-fortran ", trim(model), " ", trim(threads), " threads: engine ", &
    & median(own_times), " ms, gradstep ", median(our_times), " ms, ratio ", median(own_times)/median(our_times)
  if (model == "small") then
    print "(a, 3(f0.2, a))", "bytes of state per parameter: engine 8, gradstep ", state_bytes(GRADSTEP_FLOAT32), &
      & " (float32), ", state_bytes(GRADSTEP_BFLOAT16), " (bfloat16), ", state_bytes(GRADSTEP_S1E4M3_B256), &
      & " (s1e4m3_b256; the last two by optimizer_type)"
  end if

contains

  subroutine build(all, optimizer)
    type(tensor_type), allocatable, intent(out) :: all(:)
    class(optimizer_base_type), intent(in) :: optimizer
    integer :: k, n

    allocate (all(tensors))
    do k = 1, tensors
      allocate (all(k)%param(elements), all(k)%grad(elements))
      do n = 1, elements
        all(k)%param(n) = real(mod(n*7 + k, 1001) - 500)/500
        all(k)%grad(n) = real(mod(n*13 + k, 1009) - 504)/504
      end do
      allocate (all(k)%optimizer, source=optimizer)
      call all(k)%optimizer%init(elements)
    end do
  end subroutine build

  !> milliseconds becomes the time of one step.
  subroutine time_steps(all, milliseconds)
    type(tensor_type), intent(inout) :: all(:)
    real(real64), intent(out) :: milliseconds
    integer(int64) :: start, finish, rate
    integer :: k, n

    call system_clock(start, rate)
    do n = 1, inner
      do k = 1, size(all)
        call all(k)%optimizer%minimize(all(k)%param, all(k)%grad)
      end do
    end do
    call system_clock(finish)
    milliseconds = 1e3_real64*real(finish - start, real64)/real(rate, real64)/inner
  end subroutine time_steps

  real(real64) function median(times)
    real(real64), intent(in) :: times(:)
    real(real64) :: sorted(size(times)), held
    integer :: k, n

    sorted = times
    do k = 2, size(sorted)
      do n = k, 2, -1
        if (sorted(n) >= sorted(n - 1)) exit
        held = sorted(n)
        sorted(n) = sorted(n - 1)
        sorted(n - 1) = held
      end do
    end do
    median = sorted((size(sorted) + 1)/2)
  end function median

  real(real64) function state_bytes(dtype)
    integer, intent(in) :: dtype
    type(rule_type) :: rule
    type(optimizer_type) :: optimizer
    real, allocatable, target :: w(:)
    integer(int64) :: bytes
    integer :: group

    allocate (w(2**16))
    call rule%create("adamw")
    call optimizer%create()
    call optimizer%add_group("all", rule, group, slot_dtype=dtype)
    call optimizer%add(group, "w", w)
    call optimizer%describe(state_bytes=bytes)
    state_bytes = real(bytes, real64)/size(w)
    call optimizer%close()
  end function state_bytes

end program nf_bench
