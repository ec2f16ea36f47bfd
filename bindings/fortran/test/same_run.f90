! SPDX-License-Identifier: Apache-2.0
!
!> same_run PATH: makes the run of bindings/README.md and writes its checkpoint to PATH. Without fused
!> multiply-add, whose bits are others, it says so and writes nothing.
program same_run
  use, intrinsic :: iso_fortran_env, only: int8, int64, real32
  use gradstep
  implicit none
  type(context_type) :: context
  type(schedule_type) :: schedule
  type(rule_type) :: adamw, sgd
  type(optimizer_type) :: optimizer
  type(load_result_type) :: found
  real(real32), target :: embedding(48, 64), embedding_grad(48, 64), bias(100), bias_grad(100)
  integer(int8), allocatable, target :: bytes(:)
  character(len=:), allocatable :: isa
  character(len=1000) :: path
  integer :: matrices, rest, step, unit

  call context%describe(isa=isa)
  if (isa == "baseline") then
    print "(a)", "left out: this instruction set has no fused multiply-add, so other bits"
    stop
  end if
  call get_command_argument(1, path)
  call schedule%create("cosine")
  call schedule%set("total_steps", 300)
  call schedule%set("warmup_steps", 20)
  call adamw%create("adamw")
  call adamw%set("lr", 0.01d0)
  call adamw%set("weight_decay", 0.1d0)
  call sgd%create("sgd")
  call sgd%set("lr", 0.05d0)
  call sgd%set("momentum", 0.9d0)
  call sgd%set("nesterov", .true.)
  call optimizer%create(max_norm=1d0, seed=7_int64)
  call optimizer%add_group("matrices", adamw, matrices, schedule=schedule, slot_dtype=GRADSTEP_BFLOAT16)
  call optimizer%add_group("rest", sgd, rest)
  embedding = reshape(params(size(embedding), 0), shape(embedding))
  bias = params(size(bias), 1)
  call optimizer%add(matrices, "embedding", embedding, embedding_grad)
  call optimizer%add(rest, "bias", bias, bias_grad)
  do step = 1, 300
    embedding_grad = reshape(grads(size(embedding), 0), shape(embedding))
    bias_grad = grads(size(bias), 1)
    call optimizer%step()
  end do
  call optimizer%save_bytes(bytes, params=.true.)
  open (newunit=unit, file=path, access="stream", form="unformatted", status="replace")
  write (unit) bytes
  close (unit)
  call optimizer%load(path, params=.true., found=found)
  if (found%loaded /= 2) error stop "2 tensors were not loaded"
  print "(a)", "the run of 300 steps is saved"

contains

  function params(count, k)
    integer, intent(in) :: count, k
    real(real32) :: params(count)
    integer :: i

    params = [(real(modulo(37*i + 11*k, 201) - 100, real32)/128, i=0, count - 1)]
  end function params

  function grads(count, k)
    integer, intent(in) :: count, k
    real(real32) :: grads(count)
    integer :: i

    grads = [(real(modulo((i + 1)*(step + 3*k + 1), 127) - 63, real32)/64, i=0, count - 1)]
  end function grads

end program same_run
