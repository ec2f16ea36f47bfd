! SPDX-License-Identifier: Apache-2.0
!
!> nf_test FILE: trains networks by gradstep's optimizers beside neural-fortran's own. FILE is written.
program nf_test
  use nf, only: dense, input, network
  use nf, only: own_adam => adam, own_sgd => sgd
  use nf_optimizers, only: optimizer_base_type
  use gradstep_nf
  implicit none
  integer :: errors = 0, checks = 0
  character(len=1000) :: path

  call get_command_argument(1, path)
  call formulas_are_the_engine_s()
  call every_formula_learns()
  call state_is_saved()
  print "(i0, a, i0, a)", checks, " checks, ", errors, " errors"
  if (errors > 0) error stop "the adapter does not work"

contains

  subroutine expect(is_true, what)
    logical, intent(in) :: is_true
    character(len=*), intent(in) :: what

    checks = checks + 1
    if (is_true) return
    errors = errors + 1
    print "(2a)", "not so: ", what
  end subroutine expect

  subroutine train(net, optimizer, steps)
    type(network), intent(inout) :: net
    class(optimizer_base_type), intent(in) :: optimizer
    integer, intent(in) :: steps
    integer :: n

    do n = 1, steps
      call net%forward([0.2, 0.4, 0.6])
      call net%backward([0.123456, 0.246802])
      call net%update(optimizer=optimizer)
    end do
  end subroutine train

  !> Params after 20 steps of both. The engine's Adam counts a step for each array, and keeps the state of
  !> biases where that of the weights is; so it is compared on one array, without a network.
  subroutine formulas_are_the_engine_s()
    type(network) :: ours, own

    own = network([input(3), dense(5), dense(2)])
    ours = own
    call train(own, own_sgd(learning_rate=0.5), 20)
    call train(ours, sgd(learning_rate=0.5), 20)
    call expect(maxval(abs(own%get_params() - ours%get_params())) < 1e-5, "sgd is the engine's")
    call expect(on_one_array(own_sgd(0.1, 0.9), sgd(0.1, 0.9)) < 1e-5, "momentum is the engine's")
    call expect(on_one_array(own_sgd(0.1, 0.9, .true.), sgd(0.1, 0.9, .true.)) < 1e-5, "nesterov is the engine's")
    call expect(on_one_array(own_adam(0.1), adam(0.1)) < 1e-5, "adam is the engine's")
    call expect(on_one_array(own_adam(0.1, weight_decay_l2=0.1), adam(0.1, weight_decay_l2=0.1)) < 1e-5, &
      & "adam with L2 is the engine's")
    call expect(on_one_array(own_adam(0.1, weight_decay_decoupled=0.1), &
      & adam(0.1, weight_decay_decoupled=0.1)) < 1e-5, "adamw is the engine's")
    call rmsprop_and_adagrad()
  end subroutine formulas_are_the_engine_s

  subroutine rmsprop_and_adagrad()
    use nf, only: own_rmsprop => rmsprop, own_adagrad => adagrad

    call expect(on_one_array(own_rmsprop(0.1), rmsprop(0.1)) < 1e-5, "rmsprop is the engine's")
    call expect(on_one_array(own_rmsprop(0.1, 0.8, 1e-2), rmsprop(0.1, 0.8, 1e-2)) < 1e-5, "its epsilon too")
    call expect(on_one_array(own_adagrad(0.1, learning_rate_decay=0.1), &
      & adagrad(0.1, learning_rate_decay=0.1)) < 1e-5, "adagrad is the engine's")
  end subroutine rmsprop_and_adagrad

  !> The largest difference after 20 steps.
  real function on_one_array(own, ours)
    class(optimizer_base_type), intent(in) :: own, ours
    class(optimizer_base_type), allocatable :: a, b
    real :: w(100), v(100)
    integer :: i, n

    w = [(sin(real(i)), i=1, 100)]
    v = w
    allocate (a, source=own)
    allocate (b, source=ours)
    call a%init(100)
    call b%init(100)
    do n = 1, 20
      call a%minimize(w, 2*w + 0.1)
      call b%minimize(v, 2*v + 0.1)
    end do
    on_one_array = maxval(abs(w - v))
    if (maxval(abs(w - [(sin(real(i)), i=1, 100)])) < 1e-3) on_one_array = huge(1.0)
  end function on_one_array

  subroutine every_formula_learns()
    character(len=20), parameter :: names(5) = [character(len=20) :: "nadam", "lamb", "adafactor", "prodigy", &
      & "schedule_free_adamw"]
    type(network) :: net
    real :: before, after
    integer :: i

    do i = 1, size(names)
      net = network([input(3), dense(5), dense(2)])
      before = distance(net)
      call train(net, gradstep_optimizer(trim(names(i)), merge(1.0, 0.02, names(i) == "prodigy")), 300)
      after = distance(net)
      call expect(after < before/4, trim(names(i))//" learns")
      call expect(net%layers(2)%optimizer%get_name() == "gradstep "//trim(names(i)), "the optimizer has its name")
    end do
  end subroutine every_formula_learns

  real function distance(net)
    type(network), intent(inout) :: net

    distance = norm2(net%predict([0.2, 0.4, 0.6]) - [0.123456, 0.246802])
  end function distance

  subroutine state_is_saved()
    type(network) :: whole, halves
    integer :: n, unit

    whole = network([input(3), dense(5), dense(2)])
    halves = whole
    call train(whole, adam(0.01), 60)
    call train(halves, adam(0.01), 30)
    open (newunit=unit, file=path, access="stream", form="unformatted", status="replace")
    do n = 2, 3
      select type (optimizer => halves%layers(n)%optimizer)
      class is (gradstep_nf_type)
        call expect(optimizer%states(2)%step == 30, "each array has its own step count")
        call optimizer%write_state(unit)
      end select
      deallocate (halves%layers(n)%optimizer)
    end do
    rewind (unit)
    deallocate (halves%layers(1)%optimizer)
    do n = 1, 3
      halves%layers(n)%optimizer = adam(0.01)
      call halves%layers(n)%optimizer%init(halves%layers(n)%get_num_params())
      select type (optimizer => halves%layers(n)%optimizer)
      class is (gradstep_nf_type)
        if (n > 1) call optimizer%read_state(unit)
      end select
    end do
    close (unit)
    call train(halves, adam(0.01), 30)
    call expect(maxval(abs(whole%get_params() - halves%get_params())) <= 0, "the run goes on with the same bits")
  end subroutine state_is_saved

end program nf_test
